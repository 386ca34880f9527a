package offer

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/event"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/segment"
)

// stock is what can be had: everything but these.
type stock []event.ItemID

func (s stock) Sellable(id event.ItemID) bool { return !slices.Contains(s, id) }

func seenOffer(o profile.OfferSeen) func(*Ask) {
	return func(a *Ask) { a.Profile = &profile.Profile{Visits: 5, Offers: []profile.OfferSeen{o}} }
}

func TestEligible(t *testing.T) {
	full := &profile.Profile{}
	for i := range profile.MaxOffers {
		full.Offers = append(full.Offers, profile.OfferSeen{Offer: fmt.Sprint("other", i), Shown: 1, Ordinal: 1, Last: noon.Add(-time.Hour)})
	}
	old := &profile.Profile{Offers: slices.Clone(full.Offers)}
	old.Offers[9].Last = noon.Add(-profile.OfferMemory)
	visits := func(n int64) func(*Ask) { return func(a *Ask) { a.Profile = &profile.Profile{Visits: n} } }
	product := func(item event.ItemID, category string) func(*Ask) {
		return func(a *Ask) { a.Placement, a.Item, a.Category = ProductPage, item, category }
	}
	tests := map[string]struct {
		offer func(*Definition)
		ask   func(*Ask)
		want  bool
	}{
		"open":                                   {want: true},
		"a draft":                                {offer: func(d *Definition) { d.Status = Draft }},
		"paused":                                 {offer: func(d *Definition) { d.Status = Paused }},
		"ended":                                  {offer: func(d *Definition) { d.Status = Ended }},
		"not begun":                              {offer: func(d *Definition) { d.Starts = noon.Add(time.Second) }},
		"begun":                                  {offer: func(d *Definition) { d.Starts = noon }, want: true},
		"over":                                   {offer: func(d *Definition) { d.Ends = noon }},
		"about to be over":                       {offer: func(d *Definition) { d.Ends = noon.Add(time.Second) }, want: true},
		"for another placement":                  {offer: func(d *Definition) { d.Placements = []string{Mail} }},
		"for this placement":                     {offer: func(d *Definition) { d.Placements = []string{Mail, FrontPage} }, want: true},
		"no such placement":                      {ask: func(a *Ask) { a.Placement = "basket" }},
		"below the cap":                          {offer: func(d *Definition) { d.PerPerson = 2 }, ask: seenOffer(profile.OfferSeen{Offer: "tea", Shown: 1, Ordinal: 1, Last: noon}), want: true},
		"at the cap":                             {offer: func(d *Definition) { d.PerPerson = 2 }, ask: seenOffer(profile.OfferSeen{Offer: "tea", Shown: 2, Ordinal: 2, Last: noon})},
		"seen often, no cap":                     {ask: seenOffer(profile.OfferSeen{Offer: "tea", Shown: 200, Ordinal: 200, Last: noon}), want: true},
		"clicked":                                {ask: seenOffer(profile.OfferSeen{Offer: "tea", Shown: 1, Ordinal: 1, Clicked: 1, Last: noon}), want: true},
		"dismissed":                              {ask: seenOffer(profile.OfferSeen{Offer: "tea", Shown: 1, Ordinal: 1, Dismissed: true, Last: noon})},
		"used by an order":                       {ask: seenOffer(profile.OfferSeen{Offer: "tea", Shown: 1, Ordinal: 1, Ordered: 1, Last: noon})},
		"a cap, and memory full of younger ones": {offer: func(d *Definition) { d.PerPerson = 2 }, ask: func(a *Ask) { a.Profile = full }},
		"no cap, and memory full of younger ones": {ask: func(a *Ask) { a.Profile = full }, want: true},
		"a cap, and memory with room for it":      {offer: func(d *Definition) { d.PerPerson = 2 }, ask: func(a *Ask) { a.Profile = old }, want: true},
		"a cap, and a profile not to be read":     {offer: func(d *Definition) { d.PerPerson = 2 }, ask: func(a *Ask) { a.Blind = true }},
		"no cap, and a profile not to be read":    {ask: func(a *Ask) { a.Blind = true }, want: true},
		"a cap, for nobody":                       {offer: func(d *Definition) { d.PerPerson = 2 }, ask: func(a *Ask) { a.Subject = "" }},
		"a control group, for nobody":             {offer: func(d *Definition) { d.Control = 0.01 }, ask: func(a *Ask) { a.Subject = "" }},
		"for everybody, for nobody":               {ask: func(a *Ask) { a.Subject = "" }, want: true},
		"in the segment":                          {offer: func(d *Definition) { d.Segment = "loyal" }, ask: visits(3), want: true},
		"not in the segment":                      {offer: func(d *Definition) { d.Segment = "loyal" }, ask: visits(2)},
		"a segment, and nothing known":            {offer: func(d *Definition) { d.Segment = "loyal" }},
		"on the roster of the segment":            {offer: func(d *Definition) { d.Segment = "french" }, want: true},
		"on the roster, but not to be known":      {offer: func(d *Definition) { d.Segment = "french" }, ask: func(a *Ask) { a.Blind = true }},
		"not on the roster":                       {offer: func(d *Definition) { d.Segment = "french" }, ask: func(a *Ask) { a.Subject = "v2" }},
		"a segment that is gone":                  {offer: func(d *Definition) { d.Segment = "gone" }, ask: visits(9)},
		"its item is sold out":                    {offer: func(d *Definition) { d.Items = []event.ItemID{"pot", "cup"} }, ask: func(a *Ask) { a.Stock = stock{"cup"} }},
		"its items can be had":                    {offer: func(d *Definition) { d.Items = []event.ItemID{"pot", "cup"} }, ask: func(a *Ask) { a.Stock = stock{"mat"} }, want: true},
		"the product's":                           {offer: func(d *Definition) { d.Items = []event.ItemID{"pot"} }, ask: product("pot", "Tea > Pots"), want: true},
		"another product's":                       {offer: func(d *Definition) { d.Items = []event.ItemID{"cup"} }, ask: product("pot", "Tea > Pots")},
		"the product's category":                  {offer: func(d *Definition) { d.Category = "Tea" }, ask: product("pot", "Tea > Pots"), want: true},
		"a category that only begins so":          {offer: func(d *Definition) { d.Category = "Tea > Po" }, ask: product("pot", "Tea > Pots")},
		"of no product, on a product's page":      {ask: product("pot", "Tea > Pots"), want: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.put("tea", tt.offer)
			asked := 0
			c := w.chooser(groups{map[segment.ID]int64{"loyal": 3}, map[segment.ID][]string{"french": {"v1"}}, &asked})
			got := w.choose(c, w.ask("v1", tt.ask))
			if (len(got.Choices) == 1) != tt.want {
				t.Fatalf("chosen: %v", ids(got))
			}
			if tt.want && got.Choices[0].Propensity != 1 {
				t.Errorf("alone it stands there with propensity %v", got.Choices[0].Propensity)
			}
			if len(got.Ghosts) > 0 {
				t.Errorf("ghosts %v", got.Ghosts)
			}
		})
	}
}

// TestOneReadForManyRosters holds that segments beyond the profile cost one read an answer, and none where nothing asks for them.
func TestOneReadForManyRosters(t *testing.T) {
	w := newWorld(t)
	asked := 0
	c := w.chooser(groups{nil, map[segment.ID][]string{"a": {"v1"}, "b": {"v1"}}, &asked})
	w.choose(c, w.ask("v1", nil))
	for _, id := range []ID{"one", "two", "three"} {
		w.put(id, func(d *Definition) { d.Segment = segment.ID(map[ID]string{"one": "a", "two": "a", "three": "b"}[id]) })
	}
	if err := c.Refresh(t.Context(), tea); err != nil {
		t.Fatal(err)
	}
	if asked != 0 {
		t.Errorf("%d reads before anybody asked", asked)
	}
	if got := w.choose(c, w.ask("v1", nil)); len(got.Choices) != 2 || asked != 1 {
		t.Errorf("chosen %v with %d reads", ids(got), asked)
	}
}

func TestChoicesFollowTheSeedAndDiffer(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.put(ID(fmt.Sprint("o", i)), nil)
	}
	one, other := w.chooser(nil), w.chooser(nil)
	counts := map[ID]int{}
	sum := 0.0
	for seed := range uint32(4000) {
		ask := w.ask("v1", func(a *Ask) { a.Seed = seed })
		a, b := w.choose(one, ask), w.choose(other, ask)
		if diff := cmp.Diff(a.Choices, b.Choices, cmpopts.IgnoreFields(Choice{}, "Offer")); diff != "" {
			t.Fatalf("seed %d (-one process +another):\n%s", seed, diff)
		}
		if len(a.Choices) != 2 || a.Choices[0].Offer.ID == a.Choices[1].Offer.ID {
			t.Fatalf("seed %d: %v", seed, ids(a))
		}
		counts[a.Choices[0].Offer.ID]++
		sum += float64(a.Choices[0].Propensity)
	}
	for id, n := range counts {
		if share := float64(n) / 4000; math.Abs(share-0.2) > 0.03 {
			t.Errorf("%s comes first with %.3f among five of which nothing is known", id, share)
		}
	}
	if mean := sum / 4000; math.Abs(mean-0.2) > 0.005 {
		t.Errorf("propensities are %.4f on average", mean)
	}
}

// TestBetterOffersAreShownMore holds that what came back moves the choice, within one refresh.
func TestBetterOffersAreShownMore(t *testing.T) {
	w := newWorld(t)
	w.put("good", nil)
	w.put("poor", nil)
	c := w.chooser(nil)
	w.choose(c, w.ask("v1", nil))
	for v := range 60 {
		visitor := fmt.Sprint("v", v)
		w.fold(w.told(visitor, "1", event.PromotionViewed, w.impression("poor", visitor, 1)), w.told(visitor+"x", "1", event.PromotionViewed, w.impression("good", visitor+"x", 1)))
		if v%2 == 0 {
			w.fold(w.order(visitor+"x", "2", event.OrderCompleted, visitor, 100, ""))
		}
	}
	w.clock.advance(10 * 24 * time.Hour)
	if err := c.Refresh(t.Context(), tea); err != nil {
		t.Fatal(err)
	}
	got := w.choose(c, w.ask("new", func(a *Ask) { a.Limit = 1 }))
	if len(got.Choices) != 1 || got.Choices[0].Offer.ID != "good" || got.Choices[0].Propensity < 0.99 {
		t.Errorf("chosen %v with propensity %v", ids(got), got.Choices[0].Propensity)
	}
}

// TestControl holds that the control group has its share, is the same in every process, never sees the offer, and is reported as who would have.
func TestControl(t *testing.T) {
	w := newWorld(t)
	d := w.put("tea", func(d *Definition) { d.Control = 0.3 })
	w.put("mugs", nil)
	c := w.chooser(nil)
	held, ghosts := 0, 0
	const subjects = 2000
	for i := range subjects {
		subject := fmt.Sprint("v", i)
		got := w.choose(c, w.ask(subject, func(a *Ask) { a.Seed = uint32(i) }))
		shown, ghost := slices.Contains(ids(got), "tea"), slices.Contains(got.Ghosts, "tea")
		if shown == ghost {
			t.Fatalf("%s: shown %v, ghost %v", subject, shown, ghost)
		}
		if d.Controlled(subject) {
			held++
		}
		if ghost {
			ghosts++
			if !d.Controlled(subject) || len(got.Choices) != 1 || got.Choices[0].Propensity != 1 {
				t.Fatalf("%s: %v beside the ghost", subject, ids(got))
			}
		}
	}
	if share := float64(held) / subjects; math.Abs(share-0.3) > 0.03 || ghosts != held {
		t.Errorf("%.3f are held back, %d of %d would have seen it", share, ghosts, held)
	}
}

// TestBudget has several processes serve many visitors at once: together they never serve more impressions than the budget, all of it is served but for what the processes still hold, and what they
// hold goes back when they stop.
func TestBudget(t *testing.T) {
	const budget = 251 // leased by twos: the last lease is half of one
	w := newWorld(t)
	w.put("tea", func(d *Definition) { d.Budget = budget })
	choosers := []*Chooser{w.chooser(nil), w.chooser(nil), w.chooser(nil)}
	var mu sync.Mutex
	served := map[string]bool{}
	var all sync.WaitGroup
	for i, c := range choosers {
		all.Go(func() {
			var to Chosen
			for n := range 120 {
				subject := fmt.Sprintf("v%d-%d", i, n)
				if err := c.Choose(t.Context(), w.ask(subject, nil), &to); err != nil {
					t.Error(err)
				}
				mu.Lock()
				for _, ch := range to.Choices {
					served[fmt.Sprint(subject, ch.Ordinal)] = true
				}
				mu.Unlock()
				if err := c.Refresh(t.Context(), tea); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if len(served) > budget || len(served) < budget-len(choosers)*int(portion(budget)) {
		t.Errorf("%d impressions of %d were served", len(served), budget)
	}
	for _, c := range choosers {
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if taken, err := w.store.Spent(t.Context(), tea, "tea"); err != nil || taken != int64(len(served)) {
		t.Errorf("the record says %d (%v), %d were served", taken, err, len(served))
	}
}

// TestTheSameImpressionIsSpentOnce holds that a page that is loaded again costs the budget nothing.
func TestTheSameImpressionIsSpentOnce(t *testing.T) {
	l := &lease{}
	l.left.Store(2)
	for i, tt := range []struct {
		impression uint64
		taken      bool
	}{{7, true}, {7, true}, {8, true}, {9, false}, {8, true}} {
		if l.take(tt.impression) != tt.taken {
			t.Errorf("step %d: impression %d, left %d", i, tt.impression, l.left.Load())
		}
	}
}

// TestALoweredBudget holds that what is leased beyond a lowered budget is not served.
func TestALoweredBudget(t *testing.T) {
	w := newWorld(t)
	d := w.put("tea", func(d *Definition) { d.Budget = 10_000 })
	c := w.chooser(nil)
	w.choose(c, w.ask("v1", nil))
	d.Budget = 1
	if _, err := w.store.Put(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if err := c.Refresh(t.Context(), tea); err != nil {
		t.Fatal(err)
	}
	if got := w.choose(c, w.ask("v2", nil)); len(got.Choices) > 0 {
		t.Errorf("chosen: %v", ids(got))
	}
	if taken, err := w.store.Spent(t.Context(), tea, "tea"); err != nil || taken != 1 {
		t.Errorf("the record says %d (%v)", taken, err)
	}
}

func TestStore(t *testing.T) {
	w := newWorld(t)
	made := w.put("tea", func(d *Definition) {
		d.Starts, d.Ends, d.Items, d.Placements = noon, noon.Add(time.Hour), []event.ItemID{"pot"}, []string{FrontPage}
	})
	if _, err := w.store.Put(t.Context(), Definition{Shop: tea, ID: "tea", Status: Active, Title: "Again"}); err == nil {
		t.Error("an id was taken twice")
	}
	w.clock.advance(time.Hour)
	changed := made
	changed.Title = "Changed"
	changed, err := w.store.Put(t.Context(), changed)
	if err != nil || changed.Version != made.Version+1 || !changed.Created.Equal(noon) || !changed.Updated.Equal(noon.Add(time.Hour)) {
		t.Fatalf("%+v, %v", changed, err)
	}
	if _, err := w.store.Put(t.Context(), made); err == nil {
		t.Error("an old version was stored over a new one")
	}
	w.put("mugs", nil)
	all, err := w.store.List(t.Context(), tea)
	if err != nil || len(all) != 2 || all[0].ID != "mugs" {
		t.Fatalf("%+v, %v", all, err)
	}
	if diff := cmp.Diff(changed, all[1]); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	if err := w.store.Delete(t.Context(), tea, "tea", made.Version); err == nil {
		t.Error("an old version was deleted")
	}
	if err := w.store.Delete(t.Context(), tea, "tea", changed.Version); err != nil {
		t.Error(err)
	}
	if _, err := w.store.Get(t.Context(), tea, "tea"); err == nil {
		t.Error("it is still there")
	}
}

// BenchmarkChoose fills two places for a customer with a history, out of five offers with caps and control groups.
func BenchmarkChoose(b *testing.B) {
	w := newWorld(b)
	for i := range 5 {
		w.put(ID(fmt.Sprint("o", i)), func(d *Definition) { d.PerPerson, d.Control, d.Budget = 5, 0.1, 1_000_000 })
	}
	c := w.chooser(nil)
	ask := w.ask("v1", seenOffer(profile.OfferSeen{Offer: "o1", Shown: 1, Ordinal: 1, Last: noon}))
	var to Chosen
	b.ReportAllocs()
	for b.Loop() {
		ask.Seed++
		if err := c.Choose(b.Context(), ask, &to); err != nil || len(to.Choices) == 0 {
			b.Fatal(err, len(to.Choices))
		}
	}
}

// TestAnEvenBudget holds that a budget which is spread is out in step with time, though there are more visitors than it has impressions, and all of it at the end.
func TestAnEvenBudget(t *testing.T) {
	const budget, days = 1000, 10
	w := newWorld(t)
	w.put("tea", func(d *Definition) { d.Budget, d.Even, d.Ends = budget, true, noon.AddDate(0, 0, days) })
	choosers := []*Chooser{w.chooser(nil), w.chooser(nil)}
	served := 0
	for hour := range days * 24 {
		for n := range 20 {
			c := choosers[n%2]
			if n < 2 {
				if err := c.Refresh(t.Context(), tea); err != nil {
					t.Fatal(err)
				}
			}
			served += len(w.choose(c, w.ask(fmt.Sprintf("v%d-%d", hour, n), nil)).Choices)
		}
		if most := budget*(hour+1)/(days*24) + 2*budget/leaseParts; served > most {
			t.Fatalf("after %d hours %d impressions are out, at most %d are due", hour+1, served, most)
		}
		w.clock.advance(time.Hour)
	}
	if served < budget*95/100 || served > budget {
		t.Errorf("%d of %d were served", served, budget)
	}
}
