package catalog

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/sqlite/sqlitetest"
)

var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock can be moved.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newStore(t *testing.T) (*Store, *clock) {
	t.Helper()
	db := sqlitetest.Open(t, nil)
	c := &clock{begin}
	return NewStore(c.now, db), c
}

func pot(id event.ItemID, price int64) Item {
	return Item{ID: id, Title: "Teapot " + string(id), Price: price, Currency: "GBP", Category: "Tea > Pots", URL: "/p/" + string(id)}
}

func put(t *testing.T, s *Store, items ...Item) Result {
	t.Helper()
	r, err := s.Put(t.Context(), "a", items...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPutStoresWhatDiffers(t *testing.T) {
	s, c := newStore(t)
	if diff := cmp.Diff(Result{Added: 2}, put(t, s, pot("1", 100), pot("2", 200))); diff != "" {
		t.Errorf("first put (-want +got):\n%s", diff)
	}
	c.at = begin.Add(time.Hour)
	if diff := cmp.Diff(Result{Unchanged: 1, Updated: 1, Added: 1}, put(t, s, pot("1", 100), pot("2", 250), pot("3", 300))); diff != "" {
		t.Errorf("second put (-want +got):\n%s", diff)
	}
	all, err := s.All(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	want := []Item{pot("1", 100), pot("2", 250), pot("3", 300)}
	want[0].UpdatedAt, want[1].UpdatedAt, want[2].UpdatedAt = begin, c.at, c.at
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("all items (-want +got):\n%s", diff)
	}
	d, err := s.Delta(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	told := map[event.ItemID]Change{"1": {Price: 100, New: true, At: begin}, "2": {Price: 250, New: true, At: c.at}, "3": {Price: 300, New: true, At: c.at}}
	if diff := cmp.Diff(Delta{Changes: told}, d); diff != "" {
		t.Errorf("delta tells of new items and of the changed price (-want +got):\n%s", diff)
	}
	if other, err := s.All(t.Context(), "b"); err != nil || len(other) != 0 {
		t.Errorf("another shop sees %v, %v", other, err)
	}
}

func TestPutTakesManyAndTheLastOfTwins(t *testing.T) {
	s, _ := newStore(t)
	var items []Item
	for i := range 2500 {
		items = append(items, pot(event.ItemID(fmt.Sprintf("i%04d", i)), int64(i+1)))
	}
	items = append(items, pot("i0007", 999))
	if diff := cmp.Diff(Result{Added: 2500}, put(t, s, items...)); diff != "" {
		t.Errorf("put (-want +got):\n%s", diff)
	}
	it, err := s.Item(t.Context(), "a", "i0007")
	if err != nil || it.Price != 999 {
		t.Errorf("item i0007 costs %d, %v; want the last price 999", it.Price, err)
	}
}

func TestPutNamesWhatIsWrong(t *testing.T) {
	s, _ := newStore(t)
	bad := pot("2", -1)
	bad.Currency, bad.URL = "pounds", "javascript:alert(1)"
	_, err := s.Put(t.Context(), "a", pot("1", 100), bad)
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid {
		t.Fatalf("put: %v, want Invalid", err)
	}
	var paths []string
	for _, field := range f.Fields {
		paths = append(paths, field.Path)
	}
	if diff := cmp.Diff([]string{"items[1].url", "items[1].price", "items[1].currency"}, paths); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if _, err := s.Item(t.Context(), "a", "1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("the good item beside a bad one was stored: %v", err)
	}
}

func TestApplyAndOver(t *testing.T) {
	s, c := newStore(t)
	put(t, s, pot("1", 100), pot("2", 200))
	c.at = begin.Add(time.Hour)
	updated, unknown, err := s.Apply(t.Context(), "a", map[event.ItemID]Change{"1": {Price: 90}, "2": {Price: 200, SoldOut: true}, "9": {Price: 1}})
	if err != nil || updated != 2 || unknown != 1 {
		t.Fatalf("apply: %d updated, %d unknown, %v; want 2, 1", updated, unknown, err)
	}
	d, err := s.Delta(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	old := pot("2", 200)
	old.UpdatedAt = begin
	if got := d.Over(old); !got.SoldOut || got.Price != 200 {
		t.Errorf("a process with the old model sees %+v, want sold out", got)
	}
	if err := s.Trim(t.Context(), "a", c.at.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if d, err = s.Delta(t.Context(), "a"); err != nil || len(d.Changes) != 0 {
		t.Errorf("after a trim: %v, %v; want no changes", d.Changes, err)
	}
}

func TestDeltaIsBounded(t *testing.T) {
	d := Delta{Changes: map[event.ItemID]Change{}}
	for i := range MaxChanges + 5 {
		d.Changes[event.ItemID(fmt.Sprintf("i%05d", i))] = Change{At: begin.Add(time.Duration(i) * time.Second)}
	}
	d.bound()
	_, oldest := d.Changes["i00004"]
	_, kept := d.Changes["i00005"]
	if len(d.Changes) != MaxChanges || oldest || !kept {
		t.Errorf("%d changes, the fifth oldest kept: %v, the sixth: %v; want %d, false, true", len(d.Changes), oldest, kept, MaxChanges)
	}
}

func TestNewItemsPushOutNoOtherChange(t *testing.T) {
	d := Delta{Changes: map[event.ItemID]Change{"old": {Hidden: true, At: begin.Add(-time.Hour)}}}
	for i := range MaxNew + 2 {
		d.Changes[event.ItemID(fmt.Sprintf("i%05d", i))] = Change{New: true, At: begin.Add(time.Duration(i) * time.Second)}
	}
	d.bound()
	_, oldest := d.Changes["i00001"]
	if !d.Changes["old"].Hidden || oldest || len(d.Changes) != MaxNew+1 {
		t.Errorf("%d changes, the second oldest new item kept: %v, the hidden one: %+v", len(d.Changes), oldest, d.Changes["old"])
	}
}

func TestDelete(t *testing.T) {
	s, c := newStore(t)
	put(t, s, pot("1", 100), pot("2", 200))
	c.at = begin.Add(time.Hour)
	for range 2 { // repeated, it changes nothing
		if err := s.Delete(t.Context(), "a", "1", "nobody's"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Item(t.Context(), "a", "1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a deleted item: %v", err)
	}
	left, err := s.Items(t.Context(), "a", "1", "2")
	if err != nil || len(left) != 1 || left[0].ID != "2" {
		t.Errorf("left: %v, %v", left, err)
	}
	d, err := s.Delta(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Change{Price: 100, Gone: true, At: c.at}, d.Changes["1"]); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if old := d.Over(Item{ID: "1"}); !old.Hidden {
		t.Error("who knows the item of before still shows it")
	}
	c.at = begin.Add(2 * time.Hour)
	put(t, s, pot("1", 150))
	if d, err = s.Delta(t.Context(), "a"); err != nil || d.Changes["1"].Gone || !d.Changes["1"].New {
		t.Errorf("brought back: %+v, %v", d.Changes["1"], err)
	}
}

func TestWritersAtOnceLoseNoChange(t *testing.T) {
	s, _ := newStore(t)
	const writers = 8
	var items []Item
	for i := range writers {
		items = append(items, pot(event.ItemID(fmt.Sprint(i)), 100))
	}
	put(t, s, items...)
	if err := s.Trim(t.Context(), "a", begin.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			if _, err := s.Put(t.Context(), "a", pot(event.ItemID(fmt.Sprint(i)), 200)); err != nil {
				t.Errorf("writer %d: %v", i, err)
			}
		})
	}
	all.Wait()
	if d, err := s.Delta(t.Context(), "a"); err != nil || len(d.Changes) != writers {
		t.Errorf("%d changes told, %v; want %d", len(d.Changes), err, writers)
	}
}
