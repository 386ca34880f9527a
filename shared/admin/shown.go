package admin

import (
	"context"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/recommend/rules"
	"shopkeeper/shared/staff"
)

// ShownShelf is a shelf of the page that a customer would be shown.
type ShownShelf struct {
	Placement string      `json:"placement"`
	Items     []ShownItem `json:"items"`
}

// ShownItem is an item on it, and why it stands there: in the words the customer reads, and in those of the model.
type ShownItem struct {
	ID     event.ItemID        `json:"id"`
	Title  string              `json:"title"`
	Source string              `json:"source"`
	Reason string              `json:"reason"`
	Rule   rules.ID            `json:"rule,omitempty"` // that put it there or weighed it
	Why    []recommend.Because `json:"why"`            // what moved it in the ranking, the loudest first; none where nothing learned ranks
}

// shownSlots are the shelves that differ from customer to customer.
var shownSlots = []recommend.Slot{{Placement: recommend.ViewedBefore, Limit: 6}, {Placement: recommend.ForYou, Limit: 12}, {Placement: recommend.BuyAgain, Limit: 6}}

// Shown is what a customer's front page would show now, as on a device that the shop vouches for. Nothing is counted as shown. A customer who does not want to be known is shown what strangers
// are. NotFound: there is no such customer, or no model yet.
func (s *Service) Shown(ctx context.Context, a staff.Actor, id string) ([]ShownShelf, error) {
	if err := a.Check(staff.CustomersRead); err != nil {
		return nil, err
	}
	p, err := s.remembered(ctx, a.Shop, id)
	if err != nil {
		return nil, err
	}
	m, err := s.Deps.Models.Model(ctx, a.Shop)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.Wrap(fault.NotFound, err, "there is no model yet: train one first")
	}
	if err != nil {
		return nil, err
	}
	q := recommend.Query{Shop: a.Shop, Viewer: recommend.Viewer{Profile: p, Trusted: true}, Slots: shownSlots, Now: s.now(), Seed: 1}
	var w, explaining recommend.Worker
	words := locale.New(nil).Choose("en")
	out := []ShownShelf{}
	for _, shelf := range w.Answer(m, &q) {
		one := ShownShelf{Placement: shelf.Placement.String(), Items: []ShownItem{}}
		for _, pick := range shelf.Picks {
			text, about := words.Text(pick.Reason.Key), ""
			if text.Has {
				about = m.About(pick)
			}
			it := ShownItem{ID: event.ItemID(m.ID(pick.Item)), Title: m.Title(pick.Item), Source: string(pick.Source), Reason: text.With(about), Why: explaining.Explain(m, &q, shelf.Placement, pick.Item)}
			if it.Why == nil {
				it.Why = []recommend.Because{}
			}
			if r, ok := m.Rule(pick.Rule); ok {
				it.Rule = r.ID
			}
			one.Items = append(one.Items, it)
		}
		out = append(out, one)
	}
	return out, nil
}

// remembered is the profile that pages are made from; nil for a customer of whom nothing may be used.
func (s *Service) remembered(ctx context.Context, shop event.ShopID, id string) (*profile.Profile, error) {
	if isPerson(id) {
		if _, err := s.person(ctx, shop, event.PersonID(id)); err != nil {
			return nil, err
		}
	}
	sort := profile.Own
	if isPerson(id) {
		sort = profile.Merged
	}
	p, err := profile.NewStore(s.Tables).Read(ctx, shop, id, sort)
	if fault.Is(err, fault.NotFound) && isPerson(id) {
		return nil, nil //nolint:nilnil // known, and nothing is remembered
	}
	if err != nil {
		return nil, unknown(err)
	}
	settings, err := s.Shops.Settings(ctx, shop)
	if err != nil {
		return nil, err
	}
	if !consent.Allows(settings.Consent, p.Consent, false) {
		return nil, nil //nolint:nilnil // wants to be a stranger
	}
	return &p, nil
}
