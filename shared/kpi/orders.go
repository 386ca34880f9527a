// Package kpi keeps the figures that a shop is run by: who ordered what it is worth, and month by month how many customers a group has, how many are active, how many are lost, what
// they bring and whether they open their mail.
//
// # Orders
//
// An order counts once, whoever tells of it how often. An update sets what it is worth, a refund takes away at most what is left, a cancellation takes it out: the rules of profiles.
//
// # Months
//
// For a group of customers and a month, in the shop's time zone:
//
//	customers  members who had ordered by the end of the month
//	active     those of them who ordered within ActiveDays before its end
//	churn      of those active at the month's beginning, the share not active at its end
//	revenue    orders of the month, refunds taken off, in all and per customer
//	open rate  of the mails delivered in the month, the share that a human opened
//
// Membership is that of the evaluation's day: the table tells the history of today's groups, not the groups of history, so that a group's figures are of the same people in every month.
package kpi

import (
	"cmp"
	"context"
	"slices"
	"time"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
)

// Order is one order of a customer.
type Order struct {
	ID      string
	Subject string // person, or visitor who is nobody's yet; empty when nobody knows
	At      time.Time
	Net     int64 // minor units, after updates and refunds; 0 when Foreign
	Foreign bool  // in another currency than the shop's
}

// Orders are the orders with from <= At < to, oldest first, as they stand after what happened up to then. Zero bounds are open. Memory: the orders.
func Orders(ctx context.Context, files blob.Store, shop event.ShopID, currency string, from, to time.Time) ([]Order, error) {
	b := book{currency: currency, orders: map[string]*entry{}}
	owner, err := archive.Orders(ctx, files, shop, from, to, func(r archive.OrderRow) error { b.row(r); return nil })
	if err != nil {
		return nil, err
	}
	b.post()
	var orders []Order
	for id, e := range b.orders {
		if e.placed && !e.cancelled {
			orders = append(orders, Order{ID: id, Subject: owner(e.visitor, e.person), At: e.at, Net: max(0, e.worth-e.refunded), Foreign: e.foreign})
		}
	}
	slices.SortFunc(orders, func(a, b Order) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return orders, nil
}

// entry is what is known of an order so far, in whatever order its events come.
type entry struct {
	visitor, person   string
	at, updated       time.Time
	worth, refunded   int64
	placed, cancelled bool
	foreign           bool
}

// book turns rows into orders. The rows of one event stand together.
type book struct {
	currency string
	orders   map[string]*entry
	current  archive.OrderRow // line 0 of the event at hand; its Event is empty between events
	lines    int64            // sum of its lines so far
	visitor  string
}

func (b *book) row(r archive.OrderRow) {
	switch event.Name(r.Name) {
	case event.OrderCompleted, event.OrderUpdated, event.OrderRefunded, event.OrderCancelled:
	default:
		return
	}
	if r.Event != b.current.Event || r.Visitor != b.visitor {
		b.post()
		b.current, b.visitor, b.lines = r, r.Visitor, 0
	}
	b.lines += r.Price * r.Quantity
}

// post enters the event at hand.
func (b *book) post() {
	r := b.current
	if r.Event == "" {
		return
	}
	b.current = archive.OrderRow{}
	if r.Order == "" {
		r.Order = r.Visitor + " " + r.Event
	}
	e := b.orders[r.Order]
	if e == nil {
		e = &entry{}
		b.orders[r.Order] = e
	}
	amount := cmp.Or(r.Total, b.lines)
	foreign := r.Currency != "" && b.currency != "" && r.Currency != b.currency
	if foreign {
		amount = 0
	}
	switch event.Name(r.Name) {
	case event.OrderCompleted:
		if !e.placed {
			e.placed, e.visitor, e.person, e.at, e.foreign = true, r.Visitor, r.Person, r.At, foreign
			if e.updated.IsZero() {
				e.worth = amount
			}
		}
	case event.OrderUpdated:
		if r.Total > 0 && r.At.After(e.updated) && !foreign {
			e.worth, e.updated = r.Total, r.At
		}
	case event.OrderRefunded:
		if amount == 0 && !foreign {
			amount = e.worth
		}
		e.refunded += amount
	case event.OrderCancelled:
		e.cancelled = true
	}
}
