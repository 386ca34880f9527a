// Package queuetest is what every queue.Queue must do. An engine's test calls Queue with a way to open a fresh, empty queue and the
// dead-letter queue behind it.
package queuetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/queue"
)

// Settings are what the suite wants of a queue that it opens.
type Settings struct {
	Visibility time.Duration
	MaxReceive int
}

// Setup is a fresh queue, its dead-letter queue, and its time.
type Setup struct {
	Queue queue.Queue
	Dead  queue.Queue
	// Advance lets time pass: an embedded engine moves the clock it was given, a real one waits.
	Advance func(d time.Duration)
	// SendsAgain says that the engine's client sends once more when an answer is lost, so that a message may be there twice, under two ids.
	SendsAgain bool
	// Reopen is the queue as another process, started later, would open it. nil is a gap: durability is the engine's word.
	Reopen func(t *testing.T) queue.Queue
}

// visibility is as short as an engine with a real clock can do well.
const visibility = 2 * time.Second

// Queue runs the suite.
func Queue(t *testing.T, open func(t *testing.T, s Settings) Setup) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			settings := Settings{Visibility: visibility, MaxReceive: 3}
			if c.maxReceive > 0 {
				settings.MaxReceive = c.maxReceive
			}
			c.run(t, &harness{Setup: open(t, settings)})
		})
	}
}

type harness struct{ Setup }

func (h *harness) send(t *testing.T, delay time.Duration, bodies ...string) {
	t.Helper()
	raw := make([][]byte, len(bodies))
	for i := range bodies {
		raw[i] = []byte(bodies[i])
	}
	if err := h.Queue.Send(t.Context(), delay, raw...); err != nil {
		t.Fatalf("send: %v", err)
	}
}

// receive takes messages until it has n, and fails when they do not come.
func receive(t *testing.T, q queue.Queue, n int) []queue.Message {
	t.Helper()
	var got []queue.Message
	for deadline := time.Now().Add(20 * time.Second); len(got) < n; {
		ms, err := q.Receive(t.Context(), min(10, n-len(got)), time.Second)
		if err != nil {
			t.Fatalf("receive: %v", err)
		}
		if got = append(got, ms...); len(got) < n && time.Now().After(deadline) {
			t.Fatalf("received %d messages, want %d", len(got), n)
		}
	}
	return got
}

func wantNone(t *testing.T, q queue.Queue) {
	t.Helper()
	if ms, err := q.Receive(t.Context(), 10, 0); err != nil || len(ms) != 0 {
		t.Errorf("receive = %v, %v; want none", ms, err)
	}
}

func done(t *testing.T, q queue.Queue, ms ...queue.Message) {
	t.Helper()
	for _, m := range ms {
		if err := q.Done(t.Context(), m); err != nil {
			t.Fatalf("done: %v", err)
		}
	}
}

func bodies(ms []queue.Message) []string {
	out := make([]string, len(ms))
	for i, m := range ms {
		out[i] = string(m.Body)
	}
	slices.Sort(out)
	return out
}

var cases = []struct {
	name       string
	maxReceive int
	run        func(t *testing.T, h *harness)
}{
	{"an empty queue gives nothing", 0, func(t *testing.T, h *harness) {
		wantNone(t, h.Queue)
		h.send(t, 0)
		wantNone(t, h.Queue)
	}},
	{"bodies come back as they are", 0, func(t *testing.T, h *harness) {
		want := []string{`{"a":1}`, "plain words", "日本語 😀", "line\nbreak\ttab", strings.Repeat("x", queue.MaxBodyBytes)}
		for _, body := range want {
			h.send(t, 0, body)
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, bodies(receive(t, h.Queue, len(want)))); diff != "" {
			t.Errorf("bodies (-want +got):\n%s", diff)
		}
	}},
	{"more bodies than a batch", 0, func(t *testing.T, h *harness) {
		var want []string
		for i := range 37 {
			want = append(want, fmt.Sprintf("message %02d", i))
		}
		h.send(t, 0, want...)
		got := receive(t, h.Queue, len(want))
		if diff := cmp.Diff(want, bodies(got)); diff != "" {
			t.Errorf("bodies (-want +got):\n%s", diff)
		}
		ids := map[string]bool{}
		for _, m := range got {
			if m.ID == "" || m.Receipt == "" || ids[m.ID] || m.Attempts != 1 {
				t.Errorf("message %+v: want an id of its own, a receipt, the first attempt", m)
			}
			ids[m.ID] = true
		}
	}},
	{"a body too large stores nothing", 0, func(t *testing.T, h *harness) {
		err := h.Queue.Send(t.Context(), 0, []byte("small"), bytes.Repeat([]byte("x"), queue.MaxBodyBytes+1))
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("send = %v, want Invalid", err)
		}
		wantNone(t, h.Queue)
	}},
	{"what is done never comes again", 0, func(t *testing.T, h *harness) {
		h.send(t, 0, "a", "b")
		done(t, h.Queue, receive(t, h.Queue, 2)...)
		h.Advance(visibility + time.Second)
		wantNone(t, h.Queue)
	}},
	{"what is not done comes again", 0, func(t *testing.T, h *harness) {
		h.send(t, 0, "a")
		first := receive(t, h.Queue, 1)[0]
		wantNone(t, h.Queue)
		h.Advance(visibility + time.Second)
		again := receive(t, h.Queue, 1)[0]
		if again.ID != first.ID || again.Attempts != 2 || again.Receipt == first.Receipt {
			t.Errorf("second delivery %+v of %+v: want the same id, another receipt, the second attempt", again, first)
		}
		done(t, h.Queue, again)
		h.Advance(visibility + time.Second)
		wantNone(t, h.Queue)
	}},
	{"an old receipt is refused or ignored", 0, func(t *testing.T, h *harness) {
		h.send(t, 0, "a")
		old := receive(t, h.Queue, 1)[0]
		h.Advance(visibility + time.Second)
		fresh := receive(t, h.Queue, 1)[0]
		if err := h.Queue.Done(t.Context(), old); err != nil && !fault.Is(err, fault.Conflict) {
			t.Errorf("done with an old receipt = %v", err)
		}
		done(t, h.Queue, fresh)
	}},
	{"a delayed message waits", 0, func(t *testing.T, h *harness) {
		h.send(t, 2*time.Second, "later")
		h.send(t, 0, "now")
		if diff := cmp.Diff([]string{"now"}, bodies(receive(t, h.Queue, 1))); diff != "" {
			t.Errorf("first (-want +got):\n%s", diff)
		}
		wantNone(t, h.Queue)
		h.Advance(3 * time.Second)
		receive(t, h.Queue, 1)
	}},
	{"a delay beyond a quarter of an hour is invalid", 0, func(t *testing.T, h *harness) {
		for _, delay := range []time.Duration{-time.Second, 15*time.Minute + time.Second} {
			if err := h.Queue.Send(t.Context(), delay, []byte("a")); !fault.Is(err, fault.Invalid) {
				t.Errorf("delay %v: %v, want Invalid", delay, err)
			}
		}
		wantNone(t, h.Queue)
	}},
	{"retry brings a message back sooner", 0, func(t *testing.T, h *harness) {
		h.send(t, 0, "a")
		m := receive(t, h.Queue, 1)[0]
		if err := h.Queue.Retry(t.Context(), m, 0); err != nil {
			t.Fatal(err)
		}
		if again := receive(t, h.Queue, 1)[0]; again.ID != m.ID || again.Attempts != 2 {
			t.Errorf("after retry %+v", again)
		}
	}},
	{"retry brings a message back later", 0, func(t *testing.T, h *harness) {
		h.send(t, 0, "a")
		m := receive(t, h.Queue, 1)[0]
		if err := h.Queue.Retry(t.Context(), m, 3*visibility); err != nil {
			t.Fatal(err)
		}
		h.Advance(visibility + time.Second)
		wantNone(t, h.Queue)
		h.Advance(2 * visibility)
		receive(t, h.Queue, 1)
	}},
	{"after too many deliveries a message is dead", 2, func(t *testing.T, h *harness) {
		h.send(t, 0, "poison", "fine")
		for range 2 {
			for _, m := range receive(t, h.Queue, 2) {
				if err := h.Queue.Retry(t.Context(), m, 0); err != nil {
					t.Fatal(err)
				}
			}
		}
		h.Advance(visibility + time.Second)
		wantNone(t, h.Queue)
		dead := receive(t, h.Dead, 2)
		if diff := cmp.Diff([]string{"fine", "poison"}, bodies(dead)); diff != "" {
			t.Errorf("dead letters (-want +got):\n%s", diff)
		}
		done(t, h.Dead, dead...)
	}},
	{"a waiting receiver is woken", 0, func(t *testing.T, h *harness) {
		var group sync.WaitGroup
		defer group.Wait()
		group.Go(func() {
			if err := h.Queue.Send(t.Context(), 0, []byte("a")); err != nil {
				t.Errorf("send: %v", err)
			}
		})
		start := time.Now()
		ms, err := h.Queue.Receive(t.Context(), 1, 15*time.Second)
		if err != nil || len(ms) != 1 || time.Since(start) > 10*time.Second {
			t.Errorf("receive = %v, %v after %v", ms, err, time.Since(start))
		}
	}},
	{"a waiting receiver stops with its context", 0, func(t *testing.T, h *harness) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		start := time.Now()
		ms, err := h.Queue.Receive(ctx, 1, 15*time.Second)
		if len(ms) != 0 || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 10*time.Second {
			t.Errorf("receive = %v, %v after %v; want the context's error, soon", ms, err, time.Since(start))
		}
	}},
	{"a wrong limit is invalid", 0, func(t *testing.T, h *harness) {
		for _, limit := range []int{-1, 0, 11} {
			if _, err := h.Queue.Receive(t.Context(), limit, 0); !fault.Is(err, fault.Invalid) {
				t.Errorf("limit %d: %v, want Invalid", limit, err)
			}
		}
	}},
	{"concurrent receivers share the work", 0, concurrentReceivers},
	{"messages outlive the process", 0, func(t *testing.T, h *harness) {
		if h.Reopen == nil {
			t.Skip("gap: durability is the engine's word")
		}
		h.send(t, 0, "done", "kept")
		ms := receive(t, h.Queue, 2)
		slices.SortFunc(ms, func(a, b queue.Message) int { return bytes.Compare(a.Body, b.Body) })
		done(t, h.Queue, ms[0])
		again := h.Reopen(t)
		wantNone(t, again)
		h.Advance(visibility + time.Second)
		if got := receive(t, again, 1)[0]; got.ID != ms[1].ID || got.Attempts != 2 {
			t.Errorf("after reopening %+v, want the second delivery of %s", got, ms[1].ID)
		}
	}},
}

func concurrentReceivers(t *testing.T, h *harness) {
	const n, receivers = 60, 4
	for i := range n {
		h.send(t, 0, fmt.Sprint(i))
	}
	var mu sync.Mutex
	times, messages := map[string]int{}, map[string]int{} // by id; by body
	var group sync.WaitGroup
	for range receivers {
		group.Go(func() {
			for {
				ms, err := h.Queue.Receive(t.Context(), 7, 0)
				if err != nil {
					t.Errorf("receive: %v", err)
				}
				if err != nil || len(ms) == 0 {
					return
				}
				for _, m := range ms {
					mu.Lock()
					if times[m.ID]++; times[m.ID] == 1 {
						messages[string(m.Body)]++
					}
					mu.Unlock()
					if err := h.Queue.Done(t.Context(), m); err != nil {
						t.Errorf("done: %v", err)
					}
				}
			}
		})
	}
	group.Wait()
	for id, n := range times {
		if n != 1 {
			t.Errorf("message %s came %d times within its visibility time-out", id, n)
		}
	}
	if len(messages) != n {
		t.Errorf("%d different bodies, want %d", len(messages), n)
	}
	for body, n := range messages {
		if n != 1 && !h.SendsAgain {
			t.Errorf("%s was sent once and is there %d times", body, n)
		}
	}
}
