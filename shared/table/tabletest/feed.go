package tabletest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/table"
)

// Fed is a fresh, empty store and the feed of its table alpha, whose consumers begin at the first change.
type Fed struct {
	Store table.Store
	Feed  table.Feed
	// Reopen is the feed as another process, started later, would open it: what was committed must be known to it.
	Reopen func(t *testing.T) table.Feed
}

// Feed runs the suite of table.Feed.
func Feed(t *testing.T, open func(t *testing.T, now func() time.Time) Fed, gaps Gaps) {
	if gaps.Settle == 0 {
		gaps.Settle = 10 * time.Second
	}
	for _, c := range feedCases {
		t.Run(c.name, func(t *testing.T) {
			clock := NewClock()
			fed := open(t, clock.Now)
			c.run(t, &feedHarness{harness: harness{Store: fed.Store, clock: clock, gaps: gaps}, feed: fed.Feed, reopen: fed.Reopen})
		})
	}
}

type feedHarness struct {
	harness
	feed   table.Feed
	reopen func(t *testing.T) table.Feed
}

// read waits until the consumer has n changes to read and returns the first n, in feed order.
func (h *feedHarness) read(t *testing.T, feed table.Feed, consumer string, n int) []table.Change {
	t.Helper()
	for deadline := time.Now().Add(h.gaps.Settle); ; {
		changes, err := feed.Read(t.Context(), consumer, 1000)
		if err != nil {
			t.Fatalf("read feed: %v", err)
		}
		if len(changes) >= n {
			return changes[:n]
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d changes, want %d: %+v", len(changes), n, changes)
		}
	}
}

func (h *feedHarness) commit(t *testing.T, feed table.Feed, consumer string, c table.Change) {
	t.Helper()
	if err := feed.Commit(t.Context(), consumer, c.Seq); err != nil {
		t.Fatalf("commit: %v", err)
	}
}

// until reads up to and including the change of the sort key "end", which the case wrote last into the same partition.
func (h *feedHarness) until(t *testing.T, consumer string) []table.Change {
	t.Helper()
	h.put(t, key("end"), `{}`)
	for n := 1; ; n++ {
		if changes := h.read(t, h.feed, consumer, n); changes[n-1].Key == key("end") {
			return changes[:n-1]
		}
	}
}

func insert(it table.Item) table.Change { return table.Change{Key: it.Key, New: &it} }

func modify(before, after table.Item) table.Change {
	return table.Change{Key: after.Key, Old: &before, New: &after}
}

func remove(it table.Item) table.Change { return table.Change{Key: it.Key, Old: &it} }

// diffChanges compares all but Seq and At.
func diffChanges(want, got []table.Change) string {
	return cmp.Diff(want, got, itemOptions, cmpopts.IgnoreFields(table.Change{}, "Seq", "At"))
}

var feedCases = []struct {
	name string
	run  func(t *testing.T, h *feedHarness)
}{
	{"insert, modify and remove carry their images", func(t *testing.T, h *feedHarness) {
		first, second := versioned(1, item(key("a"), `{"n":1}`)), versioned(2, expiring(item(key("a"), `{"n":2}`), h.clock.Now().Add(time.Hour)))
		before := time.Now().Add(-time.Minute)
		h.write(t, table.Put(first, table.IfAbsent()))
		h.write(t, table.Put(second, table.IfVersion(1)))
		h.write(t, table.Delete(key("a"), table.Always()))
		got := h.until(t, "c")
		if diff := diffChanges([]table.Change{insert(first), modify(first, second), remove(second)}, got); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
		seen := map[string]bool{}
		for _, c := range got {
			if c.Seq == "" || seen[c.Seq] || c.At.Before(before) || c.At.After(time.Now().Add(time.Minute)) {
				t.Errorf("change %q at %v: sequence numbers differ, times are about now", c.Seq, c.At)
			}
			seen[c.Seq] = true
		}
	}},
	{"what changes nothing is in no feed", func(t *testing.T, h *feedHarness) {
		h.put(t, key("a"), `{"n":1,"m":{"x":1,"y":[]}}`)
		h.put(t, key("a"), `{"m":{"y":[],"x":1.0},"n":1e0}`)
		if err := h.PutAll(t.Context(), item(key("a"), `{"n":1,"m":{"x":1,"y":[]}}`)); err != nil {
			t.Fatal(err)
		}
		h.want(t, versioned(3, item(key("a"), `{"n":1,"m":{"x":1,"y":[]}}`)))
		stored, err := h.Get(t.Context(), key("a"), table.Strong)
		if err != nil {
			t.Fatal(err)
		}
		h.write(t, table.Check(key("a"), table.IfVersion(stored.Version)), table.Delete(key("absent"), table.Always()))
		h.put(t, key("a"), `{"n":2}`)
		want := []table.Change{
			insert(versioned(1, item(key("a"), `{"n":1,"m":{"x":1,"y":[]}}`))),
			modify(versioned(3, item(key("a"), `{"n":1,"m":{"x":1,"y":[]}}`)), versioned(4, item(key("a"), `{"n":2}`))),
		}
		if diff := diffChanges(want, h.until(t, "c")); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
	}},
	{"a change of expiry alone is a change", func(t *testing.T, h *feedHarness) {
		first := versioned(1, item(key("a"), `{}`))
		second := versioned(2, expiring(item(key("a"), `{}`), h.clock.Now().Add(time.Hour)))
		h.write(t, table.Put(first, table.Always()))
		h.write(t, table.Put(second, table.Always()))
		if diff := diffChanges([]table.Change{insert(first), modify(first, second)}, h.until(t, "c")); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
	}},
	{"a refused write is in no feed", func(t *testing.T, h *feedHarness) {
		h.put(t, key("a"), `{"n":1}`)
		stored := versioned(1, item(key("a"), `{"n":1}`))
		h.wantConflict(t, 1, &stored, table.Put(item(key("b"), `{}`), table.Always()), table.Put(item(key("a"), `{"n":2}`), table.IfAbsent()))
		if diff := diffChanges([]table.Change{insert(stored)}, h.until(t, "c")); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
	}},
	{"changes come in order per partition", func(t *testing.T, h *feedHarness) {
		const partitions, rounds = 4, 6
		for n := range rounds {
			var ops []table.Op
			for p := range partitions {
				k := table.Key{Table: alpha, Partition: fmt.Sprintf("shop#%d", p), Sort: fmt.Sprintf("%d", n%2)}
				ops = append(ops, table.Put(item(k, fmt.Sprintf(`{"n":%d}`, n)), table.Always()))
			}
			h.write(t, ops...)
		}
		got := map[string][]string{}
		for _, c := range h.read(t, h.feed, "c", partitions*rounds) {
			got[c.Key.Partition] = append(got[c.Key.Partition], string(c.New.Body))
		}
		for p := range partitions {
			want := []string{`{"n":0}`, `{"n":1}`, `{"n":2}`, `{"n":3}`, `{"n":4}`, `{"n":5}`}
			if diff := cmp.Diff(want, got[fmt.Sprintf("shop#%d", p)]); diff != "" {
				t.Errorf("partition %d (-want +got):\n%s", p, diff)
			}
		}
	}},
	{"what put all stores is in the feed", func(t *testing.T, h *feedHarness) {
		var items []table.Item
		for i := range 30 {
			items = append(items, item(key(fmt.Sprintf("%02d", i)), fmt.Sprintf(`{"n":%d}`, i)))
		}
		if err := h.PutAll(t.Context(), items...); err != nil {
			t.Fatal(err)
		}
		var want []table.Change
		for _, it := range items {
			want = append(want, insert(versioned(1, it)))
		}
		got := h.read(t, h.feed, "c", len(items))
		slices.SortFunc(got, func(a, b table.Change) int { return strings.Compare(a.Key.Sort, b.Key.Sort) })
		if diff := diffChanges(want, got); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
	}},
	{"without commit the same changes come again", func(t *testing.T, h *feedHarness) {
		h.put(t, key("a"), `{}`)
		h.put(t, key("b"), `{}`)
		first := h.read(t, h.feed, "c", 2)
		if diff := cmp.Diff(first, h.read(t, h.feed, "c", 2), itemOptions); diff != "" {
			t.Errorf("second reading (-first +second):\n%s", diff)
		}
		h.commit(t, h.feed, "c", first[0])
		if diff := cmp.Diff(first[1:], h.read(t, h.feed, "c", 1), itemOptions); diff != "" {
			t.Errorf("after commit (-want +got):\n%s", diff)
		}
	}},
	{"a limit keeps the oldest", func(t *testing.T, h *feedHarness) {
		for i := range 5 {
			h.put(t, key(fmt.Sprint(i)), `{}`)
		}
		h.read(t, h.feed, "c", 5)
		var got []string
		for range 5 {
			changes, err := h.feed.Read(t.Context(), "c", 1)
			if err != nil || len(changes) != 1 {
				t.Fatalf("read one: %v, %v", changes, err)
			}
			got = append(got, changes[0].Key.Sort)
			h.commit(t, h.feed, "c", changes[0])
		}
		if diff := cmp.Diff([]string{"0", "1", "2", "3", "4"}, got); diff != "" {
			t.Errorf("one by one (-want +got):\n%s", diff)
		}
		if changes, err := h.feed.Read(t.Context(), "c", 1); err != nil || len(changes) != 0 {
			t.Errorf("caught up: %v, %v", changes, err)
		}
	}},
	{"consumers do not disturb each other", func(t *testing.T, h *feedHarness) {
		h.put(t, key("a"), `{}`)
		h.put(t, key("b"), `{}`)
		h.commit(t, h.feed, "one", h.read(t, h.feed, "one", 2)[1])
		h.commit(t, h.feed, "two", h.read(t, h.feed, "two", 2)[0])
		h.put(t, key("c"), `{}`)
		for consumer, want := range map[string][]string{"one": {"c"}, "two": {"b", "c"}, "three": {"a", "b", "c"}} {
			var got []string
			for _, c := range h.read(t, h.feed, consumer, len(want)) {
				got = append(got, c.Key.Sort)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("consumer %s (-want +got):\n%s", consumer, diff)
			}
		}
	}},
	{"a checkpoint outlives the process", func(t *testing.T, h *feedHarness) {
		h.put(t, key("a"), `{}`)
		h.put(t, key("b"), `{}`)
		h.commit(t, h.feed, "c", h.read(t, h.feed, "c", 2)[0])
		again := h.reopen(t)
		if got := h.read(t, again, "c", 1); got[0].Key != key("b") {
			t.Errorf("after reopening %v, want b", got[0].Key)
		}
		h.put(t, key("c"), `{}`)
		h.commit(t, again, "c", h.read(t, again, "c", 2)[1])
		h.put(t, key("d"), `{}`)
		if got := h.read(t, h.reopen(t), "c", 1); got[0].Key != key("d") {
			t.Errorf("after reopening again %v, want d", got[0].Key)
		}
	}},
	{"other tables stay out", func(t *testing.T, h *feedHarness) {
		k := key("x")
		k.Table = beta
		h.put(t, k, `{}`)
		h.put(t, key("a"), `{}`)
		if got := h.read(t, h.feed, "c", 1); got[0].Key != key("a") {
			t.Errorf("change of %v in the feed of alpha", got[0].Key)
		}
	}},
	{"a made-up sequence number is invalid", func(t *testing.T, h *feedHarness) {
		wantInvalid(t, h.feed.Commit(t.Context(), "c", "no such thing"))
	}},
	{"expiry is told apart from removal", func(t *testing.T, h *feedHarness) {
		if h.gaps.Sweep == nil {
			t.Skip("gap: the engine removes what has expired in its own time")
		}
		it := versioned(1, expiring(item(key("a"), `{"n":1}`), h.clock.Now().Add(time.Minute)))
		h.write(t, table.Put(it, table.Always()))
		h.put(t, key("stays"), `{}`)
		h.clock.Advance(time.Hour)
		h.gaps.Sweep(t, h.Store)
		gone := remove(it)
		gone.Expired = true
		want := []table.Change{insert(it), insert(versioned(1, item(key("stays"), `{}`))), gone}
		if diff := diffChanges(want, h.until(t, "c")); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
	}},
}
