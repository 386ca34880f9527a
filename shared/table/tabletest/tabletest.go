// Package tabletest is what every table.Store and table.Feed must do. An engine's test calls Store and Feed with a way to open a fresh,
// empty store, and declares what it cannot show in Gaps.
//
// Time is the suite's: an engine takes its clock from the now that it is opened with. The clock begins at the real time, moves only forward
// and only when a test of expiry moves it.
package tabletest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Tables are those that the suites use. An engine that must create tables creates these; the feed that Feed tests is alpha's.
var Tables = []table.Name{alpha, beta}

const (
	alpha table.Name = "alpha"
	beta  table.Name = "beta"
)

// Gaps are what an engine cannot show or needs more patience for. The zero value has none.
type Gaps struct {
	Slow   bool          // an engine behind a network or in Java: fewer writers, fewer items
	Settle time.Duration // how long a feed may take to show a change; 0 means 10 s
	Sweep  func(t *testing.T, s table.Store)
	// Sweep makes the engine remove what has expired, so that the feed shows it. nil: the engine does so in its own time, and the removal by
	// expiry is not tested.
}

// Open opens a fresh store without items, closed when the test ends.
type Open func(t *testing.T, now func() time.Time) table.Store

// Clock is the suite's time.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock is a clock that shows the real time, to the second, and stands still.
func NewClock() *Clock { return &Clock{at: time.Now().UTC().Truncate(time.Second)} }

// Now is the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// Store runs the suite of table.Store.
func Store(t *testing.T, open Open, gaps Gaps) {
	for _, group := range []struct {
		name  string
		cases []storeCase
	}{
		{"reads and writes", basicCases},
		{"conditions", conditionCases},
		{"queries", queryCases},
		{"keys and limits", limitCases},
		{"bodies", bodyCases},
		{"expiry", expiryCases},
		{"many", manyCases},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, c := range group.cases {
				t.Run(c.name, func(t *testing.T) {
					clock := NewClock()
					c.run(t, &harness{Store: open(t, clock.Now), clock: clock, gaps: gaps})
				})
			}
		})
	}
}

type storeCase struct {
	name string
	run  func(t *testing.T, h *harness)
}

// harness is a store with the shorthand of the suite's cases.
type harness struct {
	table.Store
	clock *Clock
	gaps  Gaps
}

func (h *harness) put(t *testing.T, k table.Key, body string) {
	t.Helper()
	h.write(t, table.Put(item(k, body), table.Always()))
}

// create puts what is not there yet: at version 1, exactly.
func (h *harness) create(t *testing.T, k table.Key, body string) {
	t.Helper()
	h.write(t, table.Put(item(k, body), table.IfAbsent()))
}

func (h *harness) write(t *testing.T, ops ...table.Op) {
	t.Helper()
	if err := h.Write(t.Context(), ops...); err != nil {
		t.Fatalf("write: %v", err)
	}
}

// want checks what a strong read of k returns.
func (h *harness) want(t *testing.T, want table.Item) {
	t.Helper()
	got, err := h.Get(t.Context(), want.Key, table.Strong)
	if err != nil {
		t.Fatalf("get %v: %v", want.Key, err)
	}
	if diff := diffItems([]table.Item{want}, []table.Item{got}); diff != "" {
		t.Errorf("item (-want +got):\n%s", diff)
	}
}

func (h *harness) wantAbsent(t *testing.T, k table.Key) {
	t.Helper()
	if got, err := h.Get(t.Context(), k, table.Strong); !fault.Is(err, fault.NotFound) {
		t.Errorf("get %v = %v, %v; want NotFound", k, got, err)
	}
}

// wantConflict checks that ops are refused because of op number n, and what is stored at its key (nil: nothing).
func (h *harness) wantConflict(t *testing.T, n int, stored *table.Item, ops ...table.Op) {
	t.Helper()
	err := h.Write(t.Context(), ops...)
	conflict, ok := errors.AsType[*table.ConflictError](err)
	if !fault.Is(err, fault.Conflict) || !ok {
		t.Fatalf("write = %v; want Conflict with a ConflictError", err)
	}
	want := &table.ConflictError{Op: n, Key: ops[n].Item.Key, Stored: stored}
	if diff := cmp.Diff(want, conflict, itemOptions); diff != "" {
		t.Errorf("conflict (-want +got):\n%s", diff)
	}
}

func wantInvalid(t *testing.T, err error) {
	t.Helper()
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("error %v; want Invalid", err)
	}
}

// all pages through a query and returns its items and the number of pages.
func (h *harness) all(ctx context.Context, t *testing.T, q table.Query) ([]table.Item, int) {
	t.Helper()
	q.Strong = true
	var items []table.Item
	for pages := 1; ; pages++ {
		page, err := h.Query(ctx, q)
		if err != nil {
			t.Fatalf("query %+v: %v", q, err)
		}
		if q.Limit > 0 && len(page.Items) > q.Limit {
			t.Fatalf("page of %d items, limit %d", len(page.Items), q.Limit)
		}
		items = append(items, page.Items...)
		if page.Next == "" {
			return items, pages
		}
		if pages > 1000 {
			t.Fatal("the query does not end")
		}
		q.Cursor = page.Next
	}
}

func key(sort string) table.Key { return table.Key{Table: alpha, Partition: "shop#p", Sort: sort} }

func item(k table.Key, body string) table.Item {
	return table.Item{Key: k, Body: json.RawMessage(body)}
}

func versioned(v int64, it table.Item) table.Item {
	it.Version = v
	return it
}

func expiring(it table.Item, at time.Time) table.Item {
	it.Expires = at
	return it
}

func sorts(items []table.Item) []string {
	keys := make([]string, len(items))
	for i, it := range items {
		keys[i] = it.Key.Sort
	}
	return keys
}

// itemOptions compare bodies by meaning (numbers by value), times by instant, and versions exactly unless one is an instant: an unconditional
// put may take the clock.
var itemOptions = cmp.Options{
	cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Version" }, cmp.Comparer(func(a, b int64) bool {
		const clock = 1e12 // no case writes as often
		return a == b || min(a, b) > 0 && max(a, b) > clock
	})),
	cmp.Comparer(sameBody),
	cmpopts.EquateApproxTime(0),
	cmpopts.EquateEmpty(),
}

// diffItems compares in the order given; sort both first where order means nothing.
func diffItems(want, got []table.Item) string { return cmp.Diff(want, got, itemOptions) }

func byKey(items []table.Item) []table.Item {
	slices.SortFunc(items, func(a, b table.Item) int {
		return bytes.Compare(fmt.Append(nil, a.Key), fmt.Append(nil, b.Key))
	})
	return items
}

func sameBody(a, b json.RawMessage) bool {
	x, errX := decode(a)
	y, errY := decode(b)
	return errX == nil && errY == nil && sameValue(x, y)
}

// sameValue does what cmp.Equal does in time that doubles with every level of nesting.
func sameValue(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		return ok && sameNumber(a, b)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, sameValue)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, sameValue)
	default:
		return a == b
	}
}

func decode(body json.RawMessage) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

func sameNumber(a, b json.Number) bool {
	x, okX := new(big.Rat).SetString(string(a))
	y, okY := new(big.Rat).SetString(string(b))
	return okX && okY && x.Cmp(y) == 0
}
