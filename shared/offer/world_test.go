package offer

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/offer/impression"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/table"
)

const tea event.ShopID = "tea"

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// clock is a time that tests set.
type clock struct{ at atomic.Int64 }

func newClock(at time.Time) *clock {
	c := &clock{}
	c.at.Store(at.UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }

// shop is a world with one shop's offers.
type world struct {
	t       testing.TB
	clock   *clock
	tables  table.Store
	store   *Store
	results *Results
	signer  *impression.Signer
	folder  *Folder
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, clock: newClock(noon)}
	w.tables = sqlitetest.Open(t, &sqlite.Options{Logger: quiet, Now: w.clock.now})
	keys, err := identity.ParseKeyring(identity.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	if w.signer, err = impression.NewSigner(keys); err != nil {
		t.Fatal(err)
	}
	w.store, w.results = NewStore(w.clock.now, w.tables), NewResults(w.tables)
	w.folder = NewFolder(quiet, w.clock.now, w.tables, w.signer)
	return w
}

func (w *world) chooser(segments Segments) *Chooser {
	return NewChooser(quiet, w.clock.now, w.store, w.results, segments, time.Second)
}

// put stores an open offer, changed.
func (w *world) put(id ID, change func(*Definition)) Definition {
	w.t.Helper()
	d := Definition{Shop: tea, ID: id, Status: Active, Title: "Offer " + string(id)}
	if change != nil {
		change(&d)
	}
	d, err := w.store.Put(w.t.Context(), d)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// ask is what a front page asks for a visitor without a history.
func (w *world) ask(subject string, change func(*Ask)) *Ask {
	a := &Ask{Shop: tea, Subject: subject, Placement: FrontPage, Limit: MaxChoices, Seed: 1, Now: w.clock.now()}
	if change != nil {
		change(a)
	}
	return a
}

func (w *world) choose(c *Chooser, a *Ask) *Chosen {
	w.t.Helper()
	var to Chosen
	if err := c.Choose(w.t.Context(), a, &to); err != nil {
		w.t.Fatal(err)
	}
	return &to
}

func ids(c *Chosen) []ID {
	var list []ID
	for _, ch := range c.Choices {
		list = append(list, ch.Offer.ID)
	}
	return list
}

func (w *world) impression(id ID, subject string, ordinal int) string {
	return string(w.signer.Append(nil, tea, &impression.Impression{Offer: string(id), Subject: subject, Ordinal: ordinal, At: w.clock.now()}))
}

// told is an event of a visitor, now.
func (w *world) told(visitor, message string, name event.Name, id string) event.Event {
	at := w.clock.now()
	return event.Event{Shop: tea, Visitor: event.VisitorID(visitor), ID: event.ID(message), Type: event.Track, Name: name, At: at, ReceivedAt: at, Recommendation: id}
}

func (w *world) order(visitor, message string, name event.Name, order string, total int64, coupon string) event.Event {
	e := w.told(visitor, message, name, "")
	e.Order = &event.Order{ID: order, Total: total, Currency: "GBP", Coupon: coupon}
	return e
}

func changesOf(t testing.TB, events ...event.Event) []table.Change {
	t.Helper()
	var list []table.Change
	for i, e := range events {
		it, err := e.Item()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, table.Change{Seq: fmt.Sprint(i + 1), Key: it.Key, New: &it, At: e.ReceivedAt})
	}
	return list
}

// fold delivers events, each visitor's apart.
func (w *world) fold(events ...event.Event) {
	w.t.Helper()
	again, err := w.folder.Handler(nil)(w.t.Context(), changesOf(w.t, events...))
	if err != nil || again != "" {
		w.t.Fatalf("again from %q, %v", again, err)
	}
}

func (w *world) result(id ID) Result {
	w.t.Helper()
	r, err := w.results.Of(w.t.Context(), tea, id, time.Time{})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// groups are segments by hand: who has so many visits, and who is on a list.
type groups struct {
	visits map[segment.ID]int64
	listed map[segment.ID][]string
	asked  *int
}

type visitsFrom int64

func (v visitsFrom) Match(p *profile.Profile, _ time.Time) bool { return p.Visits >= int64(v) }

func (g groups) Audience(_ context.Context, _ event.ShopID, id segment.ID) (Audience, error) {
	if n, ok := g.visits[id]; ok {
		return visitsFrom(n), nil
	}
	if _, ok := g.listed[id]; ok {
		return nil, nil
	}
	return nil, fault.New(fault.NotFound, "no such segment")
}

func (g groups) Of(_ context.Context, _ event.ShopID, subject string) (in []segment.ID, err error) {
	*g.asked++
	for id, list := range g.listed {
		for _, s := range list {
			if s == subject {
				in = append(in, id)
			}
		}
	}
	return in, nil
}

// profileItem is a stored profile; without a body an empty one.
func profileItem(shop event.ShopID, id string, body []byte) table.Item {
	if body == nil {
		body = []byte(`{}`)
	}
	return table.Item{Key: profile.Key(shop, id, profile.Own), Body: body}
}
