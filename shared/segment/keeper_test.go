package segment

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/table"
)

func visits(n int64) func(*profile.Profile) { return func(p *profile.Profile) { p.Visits = n } }

// TestKeeperFollows tells the story of some customers, step by step.
func TestKeeperFollows(t *testing.T) {
	w := newWorld(t)
	w.define("often", "visits >= 3")
	w.define("french", `country == "FR"`)
	steps := []struct {
		name  string
		do    func()
		heard []string
		of    map[string][]ID
	}{
		{"a visitor who is in nothing", func() { w.visit("v_1", nil) }, nil, map[string][]ID{"v_1": nil}},
		{"enters by what it does", func() { w.visit("v_1", visits(3)) }, []string{"+often v_1"}, map[string][]ID{"v_1": {"often"}}},
		{"stays", func() { w.visit("v_1", visits(4)) }, nil, map[string][]ID{"v_1": {"often"}}},
		{"a contact without a profile", func() { w.person("p_ann", "FR") }, []string{"+french p_ann"}, map[string][]ID{"p_ann": {"french"}}},
		{"a profile of the contact", func() { w.visit("p_ann", visits(5)) }, []string{"+often p_ann"}, map[string][]ID{"p_ann": {"french", "often"}}},
		{"moves abroad", func() { w.person("p_ann", "BE") }, []string{"-french p_ann"}, map[string][]ID{"p_ann": {"often"}}},
		{"a visitor who is found to be a person is the person", func() {
			w.visit("v_1", func(p *profile.Profile) { p.Visits, p.Person = 4, "p_ann" })
		}, []string{"-often v_1"}, map[string][]ID{"v_1": nil, "p_ann": {"often"}}},
		{"the person's offline channel is no subject", func() {
			w.visit("p_off", func(p *profile.Profile) { p.Members, p.Person, p.Visits = nil, "", 9 })
		}, nil, map[string][]ID{"p_off": nil}},
		{"taken out of the person again", func() { w.visit("v_1", visits(4)) }, []string{"+often v_1"}, map[string][]ID{"v_1": {"often"}}},
		{"forgotten", func() {
			w.visit("v_1", func(p *profile.Profile) { *p = profile.Profile{Shop: "tea", ID: "v_1", Forgotten: noon} })
		}, []string{"-often v_1"}, map[string][]ID{"v_1": nil}},
		{"the profile is removed, the contact stays", func() { w.remove(profile.Key("tea", "p_ann", profile.Merged)) }, []string{"-often p_ann"}, map[string][]ID{"p_ann": nil}},
		{"the person is removed", func() { w.person("p_ann", "FR"); w.remove(people.PersonKey("tea", "p_ann")) }, nil, map[string][]ID{"p_ann": nil}},
	}
	for _, s := range steps {
		s.do()
		w.follow()
		if diff := cmp.Diff(s.heard, w.heard.since()); diff != "" {
			t.Errorf("%s: notices (-want +got):\n%s", s.name, diff)
		}
		for subject, want := range s.of {
			if diff := cmp.Diff(want, w.of(subject)); diff != "" {
				t.Errorf("%s: segments of %s (-want +got):\n%s", s.name, subject, diff)
			}
		}
	}
	for _, subject := range []string{"v_1", "p_ann", "p_off"} {
		if _, err := w.db.Get(t.Context(), rosterKey("tea", subject)); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s is on the roster still: %v", subject, err)
		}
	}
	if w.heard.repeats > 0 {
		t.Errorf("%d notices came twice", w.heard.repeats)
	}
}

func TestKeeperTellsAfterACrash(t *testing.T) {
	w := newWorld(t)
	w.define("often", "visits >= 3")
	w.visit("v_1", visits(3))
	w.heard.down = true
	if err := w.keeper.Follow(t.Context(), "tea", "v_1"); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("a bus that is down: %v", err)
	}
	if got := w.of("v_1"); len(got) != 1 {
		t.Errorf("segments before anybody was told: %v", got)
	}
	w.heard.down = false
	w.visit("v_1", visits(2)) // and left before the first notice could be told
	w.follow()
	if diff := cmp.Diff([]string{"+often v_1", "-often v_1"}, w.heard.since()); diff != "" {
		t.Errorf("told late (-want +got):\n%s", diff)
	}
}

// flaky fails writes when told to, before or after they are made.
type flaky struct {
	table.Store
	fails atomic.Int64 // bits: the next writes, lowest first; two bits each: 0 well, 1 before, 2 after
}

func (f *flaky) Write(ctx context.Context, ops ...table.Op) error {
	how := f.fails.Load() & 3
	f.fails.Store(f.fails.Load() >> 2)
	if how == 1 {
		return fault.New(fault.Unavailable, "before")
	}
	err := f.Store.Write(ctx, ops...)
	if how == 2 && err == nil {
		err = fault.New(fault.Unavailable, "after")
	}
	return err
}

// TestKeeperAgainstABatch lets customers, definitions, time, sweeps and crashes happen in any order, and holds the roster, the memberships and the notices against
// one evaluation at the end.
func TestKeeperAgainstABatch(t *testing.T) {
	conditions := []string{"visits >= 2", "visits < 2", `country == "FR"`, "days_since_seen >= 2", `value == "large"`, `orders.count > 0 && days_since_order > 1`}
	db := sqlitetest.Open(t, &sqlite.Options{Feeds: []table.Name{profile.Table, people.Table}})
	store, shops := &flaky{Store: db}, 0
	rapid.Check(t, func(r *rapid.T) {
		w := newWorldOn(t, db, store)
		shops++
		w.shop = event.ShopID(fmt.Sprint("tea", shops))
		subjects := []string{"v_1", "v_2", "p_1", "p_2"}
		touched := map[string]bool{}
		for range rapid.IntRange(1, 16).Draw(r, "steps") {
			subject := rapid.SampledFrom(subjects).Draw(r, "subject")
			switch rapid.IntRange(0, 7).Draw(r, "what") {
			case 0, 1:
				n, spent := int64(rapid.IntRange(1, 3).Draw(r, "visits")), int64(rapid.IntRange(0, 3).Draw(r, "spent"))
				w.visit(subject, func(p *profile.Profile) {
					if p.Visits = n; spent > 0 {
						p.Orders = profile.Orders{Count: 1, Sum: spent * spent * 1000, Currency: "GBP", First: w.clock(), Last: w.clock()}
					}
				})
				touched[subject] = true
			case 2:
				if strings.HasPrefix(subject, personPrefix) {
					w.person(event.PersonID(subject), rapid.SampledFrom([]string{"FR", "BE"}).Draw(r, "country"))
					touched[subject] = true
				}
			case 3:
				w.remove(sources(w.shop, subject)[rapid.IntRange(0, len(sources(w.shop, subject))-1).Draw(r, "source")])
				touched[subject] = true
			case 4:
				w.define(ID(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "segment")), rapid.SampledFrom(conditions).Draw(r, "condition"))
			case 5:
				w.must(w.store.Delete(t.Context(), w.shop, ID(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "deleted")), 0))
			case 6:
				w.pass(time.Duration(rapid.IntRange(1, 40).Draw(r, "hours")) * time.Hour)
			case 7:
				store.fails.Store(int64(rapid.IntRange(0, 1<<8).Draw(r, "fails")))
				if rapid.Bool().Draw(r, "sweep") {
					_, _ = w.keeper.Sweep(t.Context(), w.shop) // it may fail: the next goes on
				}
			}
			for s := range touched { // what the feed would say, perhaps later
				if rapid.Bool().Draw(r, "told") && w.keeper.Follow(t.Context(), w.shop, s) == nil {
					delete(touched, s)
				}
			}
		}
		store.fails.Store(0)
		for s := range touched {
			w.must(w.keeper.Follow(t.Context(), w.shop, s))
		}
		w.sweep() // what was interrupted
		w.pass(24 * time.Hour)
		w.sweep()
		w.agrees(r, subjects)
	})
}

// agrees holds everything that is stored and was told against a fresh evaluation.
func (w *world) agrees(t interface {
	Errorf(format string, args ...any)
}, subjects []string) {
	w.t.Helper()
	ctx := w.t.Context()
	definitions, err := w.store.List(ctx, w.shop)
	w.must(err)
	members := map[ID][]string{}
	for _, subject := range subjects {
		var want []ID
		who, err := w.keeper.Customer(ctx, w.shop, subject)
		if !fault.Is(err, fault.NotFound) {
			w.must(err)
			for _, d := range definitions {
				if compile(w.t, d.Condition).Match(who) {
					want = append(want, d.ID)
					members[d.ID] = append(members[d.ID], subject)
				}
			}
		}
		got, err := w.store.Of(ctx, w.shop, subject)
		w.must(err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("segments of %s (-batch +live):\n%s", subject, diff)
		}
	}
	for _, d := range definitions {
		got := w.members(d.ID)
		slices.Sort(got)
		slices.Sort(members[d.ID])
		if diff := cmp.Diff(members[d.ID], got); diff != "" {
			t.Errorf("members of %s (-batch +live):\n%s", d.ID, diff)
		}
		if d.Counted != len(got) || d.CountedAt.IsZero() {
			t.Errorf("%s: %d counted, %d members", d.ID, d.Counted, len(got))
		}
	}
	w.told(t, members)
}

// told holds the notices to the memberships: the last that was said of each is what is.
func (w *world) told(t interface {
	Errorf(format string, args ...any)
}, members map[ID][]string) {
	last := map[string]string{}
	for _, n := range w.heard.since() {
		if last[n[1:]] == n[:1] || last[n[1:]] == "" && n[:1] == "-" {
			t.Errorf("%s is told twice", n)
		}
		last[n[1:]] = n[:1]
	}
	for id, list := range members {
		for _, subject := range list {
			if last[string(id)+" "+subject] != "+" {
				t.Errorf("nobody was told that %s entered %s", subject, id)
			}
		}
	}
	for move, sign := range last {
		id, subject, _ := strings.Cut(move, " ")
		_, err := w.store.Get(w.t.Context(), w.shop, ID(id))
		if sign == "+" && err == nil && !slices.Contains(members[ID(id)], subject) {
			t.Errorf("nobody was told that %s left %s", subject, id)
		}
	}
}

// TestKeepersSideBySide lets several look at the same subjects while they change: the last word is the stored state's.
func TestKeepersSideBySide(t *testing.T) {
	w := newWorld(t)
	w.define("odd", "visits % 2 == 1")
	w.define("french", `country == "FR"`)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range 40 {
				subject := fmt.Sprintf("p_%d", n%2)
				if i%2 == 0 {
					w.visit(subject, visits(int64(n*7+i)))
				} else {
					w.person(event.PersonID(subject), []string{"FR", "BE"}[(n+i)%2])
				}
				err := w.keeper.Follow(t.Context(), w.shop, subject)
				for fault.Is(err, fault.Unavailable) { // too many at once: the feed brings it again
					err = w.keeper.Follow(t.Context(), w.shop, subject)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	w.agreesNow(t, "p_0", "p_1")
}

// agreesNow is agrees without a sweep.
func (w *world) agreesNow(t *testing.T, subjects ...string) {
	t.Helper()
	for _, subject := range subjects {
		who, err := w.keeper.Customer(t.Context(), w.shop, subject)
		w.must(err)
		var want []ID
		for _, d := range []ID{"french", "odd"} {
			definition, err := w.store.Get(t.Context(), w.shop, d)
			w.must(err)
			if compile(t, definition.Condition).Match(who) {
				want = append(want, d)
			}
		}
		if diff := cmp.Diff(want, w.of(subject)); diff != "" {
			t.Errorf("segments of %s (-batch +live):\n%s", subject, diff)
		}
	}
}

func BenchmarkFollow(b *testing.B) {
	w := newWorld(b)
	for i := range 8 {
		w.define(ID(fmt.Sprint("s", i)), `orders.count >= 2 && interest("category:Tea") > 0.3 || visits > 1000`)
	}
	const n = 1000
	for i := range n {
		w.visit(fmt.Sprintf("v_%d", i), nil)
	}
	w.follow()
	b.ResetTimer()
	for b.Loop() {
		for i := range n {
			if err := w.keeper.Follow(b.Context(), "tea", fmt.Sprintf("v_%d", i)); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "changes/s")
}
