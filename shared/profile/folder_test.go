package profile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/people"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/table"
)

const ann event.PersonID = "p_ann"

// openSealer marks instead of encrypting, with a number that differs each time as a nonce does.
type openSealer struct{ n atomic.Int64 }

func (s *openSealer) Seal(shop event.ShopID, owner string, text []byte) []byte {
	return fmt.Appendf(nil, "%s/%s/%d/%s", shop, owner, s.n.Add(1), text)
}

func (s *openSealer) Open(shop event.ShopID, owner string, sealed []byte) ([]byte, error) {
	parts := strings.SplitN(string(sealed), "/", 4)
	if len(parts) != 4 || parts[0] != string(shop) || parts[1] != owner {
		return nil, fault.New(fault.Invalid, "another's seal")
	}
	return []byte(parts[3]), nil
}

// flaky fails the n-th call, before or after it did its work: a process that dies there has done as much.
type flaky struct {
	table.Store
	calls, fail int
	after       bool
}

func (s *flaky) do(call func() error) error {
	s.calls++
	if s.calls != s.fail {
		return call()
	}
	died := fault.New(fault.Unavailable, "died here")
	if s.after {
		return errors.Join(died, call())
	}
	return died
}

func (s *flaky) Get(ctx context.Context, k table.Key, o ...table.ReadOption) (it table.Item, err error) {
	err = s.do(func() (err error) { it, err = s.Store.Get(ctx, k, o...); return err })
	return it, err
}

func (s *flaky) Query(ctx context.Context, q table.Query) (page table.Page, err error) {
	err = s.do(func() (err error) { page, err = s.Store.Query(ctx, q); return err })
	return page, err
}

func (s *flaky) Write(ctx context.Context, ops ...table.Op) error {
	return s.do(func() error { return s.Store.Write(ctx, ops...) })
}

// world is a store with what collect would have put there.
type world struct {
	t      *testing.T
	store  *flaky
	folder *Folder
	seal   *openSealer
	feed   table.Feed
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db := sqlitetest.Open(t, &sqlite.Options{Feeds: []table.Name{event.Table}, Now: func() time.Time { return second(100_000) }})
	w := &world{t: t, store: &flaky{Store: db}, seal: &openSealer{}, feed: db.Feed(event.Table)}
	weights := func(context.Context, event.ShopID) (Weights, error) { return DefaultWeights, nil }
	w.folder = New(slog.New(slog.DiscardHandler), func() time.Time { return second(100_000) }, w.store, people.New(w.store), w.seal, weights)
	return w
}

// collect stores events as the collect function does: traits first.
func (w *world) collect(events ...told) {
	w.t.Helper()
	for _, e := range events {
		var items []table.Item
		if e.traits != nil {
			it, err := people.Pending{Shop: e.Shop, Person: e.Person, Event: e.ID, Visitor: e.Visitor, Trusted: e.Trusted, At: e.At, Traits: e.traits}.Item()
			if err != nil {
				w.t.Fatal(err)
			}
			items = append(items, it)
		}
		it, err := e.Item()
		if err != nil {
			w.t.Fatal(err)
		}
		for _, it := range append(items, it) {
			if err := w.store.Store.Write(w.t.Context(), table.Put(it, table.IfAbsent())); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// changes are all changes of the events table.
func (w *world) changes() []table.Change {
	w.t.Helper()
	all, err := w.feed.Read(w.t.Context(), "test", 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// deliver hands the changes over by visitor, as stream.ByPartition does.
func (w *world) deliver(changes []table.Change) error {
	for _, v := range visitors(changes) {
		mine := slices.DeleteFunc(slices.Clone(changes), func(c table.Change) bool { return c.Key.Partition != v })
		if poison, err := w.folder.Fold(w.t.Context(), mine); err != nil || len(poison) > 0 {
			return fmt.Errorf("poison %v: %w", poison, err)
		}
	}
	return nil
}

func visitors(changes []table.Change) []string {
	var list []string
	for _, c := range changes {
		if !slices.Contains(list, c.Key.Partition) {
			list = append(list, c.Key.Partition)
		}
	}
	return list
}

// read is a profile without what differs from run to run: its version and the nonce of its seal.
func (w *world) read(id, sort string) Profile {
	w.t.Helper()
	p, err := NewStore(w.store.Store).Read(w.t.Context(), "demo", id, sort)
	if err != nil && !fault.Is(err, fault.NotFound) {
		w.t.Fatal(err)
	}
	if len(p.Name) > 0 {
		if p.Name, err = w.seal.Open("demo", id, p.Name); err != nil {
			w.t.Fatal(err)
		}
	}
	p.Version = 0
	return p
}

// state is everything that folding leaves behind.
func (w *world) state() []any {
	w.t.Helper()
	file, err := people.New(w.store.Store).Load(w.t.Context(), "demo", ann)
	if err != nil {
		w.t.Fatal(err)
	}
	file.Person.Version = 0
	return []any{w.read("laptop", Own), w.read("phone", Own), w.read(string(ann), Own), w.read(string(ann), Merged), file}
}

// told is an event with the traits that came with it.
type told struct {
	event.Event
	traits map[string]json.RawMessage
}

func on(visitor event.VisitorID, e event.Event) told {
	e.Visitor = visitor
	return told{Event: e}
}

func identify(visitor event.VisitorID, second int, trusted bool, traits map[string]string) told {
	e := did("", second)
	e.Visitor, e.Type, e.Person, e.Trusted = visitor, event.Identify, ann, trusted
	raw := map[string]json.RawMessage{}
	for name, value := range traits {
		raw[name], _ = json.Marshal(value)
	}
	return told{e, raw}
}

func story() []told {
	order := on(event.VisitorID(ann), ordered(event.OrderCompleted, 50, "o1", 990, line("A"), line("B")))
	order.Person, order.Trusted = ann, true
	return []told{
		on("laptop", did(event.ProductViewed, 1, line("A"))),
		on("phone", did(event.ProductAdded, 2, line("B"))),
		identify("laptop", 3, false, map[string]string{"firstName": "Ann", "email": "ann@example.org"}),
		on("laptop", did(event.ProductViewed, 4, line("C"))),
		identify("phone", 5, true, map[string]string{"name": "Ann Perkins"}),
		order,
		on("laptop", ordered(event.OrderCompleted, 60, "o1", 990, line("A"), line("B"))),
	}
}

func TestFolderMergesThePerson(t *testing.T) {
	w := newWorld(t)
	w.collect(story()...)
	if err := w.deliver(w.changes()); err != nil {
		t.Fatal(err)
	}
	merged := w.read(string(ann), Merged)
	if merged.Orders.Count != 1 || merged.Orders.Sum != 990 {
		t.Errorf("an order told by two members: %+v", merged.Orders)
	}
	want := []Member{{"laptop", second(4), false}, {"phone", second(6), true}, {event.VisitorID(ann), second(51), true}}
	if diff := cmp.Diff(want, merged.Members); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	if string(merged.Name) != "Ann" || merged.NameBy != 0 {
		t.Errorf("name %q by %d", merged.Name, merged.NameBy)
	}
	recent := []Recent{{Item: "A", Kind: Bought, At: second(60)}, {Item: "B", Kind: Bought, At: second(60)}, {Item: "C", At: second(4)}}
	if diff := cmp.Diff(recent, merged.Recent); diff != "" {
		t.Errorf("recent (-want +got):\n%s", diff)
	}
	if own := w.read("phone", Own); own.Person != ann || string(own.Name) != "Ann" && len(own.Recent) != 1 {
		t.Errorf("the phone's own: person %q name %q recent %v", own.Person, own.Name, own.Recent)
	}
	file, err := people.New(w.store.Store).Load(t.Context(), "demo", ann)
	if err != nil {
		t.Fatal(err)
	}
	if file.Person.Email != "ann@example.org" || len(file.Pending) != 0 {
		t.Errorf("person %+v, pending %v", file.Person, file.Pending)
	}
}

// TestFolderFinishesWhatACrashLeft lets the process die before and after every single call to the store, delivers the batch again, and finds what a clean run makes.
func TestFolderFinishesWhatACrashLeft(t *testing.T) {
	clean := newWorld(t)
	clean.collect(story()...)
	if err := clean.deliver(clean.changes()); err != nil {
		t.Fatal(err)
	}
	want, calls := clean.state(), clean.store.calls
	if calls < 20 {
		t.Fatalf("the story makes %d calls only", calls)
	}
	for fail := 1; fail <= calls; fail++ {
		for _, after := range []bool{false, true} {
			w := newWorld(t)
			w.collect(story()...)
			changes := w.changes()
			w.store.fail, w.store.after = fail, after
			if err := w.deliver(changes); !fault.Is(err, fault.Unavailable) {
				t.Fatalf("call %d: %v", fail, err)
			}
			if err := w.deliver(changes); err != nil {
				t.Fatalf("call %d, again: %v", fail, err)
			}
			if diff := cmp.Diff(want, w.state(), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("died at call %d (after it: %v) (-clean +repeated):\n%s", fail, after, diff)
			}
		}
	}
}

func TestFolderUnmerge(t *testing.T) {
	never, undone := newWorld(t), newWorld(t)
	events := story()
	never.collect(slices.DeleteFunc(slices.Clone(events), func(e told) bool { return e.Visitor == "phone" })...)
	undone.collect(events...)
	for _, w := range []*world{never, undone} {
		if err := w.deliver(w.changes()); err != nil {
			t.Fatal(err)
		}
	}
	if err := undone.folder.Unmerge(t.Context(), "demo", ann, "phone"); err != nil {
		t.Fatal(err)
	}
	if err := undone.deliver(undone.changes()); err != nil { // an old identify comes again
		t.Fatal(err)
	}
	if diff := cmp.Diff(never.read(string(ann), Merged), undone.read(string(ann), Merged), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the person (-never merged +undone):\n%s", diff)
	}
	if own := undone.read("phone", Own); own.Person != "" || len(own.Name) != 0 || len(own.Recent) != 1 {
		t.Errorf("the phone's own after: %+v", own)
	}
	undone.collect(identify("phone", 200_000, false, nil))
	if err := undone.deliver(undone.changes()); err != nil {
		t.Fatal(err)
	}
	merged := undone.read(string(ann), Merged)
	if _, ok := merged.Member("phone"); !ok {
		t.Error("a new identify does not merge again")
	}
	if err := undone.folder.Unmerge(t.Context(), "demo", ann, "stranger"); !fault.Is(err, fault.NotFound) {
		t.Errorf("unmerge of a stranger: %v", err)
	}
}

func TestFolderKeepsAVisitorToOnePerson(t *testing.T) {
	w := newWorld(t)
	bob := identify("laptop", 10, false, map[string]string{"firstName": "Bob"})
	bob.Person = "p_bob"
	w.collect(identify("laptop", 3, false, map[string]string{"firstName": "Ann"}), bob)
	if err := w.deliver(w.changes()); err != nil {
		t.Fatal(err)
	}
	if own := w.read("laptop", Own); own.Person != ann || len(w.read("p_bob", Merged).Members) != 0 {
		t.Errorf("the laptop is %s's", own.Person)
	}
	w.store.fail = w.store.calls + 3 // after the record says that the merge is undone
	if err := w.folder.Unmerge(t.Context(), "demo", ann, "laptop"); !fault.Is(err, fault.Unavailable) {
		t.Fatal(err)
	}
	again := identify("laptop", 200_000, false, nil)
	again.Person = "p_bob"
	w.collect(again)
	if err := w.deliver(w.changes()); err != nil {
		t.Fatal(err)
	}
	own := w.read("laptop", Own)
	if merged := w.read("p_bob", Merged); own.Person != "p_bob" || len(merged.Members) != 1 || string(merged.Name) != "Bob" {
		t.Errorf("after it was taken from Ann the laptop is %s's, Bob has %+v", own.Person, merged.Members)
	}
}

func TestFolderForgets(t *testing.T) {
	clean := newWorld(t)
	clean.collect(story()...)
	if err := clean.deliver(clean.changes()); err != nil {
		t.Fatal(err)
	}
	state := consent.State{Personalization: consent.Denied, Marketing: consent.Denied, At: second(70)}
	before := clean.store.calls
	if err := clean.folder.Forget(t.Context(), "demo", "laptop", second(70), state); err != nil {
		t.Fatal(err)
	}
	calls := clean.store.calls - before
	for fail := 0; fail <= calls; fail++ {
		w := newWorld(t)
		w.collect(story()...)
		changes := w.changes()
		if err := w.deliver(changes); err != nil {
			t.Fatal(err)
		}
		if fail > 0 {
			w.store.fail = w.store.calls + fail
			if err := w.folder.Forget(t.Context(), "demo", "laptop", second(70), state); !fault.Is(err, fault.Unavailable) {
				t.Fatalf("call %d: %v", fail, err)
			}
		}
		if err := w.folder.Forget(t.Context(), "demo", "laptop", second(70), state); err != nil {
			t.Fatal(err)
		}
		w.collect(on("laptop", did(event.ProductViewed, 65, line("late")))) // received before, stored after
		if err := w.deliver(w.changes()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(Profile{Shop: "demo", ID: "laptop", Forgotten: second(70), Consent: state}, w.read("laptop", Own), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("died at %d: tombstone (-want +got):\n%s", fail, diff)
		}
		merged := w.read(string(ann), Merged)
		if _, ok := merged.Member("laptop"); ok || len(merged.Members) != 2 {
			t.Fatalf("died at %d: members %v", fail, merged.Members)
		}
		page, err := w.store.Store.Query(t.Context(), table.Query{Table: event.Table, Partition: "demo#laptop"})
		if err != nil || len(page.Items) > 0 {
			t.Fatalf("died at %d: events left %v %v", fail, page.Items, err)
		}
	}
}

func TestFolderDecides(t *testing.T) {
	w := newWorld(t)
	w.collect(story()...)
	if err := w.deliver(w.changes()); err != nil {
		t.Fatal(err)
	}
	yes := consent.State{Personalization: consent.Granted, Marketing: consent.Granted, At: second(80)}
	for _, s := range []consent.State{yes, {Personalization: consent.Granted, At: second(79)}} { // the later decision stays
		if err := w.folder.Decide(t.Context(), "demo", "phone", s); err != nil {
			t.Fatal(err)
		}
	}
	for _, got := range []consent.State{w.read("phone", Own).Consent, w.read(string(ann), Merged).Consent} {
		if diff := cmp.Diff(yes, got); diff != "" {
			t.Errorf("consent (-want +got):\n%s", diff)
		}
	}
	no := consent.State{Personalization: consent.Denied, At: second(90)}
	if err := w.folder.Decide(t.Context(), "demo", "phone", no); err != nil {
		t.Fatal(err)
	}
	if got, err := w.folder.Consents(t.Context(), "demo", "phone"); err != nil || got != no {
		t.Errorf("consents %+v %v", got, err)
	}
	if got := w.read("phone", Own); len(got.Recent) != 0 || got.Person != "" {
		t.Errorf("after a no the profile has %+v", got)
	}
	if got, err := w.folder.Consents(t.Context(), "demo", "stranger"); err != nil || got != (consent.State{}) {
		t.Errorf("consents of a stranger %+v %v", got, err)
	}
}

func TestFolderSetsAsideWhatIsNoEvent(t *testing.T) {
	w := newWorld(t)
	w.collect(on("laptop", did(event.ProductViewed, 1, line("A"))))
	changes := w.changes()
	bad := changes[0]
	bad.Seq, bad.New = "bad", &table.Item{Key: changes[0].Key, Body: []byte(`{"at":"yesterday"}`)}
	poison, err := w.folder.Fold(t.Context(), []table.Change{bad, changes[0]})
	if err != nil || len(poison) != 1 || poison["bad"] == nil {
		t.Fatalf("poison %v, error %v", poison, err)
	}
	if got := w.read("laptop", Own); got.Applied.Count != 1 {
		t.Errorf("the good one was folded %d times", got.Applied.Count)
	}
}

func TestFolderRedrivesAndRebuilds(t *testing.T) {
	w := newWorld(t)
	late := on("laptop", did(event.ProductViewed, 0, line("late")))
	w.collect(late)
	skipped := w.changes()
	for i := range 3 * MaxApplied {
		w.collect(on("laptop", did(event.ProductViewed, 3600+i*60, line("A"))))
	}
	rest := w.changes()[1:]
	for batch := range slices.Chunk(rest, MaxApplied) {
		if err := w.deliver(batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.deliver(skipped); err != nil { // below the floor: taken as folded
		t.Fatal(err)
	}
	if got := w.read("laptop", Own).Applied.Count; got != 3*MaxApplied {
		t.Fatalf("%d events folded", got)
	}
	for range 2 {
		if err := w.folder.Redrive(t.Context(), event.Key("demo", "laptop", late.ID)); err != nil {
			t.Fatal(err)
		}
	}
	kept := w.read("laptop", Own)
	built, err := w.folder.Rebuild(t.Context(), "demo", "laptop")
	if err != nil {
		t.Fatal(err)
	}
	built.Version = 0
	kept.Applied.IDs, built.Applied.IDs, kept.Applied.Floor, built.Applied.Floor = nil, nil, time.Time{}, time.Time{} // the order of folding
	if diff := cmp.Diff(built, kept, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("profile (-rebuilt +kept):\n%s", diff)
	}
}
