package demo

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
)

// shelf is a row of cards. One that the API recommended has an ID; the shop's own have none.
type shelf struct {
	Placement string
	Title     string
	ID        string // recommendation id
	Cards     []card
}

// card is an item on a shelf.
type card struct {
	ID         string
	Title      string
	Href       string
	Image      string
	Price      string
	Reason     string
	Source     string
	Score      string
	Propensity string
	SoldOut    bool
}

// shelves turns the API's answer into cards and remembers them for the panel. Empty shelves vanish.
func (v *visit) shelves(answers []shelfAnswer) []shelf {
	var out []shelf
	for _, a := range answers {
		s := shelf{Placement: a.Placement, Title: a.Title, ID: a.RecommendationID}
		for _, it := range a.Items {
			s.Cards = append(s.Cards, v.recommended(a.RecommendationID, it))
		}
		if len(s.Cards) > 0 {
			out = append(out, s)
		}
	}
	v.shown = append(v.shown, out...)
	return out
}

func (v *visit) recommended(recommendation string, it itemAnswer) card {
	query := url.Values{"rec": {recommendation}, "pos": {fmt.Sprint(it.Position)}}
	return card{
		ID: it.ID, Title: it.Title, Href: itemPath(it.ID) + "?" + query.Encode(), Image: it.Image,
		Price: v.shop.money.format(it.Price.Amount, it.Price.Currency), Reason: it.Reason.Text, Source: it.Source,
		Score: fmt.Sprintf("%.3f", it.Score), Propensity: fmt.Sprintf("%.2f", it.Propensity),
	}
}

// own makes cards of the shop's own goods.
func (v *visit) own(items []catalog.Item) []card {
	cards := make([]card, 0, len(items))
	for _, it := range items {
		cards = append(cards, card{
			ID: string(it.ID), Title: it.Title, Href: itemPath(string(it.ID)), Image: it.Image,
			Price: v.shop.money.format(it.Price, it.Currency), SoldOut: it.SoldOut,
		})
	}
	return cards
}

func itemPath(id string) string { return "/product/" + url.PathEscape(id) }

// list asks the API for one shelf. Without an answer there is none.
func (v *visit) list(title, path string) []shelf {
	var answer shelfAnswer
	if err := v.call(http.MethodGet, path, nil, &answer); err != nil {
		v.without("recommendations", err)
		return nil
	}
	answer.Title = cmp.Or(answer.Title, title)
	return v.shelves([]shelfAnswer{answer})
}

// idsOn lists the items of shelves, so that the next shelf of the page shows others.
func idsOn(shelves []shelf) string {
	var ids []string
	for _, s := range shelves {
		for _, c := range s.Cards {
			ids = append(ids, c.ID)
		}
	}
	return strings.Join(ids, ",")
}

// clickThrough is the event for a visitor who followed a recommendation, told by the link's address; none for any other way here. Loading the page again
// repeats its id, so it counts once.
func (v *visit) clickThrough(it catalog.Item) []message {
	query := v.r.URL.Query()
	rec := query.Get("rec")
	if rec == "" || len(rec) > 200 {
		return nil
	}
	m := track(event.RecommendationClick, properties{product: productOf(it, 0), RecommendationID: rec})
	m.MessageID = idOf("click", rec, string(it.ID))
	return []message{m}
}
