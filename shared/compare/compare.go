// Package compare says which of two models does better on real pages: it reads what was shown, what was clicked and what was ordered while a trial runs (see recommend.Trial).
//
// # The unit
//
// What is compared is visitors, not answers or clicks: a visitor's clicks depend on each other, and only visitors were drawn. A visitor counts from the first answer that was part of the trial. Answers to who has no cookie yet or did not
// agree are part of no trial, so neither they nor what is clicked in them count. A click counts for the answer whose recommendation id it carries, once for each item of it. An order counts for its visitor; that of a known person for
// the one of their browsers that met the trial first. Only orders after that moment count, with what was refunded or cancelled since taken off.
//
// # Two arms
//
// For each of three measures, clicks, orders and revenue per visitor, the difference of the arms' means has an always-valid interval (see package experiment): anybody may look as often as they like, and stop at any time. The clock counts
// visitors with an outcome, as most have none. Each interval misses the truth in at most a third of 5 %, so that all three are right at once in 95 % of trials, however long it is looked at them: the verdict
// may go by whichever speaks first.
//
// # Both on one list
//
// Each visitor says whose items they prefer, by clicks alone: see package interleave. Whose an item is stands in the recommendation id that its click carries (see recommend.Teams). It needs far fewer visitors, and
// says nothing of orders.
package compare

import (
	"context"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
	"shopkeeper/shared/exposure"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/offpolicy"
	"shopkeeper/shared/recommend"
)

// Shown is the log of what was shown.
type Shown interface {
	// Exposures hands over the answers since a time, in no order. Lines that cannot be read are counted.
	Exposures(ctx context.Context, shop event.ShopID, from time.Time, each func(offpolicy.Exposure)) (broken int, err error)
}

// Comparer makes reports. It is safe for concurrent use.
type Comparer struct {
	now    func() time.Time
	files  blob.Store // models and archive
	signer *recommend.Signer
	shown  Shown
}

// New makes a Comparer.
func New(now func() time.Time, files blob.Store, signer *recommend.Signer, shown Shown) *Comparer {
	return &Comparer{now, files, signer, shown}
}

// Report is how a trial stands.
type Report struct {
	Trial    string           `json:"id"`
	Method   recommend.Method `json:"method" enum:"split,interleave"`
	Share    float64          `json:"share"`
	Began    time.Time        `json:"began"`
	At       time.Time        `json:"at"`
	Currency string           `json:"currency"`
	Arms     []Arm            `json:"arms"` // A, then B

	Measures   []Measure   `json:"measures,omitempty"`   // of a split
	Preference *Preference `json:"preference,omitempty"` // of an interleaving

	Verdict  Verdict  `json:"verdict" enum:"early,a,b,mixed,broken"`
	Text     string   `json:"text"` // the verdict in a sentence
	Warnings []string `json:"warnings,omitempty"`
}

// Arm is one of the models. Of an interleaving all visitors see both: Visitors and Exposures are equal, Clicks are those of items that this model put there and the other did not, and orders are nobody's.
type Arm struct {
	Name      string `json:"name" enum:"A,B"`
	Version   string `json:"version"`
	Visitors  int64  `json:"visitors"`
	Exposures int64  `json:"exposures"` // answers
	Clicked   int64  `json:"clicked"`   // visitors
	Clicks    int64  `json:"clicks"`
	Ordered   int64  `json:"ordered"` // visitors
	Orders    int64  `json:"orders"`
	Revenue   int64  `json:"revenue"`            // minor units, refunds taken off
	Replaced  int64  `json:"replaced,omitempty"` // of Exposures: the arm's model was not at hand, another one answered
}

// Measure compares the arms by one outcome per visitor. Revenue is in minor units.
type Measure struct {
	Name       string  `json:"name" enum:"clicks,orders,revenue"`
	A          float64 `json:"a"`
	B          float64 `json:"b"`
	Difference float64 `json:"difference"` // B - A
	Interval
}

// Interval is always valid: it may be looked at as often as one likes.
type Interval struct {
	Known bool    `json:"known"` // false: too little happened to tell
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// says is 1 when B has more, -1 when A has, 0 when that is open.
func (i Interval) says() int {
	switch {
	case i.Known && i.Low > 0:
		return 1
	case i.Known && i.High < 0:
		return -1
	}
	return 0
}

// Preference is whose items visitors clicked more, from -1 (all A's) to 1 (all B's).
type Preference struct {
	WinsA    int64   `json:"winsA"` // visitors
	WinsB    int64   `json:"winsB"`
	Ties     int64   `json:"ties"`
	Estimate float64 `json:"estimate"`
	Interval
}

// Verdict is what may be said now.
type Verdict string

// The verdicts.
const (
	Early   Verdict = "early" // too early to say
	BetterA Verdict = "a"
	BetterB Verdict = "b"
	Mixed   Verdict = "mixed"  // one has more of this, the other more of that
	Broken  Verdict = "broken" // the arms' sizes do not fit their shares: nothing may be said
)

// Report is how the shop's trial stands now; NotFound when none runs. It reads the archive and the log since the trial began.
func (c *Comparer) Report(ctx context.Context, shop event.ShopID, currency string) (Report, error) {
	p, _, err := recommend.ReadPointer(ctx, c.files, shop)
	if err != nil {
		return Report{}, err
	}
	if p.Trial == nil {
		return Report{}, fault.New(fault.NotFound, "no comparison of two models runs")
	}
	g := gathering{Comparer: c, shop: shop, trial: *p.Trial, units: map[event.VisitorID]*unit{}, persons: map[string]event.VisitorID{}}
	if err := g.gather(ctx, currency); err != nil {
		return Report{}, err
	}
	r := Report{Trial: p.Trial.ID, Method: p.Trial.Method, Share: p.Trial.Share, Began: p.Trial.Began, At: c.now().UTC(), Currency: currency}
	g.sum().enter(&r, *p.Trial)
	if r.At.Sub(r.Began) > exposure.Days*24*time.Hour {
		r.warn("the log of what was shown goes back %d days: the first days of the comparison do not count any more", exposure.Days)
	}
	if g.broken > 0 {
		r.warn("%d lines of the log of what was shown could not be read", g.broken)
	}
	return r, nil
}
