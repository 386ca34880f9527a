package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/people"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/suppression"
	"shopkeeper/shared/table"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

const tea event.ShopID = "tea"

// members is a segment that a test fills.
type members struct {
	subjects  []string
	condition string
}

func (m *members) Get(_ context.Context, shop event.ShopID, id segment.ID) (segment.Definition, error) {
	if id == "none" {
		return segment.Definition{}, fault.New(fault.NotFound, "there is no such segment")
	}
	return segment.Definition{Shop: shop, ID: id, Condition: m.condition}, nil
}

// Members pages as the store does: the cursor is the last subject of the page before, and a page may be short.
func (m *members) Members(_ context.Context, _ event.ShopID, _ segment.ID, cursor string, limit int) (page []segment.Member, next string, err error) {
	for i, s := range m.subjects {
		if s <= cursor {
			continue
		}
		if page = append(page, segment.Member{Subject: s}); len(page) == min(limit, 7) && i < len(m.subjects)-1 {
			return page, s, nil
		}
	}
	return page, "", nil
}

// suppressed is a list of addresses that a test fills.
type suppressed map[string]suppression.Reason

func (s suppressed) Check(_ context.Context, _ event.ShopID, addresses ...string) (map[string]suppression.Entry, error) {
	found := map[string]suppression.Entry{}
	for _, a := range addresses {
		if r, ok := s[a]; ok {
			found[a] = suppression.Entry{Reason: r}
		}
	}
	return found, nil
}

// jobs is a queue that remembers what it was sent.
type jobs struct {
	queue.Queue
	sent []Job
}

func (q *jobs) Send(_ context.Context, _ time.Duration, bodies ...[]byte) error {
	for _, b := range bodies {
		var j Job
		if err := json.Unmarshal(b, &j); err != nil {
			return err
		}
		q.sent = append(q.sent, j)
	}
	return nil
}

// clock is a time that a test moves.
type clock struct {
	sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.Lock()
	defer c.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.Lock()
	defer c.Unlock()
	c.at = c.at.Add(d)
}

// world is a shop with a segment.
type world struct {
	*clock
	db      *sqlite.DB
	segment *members
	barred  suppressed
	jobs    *jobs
	runner  *Runner
	store   *Store
	ledger  *ledger.Store
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{clock: &clock{at: noon}, segment: &members{condition: "orders.count > 0"}, barred: suppressed{}, jobs: &jobs{}}
	w.db = sqlitetest.Open(t, &sqlite.Options{Now: w.now})
	w.runner = w.on(w.db)
	w.store, w.ledger = NewStore(w.now, w.db), ledger.New(w.now, w.db)
	return w
}

// on is a runner of the world on another store, such as one that fails.
func (w *world) on(tables table.Store) *Runner {
	return New(Deps{
		Log: slog.New(slog.DiscardHandler), Now: w.now, Tables: tables, Segments: w.segment, Suppression: w.barred, Jobs: w.jobs,
		Zone: func(context.Context, event.ShopID) (*time.Location, error) { return time.UTC, nil },
	})
}

// join puts persons who agreed to be written to into the segment.
func (w *world) join(t testing.TB, n int, change func(i int, p *people.Person)) {
	t.Helper()
	for i := range n {
		p := people.Person{Shop: tea, ID: event.PersonID(fmt.Sprintf("p_%04d", i)), Email: "c" + strconv.Itoa(i) + "@example.org", Created: noon, Updated: noon}
		p.Permissions = map[people.Channel]people.Permission{people.Email: {Channel: people.Email, Choice: consent.Granted, At: noon}}
		if change != nil {
			change(i, &p)
		}
		w.segment.subjects = append(w.segment.subjects, string(p.ID))
		body, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.db.PutAll(t.Context(), table.Item{Key: people.PersonKey(tea, p.ID), Body: body}); err != nil {
			t.Fatal(err)
		}
	}
}

// spring is a campaign that can start.
func spring() Definition {
	return Definition{
		Shop: tea, ID: "spring", Name: "Spring", Segment: "loyal", From: mail.Address{Name: "The tea shop", Email: "hello@tea.example"},
		Variants: []Variant{{Name: "a", Share: 1, Subject: "Spring", HTML: "<p>Tea</p><a href=\"{{ unsubscribe_url }}\">no more</a>", Text: "Tea. {{ unsubscribe_url }}"}},
	}
}

func (w *world) put(t testing.TB, d Definition) Definition {
	t.Helper()
	stored, err := w.runner.Put(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func (w *world) start(t testing.TB, d Definition) Definition {
	t.Helper()
	w.put(t, d)
	started, err := w.runner.Start(t.Context(), tea, d.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	return started
}

func (w *world) tick(t testing.TB) {
	t.Helper()
	if err := w.runner.Tick(t.Context(), tea); err != nil {
		t.Fatal(err)
	}
}

func (w *world) get(t testing.TB, id ledger.CampaignID) Definition {
	t.Helper()
	d, err := w.store.Get(t.Context(), tea, id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (w *world) sums(t testing.TB, id ledger.CampaignID) ledger.Sums {
	t.Helper()
	s, err := w.ledger.Sums(t.Context(), tea, id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// claim is what a sender makes of a due row.
func claim(d Definition, r ledger.Row, now time.Time) ledger.Claim {
	return ledger.Claim{Row: r, By: "w", Lease: now.Add(lease), Cap: ledger.Cap(d.Cap), NotBefore: d.NotBefore(r, now, lease, time.UTC)}
}

const lease = time.Minute

// hand claims and hands over every due row of a campaign, as a sender does, and returns how many.
func (w *world) hand(t testing.TB, id ledger.CampaignID) (handed int) {
	t.Helper()
	d := w.get(t, id)
	if !d.Sends(w.now()) {
		return 0
	}
	for shard := range ledger.Shards {
		for cursor := ""; ; {
			due, next, err := w.ledger.Due(t.Context(), tea, id, shard, w.now(), cursor, 50)
			if err != nil {
				t.Fatal(err)
			}
			var claims []ledger.Claim
			for _, r := range due {
				claims = append(claims, claim(d, r, w.now()))
			}
			x, err := w.ledger.Exchange(t.Context(), nil, claims)
			if err != nil {
				t.Fatal(err)
			}
			var settle []ledger.Settlement
			for _, r := range x.Claimed {
				settle = append(settle, ledger.Settlement{Row: r, To: ledger.Handed, Provider: "m"})
			}
			if _, err := w.ledger.Exchange(t.Context(), settle, nil); err != nil {
				t.Fatal(err)
			}
			handed += len(settle)
			if cursor = next; cursor == "" {
				break
			}
		}
	}
	return handed
}
