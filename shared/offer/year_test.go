package offer

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"shopkeeper/shared/event"
	"shopkeeper/shared/profile"
)

// year is a random year of a shop with several processes, in which nothing arrives in order, once, or at once.
type year struct {
	t        *rapid.T
	w        *world
	shop     event.ShopID
	offers   map[ID]Definition
	choosers []*Chooser
	profiles map[string][]byte // by visitor, as the profile function left them
	stale    map[string][]byte // as a replica that lags still has them
	waiting  []event.Event     // not folded yet

	served  map[ID]map[string]bool // impressions, by subject and ordinal
	viewed  map[ID]map[string]bool
	caps    map[ID]map[string]map[int]bool // ordinals served, by subject
	message int
}

func (y *year) visitor() string {
	return rapid.SampledFrom([]string{"v1", "v2", "v3", "v4", "v5"}).Draw(y.t, "visitor")
}

// visit asks one of the processes for offers, with a profile that may be behind, and reports some of what was seen.
func (y *year) visit() {
	visitor := y.visitor()
	body := y.profiles[visitor]
	if rapid.IntRange(0, 3).Draw(y.t, "replica") == 0 {
		body = y.stale[visitor]
	}
	ask := &Ask{Shop: y.shop, Subject: visitor, Placement: rapid.SampledFrom(Placements).Draw(y.t, "placement"), Limit: MaxChoices, Seed: rapid.Uint32().Draw(y.t, "seed"), Now: y.w.clock.now()}
	if body != nil {
		ask.Profile = &profile.Profile{}
		if err := profile.DecodeInto(ask.Profile, body); err != nil {
			y.t.Fatal(err)
		}
	}
	ask.Blind = rapid.IntRange(0, 20).Draw(y.t, "blind") == 0
	if ask.Blind {
		ask.Profile = nil
	}
	c := rapid.SampledFrom(y.choosers).Draw(y.t, "process")
	var to Chosen
	if err := c.Choose(y.w.t.Context(), ask, &to); err != nil {
		y.t.Fatal(err)
	}
	for i := range to.Choices {
		y.shown(ask, &to.Choices[i])
	}
	for _, id := range to.Ghosts {
		if d := y.offers[id]; !d.Controlled(visitor) {
			y.t.Fatalf("%s is a ghost for %s, who is not in its control group", id, visitor)
		}
	}
}

func (y *year) shown(ask *Ask, ch *Choice) {
	d, now := y.offers[ch.Offer.ID], y.w.clock.now()
	switch {
	case now.Before(d.Starts) || !d.Ends.IsZero() && !now.Before(d.Ends):
		y.t.Fatalf("%s was shown at %v, outside of %v to %v", d.ID, now, d.Starts, d.Ends)
	case d.Controlled(ask.Subject):
		y.t.Fatalf("%s was shown to %s of its control group", d.ID, ask.Subject)
	case !d.At(ask.Placement):
		y.t.Fatalf("%s was shown at %s", d.ID, ask.Placement)
	case ch.Propensity <= 0 || ch.Propensity > 1:
		y.t.Fatalf("%s was shown with propensity %v", d.ID, ch.Propensity)
	}
	im := fmt.Sprint(ask.Subject, " ", ch.Ordinal)
	y.served[d.ID][im] = true
	if y.caps[d.ID][ask.Subject] == nil {
		y.caps[d.ID][ask.Subject] = map[int]bool{}
	}
	y.caps[d.ID][ask.Subject][ch.Ordinal] = true
	if n := len(y.caps[d.ID][ask.Subject]); d.PerPerson > 0 && n > d.PerPerson {
		y.t.Fatalf("%s was shown to %s in %d impressions, at most %d are allowed", d.ID, ask.Subject, n, d.PerPerson)
	}
	if n := len(y.served[d.ID]); d.Budget > 0 && int64(n) > d.Budget {
		y.t.Fatalf("%s was shown in %d impressions, the budget is %d", d.ID, n, d.Budget)
	}
	said := ch.Impression(ask)
	id := string(y.w.signer.Append(nil, y.shop, &said))
	for range rapid.IntRange(0, 2).Draw(y.t, "reports") {
		name := rapid.SampledFrom([]event.Name{event.PromotionViewed, event.PromotionViewed, event.PromotionClicked, event.ItemDismissed}).Draw(y.t, "report")
		y.tell(ask.Subject, name, id)
		if name != event.ItemDismissed {
			y.viewed[d.ID][im] = true
		}
	}
}

func (y *year) tell(visitor string, name event.Name, id string) {
	y.message++
	at := y.w.clock.now()
	e := event.Event{Shop: y.shop, Visitor: event.VisitorID(visitor), ID: event.ID(fmt.Sprint(y.message)), Type: event.Track, Name: name, At: at, ReceivedAt: at, Recommendation: id}
	if name == event.OrderCompleted {
		e.Order = &event.Order{ID: fmt.Sprint("o", y.message), Total: 100, Currency: "GBP"}
	}
	y.waiting = append(y.waiting, e)
}

// deliver folds some of what waits, from anywhere, some of it twice: into the profiles and into the results.
func (y *year) deliver(all bool) {
	for len(y.waiting) > 0 {
		i := rapid.IntRange(0, min(3, len(y.waiting)-1)).Draw(y.t, "which")
		e := y.waiting[i]
		y.waiting = append(y.waiting[:i], y.waiting[i+1:]...)
		for range rapid.IntRange(1, 2).Draw(y.t, "times") {
			y.fold(e)
		}
		if !all && rapid.Bool().Draw(y.t, "enough") {
			return
		}
	}
}

func (y *year) fold(e event.Event) {
	visitor := string(e.Visitor)
	y.stale[visitor] = y.profiles[visitor]
	it := profileItem(y.shop, visitor, y.profiles[visitor])
	p, err := profile.Decode(it)
	if err != nil {
		y.t.Fatal(err)
	}
	profile.Fold(&p, e, profile.DefaultWeights)
	y.profiles[visitor] = p.AppendBody(nil)
	again, err := y.w.folder.Handler(nil)(y.w.t.Context(), changesOf(y.w.t, e))
	if err != nil || again != "" {
		y.t.Fatalf("again from %q, %v", again, err)
	}
}

// TestRandomYears holds that caps, budgets, dates and control groups are never broken, and that results never exceed what was served, whatever comes late, twice, out of order or never.
func TestRandomYears(t *testing.T) {
	w := newWorld(t)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		w.clock.at.Store(noon.UnixNano())
		y := &year{t: rt, w: w, shop: event.ShopID(fmt.Sprint("s", run)), offers: map[ID]Definition{}, profiles: map[string][]byte{}, stale: map[string][]byte{},
			served: map[ID]map[string]bool{}, viewed: map[ID]map[string]bool{}, caps: map[ID]map[string]map[int]bool{}}
		for range 3 {
			y.choosers = append(y.choosers, w.chooser(nil))
		}
		for i := range rapid.IntRange(1, 4).Draw(rt, "offers") {
			y.make(ID(fmt.Sprint("o", i)))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"visit":   func(t *rapid.T) { y.t = t; y.visit() },
			"again":   func(t *rapid.T) { y.t = t; y.visit() },
			"deliver": func(t *rapid.T) { y.t = t; y.deliver(false) },
			"order":   func(t *rapid.T) { y.t = t; y.tell(y.visitor(), event.OrderCompleted, "") },
			"time": func(t *rapid.T) {
				w.clock.advance(time.Duration(rapid.Int64Range(1, int64(20*24*time.Hour)).Draw(t, "pause")))
			},
			"look": func(t *rapid.T) {
				if err := rapid.SampledFrom(y.choosers).Draw(t, "process").Refresh(w.t.Context(), y.shop); err != nil {
					t.Fatal(err)
				}
			},
			"stop": func(t *rapid.T) {
				i := rapid.IntRange(0, len(y.choosers)-1).Draw(t, "process")
				if rapid.Bool().Draw(t, "in order") {
					if err := y.choosers[i].Close(w.t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				y.choosers[i] = w.chooser(nil)
			},
		})
		y.t = rt
		y.deliver(true)
		for id := range y.offers {
			r, err := w.results.Of(t.Context(), y.shop, id, time.Time{})
			if err != nil {
				rt.Fatal(err)
			}
			if int(r.Total.Impressions) > len(y.viewed[id]) || r.Total.Subjects > r.Total.Impressions || r.Total.Rewarded() > r.Total.Subjects || r.Total.Clicked > r.Total.Subjects {
				rt.Fatalf("%s: %+v of %d impressions that were seen", id, r.Total, len(y.viewed[id]))
			}
		}
	})
}

// make draws an offer.
func (y *year) make(id ID) {
	d := Definition{Shop: y.shop, ID: id, Status: Active, Title: "Offer", PerPerson: rapid.IntRange(0, 3).Draw(y.t, "cap"), Budget: rapid.Int64Range(0, 12).Draw(y.t, "budget"),
		Control: rapid.SampledFrom([]float64{0, 0, 0.3, 0.9}).Draw(y.t, "control")}
	if rapid.Bool().Draw(y.t, "placed") {
		d.Placements = []string{rapid.SampledFrom(Placements).Draw(y.t, "at")}
	}
	if rapid.Bool().Draw(y.t, "starts") {
		d.Starts = noon.AddDate(0, 0, rapid.IntRange(-10, 100).Draw(y.t, "begins"))
	}
	if rapid.Bool().Draw(y.t, "ends") {
		d.Ends = noon.AddDate(0, 0, rapid.IntRange(101, 300).Draw(y.t, "end"))
	}
	d, err := y.w.store.Put(y.w.t.Context(), d)
	if err != nil {
		y.t.Fatal(err)
	}
	y.offers[id], y.served[id], y.viewed[id], y.caps[id] = d, map[string]bool{}, map[string]bool{}, map[string]map[int]bool{}
}
