// Package bustest is what every bus.Bus must do. An engine's test calls Bus with a way to open a fresh bus.
package bustest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/bus"
	"shopkeeper/shared/fault"
)

// Setup is a fresh bus without rules or notices.
type Setup struct {
	Bus bus.Bus
	// Listen makes the rules known and delivers to them until ctx ends; it returns when they are known, and done is closed when it has stopped.
	// For an engine whose rules live elsewhere it sets those up.
	Listen func(ctx context.Context, t *testing.T, rules ...bus.Rule) (done <-chan struct{})
	// Failed is what lies in the failure sink of a rule. nil is a gap: an engine whose sink is its own.
	Failed func(t *testing.T, rule string) []bus.Notice
	// Durable says that Listen may stop and begin again on the same bus, and what was published meanwhile waits for the rules it had.
	Durable bool
}

// Bus runs the suite.
func Bus(t *testing.T, open func(t *testing.T) Setup) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

func notice(id, kind string) bus.Notice {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return bus.Notice{ID: id, Shop: "shop", Type: kind, At: at, Detail: json.RawMessage(`{"of":"` + id + `"}`)}
}

func publish(t *testing.T, b bus.Bus, notices ...bus.Notice) {
	t.Helper()
	if err := b.Publish(t.Context(), notices...); err != nil {
		t.Fatalf("publish: %v", err)
	}
}

// inbox collects what a rule is given.
type inbox struct {
	mu    sync.Mutex
	got   map[string]bus.Notice
	times map[string]int
}

func newInbox() *inbox { return &inbox{got: map[string]bus.Notice{}, times: map[string]int{}} }

// rule is a rule that collects, after asking answer what to return for the n-th delivery of a notice.
func (in *inbox) rule(name, prefix string, answer func(n bus.Notice, times int) error) bus.Rule {
	return bus.Rule{Name: name, Prefix: prefix, Handle: func(_ context.Context, n bus.Notice) error {
		in.mu.Lock()
		defer in.mu.Unlock()
		in.times[n.ID]++
		if answer != nil {
			if err := answer(n, in.times[n.ID]); err != nil {
				return err
			}
		}
		in.got[n.ID] = n
		return nil
	}}
}

func (in *inbox) snapshot() map[string]bus.Notice {
	in.mu.Lock()
	defer in.mu.Unlock()
	out := make(map[string]bus.Notice, len(in.got))
	for id, n := range in.got {
		out[id] = n
	}
	return out
}

// want waits until exactly these were given. What must not come would have come before a notice published later, most likely; it is looked
// for once all the others are there.
func (in *inbox) want(t *testing.T, notices ...bus.Notice) {
	t.Helper()
	want := map[string]bus.Notice{}
	for _, n := range notices {
		want[n.ID] = n
	}
	eventually(t, func() bool { return len(in.snapshot()) >= len(want) })
	if diff := cmp.Diff(want, in.snapshot(), cmpopts.EquateApproxTime(0), cmp.Comparer(sameDetail)); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
}

func sameDetail(a, b json.RawMessage) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && cmp.Equal(x, y)
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Error("it did not come in time")
			return
		}
	}
}

// listen delivers until the test ends.
func listen(t *testing.T, s Setup, rules ...bus.Rule) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := s.Listen(ctx, t, rules...)
	t.Cleanup(func() { cancel(); <-done })
}

var cases = []struct {
	name string
	run  func(t *testing.T, s Setup)
}{
	{"a notice reaches every rule that matches, as it was", func(t *testing.T, s Setup) {
		all, model, published, other := newInbox(), newInbox(), newInbox(), newInbox()
		listen(t, s, all.rule("all", "", nil), model.rule("model", "model", nil), published.rule("published", "model.published", nil), other.rule("other", "mod", nil))
		a, b, c := notice("a", "model.published"), notice("b", "model.refused"), notice("c", "modelling.done")
		c.Detail = json.RawMessage(`{"nested":{"n":[1,2.5,"é😀",null,true]}}`)
		publish(t, s.Bus, a, b)
		publish(t, s.Bus, c)
		all.want(t, a, b, c)
		model.want(t, a, b)
		published.want(t, a)
		other.want(t)
	}},
	{"publishing to nobody is no error", func(t *testing.T, s Setup) {
		publish(t, s.Bus, notice("a", "x.y"))
		publish(t, s.Bus)
	}},
	{"more notices than a batch", func(t *testing.T, s Setup) {
		in := newInbox()
		listen(t, s, in.rule("all", "", nil))
		var all []bus.Notice
		for i := range 45 {
			all = append(all, notice(fmt.Sprintf("n%02d", i), "x.y"))
		}
		publish(t, s.Bus, all...)
		in.want(t, all...)
	}},
	{"what is refused is not published, nor what came with it", func(t *testing.T, s Setup) {
		in := newInbox()
		listen(t, s, in.rule("all", "", nil))
		large := notice("large", "x.y")
		large.Detail = json.RawMessage(`{"fill":"` + string(bytes.Repeat([]byte("x"), bus.MaxBytes)) + `"}`)
		list := notice("list", "x.y")
		list.Detail = json.RawMessage(`[]`)
		broken := notice("broken", "x.y")
		broken.Detail = json.RawMessage(`{`)
		for _, bad := range []bus.Notice{large, list, broken, {Shop: "s", Type: "t"}, {ID: "i", Type: "t"}, {ID: "i", Shop: "s"}} {
			if err := s.Bus.Publish(t.Context(), notice("good", "x.y"), bad); !fault.Is(err, fault.Invalid) {
				t.Errorf("publish %.40v: %v, want Invalid", bad, err)
			}
		}
		publish(t, s.Bus, notice("marker", "x.y"))
		in.want(t, notice("marker", "x.y"))
	}},
	{"a retryable failure brings the notice again", func(t *testing.T, s Setup) {
		in := newInbox()
		listen(t, s, in.rule("all", "", func(_ bus.Notice, times int) error {
			if times < 3 {
				return fmt.Errorf("not yet: %w", fault.New(fault.Unavailable, "later"))
			}
			return nil
		}))
		publish(t, s.Bus, notice("a", "x.y"), notice("b", "x.y"))
		in.want(t, notice("a", "x.y"), notice("b", "x.y"))
	}},
	{"one rule's failures do not keep another's", func(t *testing.T, s Setup) {
		stuck, fine := newInbox(), newInbox()
		listen(t, s, stuck.rule("stuck", "", func(bus.Notice, int) error { return fault.New(fault.Unavailable, "never") }), fine.rule("fine", "", nil))
		publish(t, s.Bus, notice("a", "x.y"), notice("b", "x.y"))
		fine.want(t, notice("a", "x.y"), notice("b", "x.y"))
	}},
	{"a permanent failure goes to the sink, the rest goes on", func(t *testing.T, s Setup) {
		if s.Failed == nil {
			t.Skip("gap: the sink is the engine's own")
		}
		in := newInbox()
		listen(t, s, in.rule("all", "", func(n bus.Notice, _ int) error {
			if n.ID == "poison" {
				return errors.New("never")
			}
			return nil
		}))
		publish(t, s.Bus, notice("a", "x.y"), notice("poison", "x.y"), notice("b", "x.y"))
		in.want(t, notice("a", "x.y"), notice("b", "x.y"))
		var failed []bus.Notice
		eventually(t, func() bool { failed = append(failed, s.Failed(t, "all")...); return len(failed) > 0 })
		if diff := cmp.Diff([]bus.Notice{notice("poison", "x.y")}, failed, cmpopts.EquateApproxTime(0), cmp.Comparer(sameDetail)); diff != "" {
			t.Errorf("sink (-want +got):\n%s", diff)
		}
	}},
	{"the undelivered wait for a rule that was known", func(t *testing.T, s Setup) {
		if !s.Durable {
			t.Skip("gap: rules of this engine do not come and go")
		}
		before := newInbox()
		ctx, cancel := context.WithCancel(t.Context())
		done := s.Listen(ctx, t, before.rule("all", "", nil))
		publish(t, s.Bus, notice("a", "x.y"))
		before.want(t, notice("a", "x.y"))
		cancel()
		<-done
		publish(t, s.Bus, notice("b", "x.y"), notice("c", "x.y"))
		after := newInbox()
		listen(t, s, after.rule("all", "", nil))
		after.want(t, notice("b", "x.y"), notice("c", "x.y"))
	}},
}
