package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// orderFile has n orders of two lines by five customers, with a customer in two countries.
func orderFile(n int) string {
	var b strings.Builder
	b.WriteString("order,item,time,quantity,price,user,country\n")
	for i := range n {
		for l := range 2 {
			fmt.Fprintf(&b, "%d,T%d,2026-01-02 10:%02d:00,1,%d.50,c%d,%s\n", i, (i+l)%7, i%60, l+1, i%5, []string{"UK", "FR"}[i%2])
		}
	}
	return b.String()
}

var fiveUsers = []string{"c0", "c1", "c2", "c3", "c4"}

// mortal is a store that dies: from the n-th write on, every write fails, the n-th one after it was done when late.
type mortal struct {
	table.Store
	mu   sync.Mutex
	left int
	late bool
}

var errDead = errors.New("the process is dead")

func (m *mortal) write(do func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left--
	if m.left > 0 || m.left == 0 && m.late {
		if err := do(); err != nil {
			return err
		}
	}
	if m.left <= 0 {
		return errDead
	}
	return nil
}

func (m *mortal) Write(ctx context.Context, ops ...table.Op) error {
	return m.write(func() error { return m.Store.Write(ctx, ops...) })
}

func (m *mortal) PutAll(ctx context.Context, items ...table.Item) error {
	return m.write(func() error { return m.Store.PutAll(ctx, items...) })
}

func TestDeathAtAnyWriteLosesAndRepeatsNothing(t *testing.T) {
	text := orderFile(60)
	clean := newWorld(t, nil)
	clean.im.limit = 20
	want := clean.load(t, job(Orders, text))
	wantEvents := clean.stored(t, fiveUsers...)
	after := 0 // deaths after the last write: the import was complete, and the next one says so
	for n := 1; ; n++ {
		survived := false
		for _, late := range []bool{false, true} {
			m := &mortal{left: n, late: late}
			w := newWorld(t, func(s table.Store) table.Store { m.Store = s; return m })
			w.im.limit = 20
			_, err := w.im.File(t.Context(), job(Orders, text))
			if survived = err == nil; survived {
				break
			}
			m.left = 1 << 30
			got := w.load(t, job(Orders, text))
			got.Resumed = false
			if late && got.Duplicates == want.Accepted && got.Accepted == 0 {
				after++
			} else if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("dead at write %d (late: %v): result (-want +got):\n%s", n, late, diff)
			}
			if diff := cmp.Diff(wantEvents, w.stored(t, fiveUsers...)); diff != "" {
				t.Errorf("dead at write %d (late: %v): events (-want +got):\n%s", n, late, diff)
			}
		}
		if survived {
			if n < 10 || after != 1 {
				t.Errorf("the import made %d writes, %d deaths came after all of them; want many and one", n-1, after)
			}
			return
		}
	}
}

func TestTheSameAgainChangesNothing(t *testing.T) {
	w := newWorld(t, nil)
	w.im.limit = 20
	first := w.load(t, job(Orders, orderFile(60)))
	before := w.stored(t, fiveUsers...)
	if diff := cmp.Diff(Result{Rows: 120, Duplicates: 120}, w.load(t, job(Orders, orderFile(60)))); diff != "" {
		t.Errorf("the same file again (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, w.stored(t, fiveUsers...)); diff != "" {
		t.Errorf("events after the same file (-want +got):\n%s", diff)
	}
	longer := w.load(t, job(Orders, orderFile(70)))
	if diff := cmp.Diff(Result{Rows: 140, Accepted: 20, Duplicates: first.Accepted, Events: 10}, longer); diff != "" {
		t.Errorf("a longer file with the same orders (-want +got):\n%s", diff)
	}
}

func TestInterruptStopsBetweenBatchesAndGoesOn(t *testing.T) {
	text := orderFile(3 * progressRows)
	w := newWorld(t, nil)
	w.im.limit = 1000
	ctx, stop := context.WithCancel(t.Context())
	j := job(Orders, text)
	j.Progress = func(p Progress) {
		if p.Rows >= 4*progressRows {
			stop()
		}
	}
	part, err := w.im.File(ctx, j)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v, want canceled", err)
	}
	if part.Rows != 4*progressRows || part.Accepted == 0 || part.Accepted > part.Rows {
		t.Errorf("stopped after %d rows with %d accepted; want %d rows", part.Rows, part.Accepted, 4*progressRows)
	}
	j.Progress = nil
	rest := w.load(t, j)
	if diff := cmp.Diff(Result{Rows: 6 * progressRows, Accepted: 6 * progressRows, Events: 3 * progressRows, People: 10, Resumed: true}, rest); diff != "" {
		t.Errorf("gone on (-want +got):\n%s", diff)
	}
}

func TestReceiptRisesForEachVisitor(t *testing.T) {
	w := newWorld(t, nil)
	w.im.limit = 7
	w.load(t, job(Orders, orderFile(40)))
	changes, err := w.db.Feed(event.Table).Read(t.Context(), "test", 1000)
	if err != nil {
		t.Fatal(err)
	}
	last := map[event.VisitorID]event.Event{}
	for _, c := range changes {
		e, err := event.FromItem(*c.New)
		if err != nil {
			t.Fatal(err)
		}
		if !c.New.Expires.IsZero() {
			t.Errorf("event %s expires; it is the proof that the order was imported", e.ID)
		}
		if before, ok := last[e.Visitor]; ok && !e.ReceivedAt.After(before.ReceivedAt) {
			t.Errorf("%s was received at %s, not after %s at %s", e.ID, e.ReceivedAt, before.ID, before.ReceivedAt)
		}
		last[e.Visitor] = e
	}
}

func TestUnavailableStoreIsSaid(t *testing.T) {
	w := newWorld(t, func(s table.Store) table.Store { return full{s} })
	if _, err := w.im.File(t.Context(), job(Orders, orderFile(3))); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v, want Unavailable", err)
	}
}

// full is a store on a full disk.
type full struct{ table.Store }

func (full) PutAll(context.Context, ...table.Item) error {
	return fault.New(fault.Unavailable, "the disk is full")
}
