package demo

import (
	"net/http"
	"time"

	"shopkeeper/shared/event"
)

// orderLife is how long the confirmation can be looked at again.
const orderLife = time.Hour

// placed is an order as the confirmation shows it.
type placed struct {
	ID    string       `json:"id"`
	Total string       `json:"t"`
	Lines []basketLine `json:"l"`
}

type checkoutView struct {
	Lines []pricedLine
	Total string
	Order string // id that the form places, so that sending it twice orders once
}

// checkoutPage asks for nothing but a click: it is a demonstration.
func (v *visit) checkoutPage() error {
	lines, total, code := v.priced(kept[basket](v, basketCookie))
	if len(lines) == 0 {
		return v.redirect("/basket")
	}
	order := newID("JH")[:11]
	v.send(pageCall("Checkout", "/checkout"), track(event.CheckoutStarted, properties{
		product: product{Currency: code}, OrderID: order, Total: inEvents(total, code), Products: inOrder(lines),
	}))
	return v.page(http.StatusOK, "checkout", "Checkout", checkoutView{lines, v.shop.money.format(total, code), order})
}

// placeOrder ends in the event from which the shop remembers the order. Its message id follows from the order's, so that a form sent twice counts once.
func (v *visit) placeOrder() error {
	b := kept[basket](v, basketCookie)
	lines, total, code := v.priced(b)
	order := v.r.PostFormValue("order")
	if len(lines) == 0 || len(order) < 8 || len(order) > 40 {
		return v.redirect("/basket")
	}
	m := track(event.OrderCompleted, properties{
		product: product{Currency: code}, OrderID: order, Total: inEvents(total, code), Products: inOrder(lines),
	})
	m.MessageID = idOf("order", order)
	v.send(m)
	done := placed{ID: order, Total: v.shop.money.format(total, code)}
	for _, l := range lines {
		done.Lines = append(done.Lines, basketLine{l.item.ID, l.Quantity})
	}
	if err := keep(v, orderCookie, done, orderLife); err != nil {
		return err
	}
	v.drop(basketCookie)
	return v.redirect("/thank-you")
}

type thankYouView struct {
	Order   placed
	Lines   []pricedLine
	Shelves []shelf
}

// thankYou confirms the order and shows what comes next.
func (v *visit) thankYou() error {
	order := kept[placed](v, orderCookie)
	if order.ID == "" {
		return v.redirect("/")
	}
	lines, _, _ := v.priced(basket{order.Lines})
	v.send(pageCall("Order confirmed", "/thank-you"))
	return v.page(http.StatusOK, "thank-you", "Thank you", thankYouView{
		Order: order, Lines: lines, Shelves: v.list("For you", "/v1/recommendations?placement=for-you&limit=6"),
	})
}
