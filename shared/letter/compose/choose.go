package compose

import (
	"context"
	"errors"
	"sync"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/letter"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/tracking"
)

// How many products a letter may show. Starters show six; more would make the letter too long for mail programs.
const (
	maxRecommended = 8
	maxViewed      = 4
)

// remembered reads what the shop may remember of the person: the merged profile, else the offline channel's own. nil when there is none, or when nothing may be used.
func (c *Composer) remembered(ctx context.Context, settings shop.Settings, person event.PersonID) (*profile.Profile, error) {
	if person == "" {
		return nil, nil
	}
	store := profile.NewStore(c.Tables)
	p, err := store.Read(ctx, settings.ID, string(person), profile.Merged)
	if fault.Is(err, fault.NotFound) {
		p, err = store.Read(ctx, settings.ID, string(identity.Offline(person)), profile.Own)
	}
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil || !consent.Allows(settings.Consent, p.Consent, false) {
		return nil, err
	}
	return &p, nil
}

var workers = sync.Pool{New: func() any { return new(recommend.Worker) }}

// recommend fills in the products that the template shows. A shop without a model has none to show, which is no error.
func (c *Composer) recommend(ctx context.Context, d *letter.Data, t *letter.Template, known *profile.Profile, seed uint32, id event.ShopID) error {
	if !t.UsesRecommendations() && !t.UsesViewed() {
		return nil
	}
	model, err := c.Models.Model(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	q := recommend.Query{Shop: id, Seed: seed, Now: c.Now()}
	q.Slots = append(q.Slots, recommend.Slot{Placement: recommend.ForYou, Limit: maxRecommended})
	if t.UsesViewed() && known != nil {
		q.Slots = append(q.Slots, recommend.Slot{Placement: recommend.ViewedBefore, Limit: maxViewed})
	}
	if known != nil {
		q.Viewer = recommend.Viewer{Profile: known, Trusted: true} // the mail goes to the person's own address
	}
	w, ok := workers.Get().(*recommend.Worker)
	if !ok {
		return errors.New("the pool holds something else than workers")
	}
	defer workers.Put(w)
	for _, shelf := range w.Answer(model, &q) {
		items := make([]letter.Item, len(shelf.Picks))
		for i, p := range shelf.Picks {
			items[i] = itemOf(model, d, p)
		}
		if shelf.Placement == recommend.ForYou {
			d.Recommendations = items
		} else {
			d.Viewed = items
		}
	}
	return nil
}

// itemOf is a pick in the reader's words.
func itemOf(m *recommend.Model, d *letter.Data, p recommend.Pick) letter.Item {
	reason, about := d.Words.Text(p.Reason.Key), ""
	if reason.Has {
		about = m.About(p)
	}
	return letter.Item{Title: m.Title(p.Item), URL: m.URL(p.Item), Image: m.Image(p.Item), Price: m.Price(p.Item), Currency: m.Currency(p.Item), Reason: reason.With(about)}
}

// offer chooses what the person is offered and returns its impression id; empty for nothing.
func (c *Composer) offer(ctx context.Context, d *letter.Data, m tracking.Mark, known *profile.Profile, seed uint32) (string, error) {
	var chosen offer.Chosen
	ask := offer.Ask{Shop: m.Shop, Subject: string(m.Person), Profile: known, Placement: offer.Mail, Limit: 1, Seed: seed, Now: m.At, Stock: c.stock(ctx, m.Shop)}
	if err := c.Offers.Choose(ctx, &ask, &chosen); err != nil {
		c.Log.Warn("a letter goes without an offer", "shop", m.Shop, "campaign", m.Campaign, "err", err)
	}
	if len(chosen.Choices) == 0 {
		return "", nil
	}
	choice := chosen.Choices[0]
	o := choice.Offer
	d.Offer = &letter.Offer{Title: o.Title, Text: o.Text, Code: o.Code, URL: o.URL, Image: o.Image, Expires: o.Ends}
	im := choice.Impression(&ask)
	return string(c.Impressions.Append(nil, m.Shop, &im)), nil
}

// stock is the model as offers ask it; nil, which is everything, when there is none.
func (c *Composer) stock(ctx context.Context, id event.ShopID) offer.Stock {
	m, err := c.Models.Model(ctx, id)
	if err != nil {
		return nil
	}
	return stock{m}
}

type stock struct{ model *recommend.Model }

// Sellable says whether an item may be shown; see offer.Stock.
func (s stock) Sellable(id event.ItemID) bool {
	i, known := s.model.Lookup(string(id))
	return !known || s.model.Sellable(i)
}
