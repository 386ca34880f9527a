package profile

import (
	"cmp"
	"slices"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/offer/impression"
)

// OfferSeen is what a visitor had to do with an offer: enough for its cap, and to leave alone who has ordered or does not want it.
type OfferSeen struct {
	Offer     string
	Shown     int  // different impressions
	Ordinal   int  // the highest that was seen: the next showing is Ordinal+1
	Clicked   int  // clicks
	Ordered   int  // orders that followed a click within OfferWindow, or named the impression
	Dismissed bool // "do not show me this again"
	Last      time.Time
}

const (
	// MaxOffers bounds the list: the offers that were seen last. They are never dropped for want of room, so that a cap holds: who decides must not begin a capped offer that
	// is not in a list full of younger entries than OfferMemory.
	MaxOffers = 10
	// OfferMemory is how long an offer is remembered at least, if no more than MaxOffers were seen in that time.
	OfferMemory = 180 * 24 * time.Hour
	// OfferWindow is how long after a click an order belongs to the offer.
	OfferWindow = 7 * 24 * time.Hour

	maxOfferCount = 99999
)

// compareOffer orders the latest first.
func compareOffer(a, b OfferSeen) int {
	return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(b.Ordinal, a.Ordinal), cmp.Compare(a.Offer, b.Offer))
}

// Offer is what is remembered of an offer; the zero value when nothing is.
func (p *Profile) Offer(id string) OfferSeen {
	for i := range p.Offers {
		if p.Offers[i].Offer == id {
			return p.Offers[i]
		}
	}
	return OfferSeen{Offer: id}
}

// promotion folds what an event says of an impression. An id that was made for somebody else (a mail that was forwarded) says nothing of this visitor; whether we made it at all
// does not matter here: a visitor who makes one up sees an offer less often.
func (p *Profile) promotion(e *event.Event, at time.Time) {
	im, err := impression.Peek(e.Recommendation)
	if err != nil || im.Subject == "" || im.Subject != p.ID && im.Subject != string(p.Person) && im.Subject != string(e.Person) {
		return
	}
	seen := p.Offer(im.Offer)
	if im.Ordinal > seen.Ordinal {
		seen.Shown++
		seen.Ordinal = im.Ordinal
	}
	switch e.Name {
	case event.PromotionClicked:
		seen.Clicked++
	case event.ItemDismissed:
		seen.Dismissed = true
	case event.OrderCompleted:
		seen.Ordered++
	}
	p.putOffer(seen, at)
}

// orderedThrough gives an order to the offer whose impression it names, else to the one that was clicked last.
func (p *Profile) orderedThrough(e *event.Event, at time.Time) {
	if e.Recommendation != "" {
		p.promotion(e, at)
		return
	}
	i := slices.IndexFunc(p.Offers, func(x OfferSeen) bool { return x.Clicked > 0 && !x.Last.After(at) && at.Sub(x.Last) <= OfferWindow })
	if i >= 0 {
		p.Offers[i].Ordered++
	}
}

func (p *Profile) putOffer(x OfferSeen, at time.Time) {
	if at.After(x.Last) {
		x.Last = at
	}
	x.Shown, x.Clicked, x.Ordered = min(x.Shown, maxOfferCount), min(x.Clicked, maxOfferCount), min(x.Ordered, maxOfferCount)
	list := slices.DeleteFunc(p.Offers, func(y OfferSeen) bool { return y.Offer == x.Offer })
	list = insert(list, x, compareOffer)
	p.Offers = list[:min(len(list), MaxOffers)]
}

// takeOffers adds a member's. Ordinals go on after all that any member saw.
func (p *Profile) takeOffers(own []OfferSeen) {
	for _, x := range own {
		i := slices.IndexFunc(p.Offers, func(y OfferSeen) bool { return y.Offer == x.Offer })
		if i < 0 {
			p.Offers = append(p.Offers, x)
			continue
		}
		y := &p.Offers[i]
		y.Shown, y.Clicked, y.Ordered = y.Shown+x.Shown, y.Clicked+x.Clicked, y.Ordered+x.Ordered
		y.Ordinal = max(y.Ordinal, x.Ordinal, y.Shown)
		y.Dismissed = y.Dismissed || x.Dismissed
		if x.Last.After(y.Last) {
			y.Last = x.Last
		}
	}
}
