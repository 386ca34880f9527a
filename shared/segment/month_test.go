package segment_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/simulate"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/stream"
	"shopkeeper/shared/table"
)

// The segments of the month, beside the standard ones: every kind of attribute.
var monthly = []string{
	`did("Product Viewed", 3) >= 2`, `days_since_seen >= 5 && orders.count > 0`, `cart.items > 0 && days_since_seen >= 1`, `country == "France" && has_email`,
	`visits >= 3 || revenue > 100`, `interest("category:Light") > 0.2`, `days_since_first_order <= 7`, `known && orders.count == 0`, `days_since_created <= 3`, `average_order > 40 && value != "small"`,
}

// month is a simulated shop that lives through its history, and is kept up to date as it does.
type month struct {
	t        *testing.T
	db       *sqlite.DB
	now      time.Time
	keeper   *segment.Keeper
	store    *segment.Store
	loops    []*stream.Loop
	subjects map[string]bool
}

func newMonth(t *testing.T, made simulate.Made) *month {
	quiet := slog.New(slog.DiscardHandler)
	m := &month{t: t, db: sqlitetest.Open(t, &sqlite.Options{Logger: quiet, Feeds: []table.Name{event.Table, profile.Table, people.Table}}), subjects: map[string]bool{}}
	clock := func() time.Time { return m.now }
	keys, err := identity.ParseKeyring(identity.NewKeyring())
	m.must(err)
	failures := m.db.Queue("failures", nil)
	seal, err := identity.NewSealer(keys)
	m.must(err)
	weights := func(context.Context, event.ShopID) (profile.Weights, error) { return profile.DefaultWeights, nil }
	fold := profile.New(quiet, clock, m.db, people.New(m.db), seal, weights).Handler(failures)
	m.keeper = segment.NewKeeper(quiet, clock, m.db, m.db.Bus("shop"), func(context.Context, event.ShopID) (string, error) { return made.Settings.Currency, nil })
	m.store = segment.NewStore(clock, m.db)
	loop := func(consumer string, feed table.Name, h stream.Handler) {
		m.loops = append(m.loops, stream.NewLoop(quiet, clock, consumer, m.db.Feed(feed), failures, h, stream.Mapping{BatchSize: profile.MaxApplied, MaxAttempts: -1}, nil))
	}
	loop("profile", event.Table, fold)
	loop("segment", profile.Table, m.keeper.Handler(failures))
	loop("segment-people", people.Table, m.keeper.Handler(failures))
	return m
}

func (m *month) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// live stores a day's events and follows what they change.
func (m *month) live(today []event.Event, customers map[event.PersonID]simulate.Customer) {
	var items []table.Item
	for _, e := range today {
		it, err := e.Item()
		m.must(err)
		items = append(items, it)
		m.subjects[string(e.Visitor)] = true
		if c, ok := customers[e.Person]; ok && e.Type == event.Identify {
			traits := map[string]json.RawMessage{"email": json.RawMessage(fmt.Sprintf("%q", c.Email)), "country": json.RawMessage(fmt.Sprintf("%q", c.Country))}
			it, err := people.Pending{Shop: e.Shop, Person: e.Person, Event: e.ID, Visitor: e.Visitor, Trusted: true, At: e.At, Traits: traits}.Item()
			m.must(err)
			items = append(items, it)
		}
	}
	m.must(m.db.PutAll(m.t.Context(), items...))
	m.follow()
}

func (m *month) follow() {
	for _, l := range m.loops {
		for {
			n, err := l.Step(m.t.Context())
			m.must(err)
			if n == 0 {
				break
			}
		}
	}
}

// night sweeps to the end.
func (m *month) night(id event.ShopID) {
	for range 100 {
		s, err := m.keeper.Sweep(m.t.Context(), id)
		m.must(err)
		if s.Done {
			return
		}
		m.now = m.now.Add(s.Again)
	}
	m.t.Fatal("the sweep does not end")
}

// batch evaluates every condition over everybody who is stored, without a look at the roster, and holds the live segments against it.
func (m *month) batch(ctx context.Context, id event.ShopID, frame segment.Frame) (checked, memberships int) {
	definitions, err := m.store.List(ctx, id)
	m.must(err)
	conditions := make([]*segment.Condition, len(definitions))
	for i, d := range definitions {
		conditions[i], err = segment.Compile(d.Condition)
		m.must(err)
	}
	frame.Now = m.now
	for _, subject := range slices.Sorted(maps.Keys(m.subjects)) {
		var want []segment.ID
		if who := m.read(ctx, id, subject, frame); who != nil {
			for i, d := range definitions {
				if conditions[i].Match(who) {
					want = append(want, d.ID)
				}
			}
		}
		got, err := m.store.Of(ctx, id, subject)
		m.must(err)
		if diff := cmp.Diff(want, got); diff != "" {
			m.t.Errorf("%s: segments of %s (-batch +live):\n%s", m.now, subject, diff)
		}
		checked++
		memberships += len(want)
	}
	return checked, memberships
}

func (m *month) read(ctx context.Context, id event.ShopID, subject string, frame segment.Frame) *segment.Customer {
	get := func(sort string) *profile.Profile {
		p, err := profile.NewStore(m.db).Read(ctx, id, subject, sort)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		m.must(err)
		return &p
	}
	file, err := people.New(m.db).Load(ctx, id, event.PersonID(subject))
	m.must(err)
	switch merged, own := get(profile.Merged), get(profile.Own); {
	case merged != nil && file.Person.Version > 0:
		return segment.Of(merged, &file.Person, frame)
	case merged != nil:
		return segment.Of(merged, nil, frame)
	case own != nil && own.Person == "" && !own.LastSeen.IsZero():
		return segment.Of(own, nil, frame)
	}
	return nil
}

// TestLiveAndBatchAgreeOverAMonth lets a simulated shop live for a month, with its nights, and after every day compares each customer's segments with a batch's.
func TestLiveAndBatchAgreeOverAMonth(t *testing.T) {
	const days = 31
	end := time.Date(2026, time.December, 20, 0, 0, 0, 0, time.UTC)
	made := simulate.Shop(7, simulate.Options{Customers: 150, Items: 120, Days: days, End: end})
	id := made.Settings.ID
	m := newMonth(t, made)
	customers := map[event.PersonID]simulate.Customer{}
	for _, c := range made.Customers {
		customers[c.Person] = c
	}
	m.now = end.AddDate(0, 0, -days)
	for i, condition := range monthly {
		_, err := m.store.Put(t.Context(), segment.Definition{Shop: id, ID: segment.ID(fmt.Sprint("m", i)), Name: condition, Condition: condition})
		m.must(err)
	}
	checked, memberships := 0, 0
	events := made.Events
	for day := m.now; day.Before(end); day = day.AddDate(0, 0, 1) {
		m.now = day.Add(5 * time.Minute)
		m.night(id)
		n, _ := slices.BinarySearchFunc(events, day.AddDate(0, 0, 1), func(e event.Event, t time.Time) int { return e.At.Compare(t) })
		for few := range slices.Chunk(events[:n], max(1, n/3)) { // three times a day
			m.now = few[len(few)-1].ReceivedAt
			m.live(few, customers)
		}
		events = events[n:]
		values, err := m.keeper.Values(t.Context(), id)
		m.must(err)
		c, k := m.batch(t.Context(), id, segment.Frame{Currency: made.Settings.Currency, Values: values})
		checked, memberships = checked+c, memberships+k
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d events, %d subjects; %d times compared, %d memberships", len(made.Events), len(m.subjects), checked, memberships)
	for _, d := range []segment.ID{"large", "medium", "small", "new"} {
		if definition, err := m.store.Get(t.Context(), id, d); err != nil || definition.Counted == 0 {
			t.Errorf("nobody is %s: %v", d, err)
		}
	}
}
