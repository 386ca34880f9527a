package recommend

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend/rules"
)

func demand(list ...rules.Rule) rules.Document {
	for n := range list {
		list[n].ID = rules.ID(fmt.Sprint("r", n))
	}
	return rules.Document{Version: 1, Settings: rules.Standard, Rules: list}
}

func TestRules(t *testing.T) {
	m := testModel(t)
	var w Worker
	ask := func(d rules.Document, p *profile.Profile) (*Model, Shelf) {
		over := m.Under(d, testNow)
		return over, w.Answer(over, &Query{Viewer: Viewer{Profile: p}, Now: testNow, Slots: []Slot{{ForYou, 8}}})[0]
	}
	known := viewer(testNow, "i00", "i04", "i08")
	_, plain := ask(rules.Document{Settings: rules.Standard}, known)
	t.Run("a pin stands at its place and says so", func(t *testing.T) {
		over, s := ask(demand(rules.Rule{Kind: rules.Pin, Items: []event.ItemID{"i03", "i31", "i33"}, Place: 3, Placements: []string{"for-you"}}), known)
		p := s.Picks[2]
		if got := ids(over, s); got[2] != "i31" || got[3] != "i33" || len(got) != 8 {
			t.Errorf("%v; the first item is hidden, so the others stand at 3 and 4", got)
		}
		if r, ok := over.Rule(p.Rule); !ok || r.ID != "r0" || p.Source != FromRule || p.Propensity != 1 {
			t.Errorf("%+v by %q", p, r.ID)
		}
	})
	t.Run("a pin of what was dismissed is passed over", func(t *testing.T) {
		dismissed := *known
		dismissed.Dismissed = []event.ItemID{"i31"}
		over, s := ask(demand(rules.Rule{Kind: rules.Pin, Items: []event.ItemID{"i31"}, Place: 1, Placements: []string{"for-you"}}), &dismissed)
		if slices.Contains(ids(over, s), "i31") || len(s.Picks) != 8 {
			t.Errorf("%v", ids(over, s))
		}
	})
	t.Run("an exclusion wins over a pin of any priority", func(t *testing.T) {
		over, s := ask(demand(rules.Rule{Kind: rules.Pin, Items: []event.ItemID{"i31"}, Place: 1, Placements: []string{"for-you"}, Priority: 9}, rules.Rule{Kind: rules.Exclude, Brand: "B1"}), known)
		for _, id := range ids(over, s) {
			if i, _ := over.Lookup(id); over.Brand(i) == "B1" {
				t.Errorf("%s is of the excluded brand", id)
			}
		}
	})
	t.Run("boosted items rise, buried ones fall", func(t *testing.T) {
		first := m.ID(plain.Picks[0].Item)
		over, s := ask(demand(rules.Rule{Kind: rules.Bury, Items: []event.ItemID{event.ItemID(first)}, Strength: 50}), known)
		if got := ids(over, s); len(got) != 8 || got[0] == first {
			t.Errorf("%s is buried and first of %v", first, got)
		}
		last := m.ID(plain.Picks[6].Item)
		over, s = ask(demand(rules.Rule{Kind: rules.Boost, Items: []event.ItemID{event.ItemID(last)}, Strength: 100}), known)
		if got := ids(over, s); got[0] != last || s.Picks[0].Rule == 0 {
			t.Errorf("%s is boosted and not first of %v", last, got)
		}
	})
	t.Run("a share of places for promoted items, and no more than that", func(t *testing.T) {
		d := demand(rules.Rule{Kind: rules.Boost, Category: "Home > C1", Strength: 1.01})
		d.Settings.PromotedShare = 0.25
		over, s := ask(d, known)
		if n := inCategory(over, s, "Home > C1"); n < 2 {
			t.Errorf("%d promoted items of 8, want 2", n)
		}
		d = demand(rules.Rule{Kind: rules.Boost, Category: "Home > C0", Strength: 3})
		d.Settings.PromotedMost, d.Settings.NewShare = 0.25, 0
		over, s = ask(d, known)
		if n := inCategory(over, s, "Home > C0"); n > 2 || len(s.Picks) != 8 {
			t.Errorf("%d promoted items of %d, want at most 2 of 8", n, len(s.Picks))
		}
	})
	t.Run("rules end by themselves, and equal ones cost nothing", func(t *testing.T) {
		d := demand(rules.Rule{Kind: rules.Exclude, Category: "Home", Ends: testNow.Add(time.Hour)})
		over := m.Under(d, testNow)
		if over.Under(d, testNow.Add(time.Minute)) != over {
			t.Error("the same rules were compiled again")
		}
		if _, s := ask(d, known); len(s.Picks) != 0 {
			t.Errorf("%d items of an excluded catalog", len(s.Picks))
		}
		over = over.Under(d, testNow.Add(2*time.Hour))
		if s := w.Answer(over, &Query{Now: testNow, Slots: []Slot{{ForYou, 8}}})[0]; len(s.Picks) != 8 {
			t.Errorf("%d items after the rule's end", len(s.Picks))
		}
	})
}

func inCategory(m *Model, s Shelf, path string) (n int) {
	for _, p := range s.Picks {
		if m.CategoryPath(p.Item) == path {
			n++
		}
	}
	return n
}

func TestDiversity(t *testing.T) {
	m := testModel(t)
	var w Worker
	count := func(share Share) int {
		seen := map[string]bool{}
		for _, p := range w.Answer(m, &Query{Viewer: Viewer{Profile: viewer(testNow, "i00", "i04", "i08", "i01")}, Now: testNow, Varied: share, Slots: []Slot{{ForYou, 8}}})[0].Picks {
			seen[m.CategoryPath(p.Item)+m.Brand(p.Item)] = true
		}
		return len(seen)
	}
	if same, varied := count(Share{true, 0}), count(Share{true, 0.9}); varied <= same || varied < 6 {
		t.Errorf("%d kinds of items by relevance alone, %d with much diversity", same, varied)
	}
}

// TestArrangementIsMaximalMarginalRelevance holds the lazy search to the formula, over and over.
func TestArrangementIsMaximalMarginalRelevance(t *testing.T) {
	m := testModel(t)
	var w Worker
	for seed := range uint32(50) {
		q := Query{Viewer: Viewer{Profile: viewer(testNow, fmt.Sprintf("i%02d", seed%60), fmt.Sprintf("i%02d", seed*7%60))}, Now: testNow, Varied: Share{true, float32(seed%10) / 10}, Seed: seed, Slots: []Slot{{ForYou, 6}}}
		w.Answer(m, &q)
		for n, at := range w.order[:max(len(w.order)-1, 0)] { // the last place may be explored
			best, top := -1, 0.0
			for i, c := range w.row {
				if slices.Contains(w.order[:n], uint32(i)) {
					continue
				}
				alike := float32(0)
				for _, j := range w.order[:n] {
					alike = max(alike, likeness(m, &c, &w.row[j]))
				}
				if v := float64((1-q.Varied.Value)*c.score - q.Varied.Value*alike); best < 0 || v > top+1e-6 {
					best, top = i, v
				}
			}
			if int(at) != best {
				t.Fatalf("seed %d: place %d has %s, the formula says %s", seed, n, m.ID(w.row[at].item), m.ID(w.row[best].item))
			}
		}
	}
}

// likeness says how much a candidate is like a placed one, the way the formula has it.
func likeness(m *Model, c, placed *candidate) (like float32) {
	if c.category == placed.category {
		like = sameCategory
	} else if c.above == placed.above {
		like = nearCategory
	}
	if c.brand == placed.brand {
		like += sameBrand
	}
	items, cosines := m.Similar(placed.item)
	for n, i := range items[:min(len(items), alikeRow)] {
		if i == c.item {
			like = max(like, cosines[n])
		}
	}
	return like
}

// TestRotationHasTheFrequencyItClaims draws the page of many visitors who come back, and holds the first place, and the second given the first, to their propensities.
func TestRotationHasTheFrequencyItClaims(t *testing.T) {
	m := testModel(t)
	var w Worker
	first, second, claimed := map[string]int{}, map[string]int{}, map[string]float32{}
	const draws = 30000
	p := viewer(testNow, "i00", "i01", "i02")
	p.Visits = 3
	for n := range draws {
		p.ID = fmt.Sprint("v", n)
		s := w.Answer(m, &Query{Viewer: Viewer{Profile: p}, Slots: []Slot{{ForYou, 5}}, Now: testNow})[0]
		if s.Policy != Drawn {
			t.Fatalf("policy %d", s.Policy)
		}
		a, b := m.ID(s.Picks[0].Item), m.ID(s.Picks[1].Item)
		first[a]++
		second[a+" "+b]++
		claimed[a], claimed[a+" "+b] = s.Picks[0].Propensity, s.Picks[1].Propensity
	}
	if len(first) < 2 {
		t.Fatalf("one item alone is ever first: %v", first)
	}
	check := func(what string, n, of int) {
		want := float64(claimed[what])
		if got, sigma := float64(n)/float64(of), math.Sqrt(want*(1-want)/float64(of)); math.Abs(got-want) > 4.5*sigma+1e-4 {
			t.Errorf("%s is shown with %.4f, claimed %.4f", what, got, want)
		}
	}
	for a, n := range first {
		check(a, n, draws)
		for pair, k := range second {
			if len(pair) > len(a) && pair[:len(a)] == a && n > 500 {
				check(pair, k, n)
			}
		}
	}
}

func TestRotation(t *testing.T) {
	m := testModel(t)
	var w Worker
	p := viewer(testNow, "i00", "i01", "i02", "i05", "i09")
	p.ID, p.Visits = "v", 2
	page := func(at time.Time, seed uint32) []string {
		return ids(m, w.Answer(m, &Query{Viewer: Viewer{Profile: p}, Slots: []Slot{{ForYou, 12}}, Now: at, Seed: seed})[0])
	}
	today := page(testNow, 1)
	if again := page(testNow, 2); !slices.Equal(today, again) {
		t.Errorf("the page moves while it is looked at: %v, %v", today, again)
	}
	if tomorrow := page(testNow.Add(24*time.Hour), 1); slices.Equal(today, tomorrow) {
		t.Errorf("the page of tomorrow is the one of today: %v", today)
	}
	p.Visits = 3
	if next := page(testNow, 1); slices.Equal(today, next) {
		t.Errorf("the page of the next visit is the one before: %v", today)
	}
}

func TestNewItemsGetAShareOfPlaces(t *testing.T) {
	later := testNow.Add(time.Hour)
	changes := catalog.Delta{Changes: map[event.ItemID]catalog.Change{}}
	var added []catalog.Item
	for n := range 5 {
		it := lamp(event.ItemID(fmt.Sprint("new", n)), later)
		changes.Changes[it.ID], added = catalog.Change{Price: it.Price, New: true, At: later}, append(added, it)
	}
	m := testModel(t).With(changes, added...)
	m.cold = m.arrivals // those of the test model are young too
	var w Worker
	shown, claimed := map[string]int{}, map[string]float32{}
	const draws = 5000
	for seed := range uint32(draws) {
		for _, s := range w.Answer(m, &Query{Slots: []Slot{{ForYou, 12}, {Trending, 12}}, Now: later, Seed: seed}) {
			news := 0
			for _, p := range s.Picks {
				if m.New(p.Item) {
					news++
				}
				if p.Source == FromNew && s.Placement == ForYou {
					shown[m.ID(p.Item)]++
					claimed[m.ID(p.Item)] = p.Propensity
				}
			}
			if news != 1 || len(s.Picks) != 12 {
				t.Fatalf("%d new items on a shelf of %d", news, len(s.Picks))
			}
		}
	}
	for id, n := range shown {
		if got, want := float64(n)/draws, float64(claimed[id]); math.Abs(got-want) > 0.03 {
			t.Errorf("%s is shown with %.4f, claimed %.4f", id, got, want)
		}
	}
	if len(shown) != 5 {
		t.Errorf("only %v are ever shown", shown)
	}
}
