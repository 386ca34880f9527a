package segment

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"shopkeeper/shared/bus"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/stream"
	"shopkeeper/shared/table"
)

// world is a shop with a keeper that follows its feeds when told to.
type world struct {
	t      testing.TB
	shop   event.ShopID
	db     *sqlite.DB
	keeper *Keeper
	store  *Store
	heard  *heard
	loops  []*stream.Loop

	mu  sync.Mutex
	now time.Time
}

func newWorld(t testing.TB) *world {
	t.Helper()
	db := sqlitetest.Open(t, &sqlite.Options{Logger: slog.New(slog.DiscardHandler), Feeds: []table.Name{profile.Table, people.Table}})
	return newWorldOn(t, db, db)
}

// newWorldOn lets the keeper see the database through another store.
func newWorldOn(t testing.TB, db *sqlite.DB, seen table.Store) *world {
	w := &world{t: t, shop: "tea", db: db, now: noon, heard: &heard{ids: map[string]bool{}}}
	w.keeper = NewKeeper(slog.New(slog.DiscardHandler), w.clock, seen, w.heard, func(context.Context, event.ShopID) (string, error) { return "GBP", nil })
	w.store = NewStore(w.clock, db)
	noPause := func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	for _, name := range []table.Name{profile.Table, people.Table} {
		w.loops = append(w.loops, stream.NewLoop(slog.New(slog.DiscardHandler), w.clock, "segment", db.Feed(name), db.Queue("failures", nil), w.keeper.Handler(db.Queue("failures", nil)),
			stream.Mapping{BatchSize: 50, MaxAttempts: -1, Bisect: true}, &stream.LoopOptions{Sleep: noPause}))
	}
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// heard is a bus that keeps notices, once each, and may be down.
type heard struct {
	mu      sync.Mutex
	ids     map[string]bool
	repeats int
	notices []string // "+large p_anna"
	down    bool
}

func (h *heard) Publish(_ context.Context, notices ...bus.Notice) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return fault.New(fault.Unavailable, "the bus is down")
	}
	for _, n := range notices {
		if h.ids[n.ID] {
			h.repeats++
			continue
		}
		h.ids[n.ID] = true
		var m Moved
		if err := json.Unmarshal(n.Detail, &m); err != nil {
			return err
		}
		sign := map[string]string{EnteredType: "+", LeftType: "-"}[n.Type]
		h.notices = append(h.notices, sign+string(m.Segment)+" "+m.Subject)
	}
	return nil
}

// since are the notices since it was last asked.
func (h *heard) since() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := h.notices
	h.notices = nil
	return list
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// define states or changes a segment.
func (w *world) define(id ID, condition string) Definition {
	w.t.Helper()
	d := Definition{Shop: w.shop, ID: id, Name: string(id), Condition: condition}
	if before, err := w.store.Get(w.t.Context(), w.shop, id); err == nil {
		d.Version = before.Version
	}
	d, err := w.store.Put(w.t.Context(), d)
	w.must(err)
	return d
}

// visit stores a profile: the person's merged one when the id is a person's.
func (w *world) visit(id string, change func(p *profile.Profile)) {
	w.t.Helper()
	p := profile.Profile{Shop: w.shop, ID: id, FirstSeen: w.clock(), LastSeen: w.clock(), Visits: 1}
	if len(id) > 2 && id[:2] == personPrefix {
		p.Person, p.Members = event.PersonID(id), []profile.Member{{Visitor: "v_of_" + event.VisitorID(id)}}
	}
	if change != nil {
		change(&p)
	}
	it, err := p.Item()
	w.must(err)
	w.must(w.db.PutAll(w.t.Context(), it))
}

func (w *world) person(id event.PersonID, country string) {
	w.t.Helper()
	body, err := json.Marshal(people.Person{Country: country, Created: w.clock()})
	w.must(err)
	w.must(w.db.PutAll(w.t.Context(), table.Item{Key: people.PersonKey(w.shop, id), Body: body}))
}

func (w *world) remove(keys ...table.Key) {
	w.t.Helper()
	for _, k := range keys {
		w.must(w.db.Write(w.t.Context(), table.Delete(k, table.Always())))
	}
}

// follow delivers what waits in the feeds.
func (w *world) follow() {
	w.t.Helper()
	for _, l := range w.loops {
		for {
			n, err := l.Step(w.t.Context())
			w.must(err)
			if n == 0 {
				break
			}
		}
	}
}

// sweep sweeps to the end, waiting as it is told to.
func (w *world) sweep() Swept {
	w.t.Helper()
	for range 1000 {
		s, err := w.keeper.Sweep(w.t.Context(), w.shop)
		w.must(err)
		if s.Done {
			return s
		}
		w.pass(s.Again)
	}
	w.t.Fatal("the sweep does not end")
	return Swept{}
}

// of are the segments of a subject but the standard ones.
func (w *world) of(subject string) []ID {
	w.t.Helper()
	list, err := w.store.Of(w.t.Context(), w.shop, subject)
	w.must(err)
	var own []ID
	for _, id := range list {
		if !isStandard(id) {
			own = append(own, id)
		}
	}
	return own
}

func isStandard(id ID) bool {
	for _, d := range standard {
		if d.ID == id {
			return true
		}
	}
	return false
}

// members are all subjects of a segment, read in small pages.
func (w *world) members(id ID) []string {
	w.t.Helper()
	var subjects []string
	for cursor := ""; ; {
		page, next, err := w.store.Members(w.t.Context(), w.shop, id, cursor, 3)
		w.must(err)
		for _, m := range page {
			subjects = append(subjects, m.Subject)
		}
		if cursor = next; next == "" {
			return subjects
		}
	}
}
