package offer

import (
	"context"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/offer/impression"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/segment"
)

// MaxChoices is how many offers stand at one place at most.
const MaxChoices = 2

// Ask is one place to fill.
type Ask struct {
	Shop      event.ShopID
	Subject   string           // person or visitor; empty for somebody of whom nothing may be kept: such a one sees only what needs no knowledge of anybody
	Profile   *profile.Profile // nil: nothing is known
	Blind     bool             // there may be a profile, and it could not be read: what it might forbid is not shown
	Placement string
	Item      event.ItemID // the product at hand, if any
	Category  string       // of it
	Stock     Stock        // nil: everything can be had
	Limit     int          // at most MaxChoices
	Seed      uint32       // the same seed makes the same choice among the same offers
	Now       time.Time
}

// Stock knows what can be had.
type Stock interface {
	// Sellable says whether an item may be shown at all: neither hidden nor sold out. What it does not know may.
	Sellable(id event.ItemID) bool
}

// Choice is an offer to show.
type Choice struct {
	Offer      *Definition // shared and read-only
	Fragment   []byte      // the JSON of its own members, without braces; shared and read-only
	Ordinal    int         // of the impression
	Situation  Situation
	Propensity float32 // the probability that the policy puts this offer at this place for this customer
	Reason     Reason
}

// Reason says why the offer may be shown to this customer.
type Reason string

// The reasons, as their codes.
const (
	ForEveryone Reason = "offer.everyone"
	ForSegment  Reason = "offer.segment"
	ForItem     Reason = "offer.item"
)

// Chosen is an answer and the memory it was made in, which is reused.
type Chosen struct {
	Choices []Choice
	Ghosts  []ID // offers that would have been shown, were the subject not in their control group

	among  []int // arms of the sampler: offers, each in the situation that it is met in
	free   []int // of among, those without a control group that has the subject
	shares []float64
	draws  []draw
	roles  []role
	in     []segment.ID
	read   bool
}

// role is whether the subject is in a segment.
type role struct {
	segment segment.ID
	is      bool
}

// Choose fills a place: among the offers that this customer may have, Thompson sampling. What cannot be learned now leaves the place empty, never an error to the page: the error is for the
// log. to is reused.
func (c *Chooser) Choose(ctx context.Context, ask *Ask, to *Chosen) error {
	to.Choices, to.Ghosts, to.among, to.free, to.roles, to.in, to.read = to.Choices[:0], to.Ghosts[:0], to.among[:0], to.free[:0], to.roles[:0], nil, false
	to.shares = to.shares[:0]
	s, err := c.current(ctx, ask.Shop)
	if s == nil || len(s.offers) == 0 {
		return err
	}
	known := acquaintance(ask.Profile)
	to.shares = interests(to.shares, ask.Profile, ask.Now)
	for i := range s.offers {
		o := &s.offers[i]
		if !o.may(ask) {
			continue
		}
		in, roleErr := c.in(ctx, o, ask, to)
		if roleErr != nil {
			err = roleErr
		}
		if !in {
			continue
		}
		at := arm(i, o.situation(ask, known, to.shares))
		to.among = append(to.among, at)
		if !o.Controlled(ask.Subject) {
			to.free = append(to.free, at)
		}
	}
	if len(to.among) > 0 {
		s.choose(ask, to)
	}
	return err
}

// choose draws among the eligible ones. The draws of offers whose control group has the subject say what would have been shown.
func (s *snapshot) choose(ask *Ask, to *Chosen) {
	to.draws = s.sampler.pick(to.draws, to.among, s.seeds, scramble(uint64(ask.Seed)+0x9e3779b97f4a7c15))
	limit := min(ask.Limit, MaxChoices)
	for place, d := range to.draws {
		if place >= limit && len(to.Choices) >= limit {
			return
		}
		o := &s.offers[d.index/Situations]
		if o.Controlled(ask.Subject) {
			if place < limit {
				to.Ghosts = append(to.Ghosts, o.ID)
			}
			continue
		}
		if len(to.Choices) >= limit {
			continue
		}
		n := o.next(ask)
		if o.lease != nil && !o.lease.take(mixed(string(o.ID), ask.Subject)^scramble(uint64(n))) {
			continue
		}
		to.Choices = append(to.Choices, Choice{
			Offer: &o.Definition, Fragment: o.fragment, Ordinal: n, Situation: Situation(d.index % Situations), Reason: o.reason(ask), Propensity: s.sampler.propensity(d.index, len(to.Choices), to.free),
		})
	}
}

// may says whether the offer is open to the subject, but for its segment.
func (o *open) may(ask *Ask) bool {
	return o.Open(ask.Now) && o.stands(ask.Placement) && o.known(ask) && o.fits(ask) && o.wanted(ask) && (o.lease == nil || o.lease.open())
}

func (o *open) stands(placement string) bool {
	i := slices.Index(Placements, placement)
	return i >= 0 && o.placement[i]
}

// known says whether enough is known of the subject for what the offer asks.
func (o *open) known(ask *Ask) bool {
	if ask.Subject == "" {
		return o.PerPerson == 0 && o.Segment == "" && o.Control == 0
	}
	return !ask.Blind || o.PerPerson == 0 && o.Segment == ""
}

// fits says whether the offer's goods can be had and, on a product's page, have to do with the product.
func (o *open) fits(ask *Ask) bool {
	if ask.Stock != nil {
		for _, it := range o.Items {
			if !ask.Stock.Sellable(it) {
				return false
			}
		}
	}
	if ask.Placement != ProductPage || ask.Item == "" || len(o.Items) == 0 && o.Category == "" {
		return true
	}
	return slices.Contains(o.Items, ask.Item) || within(ask.Category, o.Category)
}

// within says whether a category path is the other one or below it.
func within(category, above string) bool {
	rest, ok := strings.CutPrefix(category, above)
	return above != "" && ok && (rest == "" || strings.HasPrefix(rest, model.Separator))
}

// wanted says whether the subject's own history with the offer leaves room: not dismissed, not used up by an order, below the cap.
func (o *open) wanted(ask *Ask) bool {
	if ask.Profile == nil {
		return true
	}
	seen := ask.Profile.Offer(string(o.ID))
	if seen.Dismissed || seen.Ordered > 0 || seen.Ordinal >= impression.MaxOrdinal {
		return false
	}
	return o.PerPerson == 0 || seen.Shown < o.PerPerson && (seen.Shown > 0 || remembers(ask.Profile, ask.Now))
}

// remembers says whether the profile has room for one more offer: where it is full of young entries, an offer that is not among them may have been seen and forgotten.
func remembers(p *profile.Profile, now time.Time) bool {
	young := 0
	for i := range p.Offers {
		if now.Sub(p.Offers[i].Last) < profile.OfferMemory {
			young++
		}
	}
	return young < profile.MaxOffers
}

// next is the ordinal of the subject's next impression.
func (o *open) next(ask *Ask) int {
	if ask.Profile == nil {
		return 1
	}
	return ask.Profile.Offer(string(o.ID)).Ordinal + 1
}

func (o *open) reason(ask *Ask) Reason {
	switch {
	case ask.Item != "" && (slices.Contains(o.Items, ask.Item) || within(ask.Category, o.Category)):
		return ForItem
	case o.Segment != "":
		return ForSegment
	default:
		return ForEveryone
	}
}

// in says whether the subject belongs to the offer's segment. Only a segment that the profile cannot tell costs a read, once an answer.
func (c *Chooser) in(ctx context.Context, o *open, ask *Ask, to *Chosen) (bool, error) {
	if o.Segment == "" {
		return true, nil
	}
	for _, r := range to.roles {
		if r.segment == o.Segment {
			return r.is, nil
		}
	}
	is := false
	var err error
	switch {
	case !o.asked && ask.Profile != nil:
		is = o.audience.Match(ask.Profile, ask.Now)
	case o.asked:
		if !to.read {
			to.read = true
			to.in, err = c.segments.Of(ctx, ask.Shop, ask.Subject)
		}
		is = slices.Contains(to.in, o.Segment)
	}
	to.roles = append(to.roles, role{o.Segment, is})
	return is, err
}

// Impression is what the id of a choice says.
func (ch *Choice) Impression(ask *Ask) impression.Impression {
	return impression.Impression{
		Offer: string(ch.Offer.ID), Subject: ask.Subject, Ordinal: ch.Ordinal, Situation: byte(ch.Situation),
		Placement: byte(max(slices.Index(Placements, ask.Placement), 0)), Propensity: ch.Propensity, At: ask.Now,
	}
}
