package profile

import (
	"slices"
	"time"

	"shopkeeper/shared/event"
)

// maxAmount bounds what one order adds, so that sums over a life fit.
const maxAmount = 1 << 46

// cancelled is the Net of an order that counts no more.
const cancelled = -1

// order folds what an order event says. A thank-you page that is loaded again tells the same order under another message id: an order counts once while it is
// among the latest maxLatest of the visitor. A later event changes an order that is still known: an update sets what it is worth, a refund takes from it at most
// what is left, a cancellation takes it out. An update without a total has further lines of an order too large for one event. Of an order that is not known (any
// more) a refund or cancellation lowers the sum by what it states.
func (p *Profile) order(e *event.Event, at time.Time, w Weights) {
	var o event.Order
	if e.Order != nil {
		o = *e.Order
	}
	if o.ID == "" {
		o.ID = string(e.ID)
	}
	stated := o.Total > 0
	o.Total = total(&o, e.Lines)
	switch e.Name {
	case event.OrderCompleted:
		if p.Orders.complete(&o, at) {
			p.turnTo(e, at, Bought, w.Order)
			p.undismiss(e)
			p.Cart = p.Cart[:0]
			p.bought(e, at, 1)
			p.orderedThrough(e, at)
		}
	case event.OrderUpdated:
		if stated {
			p.Orders.update(&o)
			return
		}
		p.turnTo(e, at, Bought, w.Order)
		p.bought(e, at, 1)
	case event.OrderRefunded:
		if p.Orders.refund(&o) {
			p.interest(e, at, w.Refund)
			p.bought(e, at, -1)
		}
	case event.OrderCancelled:
		if p.Orders.cancel(&o) {
			p.interest(e, at, w.Refund)
			p.bought(e, at, -1)
		}
	}
}

// total is what the order states, else the sum of its lines.
func total(o *event.Order, lines []event.Line) int64 {
	sum := o.Total
	if sum == 0 {
		for _, l := range lines {
			quantity := min(max(l.Quantity, 1), maxQuantity)
			sum = min(sum+min(max(l.Price, 0), maxAmount)*quantity, maxAmount)
		}
	}
	return min(max(sum, 0), maxAmount)
}

func (p *Profile) bought(e *event.Event, at time.Time, times int) {
	for i, l := range e.Lines {
		if slices.ContainsFunc(e.Lines[:i], func(before event.Line) bool { return before.Item == l.Item }) {
			continue
		}
		if times < 0 && !slices.ContainsFunc(p.Purchases, func(x Purchase) bool { return x.Item == l.Item }) {
			continue
		}
		x := Purchase{Item: l.Item, Times: times}
		if times > 0 {
			x.Last = at
		}
		p.Purchases = addPurchase(p.Purchases, x)
	}
}

func (o *Orders) find(id string) *OrderRef {
	h := hash36(id)
	if i := slices.IndexFunc(o.Latest, func(x OrderRef) bool { return x.Hash == h }); i >= 0 {
		return &o.Latest[i]
	}
	return nil
}

// foreign says whether amounts in a currency cannot be summed; the first currency decides.
func (o *Orders) foreign(currency string) bool {
	if o.Currency == "" {
		o.Currency = currency
	}
	return currency != "" && currency != o.Currency
}

// complete counts an order and says whether it was new.
func (o *Orders) complete(x *event.Order, at time.Time) bool {
	if o.find(x.ID) != nil {
		return false
	}
	ref := OrderRef{Hash: hash36(x.ID), Net: x.Total}
	if o.foreign(x.Currency) {
		ref.Net = 0
	}
	o.Count++
	o.Sum += ref.Net
	if o.First.IsZero() || at.Before(o.First) {
		o.First = at
	}
	if at.After(o.Last) {
		o.Last = at
	}
	if o.Latest = append(o.Latest, ref); len(o.Latest) > maxLatest {
		o.Latest = slices.Delete(o.Latest, 0, 1)
	}
	return true
}

func (o *Orders) update(x *event.Order) {
	ref := o.find(x.ID)
	if ref == nil || ref.Net == cancelled || o.foreign(x.Currency) {
		return
	}
	o.Sum += x.Total - ref.Net
	ref.Net = x.Total
}

// refund takes back a part, or all of it when it states no amount. It says whether anything was left to take back.
func (o *Orders) refund(x *event.Order) bool {
	ref := o.find(x.ID)
	if ref == nil {
		if !o.foreign(x.Currency) {
			o.Sum -= x.Total
		}
		return true
	}
	if ref.Net <= 0 {
		return false
	}
	amount := ref.Net
	if x.Total > 0 && !o.foreign(x.Currency) {
		amount = min(amount, x.Total)
	}
	ref.Net -= amount
	o.Sum -= amount
	return true
}

func (o *Orders) cancel(x *event.Order) bool {
	ref := o.find(x.ID)
	if ref == nil {
		return o.refund(x)
	}
	if ref.Net == cancelled {
		return false
	}
	o.Count--
	o.Sum -= ref.Net
	ref.Net = cancelled
	return true
}

// Ordered notes an order as folding one does, without sums: for whoever makes a profile from a history of orders.
func (p *Profile) Ordered(at time.Time, items ...event.ItemID) {
	if p.Orders.Count++; p.Orders.First.IsZero() || at.Before(p.Orders.First) {
		p.Orders.First = at
	}
	if at.After(p.Orders.Last) {
		p.Orders.Last = at
	}
	for _, i := range items {
		p.Purchases = addPurchase(p.Purchases, Purchase{Item: i, Times: 1, Last: at})
	}
}
