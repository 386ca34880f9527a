package profile

import (
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
)

// VisitGap ends a visit: who comes back after it visits again.
const VisitGap = 30 * time.Minute

// Outcome is what Fold made of an event.
type Outcome uint8

// The outcomes. Only Folded changes the profile.
const (
	Folded  Outcome = iota
	Known           // it was in the profile already
	Refused         // received before the visitor was forgotten, or against the visitor's will
	Ignored         // a bot's
)

// Fold adds an event to the own profile of its visitor, once. It is pure: the same events in the same order make the same profile, whether or not it was stored
// and read in between, however they were cut into batches, and however often some of them came again (see MaxApplied).
//
// An item moves up by what was done with it; each category and brand counts once an event, however many lines have it. An event that comes late is
// put where it belongs in time; it begins a visit only when it lies more than VisitGap before the first one.
func Fold(p *Profile, e event.Event, w Weights) Outcome { return fold(p, &e, w, false) }

// fold with anyway looks at the latest ids alone, not at the floor: for an event that was set aside long ago.
func fold(p *Profile, e *event.Event, w Weights, anyway bool) Outcome {
	switch {
	case e.Verdict == event.Bot:
		return Ignored
	case p.refuses(e.ReceivedAt):
		return Refused
	case p.Applied.latest(e.ID), !anyway && p.Applied.has(e):
		return Known
	}
	p.Applied.add(e)
	at := happened(e)
	p.see(at)
	p.Counters = addCounter(p.Counters, Counter{Name: counted(e), Day: day(at), Count: 1})
	p.deed(e, at, w)
	p.trim()
	return Folded
}

// Refuses says whether what was received at t must not be kept of this visitor.
func (p *Profile) Refuses(t time.Time) bool { return p.refuses(t) }

// refuses says whether data received at t must not be kept: it came before the visitor was forgotten, or after the visitor said no.
func (p *Profile) refuses(t time.Time) bool {
	if !p.Forgotten.IsZero() && !t.After(p.Forgotten) {
		return true
	}
	return p.Consent.Personalization == consent.Denied && !t.Before(p.Consent.At)
}

// happened is when, in whole seconds; nothing happens after it was received.
func happened(e *event.Event) time.Time {
	at := e.At
	if at.IsZero() || at.After(e.ReceivedAt) {
		at = e.ReceivedAt
	}
	return at.UTC().Truncate(time.Second)
}

// counted is the name under which an event counts: a page view counts as "page", whatever the page is called.
func counted(e *event.Event) event.Name {
	if e.Type == event.Track && e.Name != "" {
		return e.Name
	}
	return event.Name(e.Type)
}

func (p *Profile) see(at time.Time) {
	switch {
	case p.LastSeen.IsZero():
		p.Visits, p.FirstSeen, p.LastSeen = 1, at, at
	case at.After(p.LastSeen):
		if at.Sub(p.LastSeen) > VisitGap {
			p.Visits++
		}
		p.LastSeen = at
	case at.Before(p.FirstSeen):
		if p.FirstSeen.Sub(at) > VisitGap {
			p.Visits++
		}
		p.FirstSeen = at
	}
}

// deed moves what the event is about.
func (p *Profile) deed(e *event.Event, at time.Time, w Weights) {
	if e.Type == event.Page || e.Type == event.Screen {
		p.Categories = addInterest(p.Categories, e.Category, w.View, at, maxCategories)
		return
	}
	if e.Type != event.Track {
		return
	}
	switch e.Name {
	case event.ProductListViewed, event.ProductListFiltered:
		p.Categories = addInterest(p.Categories, e.Category, w.View, at, maxCategories)
	case event.ProductViewed:
		p.turnTo(e, at, Viewed, w.View)
	case event.ProductClicked, event.RecommendationClick, event.ProductShared, event.ProductReviewed:
		p.turnTo(e, at, Clicked, w.Click)
	case event.AddedToWishlist:
		p.turnTo(e, at, Wished, w.Wish)
		p.undismiss(e)
	case event.RemovedFromWishlist:
		p.interest(e, at, -w.Wish)
	case event.ProductAdded:
		p.turnTo(e, at, Carted, w.Cart)
		p.undismiss(e)
		p.basket(e, 1)
	case event.ProductRemoved:
		p.interest(e, at, -w.Cart)
		p.basket(e, -1)
	case event.CartViewed, event.CheckoutStarted:
		p.wholeBasket(e)
	case event.OrderCompleted, event.OrderUpdated, event.OrderRefunded, event.OrderCancelled:
		p.order(e, at, w)
	case event.ItemDismissed:
		p.interest(e, at, w.Dismiss)
		for _, l := range e.Lines {
			p.Dismissed = addDismissed(p.Dismissed, l.Item)
		}
		p.promotion(e, at)
	case event.PromotionViewed, event.PromotionClicked:
		p.promotion(e, at)
	}
}

// turnTo is a deed that shows interest: the items become recent.
func (p *Profile) turnTo(e *event.Event, at time.Time, kind Kind, weight float64) {
	for _, l := range e.Lines {
		p.Recent = addRecent(p.Recent, Recent{Item: l.Item, Kind: kind, At: at})
	}
	p.interest(e, at, weight)
}

func (p *Profile) interest(e *event.Event, at time.Time, weight float64) {
	for i, l := range e.Lines {
		category, brand := l.Category, l.Brand
		for _, before := range e.Lines[:i] {
			if before.Category == category {
				category = ""
			}
			if before.Brand == brand {
				brand = ""
			}
		}
		p.Items = addInterest(p.Items, string(l.Item), weight, at, maxItems)
		p.Categories = addInterest(p.Categories, category, weight, at, maxCategories)
		p.Brands = addInterest(p.Brands, brand, weight, at, maxBrands)
	}
}

// undismiss: who wants an item after all is shown it again. Merely viewing it is not enough.
func (p *Profile) undismiss(e *event.Event) {
	for _, l := range e.Lines {
		p.Dismissed = dropDismissed(p.Dismissed, l.Item)
	}
}

func (p *Profile) basket(e *event.Event, sign int64) {
	for _, l := range e.Lines {
		quantity := min(l.Quantity, maxQuantity)
		if quantity <= 0 {
			if quantity = 1; sign < 0 {
				quantity = maxQuantity // removed without a number: all of it
			}
		}
		p.Cart = addCart(p.Cart, l.Item, sign*quantity)
	}
}

// wholeBasket: an event that lists the basket says what is in it.
func (p *Profile) wholeBasket(e *event.Event) {
	if len(e.Lines) > 0 {
		p.Cart = p.Cart[:0]
		p.basket(e, 1)
	}
}
