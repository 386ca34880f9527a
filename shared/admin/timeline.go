package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/staff"
	"shopkeeper/shared/table"
)

// asInvalid is the Invalid fault in err, if that is what it is.
func asInvalid(err error) (*fault.Error, bool) {
	f, ok := errors.AsType[*fault.Error](err)
	return f, ok && f.Kind == fault.Invalid
}

// Moment is one event on a customer's timeline.
type Moment struct {
	ID             event.ID        `json:"id"`
	At             time.Time       `json:"at"`
	Visitor        event.VisitorID `json:"visitor"`
	Type           event.Type      `json:"type"`
	Name           event.Name      `json:"name,omitempty"`
	Path           string          `json:"path,omitempty"`
	Category       string          `json:"category,omitempty"`
	Query          string          `json:"query,omitempty"`
	Recommendation string          `json:"recommendation,omitempty"`
	Order          string          `json:"order,omitempty"`
	Total          int64           `json:"total,omitempty"` // minor units
	Currency       string          `json:"currency,omitempty"`
	Lines          []OrderLine     `json:"lines,omitempty"`
	Bot            bool            `json:"bot,omitempty"`
}

// OrderLine is an item in an event or order.
type OrderLine struct {
	Item     event.ItemID `json:"item"`
	Quantity int64        `json:"quantity"`
	Price    int64        `json:"price,omitempty"` // minor units, of one
}

// maxLooked bounds the events that are read for one customer; of a busier one the timeline is not whole.
const maxLooked = 5000

// Timeline pages through what a customer did, newest first: as long as events are kept, and imported orders for good.
func (s *Service) Timeline(ctx context.Context, a staff.Actor, id, cursor string, limit int) (Page[Moment], error) {
	if err := a.Check(staff.CustomersRead); err != nil {
		return Page[Moment]{}, err
	}
	before, err := momentCursor(cursor)
	if err != nil {
		return Page[Moment]{}, err
	}
	events, err := s.eventsOf(ctx, a.Shop, id)
	if err != nil {
		return Page[Moment]{}, err
	}
	limit = pageSize(limit)
	var list []Moment
	for _, e := range events {
		if cursor != "" && !older(e, before) {
			continue
		}
		if len(list) == limit {
			last := list[limit-1]
			return page(list, last.At.UTC().Format(time.RFC3339Nano)+"|"+string(last.Visitor)+"|"+string(last.ID)), nil
		}
		list = append(list, moment(e))
	}
	return page(list, ""), nil
}

// place is where a page of a timeline ended.
type place struct {
	at      time.Time
	visitor event.VisitorID
	id      event.ID
}

func momentCursor(cursor string) (place, error) {
	if cursor == "" {
		return place{}, nil
	}
	parts := strings.SplitN(cursor, "|", 3)
	at, err := time.Parse(time.RFC3339Nano, parts[0])
	if len(parts) != 3 || err != nil {
		return place{}, fault.InvalidField("cursor", "is none of ours")
	}
	return place{at, event.VisitorID(parts[1]), event.ID(parts[2])}, nil
}

// compareEvents orders a timeline: newest first, then by visitor and id.
func compareEvents(a, b event.Event) int {
	return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Visitor, b.Visitor), cmp.Compare(a.ID, b.ID))
}

func older(e event.Event, p place) bool {
	return compareEvents(e, event.Event{At: p.at, Visitor: p.visitor, ID: p.id}) > 0
}

func moment(e event.Event) Moment {
	m := Moment{
		ID: e.ID, At: e.At, Visitor: e.Visitor, Type: e.Type, Name: e.Name, Path: e.Path, Category: e.Category, Query: e.Query, Recommendation: e.Recommendation,
		Lines: orderLines(e.Lines), Bot: e.Verdict == event.Bot,
	}
	if e.Order != nil {
		m.Order, m.Total, m.Currency = e.Order.ID, e.Order.Total, e.Order.Currency
	}
	return m
}

func orderLines(lines []event.Line) []OrderLine {
	var list []OrderLine
	for _, l := range lines {
		list = append(list, OrderLine{l.Item, l.Quantity, l.Price})
	}
	return list
}

// eventsOf are the events of a person's visitors, or of a visitor, newest first.
func (s *Service) eventsOf(ctx context.Context, shop event.ShopID, id string) ([]event.Event, error) {
	visitors := []event.VisitorID{event.VisitorID(id)}
	if isPerson(id) {
		if err := s.known(ctx, shop, event.PersonID(id)); err != nil {
			return nil, err
		}
		file, err := s.People.Load(ctx, shop, event.PersonID(id))
		if err != nil {
			return nil, err
		}
		for _, m := range file.Members(profile.MaxMembers) {
			if m.Visitor != visitors[0] {
				visitors = append(visitors, m.Visitor)
			}
		}
	} else if _, err := profile.NewStore(s.Tables).Read(ctx, shop, id, profile.Own); err != nil {
		return nil, unknown(err)
	}
	var all []event.Event
	for _, v := range visitors {
		var err error
		if all, err = s.appendEvents(ctx, all, shop, v); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, compareEvents)
	return all, nil
}

func (s *Service) appendEvents(ctx context.Context, all []event.Event, shop event.ShopID, v event.VisitorID) ([]event.Event, error) {
	q := table.Query{Table: event.Table, Partition: event.Key(shop, v, "x").Partition}
	for {
		page, err := s.Tables.Query(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("read a customer's events: %w", err)
		}
		for _, it := range page.Items {
			e, err := event.FromItem(it)
			if err != nil {
				return nil, err
			}
			all = append(all, e)
		}
		if q.Cursor = page.Next; q.Cursor == "" || len(all) >= maxLooked {
			return all, nil
		}
	}
}

// Order is one order of a customer as it stands.
type Order struct {
	ID       string      `json:"id"`
	At       time.Time   `json:"at"`
	Total    int64       `json:"total"`    // minor units, as ordered
	Refunded int64       `json:"refunded"` // of it
	Currency string      `json:"currency,omitempty"`
	Coupon   string      `json:"coupon,omitempty"`
	Status   string      `json:"status"` // completed, refunded, cancelled
	Lines    []OrderLine `json:"lines"`
}

// Orders are a customer's orders, newest first.
func (s *Service) Orders(ctx context.Context, a staff.Actor, id string) ([]Order, error) {
	if err := a.Check(staff.OrdersRead); err != nil {
		return nil, err
	}
	events, err := s.eventsOf(ctx, a.Shop, id)
	if err != nil {
		return nil, err
	}
	found := map[string]*Order{}
	for _, e := range slices.Backward(events) { // oldest first
		if e.Order == nil || e.Order.ID == "" || e.Verdict == event.Bot {
			continue
		}
		o := found[e.Order.ID]
		if o == nil {
			o = &Order{ID: e.Order.ID, At: e.At, Status: "completed", Lines: []OrderLine{}}
			found[e.Order.ID] = o
		}
		o.tell(e)
	}
	list := make([]Order, 0, len(found))
	for _, o := range found {
		list = append(list, *o)
	}
	slices.SortFunc(list, func(a, b Order) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.ID, b.ID)) })
	return list, nil
}

// tell adds what an event says of the order. The parts of a large order carry lines and no total.
func (o *Order) tell(e event.Event) {
	switch e.Name {
	case event.OrderCompleted:
		o.At, o.Total, o.Currency, o.Coupon, o.Lines = e.At, total(e), e.Order.Currency, e.Order.Coupon, append([]OrderLine{}, orderLines(e.Lines)...)
	case event.OrderUpdated:
		o.Lines = append(o.Lines, orderLines(e.Lines)...)
		if e.Order.Total > 0 {
			o.Total, o.Lines = e.Order.Total, append([]OrderLine{}, orderLines(e.Lines)...)
		}
	case event.OrderRefunded:
		o.Status = "refunded"
		o.Refunded = min(o.Total, o.Refunded+total(e))
		if total(e) == 0 {
			o.Refunded = o.Total
		}
	case event.OrderCancelled:
		o.Status = "cancelled"
	}
}

// total is the order's, else the sum of its lines.
func total(e event.Event) int64 {
	if e.Order.Total != 0 {
		return e.Order.Total
	}
	var sum int64
	for _, l := range e.Lines {
		sum += l.Price * l.Quantity
	}
	return sum
}
