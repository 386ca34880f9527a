package demo

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"shopkeeper/shared/event"
)

// offerCard is an offer on a page.
type offerCard struct {
	Title      string
	Text       string
	Image      string
	Href       string
	Code       string
	Until      string // "until 3 August", empty without an end
	Reason     string
	Impression string
}

// offers turns the API's answer into cards.
func (v *visit) offers(answers []offerAnswer) []offerCard {
	var cards []offerCard
	for _, o := range answers {
		c := offerCard{Title: o.Title, Text: o.Text, Image: o.Image, Code: o.Code, Reason: o.Reason.Text, Impression: o.ImpressionID}
		if c.Href = cmp.Or(o.URL, "/"); localPath(c.Href) {
			c.Href = withQuery(c.Href, "imp", o.ImpressionID)
		}
		if !o.Expires.IsZero() {
			c.Until = "until " + o.Expires.Format("2 January")
		}
		cards = append(cards, c)
	}
	return cards
}

// withQuery adds a parameter to a path of the shop.
func withQuery(path, name, value string) string {
	path, fragment, anchored := strings.Cut(path, "#")
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	path += mark + name + "=" + url.QueryEscape(value)
	if anchored {
		path += "#" + fragment
	}
	return path
}

// offersFor asks the API for the offers of a product's page. Without an answer there are none.
func (v *visit) offersFor(item event.ItemID) []offerCard {
	var answer offersAnswer
	if err := v.call(http.MethodGet, "/v1/offers?placement=product-page&limit=1&item="+url.QueryEscape(string(item)), nil, &answer); err != nil {
		v.without("offers", err)
		return nil
	}
	return v.offers(answer.Offers)
}

// tookOffer is the event for a visitor who followed an offer, told by the link's address; none for any other way here. Loading the page again repeats its id, so it counts once.
func (v *visit) tookOffer() []message {
	impression := v.r.URL.Query().Get("imp")
	if impression == "" || len(impression) > 400 {
		return nil
	}
	m := track(event.PromotionClicked, properties{ImpressionID: impression})
	m.MessageID = idOf("offer", impression)
	return []message{m}
}

// dismissOffer answers "not for me" to an offer.
func (v *visit) dismissOffer() error {
	impression := v.r.PostFormValue("impression")
	if impression == "" || len(impression) > 400 {
		return v.back("/", "That is no longer here.")
	}
	m := track(event.ItemDismissed, properties{ImpressionID: impression})
	m.MessageID = idOf("no offer", impression)
	v.send(m)
	return v.back("/", "That offer will not be made to you again.")
}
