package sqlite

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/bus"
	"shopkeeper/shared/bus/bustest"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/queue/queuetest"
	"shopkeeper/shared/table/tabletest"
)

func TestQueue(t *testing.T) {
	queuetest.Queue(t, func(t *testing.T, s queuetest.Settings) queuetest.Setup {
		clock := tabletest.NewClock()
		path := filepath.Join(t.TempDir(), "test.db")
		opts := &Options{Now: clock.Now}
		settings := &QueueOptions{Visibility: s.Visibility, MaxReceive: s.MaxReceive}
		q := open(t, path, opts).Queue("work", settings)
		reopen := func(t *testing.T) queue.Queue { return open(t, path, opts).Queue("work", settings) }
		return queuetest.Setup{Queue: q, Dead: q.Dead(), Advance: clock.Advance, Reopen: reopen}
	})
}

func TestBus(t *testing.T) {
	bustest.Bus(t, func(t *testing.T) bustest.Setup {
		b := open(t, "", nil).Bus("events")
		b.back = func(int) time.Duration { return time.Millisecond }
		return bustest.Setup{Bus: b, Durable: true, Failed: failed(b), Listen: func(ctx context.Context, t *testing.T, rules ...bus.Rule) <-chan struct{} {
			if err := b.Register(ctx, rules...); err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				b.Deliver(ctx, rules...)
			}()
			return done
		}}
	})
}

// failed takes what lies among a rule's failures.
func failed(b *Bus) func(t *testing.T, rule string) []bus.Notice {
	return func(t *testing.T, rule string) []bus.Notice {
		ms, err := b.Failed(rule).Receive(t.Context(), 10, 0)
		if err != nil {
			t.Fatal(err)
		}
		notices := make([]bus.Notice, len(ms))
		for i, m := range ms {
			if err := json.Unmarshal(m.Body, &notices[i]); err != nil {
				t.Fatal(err)
			}
		}
		return notices
	}
}

func TestRegisterSetsAsideWhatWaitsForARuleThatIsNoMore(t *testing.T) {
	b := open(t, "", nil).Bus("events")
	if err := b.Register(t.Context(), bus.Rule{Name: "old"}, bus.Rule{Name: "kept", Prefix: "a"}); err != nil {
		t.Fatal(err)
	}
	n := bus.Notice{ID: "1", Shop: "s", Type: "a.b", At: time.Unix(1, 0).UTC(), Detail: json.RawMessage(`{}`)}
	if err := b.Publish(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if err := b.Register(t.Context(), bus.Rule{Name: "kept", Prefix: "z"}); err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]bus.Notice{n}, failed(b)(t, "old")); diff != "" {
		t.Errorf("of the old rule (-want +got):\n%s", diff)
	}
	if waiting, err := b.queue("kept").Len(t.Context()); err != nil || waiting != 1 {
		t.Errorf("%d notices wait for the rule that was kept, %v; want the one before its prefix changed", waiting, err)
	}
}

func TestBackOff(t *testing.T) {
	for attempts, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 9: 256 * time.Second, 10: 5 * time.Minute, 300: 5 * time.Minute} {
		if got := backOff(attempts); got != want {
			t.Errorf("after %d attempts %v, want %v", attempts, got, want)
		}
	}
}
