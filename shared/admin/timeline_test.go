package admin

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/people"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/staff"
)

var monday = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

var operator = staff.Actor{Shop: "lamps", ID: "u_1", Role: staff.Operator, Via: staff.BySession}

// newService has what customers need, over a fresh store.
func newService(t *testing.T) *Service {
	t.Helper()
	now := func() time.Time { return monday.Add(24 * time.Hour) }
	db := sqlitetest.Open(t, &sqlite.Options{Now: now})
	ring, err := identity.ParseKeyring(identity.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := staff.New(now, db, ring)
	if err != nil {
		t.Fatal(err)
	}
	return New(slog.New(slog.DiscardHandler), now, Deps{Tables: db, Staff: accounts, People: people.New(db)})
}

// happened stores events of a person with two devices, the profile of one of which is stored too.
func happened(t *testing.T, s *Service, events ...event.Event) {
	t.Helper()
	for _, v := range []event.VisitorID{"v_1", "v_2"} {
		if _, err := s.People.Merge(t.Context(), "lamps", "p_1", v, people.Link{Event: "e", Received: monday, Identify: true}); err != nil {
			t.Fatal(err)
		}
	}
	for i, e := range events {
		e.Shop, e.ID = "lamps", event.ID(fmt.Sprintf("e%02d", i))
		if e.Visitor == "" {
			e.Visitor = "v_1"
		}
		e.ReceivedAt = e.At
		it, err := e.Item()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Tables.PutAll(t.Context(), it); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTimeline(t *testing.T) {
	s := newService(t)
	var events []event.Event
	for i := range 25 {
		events = append(events, event.Event{Type: event.Page, At: monday.Add(time.Duration(i/2) * time.Minute), Visitor: event.VisitorID(fmt.Sprint("v_", 1+i%2))})
	}
	happened(t, s, events...)
	for _, size := range []int{1, 7, 100} {
		t.Run(fmt.Sprint("pages of ", size), func(t *testing.T) {
			var got []Moment
			for cursor := ""; ; {
				page, err := s.Timeline(t.Context(), operator, "p_1", cursor, size)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, page.Items...)
				if cursor = page.Next; cursor == "" {
					break
				}
			}
			seen := map[event.ID]bool{}
			for _, m := range got {
				seen[m.ID] = true
			}
			if len(got) != 25 || len(seen) != 25 {
				t.Errorf("%d moments, %d different, want 25", len(got), len(seen))
			}
			if !slices.IsSortedFunc(got, func(a, b Moment) int { return b.At.Compare(a.At) }) {
				t.Error("they are not newest first")
			}
		})
	}
	for name, id := range map[string]string{"nobody": "p_2", "no visitor": "v_9", "an odd id": "a#b", "nothing": ""} {
		t.Run(name, func(t *testing.T) {
			if _, err := s.Timeline(t.Context(), operator, id, "", 10); !fault.Is(err, fault.NotFound) {
				t.Errorf("error %v, want not found", err)
			}
		})
	}
}

func TestOrders(t *testing.T) {
	line := func(item string, price int64) event.Line {
		return event.Line{Item: event.ItemID(item), Quantity: 2, Price: price}
	}
	at := func(minutes int) time.Time { return monday.Add(time.Duration(minutes) * time.Minute) }
	told := func(minutes int, name event.Name, total int64, lines ...event.Line) event.Event {
		return event.Event{Type: event.Track, Name: name, At: at(minutes), Order: &event.Order{ID: "o1", Total: total, Currency: "EUR"}, Lines: lines}
	}
	tests := map[string]struct {
		events []event.Event
		want   Order
	}{
		"completed":              {[]event.Event{told(0, event.OrderCompleted, 500, line("a", 250))}, Order{Total: 500, Status: "completed", Lines: []OrderLine{{"a", 2, 250}}}},
		"without a total":        {[]event.Event{told(0, event.OrderCompleted, 0, line("a", 250))}, Order{Total: 500, Status: "completed", Lines: []OrderLine{{"a", 2, 250}}}},
		"in parts":               {[]event.Event{told(0, event.OrderCompleted, 700, line("a", 250)), told(1, event.OrderUpdated, 0, line("b", 100))}, Order{Total: 700, Status: "completed", Lines: []OrderLine{{"a", 2, 250}, {"b", 2, 100}}}},
		"changed":                {[]event.Event{told(0, event.OrderCompleted, 500, line("a", 250)), told(1, event.OrderUpdated, 200, line("b", 100))}, Order{Total: 200, Status: "completed", Lines: []OrderLine{{"b", 2, 100}}}},
		"refunded in part":       {[]event.Event{told(0, event.OrderCompleted, 500), told(1, event.OrderRefunded, 100)}, Order{Total: 500, Refunded: 100, Status: "refunded", Lines: []OrderLine{}}},
		"refunded more than all": {[]event.Event{told(0, event.OrderCompleted, 500), told(1, event.OrderRefunded, 400), told(2, event.OrderRefunded, 400)}, Order{Total: 500, Refunded: 500, Status: "refunded", Lines: []OrderLine{}}},
		"refunded as a whole":    {[]event.Event{told(0, event.OrderCompleted, 500), told(1, event.OrderRefunded, 0)}, Order{Total: 500, Refunded: 500, Status: "refunded", Lines: []OrderLine{}}},
		"cancelled":              {[]event.Event{told(0, event.OrderCompleted, 500), told(1, event.OrderCancelled, 0)}, Order{Total: 500, Status: "cancelled", Lines: []OrderLine{}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			happened(t, s, tt.events...)
			tt.want.ID, tt.want.At, tt.want.Currency = "o1", monday, "EUR"
			got, err := s.Orders(t.Context(), operator, "p_1")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]Order{tt.want}, got); diff != "" {
				t.Errorf("orders (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlainName(t *testing.T) {
	for in, want := range map[string]string{
		"list.csv": "list.csv", `C:\Users\Ada\my list.csv`: "my-list.csv", "../../etc/passwd": "passwd", "": "file", "...": "file", "a.map.json": "a-map.json", "é.csv": "-.csv",
	} {
		if got := plainName(in); got != want {
			t.Errorf("plainName(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzCursors holds the cursors of lists to this: what is none of ours is named, and nothing else happens.
func FuzzCursors(f *testing.F) {
	for _, seed := range []string{"", "0.", "15.abc", "16.", "-1.", "2026-05-04T09:00:00Z|v_1|e1", "|", "00.x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		if shard, _, err := ledgerCursor(cursor); err != nil && !fault.Is(err, fault.Invalid) || shard < 0 {
			t.Errorf("ledger cursor %q: shard %d, %v", cursor, shard, err)
		}
		if _, err := momentCursor(cursor); err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("timeline cursor %q: %v", cursor, err)
		}
		if got := plainName(cursor); got == "" || len(got) > 100 || got != plainName(got) {
			t.Errorf("plainName(%q) = %q", cursor, got)
		}
	})
}
