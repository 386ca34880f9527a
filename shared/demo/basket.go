package demo

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
)

// Limits of a basket: it lives in one cookie.
const (
	maxLines    = 20
	maxQuantity = 99
	basketLife  = 30 * 24 * time.Hour
)

// basket is what a visitor means to buy, oldest first.
type basket struct {
	Lines []basketLine `json:"l"`
}

type basketLine struct {
	Item     event.ItemID `json:"i"`
	Quantity int          `json:"q"`
}

// with is the basket after the item's quantity changed by n (which may be negative), and by how much it did change within the limits.
func (b basket) with(id event.ItemID, n int) (basket, int) {
	lines := slices.Clone(b.Lines)
	i := slices.IndexFunc(lines, func(l basketLine) bool { return l.Item == id })
	if i < 0 {
		if n <= 0 || len(lines) >= maxLines {
			return b, 0
		}
		n = min(n, maxQuantity)
		return basket{append(lines, basketLine{id, n})}, n
	}
	before := lines[i].Quantity
	after := min(max(before+n, 0), maxQuantity)
	lines[i].Quantity = after
	if after == 0 {
		lines = slices.Delete(lines, i, i+1)
	}
	return basket{lines}, after - before
}

func (b basket) quantity(id event.ItemID) int {
	for _, l := range b.Lines {
		if l.Item == id {
			return l.Quantity
		}
	}
	return 0
}

// pieces is what the number beside the basket says.
func (b basket) pieces() int {
	n := 0
	for _, l := range b.Lines {
		n += l.Quantity
	}
	return n
}

// pricedLine is a line with what the shop knows of its item.
type pricedLine struct {
	Card     card
	Quantity int
	Sum      string
	item     catalog.Item
}

// priced leaves out what is no longer sold.
func (v *visit) priced(b basket) (lines []pricedLine, total int64, code string) {
	for _, l := range b.Lines {
		it, ok := v.stock.byID[l.Item]
		if !ok || it.SoldOut || code != "" && it.Currency != code {
			continue
		}
		code = it.Currency
		sum := it.Price * int64(l.Quantity)
		total += sum
		lines = append(lines, pricedLine{v.own([]catalog.Item{it})[0], l.Quantity, v.shop.money.format(sum, code), it})
	}
	return lines, total, code
}

func inOrder(lines []pricedLine) []product {
	out := make([]product, 0, len(lines))
	for _, l := range lines {
		out = append(out, productOf(l.item, l.Quantity))
	}
	return out
}

type basketView struct {
	Lines      []pricedLine
	Total      string
	Quantities []int
	Together   []shelf
	Own        []card // for an empty basket
}

// basketPage shows the basket and what goes with it.
func (v *visit) basketPage() error {
	lines, total, code := v.priced(kept[basket](v, basketCookie))
	view := basketView{Lines: lines, Quantities: []int{1, 2, 3, 4, 5, 6, 8, 10, 12}}
	v.send(pageCall("Basket", "/basket"), track(event.CartViewed, properties{Products: inOrder(lines)}))
	if len(lines) == 0 {
		view.Own = v.own(firstOf(v.stock.newest, 6))
		return v.page(http.StatusOK, "basket", "Your basket", view)
	}
	view.Total = v.shop.money.format(total, code)
	query := url.Values{"placement": {"bought-together"}, "limit": {"6"}, "basket": {idList(lines)}}
	view.Together = v.list("Goes well with your basket", "/v1/recommendations?"+query.Encode())
	return v.page(http.StatusOK, "basket", "Your basket", view)
}

func idList(lines []pricedLine) string {
	var ids []byte
	for i, l := range lines {
		if i > 0 {
			ids = append(ids, ',')
		}
		ids = append(ids, l.item.ID...)
	}
	return string(ids)
}

// addToBasket answers the button on a product page or in the basket.
func (v *visit) addToBasket() error {
	it, ok := v.stock.byID[event.ItemID(v.r.PostFormValue("item"))]
	if !ok || it.SoldOut {
		return v.back("/basket", "That is not to be had at the moment.")
	}
	wanted, err := strconv.Atoi(cmp.Or(v.r.PostFormValue("quantity"), "1"))
	if err != nil || wanted < 1 {
		wanted = 1
	}
	b, added := kept[basket](v, basketCookie).with(it.ID, wanted)
	if added == 0 {
		return v.back("/basket", "The basket holds up to %d different things, %d of each.", maxLines, maxQuantity)
	}
	if err := keep(v, basketCookie, b, basketLife); err != nil {
		return err
	}
	v.send(track(event.ProductAdded, properties{product: productOf(it, added)}))
	return v.back("/basket", "%s is in your basket.", it.Title)
}

// changeBasket sets the quantity of a line; 0 takes it out.
func (v *visit) changeBasket() error {
	id := event.ItemID(v.r.PostFormValue("item"))
	wanted, err := strconv.Atoi(v.r.PostFormValue("quantity"))
	if err != nil {
		return v.back("/basket", "Please choose a number.")
	}
	before := kept[basket](v, basketCookie)
	after, change := before.with(id, wanted-before.quantity(id))
	if err := keep(v, basketCookie, after, basketLife); err != nil {
		return err
	}
	it, known := v.stock.byID[id]
	switch {
	case !known || change == 0:
	case change > 0:
		v.send(track(event.ProductAdded, properties{product: productOf(it, change)}))
	default:
		v.send(track(event.ProductRemoved, properties{product: productOf(it, -change)}))
	}
	if after.quantity(id) == 0 {
		return v.back("/basket", "Taken out of your basket.")
	}
	return v.back("/basket", "Your basket is up to date.")
}

func firstOf[T any](list []T, n int) []T { return list[:min(n, len(list))] }
