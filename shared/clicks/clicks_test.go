package clicks_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/clicks"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/table"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

type world struct {
	*clicks.Store
	t      *testing.T
	tables table.Store
	now    time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	keys, err := identity.ParseKeyring(identity.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	hasher, err := identity.NewHasher(keys)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, now: now}
	clock := func() time.Time { return w.now }
	w.tables = sqlitetest.Open(t, &sqlite.Options{Now: clock})
	w.Store = clicks.NewStore(clock, w.tables, hasher)
	return w
}

// view is a look at an item some seconds before now.
func view(visitor, session string, item string, ago int) event.Event {
	at := now.Add(-time.Duration(ago) * time.Second)
	return event.Event{Shop: "tea", Visitor: event.VisitorID(visitor), ID: event.ID(item + at.String()), Name: event.ProductViewed, At: at, ReceivedAt: at, Session: session, Lines: []event.Line{{Item: event.ItemID(item)}}}
}

func (w *world) note(events ...event.Event) {
	w.t.Helper()
	w.Hear(events)
	if err := w.Flush(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.now = w.now.Add(time.Second)
}

// told are the items of all visits, and the visitors that are gone, in order.
func (w *world) told(since time.Time, most int) (visits []string, gone int) {
	w.t.Helper()
	segments, err := w.Read(w.t.Context(), "tea", since, most)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range segments {
		gone += len(s.Gone)
		for _, v := range s.Visits {
			visits = append(visits, fmt.Sprint(v.Items))
		}
	}
	return visits, gone
}

func TestHear(t *testing.T) {
	bought := view("v1", "s1", "a", 1)
	bought.Name, bought.Order, bought.Lines = event.OrderCompleted, &event.Order{ID: "42"}, []event.Line{{Item: "a"}, {Item: "b"}, {Item: ""}}
	searched := view("v1", "s1", "x", 1)
	searched.Name = event.ProductsSearched
	history := view("v1", "s1", "x", 1)
	history.At = now.Add(-clicks.MaxAge - time.Second)
	huge := view("v1", "s1", "x", 1)
	for n := range 10_000 {
		huge.Lines = append(huge.Lines, event.Line{Item: event.ItemID(fmt.Sprint("item", n))})
	}
	for name, c := range map[string]struct {
		events []event.Event
		want   []string
	}{
		"one visit":              {[]event.Event{view("v1", "s1", "a", 3), view("v1", "s1", "b", 2)}, []string{"[a b]"}},
		"in order of time":       {[]event.Event{view("v1", "s1", "b", 2), view("v1", "s1", "a", 3)}, []string{"[a b]"}},
		"two sessions":           {[]event.Event{view("v1", "s1", "a", 3), view("v1", "s2", "b", 2)}, []string{"[a]", "[b]"}},
		"an order beside visits": {[]event.Event{view("v1", "s1", "c", 3), bought}, []string{"[c]", "[a b]"}},
		"no sign of interest":    {[]event.Event{searched}, nil},
		"imported history":       {[]event.Event{history}, nil},
		"nothing":                {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.note(c.events...)
			got, _ := w.told(now.Add(-time.Hour), 100)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("visits (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("an order of thousands is cut", func(t *testing.T) {
		w := newWorld(t)
		w.note(huge)
		segments, err := w.Read(t.Context(), "tea", now.Add(-time.Hour), 10)
		if err != nil || len(segments) != 1 || len(segments[0].Visits[0].Items) > 100 {
			t.Errorf("%d segments, %v", len(segments), err)
		}
	})
	t.Run("a clock that is ahead", func(t *testing.T) {
		w := newWorld(t)
		e := view("v1", "s1", "a", 0)
		e.At = now.AddDate(10, 0, 0)
		w.note(e)
		segments, err := w.Read(t.Context(), "tea", now.Add(-time.Hour), 10)
		if err != nil || len(segments) != 1 || segments[0].Visits[0].At != now.Unix() {
			t.Errorf("%+v, %v", segments, err)
		}
	})
}

func TestRead(t *testing.T) {
	w := newWorld(t)
	for n := range 30 {
		w.note(view(fmt.Sprint("v", n), "s", fmt.Sprint("i", n), 0))
	}
	if got, _ := w.told(now.Add(-time.Hour), 1000); len(got) != 30 || got[0] != "[i0]" || got[29] != "[i29]" {
		t.Errorf("all: %v", got)
	}
	if got, _ := w.told(now.Add(27*time.Second), 1000); fmt.Sprint(got) != "[[i27] [i28] [i29]]" {
		t.Errorf("the last: %v", got)
	}
	if segments, err := w.Read(t.Context(), "milk", now.Add(-time.Hour), 1000); err != nil || len(segments) != 0 {
		t.Errorf("another shop: %v, %v", segments, err)
	}
	w.now = now.Add(72 * time.Hour)
	if got, _ := w.told(now.Add(-time.Hour), 1000); len(got) != 0 {
		t.Errorf("after three days: %v", got)
	}
}

// Nobody can tell from what is stored who did it.
func TestNobodyIsNamed(t *testing.T) {
	w := newWorld(t)
	w.note(view("visitor-number-one", "session-number-one", "a", 1))
	page, err := w.tables.Query(t.Context(), table.Query{Table: clicks.Table, Partition: "tea"})
	if err != nil || len(page.Items) != 1 || page.Items[0].Expires.IsZero() {
		t.Fatalf("%+v, %v", page, err)
	}
	if text := string(page.Items[0].Body) + page.Items[0].Key.Sort; strings.Contains(text, "number-one") {
		t.Errorf("it says who: %s", text)
	}
}

func TestForget(t *testing.T) {
	w := newWorld(t)
	w.note(view("v1", "s1", "a", 3), view("v1", "", "b", 2))
	w.note(view("v2", "s1", "c", 1))
	for range 2 {
		if err := w.Forget(t.Context(), "tea", "v1"); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(time.Second)
		if got, gone := w.told(now.Add(-time.Hour), 100); fmt.Sprint(got) != "[[c]]" || gone == 0 {
			t.Errorf("left: %v, told of %d", got, gone)
		}
	}
	w.note(view("v1", "s1", "d", 0))
	if got, _ := w.told(now.Add(-time.Hour), 100); fmt.Sprint(got) != "[[c] [d]]" {
		t.Errorf("who comes back: %v", got)
	}
}

// A segment that cannot be read does not hide the others.
func TestUnreadable(t *testing.T) {
	w := newWorld(t)
	w.note(view("v1", "s1", "a", 3))
	bad := table.Item{Key: table.Key{Table: clicks.Table, Partition: "tea", Sort: "9999999999999-x"}, Body: []byte(`{"v":7}`)}
	if err := w.tables.Write(t.Context(), table.Put(bad, table.Always())); err != nil {
		t.Fatal(err)
	}
	if got, _ := w.told(now.Add(-time.Hour), 100); fmt.Sprint(got) != "[[a]]" {
		t.Errorf("read %v", got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"v":[{"s":"k.x/y","i":["a","b"],"t":1}],"g":["k.x"],"u":3}`))
	f.Add([]byte(`{"v":[{"s":"","i":null,"t":-1}]}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := clicks.NewStore(func() time.Time { return now }, only{text}, nil)
		segments, err := s.Read(t.Context(), "tea", now, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, segment := range segments {
			for _, v := range segment.Visits {
				if strings.Contains(v.Owner(), "/") {
					t.Errorf("owner %q", v.Owner())
				}
			}
		}
	})
}

// only is a table with one item of that text.
type only struct{ text []byte }

func (o only) Query(context.Context, table.Query) (table.Page, error) {
	return table.Page{Items: []table.Item{{Body: o.text}}}, nil
}
func (only) Get(context.Context, table.Key, ...table.ReadOption) (table.Item, error) {
	panic("not asked")
}
func (only) GetAll(context.Context, ...table.Key) ([]table.Item, error) { panic("not asked") }
func (only) Write(context.Context, ...table.Op) error                   { panic("not asked") }
func (only) PutAll(context.Context, ...table.Item) error                { panic("not asked") }
