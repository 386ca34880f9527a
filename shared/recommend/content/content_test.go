package content

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
)

func kitchen() []Item {
	return []Item{
		{Title: "Red enamel teapot", Category: "Home > Kitchen > Tea", Brand: "Falcon", Price: 2500, Currency: "GBP", Text: "A teapot for six cups"},
		{Title: "Blue enamel teapot", Category: "Home > Kitchen > Tea", Brand: "Falcon", Price: 2600, Currency: "GBP"},
		{Title: "Tea towel", Category: "Home > Kitchen > Linen", Brand: "Ulster", Price: 700, Currency: "GBP"},
		{Title: "Garden spade", Category: "Garden > Tools", Brand: "Spear", Price: 3900, Currency: "GBP"},
		{Title: "Garden fork", Category: "Garden > Tools", Brand: "Spear", Price: 4100, Currency: "GBP"},
		{},
	}
}

func built(t testing.TB, items []Item) *Index {
	t.Helper()
	x, err := Build(t.Context(), items)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Check(len(items)); err != nil {
		t.Fatal(err)
	}
	return x
}

func TestNeighboursOfANewItem(t *testing.T) {
	x := built(t, kitchen())
	var s Scratch
	for name, tt := range map[string]struct {
		one  Item
		want item.Ordinal
	}{
		"by title":           {Item{Title: "RED teapot, enamel"}, 0},
		"by category alone":  {Item{Category: "Garden > Tools"}, 3},
		"by category above":  {Item{Category: "Home > Kitchen > Linen > Cloths", Title: "New"}, 2},
		"by brand":           {Item{Brand: "ulster"}, 2},
		"by price":           {Item{Price: 710, Currency: "GBP"}, 2},
		"by the description": {Item{Text: "holds six cups"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := x.Near(nil, &s, x.Describe(tt.one), 2)
			if len(got) == 0 || got[0].Item != tt.want || !(got[0].Score > 0 && got[0].Score <= 1) {
				t.Errorf("near %v, want item %d first", got, tt.want)
			}
		})
	}
	if got := x.Near(nil, &s, x.Describe(Item{Title: "Harpsichord", Brand: "Ruckers"}), 5); len(got) != 0 {
		t.Errorf("an item unlike all others is near %v", got)
	}
}

func TestAnItemIsMostLikeItself(t *testing.T) {
	x := built(t, kitchen())
	var s Scratch
	for i := range item.Ordinal(5) {
		got := x.Near(nil, &s, x.Of(i), 3)
		if got[0].Item != i || math.Abs(float64(got[0].Score)-1) > 1e-5 {
			t.Errorf("item %d is near %v, want itself first with 1", i, got)
		}
		if again := x.Near(nil, &s, x.Describe(kitchen()[i]), 3); again[0] != got[0] {
			t.Errorf("item %d is near %v by its words, %v by its place", i, again, got)
		}
	}
	if got := x.Near(nil, &s, x.Of(5), 3); len(got) != 0 {
		t.Errorf("an item that nothing is known of is near %v", got)
	}
	if got := x.Near(nil, &s, x.Of(77), 3); len(got) != 0 {
		t.Errorf("an unknown item is near %v", got)
	}
}

func TestOddItems(t *testing.T) {
	long := strings.Repeat("word ", 2000)
	odd := []Item{
		{Title: long, Text: long, Category: strings.Repeat("a > ", 10_000) + "b", Brand: long, Price: math.MaxInt64, Currency: long},
		{Title: "\xff\xfe broken", Category: ">>>>", Brand: " ", Price: -5},
		{Title: strings.Repeat("x", 10_000), Category: "", Price: math.MinInt64},
		{Title: strings.Repeat("x", 10_000)},
	}
	x := built(t, odd)
	var s Scratch
	for at := range odd {
		got := x.Near(nil, &s, x.Describe(odd[at]), 2)
		if at >= 2 && got[0].Item < 2 {
			t.Errorf("item %d is near %v", at, got)
		}
	}
	if empty := built(t, nil); len(empty.Near(nil, &s, empty.Describe(odd[0]), 3)) != 0 {
		t.Error("an empty index has neighbours")
	}
	if got := x.Near(nil, &s, x.Of(0), -1); len(got) != 0 {
		t.Errorf("asked for fewer than none: %v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Build(ctx, odd); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

func TestArraysThatDoNotFit(t *testing.T) {
	for name, breaks := range map[string]func(*Index){
		"a rarity too few":           func(x *Index) { x.Rarity = x.Rarity[1:] },
		"vectors of another catalog": func(x *Index) { x.Vectors.Offsets = x.Vectors.Offsets[1:] },
		"lists without weights":      func(x *Index) { x.Lists.Values = nil },
		"an item out of bounds":      func(x *Index) { x.Lists.Items[0] = 99 },
		"a weight that is no number": func(x *Index) { x.Vectors.Values[0] = float32(math.NaN()) },
		"a term out of bounds":       func(x *Index) { x.Vectors.Items[0] = item.Ordinal(len(x.Terms)) },
	} {
		t.Run(name, func(t *testing.T) {
			x := built(t, kitchen())
			breaks(x)
			if err := x.Check(6); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an invalid fault", err)
			}
		})
	}
}

// catalog makes up items: fifty departments, words by a power law.
func catalog(n int) []Item {
	random := rand.New(rand.NewPCG(2, 2))
	word := func() string { return fmt.Sprintf("w%d", int(20_000*math.Pow(random.Float64(), 4))) }
	out := make([]Item, n)
	for at := range out {
		department := random.IntN(50)
		out[at] = Item{Category: fmt.Sprintf("d%d > s%d", department, random.IntN(20)), Brand: fmt.Sprint("b", random.IntN(500)), Price: int64(100 + random.IntN(20_000)), Currency: "EUR",
			Title: word() + " " + word() + " " + word() + " " + word()}
		for range 20 {
			out[at].Text += word() + " "
		}
	}
	return out
}

// What the bounds leave out must not be missed: the best neighbour by a full comparison is among the first.
func TestBoundedLooksFindTheBest(t *testing.T) {
	items := catalog(5000)
	x := built(t, items)
	var s Scratch
	found := 0
	for q := range 100 {
		v := x.Of(item.Ordinal(q * 50))
		best, most := item.Ordinal(0), float32(-1)
		for i := range item.Ordinal(5000) {
			if score := Similarity(v, x.Of(i)); i != item.Ordinal(q*50) && score > most {
				best, most = i, score
			}
		}
		for _, r := range x.Near(nil, &s, v, 4) {
			if r.Item == best {
				found++
			}
		}
	}
	if found < 95 {
		t.Errorf("the best neighbour is found for %d of 100 items, want 95", found)
	}
}

func BenchmarkNewItem(b *testing.B) {
	items := catalog(100_000)
	x := built(b, items)
	fresh := catalog(100_100)[100_000:]
	var s Scratch
	var dst []item.Scored
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		dst = x.Near(dst[:0], &s, x.Describe(fresh[n%100]), 20)
		n++
	}
}

func FuzzDescribe(f *testing.F) {
	for _, one := range kitchen() {
		f.Add(one.Title, one.Text, one.Category, one.Brand, one.Price)
	}
	f.Add("\xff", ">", "> >", "\x00", int64(1))
	x, err := Build(context.Background(), kitchen())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, title, text, category, brand string, price int64) {
		var s Scratch
		for _, r := range x.Near(nil, &s, x.Describe(Item{Title: title, Text: text, Category: category, Brand: brand, Price: price, Currency: "GBP"}), 6) {
			if !(r.Score > 0 && r.Score <= 1.0001) || int(r.Item) >= x.Len() {
				t.Fatalf("near %v", r)
			}
		}
	})
}

func TestNeighboursOfTheWanted(t *testing.T) {
	x := built(t, kitchen())
	all, err := x.Neighbours(t.Context(), 3, func(item.Ordinal) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	for i := range all.Len() {
		items, values := all.Row(i)
		if slices.Contains(items, item.Ordinal(i)) || !slices.IsSortedFunc(values, func(a, b float32) int { return cmp.Compare(b, a) }) {
			t.Errorf("item %d is near %v, %v", i, items, values)
		}
	}
	one, err := x.Neighbours(t.Context(), 3, func(i item.Ordinal) bool { return i == 0 })
	if err != nil {
		t.Fatal(err)
	}
	named, _ := all.Row(0)
	for i := range one.Len() {
		items, _ := one.Row(i)
		switch {
		case i == 0 && !slices.Equal(items, named):
			t.Errorf("the wanted item is near %v, want %v", items, named)
		case i > 0 && slices.Contains(named, item.Ordinal(i)) != (len(items) == 1):
			t.Errorf("item %d is near %v: the wanted one names %v", i, items, named)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := x.Neighbours(ctx, 3, func(item.Ordinal) bool { return true }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

// BenchmarkNeighbours looks the neighbours of 20,000 items up.
func BenchmarkNeighbours(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 1))
	items := make([]Item, 20_000)
	for i := range items {
		var text strings.Builder
		for range 20 {
			fmt.Fprintf(&text, "word%d ", int(random.ExpFloat64()*500))
		}
		items[i] = Item{Title: fmt.Sprintf("metal%d thing%d No. %d", random.IntN(30), random.IntN(100), i), Category: fmt.Sprintf("A%d > B%d", random.IntN(10), random.IntN(300)),
			Brand: fmt.Sprintf("brand%d", random.IntN(500)), Price: int64(random.IntN(10000)), Currency: "EUR", Text: text.String()}
	}
	x := built(b, items)
	for b.Loop() {
		if _, err := x.Neighbours(b.Context(), 40, func(item.Ordinal) bool { return true }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(items)), "us/item")
}
