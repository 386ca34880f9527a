package habit

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/purchase"
	"shopkeeper/shared/recommend/upcf"
)

// The street's items: milk is in every basket, coffee is bought every fifth week in odd houses and tea in even ones, the rest by whim.
const (
	milk, coffee, tea, whims, street = 0, 1, 2, 3, 40
)

// houses shop once a week, each house beginning in another week.
func houses(n, weeks int) []purchase.Customer {
	random := rand.New(rand.NewPCG(1, 1))
	var out []purchase.Customer
	for house := range n {
		var c purchase.Customer
		for week := range weeks {
			b := purchase.Basket{Time: int64(week) * 7 * day, Items: []item.Ordinal{milk}}
			if (week+house)%5 == 0 {
				b.Items = append(b.Items, item.Ordinal(tea-house%2))
			}
			for _, whim := range random.Perm(street - whims)[:2] {
				b.Items = append(b.Items, item.Ordinal(whims+whim))
			}
			c = append(c, b)
		}
		out = append(out, c)
	}
	return out
}

func quick() Settings {
	s := DefaultSettings
	s.Rank.Trees, s.Rank.Depth = 20, 3
	return s
}

func fitted(t *testing.T, customers []purchase.Customer, items int, groups []uint32) *Model {
	t.Helper()
	m, err := Fit(t.Context(), customers, items, groups, quick())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestWhatIsDueComesBack(t *testing.T) {
	const weeks = 23
	customers := houses(80, weeks)
	m := fitted(t, customers, street, nil)
	var s Scratch
	for house := range 10 {
		got := m.Answer(nil, &s, customers[house], weeks*7*day, 2)
		due := (weeks+house)%5 == 0
		drink := item.Ordinal(tea - house%2)
		if got[0].Item != milk || (got[1].Item == drink) != due {
			t.Errorf("house %d is told %v; want milk first, and %d only where it is due: %v", house, got, drink, due)
		}
	}
}

func TestNewItemsComeFromSimilarCustomers(t *testing.T) {
	customers := houses(80, 23)
	m := fitted(t, customers, street, nil)
	var s Scratch
	stranger := purchase.Customer{{Time: 22 * 7 * day, Items: []item.Ordinal{milk}}}
	got := m.Answer(nil, &s, stranger, 23*7*day, 5)
	if len(got) != 5 || got[0].Item != milk {
		t.Errorf("somebody with one basket is told %v, want milk and four new items", got)
	}
}

func TestAGroupIsSatisfiedByAnyOfIt(t *testing.T) {
	view := view{groupOf: []uint32{0, 0, 1, NoGroup}, marks: make([]uint32, 2)}
	basket := purchase.Basket{Items: []item.Ordinal{1, 3, 0, 2, 99}}
	if diff := cmp.Diff([]uint32{0, 1}, view.groups(basket)); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]uint32{1, 3, 0, 2}, view.items(basket)); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
}

func TestCrowd(t *testing.T) {
	customers := []purchase.Customer{
		{{Time: 0, Items: []item.Ordinal{0}}, {Time: 10 * day, Items: []item.Ordinal{0, 1}}, {Time: 20 * day, Items: []item.Ordinal{0}}},
		{{Time: 5 * day, Items: []item.Ordinal{1}}},
	}
	v := view{groupOf: []uint32{NoGroup, NoGroup, NoGroup}}
	c := newCrowd(customers, 3, v.items)
	if diff := cmp.Diff([]float32{3, 2, 0}, c.counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if !(c.hazard[0] > c.hazard[2] && c.hazard[2] > c.hazard[1]) {
		t.Errorf("hazards are %v: item 0 always comes back, item 1 never, nothing is known of item 2", c.hazard)
	}
	if c.interval[0] == 0 || c.interval[1] != c.interval[2] {
		t.Errorf("intervals are %v: one gap was seen of item 0 alone", c.interval)
	}
	for _, tt := range []struct {
		today, window int32
		want          float32
	}{{20, 7, 0}, {20, 10, 1}, {21, 21, 3}, {0, 9, 0}} {
		if got := c.within(0, tt.today, tt.window); got != tt.want {
			t.Errorf("%v baskets in the %d days before %d, want %v", got, tt.window, tt.today, tt.want)
		}
	}
}

func TestOwnFeatures(t *testing.T) {
	m := fitted(t, houses(20, 12), street, nil)
	c := purchase.Customer{{Time: 0, Items: []item.Ordinal{coffee}}, {Time: 10 * day, Items: []item.Ordinal{milk, coffee}}, {Time: 20 * day, Items: []item.Ordinal{milk}}}
	var a asker
	a.read(m, c, 30*day)
	x := make([]float32, width)
	a.row(x, candidate{item: coffee})
	want := map[string]float32{"bought before": 1, "share of the last 2 baskets": .5, "share of all baskets": float32(2) / 3, "times bought": log(2), "baskets since the last time": log(1),
		"days since the last time": log(20), "days since the first time": log(30), "due by own interval alone": log(20) - log(10), "baskets": log(3), "different items": log(2), "days since the last basket": log(10)}
	for f, name := range Features {
		if w, asked := want[name]; asked && math.Abs(float64(x[f]-w)) > 1e-6 {
			t.Errorf("%s is %v, want %v", name, x[f], w)
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("there are no features %v", want)
	}
}

func TestOddHistories(t *testing.T) {
	long := make(purchase.Customer, 10_000)
	for at := range long {
		long[at] = purchase.Basket{Time: int64(at) * 3600, Items: []item.Ordinal{item.Ordinal(at % 3), 4, 5, 6, 7, 8, 9, 10, 11, 12}}
	}
	odd := map[string]purchase.Customer{
		"nobody":               nil,
		"an empty basket":      {{Time: 5}},
		"unknown items":        {{Items: []item.Ordinal{999, math.MaxUint32}}},
		"one item":             {{Time: 1, Items: []item.Ordinal{3}}},
		"always the same item": {{Time: 1, Items: []item.Ordinal{3}}, {Time: 1, Items: []item.Ordinal{3}}, {Time: 1, Items: []item.Ordinal{3}}, {Time: 1, Items: []item.Ordinal{3}}},
		"100,000 purchases":    long,
		"times out of order":   {{Time: math.MaxInt64, Items: []item.Ordinal{1, 2, 3}}, {Time: math.MinInt64, Items: []item.Ordinal{1, 2, 3}}, {Time: 7, Items: []item.Ordinal{1}}, {Time: 9, Items: []item.Ordinal{1, 2, 3}}},
	}
	m := fitted(t, houses(20, 12), street, nil)
	var s Scratch
	for name, c := range odd {
		t.Run(name, func(t *testing.T) {
			for _, now := range []int64{0, 90 * day, math.MaxInt64, math.MinInt64} {
				for _, r := range m.Answer(nil, &s, c, now, 10) {
					if int(r.Item) >= street || r.Score-r.Score != 0 {
						t.Errorf("asked at %d: %v", now, r)
					}
				}
			}
			alone, err := Fit(t.Context(), []purchase.Customer{c}, street, nil, quick())
			if err != nil {
				t.Fatal(err)
			}
			alone.Answer(nil, &s, c, 90*day, 10)
		})
	}
}

func TestWhatCannotBeFitted(t *testing.T) {
	with := func(change func(*Settings)) Settings {
		s := quick()
		change(&s)
		return s
	}
	for name, tt := range map[string]struct {
		settings Settings
		groups   []uint32
	}{
		"no lessons":              {with(func(s *Settings) { s.Lessons = 0 }), nil},
		"nothing is weighed":      {with(func(s *Settings) { s.Own = 0 }), nil},
		"fewer than no new items": {with(func(s *Settings) { s.New = -1 }), nil},
		"no neighbours' settings": {with(func(s *Settings) { s.Neighbours = upcf.Settings{} }), nil},
		"a ranker without pull":   {with(func(s *Settings) { s.Rank.L2 = 0 }), nil},
		"groups of other items":   {quick(), []uint32{1, 2}},
		"a group out of bounds":   {quick(), append(make([]uint32, street-1), street)},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Fit(t.Context(), houses(20, 12), street, tt.groups, tt.settings); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an invalid fault", err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fit(ctx, houses(20, 12), street, nil, quick()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

func TestEqualFitsAnswerAlike(t *testing.T) {
	groups := make([]uint32, street)
	for i := range groups {
		groups[i] = uint32(i % 4)
	}
	customers := houses(30, 12)
	var s Scratch
	a := fitted(t, customers, street, groups).Answer(nil, &s, customers[3], 90*day, 10)
	b := fitted(t, customers, street, groups).Answer(nil, &s, customers[3], 90*day, 10)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("answers (-first +second):\n%s", diff)
	}
}
