package recommend

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend/arrival"
	"shopkeeper/shared/recommend/rules"
)

// arrive asks for the usual page of a visitor who came somehow.
func arrive(m *Model, from arrival.Arrival, change func(*Query)) map[Placement]Shelf {
	q := Query{Shop: "tea", Slots: DefaultSlots, Now: testNow, Arrival: from}
	if change != nil {
		change(&q)
	}
	shelves := map[Placement]Shelf{}
	for _, s := range new(Worker).Answer(m, &q) {
		shelves[s.Placement] = s
	}
	return shelves
}

// leads is how many picks a shelf begins with that say what the visitor came for, each of it. Places that are kept for new items do not count.
func leads(t *testing.T, m *Model, s Shelf, category string) (n int) {
	t.Helper()
	at := -1
	for _, p := range s.Picks {
		if p.Source == FromNew {
			continue
		}
		if at++; p.Reason.Key != locale.BecauseCame {
			continue
		}
		if n != at || m.CategoryPath(p.Item) != category || "Home > "+m.About(p) != category || p.Source != FromCategory || p.Propensity != 1 {
			t.Errorf("%s at %d: %s is of %s, because of %s, by %s at %v", s.Placement, at, m.ID(p.Item), m.CategoryPath(p.Item), m.About(p), p.Source, p.Propensity)
		}
		n++
	}
	return n
}

func TestAStrangersArrival(t *testing.T) {
	m := testModel(t)
	tea := arrival.Arrival{URL: "https://tea.example/?utm_campaign=only-c1"}
	plain := arrive(m, arrival.Arrival{}, nil)
	t.Run("what one came for leads the shelves", func(t *testing.T) {
		page := arrive(m, tea, nil)
		for placement, s := range page {
			if len(s.Picks) < len(plain[placement].Picks) {
				t.Errorf("%s has %d picks, without a hint %d", placement, len(s.Picks), len(plain[placement].Picks))
			}
		}
		calm := rules.Document{Version: 1, Settings: rules.Standard} // no places for new items
		calm.Settings.NewShare = 0
		for placement, want := range map[Placement]int{ForYou: 7, Trending: 4, NewItems: 4} {
			s := arrive(m.Under(calm, testNow), tea, func(q *Query) { q.Slots = []Slot{{placement, 7}} })[placement]
			if n := leads(t, m, s, "Home > C1"); n != want || len(s.Picks) != 7 {
				t.Errorf("%s alone begins with %d of %d, want %d", placement, n, len(s.Picks), want)
			}
		}
	})
	t.Run("nothing that is named changes nothing", func(t *testing.T) {
		for name, from := range map[string]arrival.Arrival{"words": {Campaign: "summer sale"}, "an address": {URL: "/about/us"}, "rubbish": {URL: "/%zz\xff", Referrer: "?"}} {
			if diff := cmp.Diff(plain, arrive(m, from, nil)); diff != "" {
				t.Errorf("%s (-without +with):\n%s", name, diff)
			}
		}
	})
	t.Run("scores never rise, nothing stands twice", func(t *testing.T) {
		for _, from := range []arrival.Arrival{tea, {URL: "/c1/c2/c3"}, {URL: "/p/9"}, {Term: "c0 c1 c2 c3"}} {
			seen := map[string]bool{}
			for _, slot := range DefaultSlots {
				s := arrive(m, from, nil)[slot.Placement]
				for at, p := range s.Picks {
					if seen[m.ID(p.Item)] || !m.Sellable(p.Item) || at > 0 && p.Score > s.Picks[at-1].Score {
						t.Errorf("%+v, %s: %s at %d with %v", from, s.Placement, m.ID(p.Item), at, p.Score)
					}
					seen[m.ID(p.Item)] = true
				}
			}
		}
	})
	t.Run("two categories share the shelf", func(t *testing.T) {
		count := map[string]int{}
		for _, p := range arrive(m, arrival.Arrival{URL: "/c1-c2"}, func(q *Query) { q.Slots = []Slot{{ForYou, 8}} })[ForYou].Picks {
			if p.Reason.Key == locale.BecauseCame {
				count[m.About(p)]++
			}
		}
		if count["C1"] < 3 || count["C2"] < 3 {
			t.Errorf("%v", count)
		}
	})
	t.Run("more places than items are filled as ever", func(t *testing.T) {
		for _, placement := range []Placement{ForYou, Trending, NewItems} {
			s := arrive(m, tea, func(q *Query) { q.Slots = []Slot{{placement, 50}} })[placement]
			if n := leads(t, m, s, "Home > C1"); n < 11 || len(s.Picks) != 50 { // of 14: places for new items take some
				t.Errorf("%s: %d of %d", placement, n, len(s.Picks))
			}
		}
	})
	t.Run("excluded, filtered and ruled out stays so", func(t *testing.T) {
		s := arrive(m, tea, func(q *Query) { q.Exclude, q.Category = []event.ItemID{"i01", "i09"}, "Home > C2" })[ForYou]
		if n := leads(t, m, s, "Home > C1"); n != 0 || len(s.Picks) == 0 {
			t.Errorf("%d of %d although another category is asked for", n, len(s.Picks))
		}
		s = arrive(m, tea, func(q *Query) { q.Exclude = []event.ItemID{"i01", "i09"} })[ForYou]
		if got := ids(m, s); slices.Contains(got, "i01") || slices.Contains(got, "i09") {
			t.Errorf("%v", got)
		}
		over := m.Under(demand(rules.Rule{Kind: rules.Exclude, Category: "Home > C1"}), testNow)
		if s := arrive(over, tea, nil)[ForYou]; leads(t, over, s, "Home > C1") != 0 || len(s.Picks) != 12 {
			t.Errorf("%v", ids(over, s))
		}
	})
	t.Run("whoever has a history is known by it", func(t *testing.T) {
		known := func(q *Query) { q.Viewer.Profile = &profile.Profile{Recent: viewed(testNow, "i00", "i04")} }
		if diff := cmp.Diff(arrive(m, arrival.Arrival{}, known), arrive(m, tea, known)); diff != "" {
			t.Errorf("(-without +with):\n%s", diff)
		}
	})
	t.Run("a profile without history does not", func(t *testing.T) {
		s := arrive(m, tea, func(q *Query) { q.Viewer.Profile = &profile.Profile{Visits: 3} })[ForYou]
		if leads(t, m, s, "Home > C1") == 0 {
			t.Errorf("%v", ids(m, s))
		}
	})
}

func TestAStrangerLandsOnAnItem(t *testing.T) {
	m := testModel(t)
	landed := arrive(m, arrival.Arrival{URL: "https://tea.example/p/17?utm_campaign=c3"}, nil)
	named := 0
	for _, p := range landed[ForYou].Picks {
		if p.Reason.Named && m.About(p) == "Item 17" {
			named++
		}
	}
	if first := landed[ForYou].Picks[0]; named == 0 || m.CategoryPath(first.Item) != "Home > C1" {
		t.Errorf("%d picks because of the item; first %s", named, m.CategoryPath(first.Item))
	}
	for _, s := range landed {
		if slices.Contains(ids(m, s), "i17") {
			t.Errorf("%s shows the item whose page it is", s.Placement)
		}
	}
	t.Run("that entered the catalog after the training", func(t *testing.T) {
		fresh := catalog.Item{ID: "n", Title: "New", URL: "/p/new", Category: "Home > C2", Price: 150, UpdatedAt: testNow.Add(time.Minute)}
		over := m.With(catalog.Delta{Changes: map[event.ItemID]catalog.Change{"n": {New: true, Price: 150, At: testNow.Add(time.Minute)}}}, fresh)
		s := arrive(over, arrival.Arrival{URL: "/p/new/"}, nil)[ForYou]
		if len(s.Picks) != 12 || over.CategoryPath(s.Picks[0].Item) != "Home > C2" {
			t.Errorf("%v", ids(over, s))
		}
	})
	t.Run("that is excluded", func(t *testing.T) {
		without := func(q *Query) { q.Exclude = []event.ItemID{"i17"} }
		if diff := cmp.Diff(arrive(m, arrival.Arrival{}, without), arrive(m, arrival.Arrival{URL: "/p/17"}, without)); diff != "" {
			t.Errorf("(-without +with):\n%s", diff)
		}
	})
}

func TestArrivalsAllocateNothing(t *testing.T) {
	m := testModel(t)
	var w Worker
	for name, from := range map[string]arrival.Arrival{"none": {}, "a category": {URL: "/x/c1"}, "an item": {URL: "/p/17"}} {
		q := Query{Slots: DefaultSlots, Now: testNow, Arrival: from}
		w.Answer(m, &q)
		if n := testing.AllocsPerRun(100, func() { w.Answer(m, &q) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkArrival(b *testing.B) {
	m := testModel(b)
	for _, from := range []arrival.Arrival{{}, {URL: "/about/us"}, {URL: "https://tea.example/c/c1?utm_campaign=spring"}, {URL: "/p/17"}} {
		b.Run(fmt.Sprintf("%.30q", from.URL), func(b *testing.B) {
			var w Worker
			q := Query{Slots: DefaultSlots, Now: testNow, Arrival: from}
			b.ReportAllocs()
			for b.Loop() {
				w.Answer(m, &q)
			}
		})
	}
}
