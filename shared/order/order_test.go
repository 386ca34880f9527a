package order

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
)

func invoice(lines int) Order {
	o := Order{Shop: "a", Visitor: "p_1", Person: "p_1", ID: "489434", At: time.Date(2009, 12, 1, 7, 45, 0, 0, time.UTC), Currency: "GBP"}
	for i := range lines {
		o.Lines = append(o.Lines, event.Line{Item: event.ItemID(fmt.Sprintf("item%05d", i)), Quantity: 2, Price: 150})
	}
	return o
}

func events(t *testing.T, o Order, first int) []event.Event {
	t.Helper()
	all, err := o.Events(first)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestOrderIsOneEvent(t *testing.T) {
	o := invoice(2)
	want := []event.Event{{
		Shop: "a", Visitor: "p_1", ID: "or-489434", Person: "p_1", Trusted: true, Type: event.Track, Name: event.OrderCompleted, At: o.At,
		Lines: o.Lines, Order: &event.Order{ID: "489434", Total: 600, Currency: "GBP"},
	}}
	if diff := cmp.Diff(want, events(t, o, 1)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestRefundHasAnIDOfItsOwn(t *testing.T) {
	o := invoice(1)
	o.Refund = true
	got := events(t, o, 1)[0]
	if got.ID != "rf-489434" || got.Name != event.OrderRefunded || got.Order.Total != 300 {
		t.Errorf("refund is %s %q of %d; want rf-489434, Order Refunded, 300", got.ID, got.Name, got.Order.Total)
	}
}

func TestLargeOrderIsCut(t *testing.T) {
	parts := events(t, invoice(2000), 1)
	if len(parts) < 3 {
		t.Fatalf("%d parts, wanted several", len(parts))
	}
	lines := 0
	for i, p := range parts {
		body, err := json.Marshal(p)
		if err != nil || len(body) > 32<<10 {
			t.Errorf("part %d has %d bytes, %v; at most 32 KB are allowed", i, len(body), err)
		}
		if (p.Order.Total != 0) != (i == 0) || (p.Name == event.OrderCompleted) != (i == 0) || p.ID != EventID("489434", false, i+1) {
			t.Errorf("part %d is %s %q with total %d; the first alone is the order", i, p.ID, p.Name, p.Order.Total)
		}
		lines += len(p.Lines)
	}
	if lines != 2000 {
		t.Errorf("%d lines in the parts, want 2000", lines)
	}
	if late := events(t, invoice(1), 4); late[0].ID != "or-489434-4" || late[0].Name != event.OrderUpdated {
		t.Errorf("lines that come later are %s %q, want or-489434-4, Order Updated", late[0].ID, late[0].Name)
	}
}

func TestOrderNamesWhatIsMissing(t *testing.T) {
	_, err := Order{}.Events(1)
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid || len(f.Fields) != 4 {
		t.Errorf("an empty order: %v; want order, visitor, time and lines named", err)
	}
}
