package recommend

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend/buyagain"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/sparse"
)

var testNow = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// testModel has 60 items in 4 categories; whoever looks at one goes on within its category. Item 3 is hidden, item 5 sold out, and item 7 bought again and again.
func testModel(t testing.TB) *Model { return ranking(t, nil) }

func testContents(t testing.TB) model.Contents {
	t.Helper()
	const n = 60
	random := rand.New(rand.NewPCG(1, 2))
	items := make([]model.Item, n)
	for i := range items {
		items[i] = model.Item{ID: fmt.Sprintf("i%02d", i), Title: fmt.Sprintf("Item %d", i), URL: fmt.Sprintf("/p/%d", i), Price: int64(100 + i), Currency: "GBP",
			Category: fmt.Sprintf("Home > C%d", i%4), Brand: fmt.Sprintf("B%d", i%3), Hidden: i == 3, SoldOut: i == 5, Created: testNow.AddDate(0, 0, -i)}
	}
	c, err := model.NewCatalog(items)
	if err != nil {
		t.Fatal(err)
	}
	var sessions []knn.Session
	for s := range 400 {
		one := knn.Session{Time: testNow.Unix() - int64(s)*60}
		for range 2 + random.IntN(5) {
			one.Items = append(one.Items, item.Ordinal(random.IntN(n/4)*4+s%4))
		}
		sessions = append(sessions, one)
	}
	index, err := knn.Build(sessions, n, knn.DefaultSettings)
	if err != nil {
		t.Fatal(err)
	}
	var related sparse.Rows
	for i := range n {
		var row []item.Ordinal
		var weights []float32
		for j := i % 4; j < n; j += 4 {
			if j != i {
				row, weights = append(row, item.Ordinal(j)), append(weights, 1/float32(1+max(i-j, j-i)))
			}
		}
		related.Append(row, weights)
	}
	lists := make([][]item.Scored, len(c.Categories)+1)
	newest := make([][]item.Ordinal, len(c.Categories)+1)
	for at, members := range c.Members() {
		for rank, i := range members {
			lists[at] = append(lists[at], item.Scored{Item: i, Score: 100 / float32(rank+1)})
		}
		newest[at] = members
	}
	repeats := &buyagain.Stats{Rate: make([]float32, n), Interval: make([]float32, n), Buyers: make([]uint32, n)}
	repeats.Rate[7], repeats.Interval[7], repeats.Buyers[7] = 0.5, 20, 40
	return model.Contents{Trained: testNow, Catalog: c, Sessions: index, Related: related, Similar: related, Popular: lists, Trending: lists, Newest: newest, Repeats: repeats}
}

func ids(m *Model, s Shelf) []string {
	var out []string
	for _, p := range s.Picks {
		out = append(out, m.ID(p.Item))
	}
	return out
}

func viewed(now time.Time, items ...string) []profile.Recent {
	var out []profile.Recent
	for i, id := range items {
		out = append(out, profile.Recent{Item: event.ItemID(id), At: now.Add(-time.Duration(i) * time.Minute)})
	}
	return out
}

func TestFrontPage(t *testing.T) {
	m := testModel(t)
	var w Worker
	p := &profile.Profile{Recent: viewed(testNow, "i00", "i04", "i08")}
	q := Query{Shop: "tea", Slots: DefaultSlots, Now: testNow, Viewer: Viewer{Profile: p}}
	page := w.Answer(m, &q)

	t.Run("what was viewed is shown first, strongest interest first", func(t *testing.T) {
		if diff := cmp.Diff([]string{"i00", "i04", "i08"}, ids(m, page[0])); diff != "" {
			t.Errorf("viewed before (-want +got):\n%s", diff)
		}
	})
	t.Run("for-you has other items, with reasons that name what was viewed", func(t *testing.T) {
		named := 0
		for _, pick := range page[1].Picks {
			if pick.Reason.Named {
				named++
				if !slices.Contains([]string{"i00", "i04", "i08"}, m.ID(pick.Reason.About)) {
					t.Errorf("%s because of %s, which was not viewed", m.ID(pick.Item), m.ID(pick.Reason.About))
				}
			}
		}
		if len(page[1].Picks) != 12 || named == 0 {
			t.Errorf("%d picks, %d with a named reason", len(page[1].Picks), named)
		}
		if top := m.CategoryPath(page[1].Picks[0].Item); top != "Home > C0" {
			t.Errorf("the best pick is of %q", top)
		}
	})
}

func TestTheFirstClickChangesTheNextPage(t *testing.T) {
	m := testModel(t)
	var w Worker
	ask := func(p *profile.Profile) []string {
		return ids(m, w.Answer(m, &Query{Viewer: Viewer{Profile: p}, Now: testNow, Slots: []Slot{{ForYou, 8}}})[0])
	}
	before, after := ask(&profile.Profile{Visits: 1}), ask(&profile.Profile{Visits: 1, Recent: viewed(testNow, "i17")})
	if len(before) != 8 || len(after) != 8 || slices.Equal(before, after) {
		t.Errorf("before the click %v, after it %v", before, after)
	}
	if i, _ := m.Lookup(after[0]); m.CategoryPath(i) != "Home > C1" {
		t.Errorf("after a click on an item of Home > C1 the page begins with one of %s", m.CategoryPath(i))
	}
}

func TestViewerOfAnotherDevice(t *testing.T) {
	m := testModel(t)
	p := &profile.Profile{
		Members:   []profile.Member{{Visitor: "phone"}, {Visitor: "laptop"}},
		Recent:    []profile.Recent{{Item: "i00", At: testNow}, {Item: "i01", At: testNow, By: 1}},
		Purchases: []profile.Purchase{{Item: "i07", Times: 3, Last: testNow.AddDate(0, 0, -20)}},
	}
	tests := map[string]struct {
		viewer Viewer
		viewed []string
		again  []string
	}{
		"a device the shop vouched for sees all":  {Viewer{p, "laptop", true}, []string{"i00", "i01"}, []string{"i07"}},
		"another device sees what it did itself":  {Viewer{p, "laptop", false}, []string{"i01"}, nil},
		"a device that is no member sees nothing": {Viewer{p, "stranger", false}, nil, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var w Worker
			page := w.Answer(m, &Query{Viewer: tt.viewer, Now: testNow, Slots: []Slot{{ViewedBefore, 5}, {ForYou, 8}, {BuyAgain, 5}}})
			if diff := cmp.Diff(tt.viewed, ids(m, page[0])); diff != "" {
				t.Errorf("viewed before (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.again, ids(m, page[2])); diff != "" {
				t.Errorf("buy again (-want +got):\n%s", diff)
			}
			for _, pick := range page[1].Picks {
				if pick.Reason.Named && !slices.Contains(tt.viewed, m.ID(pick.Reason.About)) && m.ID(pick.Reason.About) != "i07" {
					t.Errorf("a reason names %s", m.ID(pick.Reason.About))
				}
			}
		})
	}
}

func TestCatalogChanges(t *testing.T) {
	m := testModel(t)
	changed := m.With(catalog.Delta{Changes: map[event.ItemID]catalog.Change{
		"i00":  {Price: 7, At: testNow.Add(time.Hour)},
		"i04":  {Price: 104, Hidden: true, At: testNow.Add(time.Hour)},
		"i08":  {Price: 1, Hidden: true, At: testNow.Add(-time.Hour)},
		"none": {At: testNow.Add(time.Hour)},
	}})
	var w Worker
	p := &profile.Profile{Recent: viewed(testNow, "i00", "i04", "i08")}
	page := w.Answer(changed, &Query{Viewer: Viewer{Profile: p}, Now: testNow, Slots: []Slot{{ViewedBefore, 5}}})
	if diff := cmp.Diff([]string{"i00", "i08"}, ids(changed, page[0])); diff != "" {
		t.Errorf("a hidden item, and a change from before the training (-want +got):\n%s", diff)
	}
	i, _ := changed.Lookup("i00")
	if !bytes.Contains(changed.Fragment(i), []byte(`"amount":7`)) || bytes.Contains(m.Fragment(i), []byte(`"amount":7`)) {
		t.Errorf("new price: %s; the model before: %s", changed.Fragment(i), m.Fragment(i))
	}
}

// TestPromises holds any page for any profile to what is promised.
func TestPromises(t *testing.T) {
	models := []*Model{testModel(t), ranking(t, weighing(rankSessionPlace, 1))}
	var w, again Worker
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.Custom(func(t *rapid.T) event.ItemID {
			return event.ItemID(fmt.Sprintf("i%02d", rapid.IntRange(0, 65).Draw(t, "n")))
		})
		m := rapid.SampledFrom(models).Draw(t, "model")
		some := rapid.SliceOfNDistinct(id, 0, 12, rapid.ID[event.ItemID]) // a profile has one entry an item
		p := &profile.Profile{Dismissed: some.Draw(t, "dismissed")}
		for _, i := range some.Draw(t, "bought") {
			p.Purchases = append(p.Purchases, profile.Purchase{Item: i, Times: 1, Last: testNow.AddDate(0, 0, -9)})
		}
		for n, i := range some.Draw(t, "recent") {
			p.Recent = append(p.Recent, profile.Recent{Item: i, Kind: profile.Kind(n % 5), At: testNow.Add(-time.Duration(n) * time.Hour)})
		}
		q := Query{Viewer: Viewer{Profile: p}, Slots: []Slot{{ViewedBefore, 6}, {ForYou, 6}, {BuyAgain, 4}, {Trending, 6}, {NewItems, 4}, {Similar, 3}, {Together, 3}}, Now: testNow,
			Exclude: some.Draw(t, "exclude"), Basket: some.Draw(t, "basket"), Current: id.Draw(t, "current"), Seed: rapid.Uint32().Draw(t, "seed")}
		page := w.Answer(m, &q)
		seen := map[string]bool{}
		for _, shelf := range page {
			last := float32(1)
			for _, pick := range shelf.Picks {
				name := m.ID(pick.Item)
				if seen[name] {
					t.Fatalf("%s is twice on the page", name)
				}
				seen[name] = true
				for what, list := range map[string][]event.ItemID{"dismissed": p.Dismissed, "excluded": q.Exclude, "in the basket": q.Basket, "the current item": {q.Current}, "not for sale": {"i03", "i05"}} {
					if slices.Contains(list, event.ItemID(name)) {
						t.Fatalf("%s is %s", name, what)
					}
				}
				if name != "i07" && slices.ContainsFunc(p.Purchases, func(b profile.Purchase) bool { return string(b.Item) == name }) && boughtOnce(p, name) {
					t.Fatalf("%s was bought already", name)
				}
				if pick.Score < 0 || pick.Score > last+1e-6 || pick.Propensity <= 0 || pick.Propensity > 1 {
					t.Fatalf("%s: score %v after %v, propensity %v", name, pick.Score, last, pick.Propensity)
				}
				last = pick.Score
			}
		}
		if fill := len(page[3].Picks); fill != 6 && len(seen) < 20 {
			t.Fatalf("trending has %d items", fill)
		}
		repeated := again.Answer(m, &q)
		if diff := cmp.Diff(page, repeated); diff != "" {
			t.Fatalf("equal questions, other answers:\n%s", diff)
		}
	})
}

func boughtOnce(p *profile.Profile, name string) bool {
	n := 0
	for _, b := range p.Purchases {
		if string(b.Item) == name {
			n += b.Times
		}
	}
	return n == 1
}

func TestExplorationHasTheFrequencyItClaims(t *testing.T) {
	m := testModel(t)
	var w Worker
	p := &profile.Profile{Recent: viewed(testNow, "i00", "i01", "i02")}
	shown := map[string]int{}
	claimed := map[string]float32{}
	const draws = 20000
	for seed := range uint32(draws) {
		page := w.Answer(m, &Query{Viewer: Viewer{Profile: p}, Slots: []Slot{{ForYou, 5}}, Now: testNow, Seed: seed})
		last, among := page[0].Picks[4], page[0].Among
		if explored := last.Source == FromExploring; explored != slices.Contains(among, last.Item) || explored != (len(among) == exploreWidth) {
			t.Fatalf("seed %d: item %d from %s, said to be chosen among %v", seed, last.Item, last.Source, among)
		}
		shown[m.ID(last.Item)]++
		claimed[m.ID(last.Item)] = last.Propensity
	}
	if len(shown) != 1+exploreWidth {
		t.Fatalf("%d different items in the last place", len(shown))
	}
	for id, n := range shown {
		want := float64(claimed[id])
		if got := float64(n) / draws; got < want*0.75 || got > want*1.25 {
			t.Errorf("%s is shown with %.4f, claimed %.4f", id, got, want)
		}
	}
}

func BenchmarkFrontPage(b *testing.B) {
	m := testModel(b)
	var w Worker
	p := &profile.Profile{Recent: viewed(testNow, "i00", "i04", "i08", "i01", "i17", "i22"), Purchases: []profile.Purchase{{Item: "i07", Times: 3, Last: testNow.AddDate(0, 0, -20)}}}
	q := Query{Shop: "tea", Slots: DefaultSlots, Now: testNow, Viewer: Viewer{Profile: p}}
	b.ReportAllocs()
	for b.Loop() {
		q.Seed++
		w.Answer(m, &q)
	}
}
