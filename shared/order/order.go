// Package order turns a shop's orders and refunds into events. An order's message ids derive from its number, so that importing it again, by whatever way,
// stores it once.
package order

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
)

// MaxEventBytes is the largest event as JSON, the limit that the collecting API has too (32 KB with room for what storing adds).
const MaxEventBytes = 30_000

// Order is one invoice or one credit note of a shop.
type Order struct {
	Shop     event.ShopID
	Visitor  event.VisitorID // the person's offline channel, or Anonymous(shop, ID)
	Person   event.PersonID  // empty for a basket nobody put a name to
	ID       string          // the invoice number, 1 to 80 bytes
	Refund   bool
	At       time.Time
	Currency string
	Coupon   string
	Total    int64 // 0: the sum of the lines
	Lines    []event.Line
}

// EventID is the message id of a part, counted from 1, of an order or of its refund.
func EventID(id string, refund bool, part int) event.ID {
	kind := "or-"
	if refund {
		kind = "rf-"
	}
	if part == 1 {
		return event.ID(kind + id)
	}
	return event.ID(fmt.Sprintf("%s%s-%d", kind, id, part))
}

// basketPrefix begins the visitor of a basket without a customer.
const basketPrefix = "o_"

// Anonymous is the visitor that stands for a basket without a customer: one for each order, so that nobody's profile grows from it.
func Anonymous(id string) event.VisitorID { return event.VisitorID(basketPrefix + id) }

// IsAnonymous says whether the visitor stands for a basket without a customer.
func IsAnonymous(v event.VisitorID) bool { return strings.HasPrefix(string(v), basketPrefix) }

// Events is the order as events: one, or several parts when one would be too large. The first part, numbered `first` (1 unless parts of the order were stored
// before), is the order; further parts are Order Updated events that carry the lines left over and no total, so that nobody counts the order or its money twice. ReceivedAt
// is left to the caller.
func (o Order) Events(first int) ([]event.Event, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	var events []event.Event
	for rest := o.Lines; len(rest) > 0; {
		n, err := fitting(rest)
		if err != nil {
			return nil, err
		}
		events = append(events, o.part(first+len(events), rest[:n]))
		rest = rest[n:]
	}
	return events, nil
}

func (o Order) part(number int, lines []event.Line) event.Event {
	e := event.Event{
		Shop: o.Shop, Visitor: o.Visitor, Person: o.Person, Trusted: o.Person != "", ID: EventID(o.ID, o.Refund, number),
		Type: event.Track, Name: o.name(number), At: o.At.UTC().Truncate(time.Millisecond),
		Lines: lines, Order: &event.Order{ID: o.ID, Currency: o.Currency},
	}
	if number == 1 {
		e.Order.Total, e.Order.Coupon = o.total(), o.Coupon
	}
	return e
}

func (o Order) name(part int) event.Name {
	switch {
	case o.Refund:
		return event.OrderRefunded
	case part > 1:
		return event.OrderUpdated
	default:
		return event.OrderCompleted
	}
}

func (o Order) total() int64 {
	if o.Total != 0 {
		return o.Total
	}
	var sum int64
	for _, l := range o.Lines {
		sum += l.Price * max(l.Quantity, 1)
	}
	return sum
}

func (o Order) validate() error {
	var fields []fault.Field
	wrong := func(path, reason string) { fields = append(fields, fault.Field{Path: path, Reason: reason}) }
	if o.ID == "" || len(o.ID) > 80 {
		wrong("order", "must have 1 to 80 bytes")
	}
	if o.Visitor == "" {
		wrong("visitor", "is missing")
	}
	if o.At.IsZero() {
		wrong("time", "is missing")
	}
	if len(o.Lines) == 0 {
		wrong("lines", "an order needs at least one")
	}
	if len(fields) == 0 {
		return nil
	}
	return fault.InvalidFields(fields...)
}

// fitting is how many of the lines one event holds.
func fitting(lines []event.Line) (int, error) {
	size := 0
	for i, l := range lines {
		body, err := json.Marshal(l)
		if err != nil {
			return 0, fmt.Errorf("encode line %d: %w", i, err)
		}
		if size += len(body) + 1; size > MaxEventBytes && i > 0 {
			return i, nil
		}
	}
	return len(lines), nil
}
