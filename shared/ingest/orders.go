package ingest

import (
	"strings"

	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/order"
)

// orders reads one order line per row.
type orders struct {
	window *window
	people *peopleMaker
}

// refunds are the states in which a line is money given back.
var refunds = map[string]bool{"refund": true, "refunded": true, "return": true, "returned": true, "cancelled": true, "canceled": true}

func (o *orders) add(r *reader, emit func(unit) error) (bool, error) {
	currency := r.currencyOf("currency")
	head := order.Order{
		ID: r.needed("order", 80), At: r.moment("time", true), Currency: currency,
		Total: r.money("total", currency), Coupon: r.optional("coupon", 100), Refund: refunds[strings.ToLower(r.text("status"))],
	}
	l := event.Line{
		Item: event.ItemID(r.needed("item", 100)), Quantity: r.integer("quantity", 1), Price: r.money("price", currency),
		Category: r.optional("category", 500), Brand: r.optional("brand", 200),
	}
	if l.Quantity < 0 {
		l.Quantity, head.Refund = -l.Quantity, true
	}
	head.Total = max(head.Total, -head.Total)
	if l.Quantity == 0 {
		r.reject("quantity", "must not be 0", "0")
	}
	if l.Price < 0 {
		r.reject("price", "must not be negative; a refund has a negative quantity or a status", r.text("price"))
	}
	user := buyer(r)
	if r.rejected() {
		return true, nil
	}
	if user != "" {
		if err := o.people.identify(user, buyerTraits(r), head.At, 0, emit); err != nil {
			return true, err
		}
	}
	return true, o.window.line(head, user, l, emit)
}

func (o *orders) end(emit func(unit) error) error { return o.window.end(emit) }

// buyer is whose row it is: the user, else a contact by e-mail address, else nobody.
func buyer(r *reader) string {
	if user := r.optional("user", 200); user != "" {
		return user
	}
	mail := r.optional("email", 300)
	if mail == "" {
		return ""
	}
	if !looksLikeMail(mail) {
		r.reject("email", "must be an e-mail address", mail)
	}
	return mailUser + identity.NormalEmail(mail)
}

func buyerTraits(r *reader) map[string]string {
	traits := map[string]string{}
	for _, name := range []string{"email", "country"} {
		if s := r.text(name); s != "" {
			traits[name] = s
		}
	}
	return traits
}
