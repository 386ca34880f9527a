package kpi

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/disk"
	"shopkeeper/shared/event"
)

var start = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func told(id string, name event.Name, hours int, order string, total int64) event.Event {
	return event.Event{
		Shop: "tea", Visitor: "v1", Person: "p_1", ID: event.ID(id), Type: event.Track, Name: name, At: start.Add(time.Duration(hours) * time.Hour),
		Order: &event.Order{ID: order, Total: total, Currency: "GBP"},
	}
}

func TestOrders(t *testing.T) {
	by := func(e event.Event, visitor, person string) event.Event {
		e.Visitor, e.Person = event.VisitorID(visitor), event.PersonID(person)
		return e
	}
	lines := told("e1", event.OrderCompleted, 0, "1", 0)
	lines.Lines = []event.Line{{Item: "T1", Quantity: 2, Price: 150}, {Item: "T2", Price: 50}}
	dollars := told("e1", event.OrderCompleted, 0, "1", 900)
	dollars.Order.Currency = "USD"
	bot := told("e1", event.OrderCompleted, 0, "1", 900)
	bot.Verdict = event.Bot
	one := []Order{{ID: "1", Subject: "p_1", At: start, Net: 500}}
	tests := map[string]struct {
		events []event.Event
		want   []Order
	}{
		"an order counts once": {events: []event.Event{told("e1", event.OrderCompleted, 0, "1", 500), told("e2", event.OrderCompleted, 1, "1", 500)}, want: one},
		"without a total, its lines": {
			events: []event.Event{lines}, want: []Order{{ID: "1", Subject: "p_1", At: start, Net: 350}},
		},
		"an update sets what it is worth": {events: []event.Event{told("e1", event.OrderCompleted, 0, "1", 900), told("e2", event.OrderUpdated, 1, "1", 500)}, want: one},
		"further lines are no update":     {events: []event.Event{told("e1", event.OrderCompleted, 0, "1", 500), told("e2", event.OrderUpdated, 1, "1", 0)}, want: one},
		"a refund takes away":             {events: []event.Event{told("e1", event.OrderCompleted, 0, "1", 900), told("e2", event.OrderRefunded, 1, "1", 400)}, want: one},
		"a refund without amount takes all, and no more than there is": {
			events: []event.Event{told("e1", event.OrderCompleted, 0, "1", 900), told("e2", event.OrderRefunded, 1, "1", 0), told("e3", event.OrderRefunded, 2, "1", 100)},
			want:   []Order{{ID: "1", Subject: "p_1", At: start}},
		},
		"a cancelled order is none":         {events: []event.Event{told("e1", event.OrderCompleted, 0, "1", 900), told("e2", event.OrderCancelled, 1, "1", 0)}},
		"a refund of an unknown order":      {events: []event.Event{told("e2", event.OrderRefunded, 1, "7", 400)}},
		"another currency has no revenue":   {events: []event.Event{dollars}, want: []Order{{ID: "1", Subject: "p_1", At: start, Foreign: true}}},
		"bots buy nothing":                  {events: []event.Event{bot}},
		"a view is no order":                {events: []event.Event{told("e1", event.ProductViewed, 0, "", 0)}},
		"the visitor who became known":      {events: []event.Event{by(told("e1", event.OrderCompleted, 0, "1", 500), "v1", ""), by(told("e2", event.ProductViewed, 3, "", 0), "v1", "p_1")}, want: one},
		"the visitor who is nobody's yet":   {events: []event.Event{by(told("e1", event.OrderCompleted, 0, "1", 500), "v9", "")}, want: []Order{{ID: "1", Subject: "v9", At: start, Net: 500}}},
		"out of order in the log":           {events: []event.Event{told("e2", event.OrderUpdated, -1, "1", 500), told("e1", event.OrderCompleted, 0, "1", 900)}, want: one},
		"two orders without numbers":        {events: []event.Event{told("e1", event.OrderCompleted, 0, "", 500), told("e2", event.OrderCompleted, 1, "", 600)}, want: []Order{{ID: "v1 e1", Subject: "p_1", At: start, Net: 500}, {ID: "v1 e2", Subject: "p_1", At: start.Add(time.Hour), Net: 600}}},
		"outside the bounds":                {events: []event.Event{told("e1", event.OrderCompleted, 24*40, "1", 500)}},
		"cancelled in another day's events": {events: []event.Event{told("e1", event.OrderCompleted, 0, "1", 900), told("e2", event.OrderCancelled, 50, "1", 0)}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			files, err := disk.Open(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			if err := archive.Append(t.Context(), files, "x", tt.events...); err != nil {
				t.Fatal(err)
			}
			got, err := Orders(t.Context(), files, "tea", "GBP", start.AddDate(0, 0, -2), start.AddDate(0, 0, 30))
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("orders, %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestMonths(t *testing.T) {
	day := func(month time.Month, d int) time.Time { return time.Date(2026, month, d, 12, 0, 0, 0, time.UTC) }
	n := 0
	ordered := func(who string, at time.Time, net int64) Order {
		n++
		return Order{ID: fmt.Sprint(n), Subject: who, At: at, Net: net}
	}
	orders := []Order{
		ordered("anna", day(1, 5), 1000), ordered("anna", day(5, 2), 3000), // lost in April, back in May
		ordered("bert", day(3, 1), 500), ordered("bert", day(5, 1), 700),
		ordered("cleo", day(5, 9), 900),
		ordered("", day(5, 9), 10_000), // nobody's basket
		ordered("dora", day(7, 1), 100),
	}
	mails := []Mail{{"anna", day(5, 3), true}, {"bert", day(5, 3), false}, {"bert", day(4, 3), true}, {"bert", day(1, 3), true}}
	members := Members{"anna": {"loyal"}, "bert": {"loyal", "small"}, "eve": {"empty"}}
	got := Months(orders, mails, members, day(5, 20), time.UTC, 3)
	want := map[string][]Month{
		"": {
			{Month: "2026-03", Customers: 2, New: 1, Active: 2, Buyers: 1, Orders: 1, Revenue: 500, Began: 1, PerHead: 250, OrdersPer: .5},
			{Month: "2026-04", Customers: 2, Active: 1, Began: 2, Lost: 1, Churn: .5, Delivered: 1, Opened: 1, OpenRate: 1},
			{Month: "2026-05", Customers: 3, New: 1, Active: 3, Buyers: 3, Orders: 4, Revenue: 14_600, Began: 1, Partial: true, Delivered: 2, Opened: 1, OpenRate: .5, PerHead: 4600. / 3, OrdersPer: 1},
		},
		"empty": {{Month: "2026-03"}, {Month: "2026-04"}, {Month: "2026-05", Partial: true}},
		"loyal": {
			{Month: "2026-03", Customers: 2, New: 1, Active: 2, Buyers: 1, Orders: 1, Revenue: 500, Began: 1, PerHead: 250, OrdersPer: .5},
			{Month: "2026-04", Customers: 2, Active: 1, Began: 2, Lost: 1, Churn: .5, Delivered: 1, Opened: 1, OpenRate: 1},
			{Month: "2026-05", Customers: 2, Active: 2, Buyers: 2, Orders: 2, Revenue: 3700, Began: 1, Partial: true, Delivered: 2, Opened: 1, OpenRate: .5, PerHead: 1850, OrdersPer: 1},
		},
		"small": {
			{Month: "2026-03", Customers: 1, New: 1, Active: 1, Buyers: 1, Orders: 1, Revenue: 500, PerHead: 500, OrdersPer: 1},
			{Month: "2026-04", Customers: 1, Active: 1, Began: 1, Delivered: 1, Opened: 1, OpenRate: 1},
			{Month: "2026-05", Customers: 1, Active: 1, Buyers: 1, Orders: 1, Revenue: 700, Began: 1, Partial: true, Delivered: 1, PerHead: 700, OrdersPer: 1},
		},
	}
	var flat []Month
	for _, name := range []string{"", "empty", "loyal", "small"} {
		for _, m := range want[name] {
			m.Segment = name
			flat = append(flat, m)
		}
	}
	if diff := cmp.Diff(flat, got, cmpopts.IgnoreUnexported(Month{}), cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Errorf("months (-want +got):\n%s", diff)
	}
}

func TestMonthsGoByTheShopsClock(t *testing.T) {
	zone, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	late := time.Date(2026, 3, 31, 20, 0, 0, 0, time.UTC) // April there
	got := Months([]Order{{ID: "1", Subject: "a", At: late, Net: 5}}, nil, nil, late.AddDate(0, 0, 9), zone, 2)
	if len(got) != 2 || got[0].Orders != 0 || got[1].Month != "2026-04" || got[1].Orders != 1 {
		t.Errorf("months: %+v", got)
	}
}
