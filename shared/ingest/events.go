package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"shopkeeper/shared/event"
)

// events reads one event per row.
type events struct {
	shop   event.ShopID
	people *peopleMaker
}

// ofOrders are the events that a row alone cannot tell: an order has lines.
var ofOrders = map[event.Name]bool{event.OrderCompleted: true, event.OrderUpdated: true, event.OrderRefunded: true, event.OrderCancelled: true}

func (b *events) add(r *reader, emit func(unit) error) (bool, error) {
	name, _ := event.Canonical(r.needed("event", 200))
	e := event.Event{
		Shop: b.shop, Type: event.Track, Name: name, At: r.moment("time", true), ID: event.ID(r.optional("id", 100)),
		Session: r.optional("session", 100), Query: r.optional("query", 500), Category: r.optional("category", 500), Path: event.PagePath(r.optional("path", 1000)),
	}
	if item := r.optional("item", 100); item != "" {
		e.Lines = []event.Line{{
			Item: event.ItemID(item), Quantity: r.integer("quantity", 0), Price: r.money("price", r.currency),
			Category: e.Category, Brand: r.optional("brand", 200),
		}}
	}
	user, device := r.optional("user", 200), r.optional("visitor", 200)
	if ofOrders[e.Name] {
		r.reject("event", "orders are imported as orders, which puts the lines of one order together", string(e.Name))
	}
	if user == "" && device == "" {
		r.reject("visitor", "an event needs a user or a visitor", "")
	}
	if r.rejected() {
		return true, nil
	}
	if e.ID == "" {
		e.ID = contentID(e, user, device)
	}
	if user != "" {
		if err := b.people.identify(user, nil, e.At, 0, emit); err != nil {
			return true, err
		}
		if device != "" {
			user = "" // the device keeps its own history; the person has it by the identify that ties them
		}
	}
	return true, emit(unit{rows: 1, event: &e, user: user, device: device})
}

func (b *events) end(func(unit) error) error { return nil }

// contentID is the message id of an event that has none: equal events of one visitor at one instant are one.
func contentID(e event.Event, user, device string) event.ID {
	var line event.Line
	if len(e.Lines) > 0 {
		line = e.Lines[0]
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %d %q %q %q %q %d %d", user, device, e.Name, e.At.UnixMilli(), e.Session, e.Query, e.Path, line.Item, line.Quantity, line.Price))
	return event.ID("im-" + hex.EncodeToString(sum[:16]))
}
