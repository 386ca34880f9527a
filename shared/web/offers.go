package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/recommend"
)

// offers serves GET /v1/offers: the offers of one placement; product pages call it. It writes nothing: an offer counts when the page says that it was seen.
func (h *recommending) offers(w http.ResponseWriter, r *http.Request) error {
	placement := queryValue(r, "placement")
	if placement == "" {
		placement = offer.FrontPage
	}
	if !slices.Contains(offer.Placements, placement) {
		return fault.InvalidField("placement", strconv.Quote(placement)+" is none of "+strings.Join(offer.Placements, ", "))
	}
	limit, err := parseLimit(queryValue(r, "limit"))
	if err != nil {
		return err
	}
	a := h.pool.Get().(*asked)
	defer h.pool.Put(a)
	if err := h.who(w, r, a); err != nil {
		return err
	}
	h.start(a, nil)
	a.query.Current = event.ItemID(queryValue(r, "item"))
	l := h.listing(r, a)
	h.choose(r.Context(), a, l, placement, limit)
	h.record(a, l, nil)
	a.out = l.appendOffers(append(a.out[:0], `{"offers":[`...), a)
	a.out = append(a.out, ']', '}')
	return send(w, a.out)
}

// shelfStock is the model as offers ask it.
type shelfStock struct{ model *recommend.Model }

// Sellable says whether an item may be shown; see offer.Stock.
func (s *shelfStock) Sellable(id event.ItemID) bool {
	if s.model == nil {
		return true
	}
	i, ok := s.model.Lookup(string(id))
	return !ok || s.model.Sellable(i)
}

// choose fills a.chosen. A page does without offers rather than fail.
func (h *recommending) choose(ctx context.Context, a *asked, l *listing, placement string, limit int) {
	if h.Offers == nil {
		return
	}
	a.stock.model = l.model
	a.ask = offer.Ask{
		Shop: a.caller.ID, Subject: a.subject(), Blind: a.lost, Placement: placement, Item: a.query.Current, Stock: &a.stock,
		Limit: min(limit, offer.MaxChoices), Seed: a.query.Seed, Now: a.query.Now,
	}
	if a.found {
		a.ask.Profile = &a.profile
	}
	if l.model != nil && a.query.Current != "" {
		if i, ok := l.model.Lookup(string(a.query.Current)); ok {
			a.ask.Category = l.model.CategoryPath(i)
		}
	}
	if err := h.Offers.Choose(ctx, &a.ask, &a.chosen); err != nil {
		h.Log.Error("answer without some offers", "shop", a.caller.ID, "err", err)
	}
	a.stock.model = nil // what waits in the pool must not keep a model that is gone
}

// subject is whose caps and groups count: the person when it is the person's profile that was read, else the visitor; nobody where nothing may be kept.
func (a *asked) subject() string {
	switch {
	case !a.allowed || !a.cookie && a.caller.secret():
		return ""
	case a.found && len(a.profile.Members) > 0:
		return string(a.visitor.Person)
	default:
		return string(a.visitor.ID)
	}
}

// appendOffers writes what was chosen.
func (l *listing) appendOffers(dst []byte, a *asked) []byte {
	for i := range a.chosen.Choices {
		ch := &a.chosen.Choices[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, '{'), ch.Fragment...)
		dst = append(dst, `,"reason":{"code":"`...)
		dst = append(dst, ch.Reason...)
		dst = append(dst, `","items":[`...)
		if ch.Reason == offer.ForItem {
			dst = appendString(dst, string(a.ask.Item))
		}
		dst = append(dst, `],"text":`...)
		dst = appendString(dst, l.words.Text(locale.Key(ch.Reason)).With(""))
		dst = append(dst, `},"propensity":`...)
		dst = appendShare(dst, ch.Propensity)
		dst = append(dst, `,"impressionId":"`...)
		im := ch.Impression(&a.ask)
		dst = l.impressions.Append(dst, l.shop, &im)
		dst = append(dst, '"', '}')
	}
	return dst
}

// appendExposedOffers writes which offers stood on the page, each with its propensity, and which would have, were the subject not in their control groups.
func appendExposedOffers(dst []byte, c *offer.Chosen) []byte {
	if len(c.Choices) > 0 {
		dst = append(dst, `,"offers":[`...)
		for i := range c.Choices {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, string(c.Choices[i].Offer.ID))
			dst = append(dst, ',')
			dst = appendShare(dst, c.Choices[i].Propensity)
		}
		dst = append(dst, ']')
	}
	if len(c.Ghosts) > 0 {
		dst = append(dst, `,"ghosts":[`...)
		for i, id := range c.Ghosts {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, string(id))
		}
		dst = append(dst, ']')
	}
	return dst
}
