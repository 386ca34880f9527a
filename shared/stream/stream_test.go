package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/table"
)

var quiet = slog.New(slog.DiscardHandler)

// change is the n-th change of a feed, of a partition.
func change(n int, partition string) table.Change {
	k := table.Key{Table: "events", Partition: partition, Sort: strconv.Itoa(n)}
	return table.Change{Seq: strconv.Itoa(n), Key: k, New: &table.Item{Key: k, Body: []byte(`{}`)}, At: time.Unix(int64(n), 0)}
}

func feedOf(n int, partitions ...string) *memory {
	m := &memory{}
	for i := range n {
		m.changes = append(m.changes, change(i+1, partitions[i%len(partitions)]))
	}
	return m
}

// memory is a feed with one consumer.
type memory struct {
	changes []table.Change
	done    int
	commits []string
	broken  error
}

func (m *memory) Read(_ context.Context, _ string, limit int) ([]table.Change, error) {
	rest := m.changes[m.done:]
	return rest[:min(limit, len(rest))], m.broken
}

func (m *memory) Commit(_ context.Context, _, seq string) error {
	n, err := strconv.Atoi(seq)
	if err != nil || n <= m.done {
		return fmt.Errorf("commit %q after %d: %w", seq, m.done, err)
	}
	m.done = n
	m.commits = append(m.commits, seq)
	return nil
}

// letters is a queue that keeps what is sent.
type letters struct {
	queue.Queue
	mu     sync.Mutex
	poison []Poison
	broken error
}

func (l *letters) Send(_ context.Context, _ time.Duration, bodies ...[]byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return l.broken
	}
	for _, b := range bodies {
		var p Poison
		if err := json.Unmarshal(b, &p); err != nil {
			return err
		}
		l.poison = append(l.poison, p)
	}
	return nil
}

func (l *letters) seqs() []string {
	var list []string
	for _, p := range l.poison {
		list = append(list, p.Seq)
	}
	slices.Sort(list)
	return list
}

func TestByPartition(t *testing.T) {
	busy := fault.New(fault.Throttled, "slow down")
	bug := fault.New(fault.Internal, "a bug")
	batch := []table.Change{change(1, "a"), change(2, "b"), change(3, "a"), change(4, "c"), change(5, "b")}
	tests := map[string]struct {
		handle func(partition string) (map[string]error, error)
		again  string
		poison []string
	}{
		"all is well":                             {func(string) (map[string]error, error) { return nil, nil }, "", nil},
		"one change is poison":                    {func(p string) (map[string]error, error) { return map[string]error{"3": bug}, nil }, "", []string{"3"}},
		"what can be repeated is":                 {only("b", nil, busy), "2", nil},
		"the first to repeat counts":              {func(string) (map[string]error, error) { return nil, busy }, "1", nil},
		"a conflict is repeated":                  {only("c", nil, fault.New(fault.Conflict, "met another")), "4", nil},
		"what is wrong for good is set aside":     {only("a", nil, bug), "", []string{"1", "3"}},
		"poison of what is repeated waits":        {only("a", map[string]error{"3": bug}, busy), "1", nil},
		"a panic is wrong for good":               {func(p string) (map[string]error, error) { panic(p) }, "", []string{"1", "2", "3", "4", "5"}},
		"an error nobody classified is a mistake": {only("c", nil, errors.New("?")), "", []string{"4"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			failures := &letters{}
			h := ByPartition(quiet, "profile", failures, func(_ context.Context, changes []table.Change) (map[string]error, error) {
				return tt.handle(changes[0].Key.Partition)
			})
			again, err := h(t.Context(), batch)
			if err != nil || again != tt.again {
				t.Errorf("repeat from %q, error %v, want from %q", again, err, tt.again)
			}
			if diff := cmp.Diff(tt.poison, failures.seqs()); diff != "" {
				t.Errorf("set aside (-want +got):\n%s", diff)
			}
		})
	}
}

func only(partition string, poison map[string]error, err error) func(string) (map[string]error, error) {
	return func(p string) (map[string]error, error) {
		if p != partition {
			return nil, nil
		}
		return poison, err
	}
}

func TestByPartitionKeepsOrderAndRepeatsWhenTheQueueIsDown(t *testing.T) {
	batch := []table.Change{change(1, "a"), change(2, "b"), change(3, "a"), change(4, "a")}
	var got []string
	failures := &letters{broken: fault.New(fault.Unavailable, "no queue")}
	h := ByPartition(quiet, "profile", failures, func(_ context.Context, changes []table.Change) (map[string]error, error) {
		if changes[0].Key.Partition == "b" {
			return nil, fault.New(fault.Internal, "a bug")
		}
		for _, c := range changes {
			got = append(got, c.Seq)
		}
		return nil, nil
	})
	if again, err := h(t.Context(), batch); again != "2" || err != nil {
		t.Errorf("repeat from %q, %v", again, err)
	}
	if diff := cmp.Diff([]string{"1", "3", "4"}, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestByPartitionStopsBeforeTheDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), headroom/2)
	defer cancel()
	h := ByPartition(quiet, "profile", &letters{}, func(context.Context, []table.Change) (map[string]error, error) {
		t.Error("was called without time")
		return nil, nil
	})
	if again, err := h(ctx, []table.Change{change(7, "a")}); again != "7" || err != nil {
		t.Errorf("repeat from %q, %v", again, err)
	}
}

func newLoop(feed table.Feed, failures queue.Queue, handle Handler, m Mapping) *Loop {
	noPause := func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return NewLoop(quiet, func() time.Time { return time.Unix(1000, 0) }, "profile", feed, failures, handle, m, &LoopOptions{Sleep: noPause})
}

// drain steps until the feed is caught up.
func drain(t *testing.T, l *Loop) {
	t.Helper()
	for range 1000 {
		n, err := l.Step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
	t.Fatal("the loop does not come to an end")
}

func TestLoopAsLambdaWould(t *testing.T) {
	fails := func(bad string) Handler { // as a whole, whenever the bad one is in the batch
		return func(_ context.Context, batch []table.Change) (string, error) {
			if slices.ContainsFunc(batch, func(c table.Change) bool { return c.Seq == bad }) {
				return "", errors.New("cannot")
			}
			return "", nil
		}
	}
	reports := func(bad string) Handler { // from the bad one on
		return func(_ context.Context, batch []table.Change) (string, error) {
			if slices.ContainsFunc(batch, func(c table.Change) bool { return c.Seq == bad }) {
				return bad, nil
			}
			return "", nil
		}
	}
	tests := map[string]struct {
		handle    Handler
		mapping   Mapping
		calls     []string
		setAside  []string
		committed string
	}{
		"halved until the bad one is alone": {
			fails("3"), Mapping{BatchSize: 4, MaxAttempts: 1, Bisect: true},
			[]string{"1 2 3 4", "1 2", "3 4", "3", "3", "4", "5"}, []string{"3"}, "5",
		},
		"repeated as a whole, then given up": {
			fails("3"), Mapping{BatchSize: 4, MaxAttempts: 2},
			[]string{"1 2 3 4", "1 2 3 4", "1 2 3 4", "5"}, []string{"1", "2", "3", "4"}, "5",
		},
		"repeated from the checkpoint, then given up": {
			reports("3"), Mapping{BatchSize: 4, MaxAttempts: 1},
			[]string{"1 2 3 4", "3 4", "3 4", "5"}, []string{"3", "4"}, "5",
		},
		"halved at the end, so that the bad one alone is given up": {
			reports("3"), Mapping{BatchSize: 4, MaxAttempts: 1, Bisect: true},
			[]string{"1 2 3 4", "3 4", "3 4", "3", "4", "5"}, []string{"3"}, "5",
		},
		"an unknown identifier fails the batch": {
			func(_ context.Context, batch []table.Change) (string, error) {
				if len(batch) > 1 {
					return "unknown", nil
				}
				return "", nil
			},
			Mapping{BatchSize: 2, MaxAttempts: 0, Bisect: true},
			[]string{"1 2", "1", "2", "3 4", "3", "4", "5"}, nil, "5",
		},
		"too old to be delivered": {
			fails(""), Mapping{BatchSize: 4, MaxAge: 997 * time.Second},
			[]string{"3 4", "5"}, []string{"1", "2"}, "5",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			feed, failures := feedOf(5, "a"), &letters{}
			var calls []string
			l := newLoop(feed, failures, func(ctx context.Context, batch []table.Change) (string, error) {
				var seqs []string
				for _, c := range batch {
					seqs = append(seqs, c.Seq)
				}
				calls = append(calls, strings.Join(seqs, " "))
				return tt.handle(ctx, batch)
			}, tt.mapping)
			drain(t, l)
			if diff := cmp.Diff(tt.calls, calls); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.setAside, failures.seqs()); diff != "" {
				t.Errorf("set aside (-want +got):\n%s", diff)
			}
			if got := feed.commits[len(feed.commits)-1]; got != tt.committed {
				t.Errorf("committed %s", got)
			}
		})
	}
}

// TestLoopLosesNothing lets the handler fail in every way and holds that each change was handled or set aside, and in order within its partition.
func TestLoopLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		feed := feedOf(rapid.IntRange(1, 40).Draw(t, "changes"), "a", "b", "c")
		failures := &letters{}
		handled := map[string]bool{}
		l := newLoop(feed, failures, func(_ context.Context, batch []table.Change) (string, error) {
			stop := rapid.IntRange(0, 2*len(batch)).Draw(t, "stop")
			for i, c := range batch {
				if i == stop {
					if rapid.Bool().Draw(t, "whole") {
						return "", errors.New("cannot")
					}
					return c.Seq, nil
				}
				handled[c.Seq] = true
			}
			return "", nil
		}, Mapping{BatchSize: rapid.IntRange(1, 10).Draw(t, "size"), MaxAttempts: rapid.IntRange(0, 3).Draw(t, "attempts"), Bisect: rapid.Bool().Draw(t, "bisect")})
		for feed.done < len(feed.changes) {
			if _, err := l.Step(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range feed.changes {
			if !handled[c.Seq] && !slices.Contains(failures.seqs(), c.Seq) {
				t.Fatalf("change %s is lost", c.Seq)
			}
		}
	})
}

func TestLoopGoesOnAfterTroubleAndStops(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	feed := feedOf(3, "a")
	feed.broken = fault.New(fault.Unavailable, "locked")
	var waits int
	l := NewLoop(quiet, time.Now, "profile", feed, &letters{}, func(context.Context, []table.Change) (string, error) { return "", nil }, Mapping{BatchSize: 2}, &LoopOptions{
		Sleep: func(context.Context, time.Duration) error { feed.broken = nil; return nil },
		Wait: func(ctx context.Context) error {
			waits++
			stop()
			return ctx.Err()
		},
	})
	if err := l.Run(ctx); err != nil || feed.done != 3 || waits != 1 {
		t.Errorf("run: %v; %d changes done, %d waits", err, feed.done, waits)
	}
}

func TestLoopFinishesWhatItBegan(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	feed := feedOf(3, "a")
	l := newLoop(feed, &letters{}, func(ctx context.Context, _ []table.Change) (string, error) {
		stop()
		return "", ctx.Err() // still open
	}, Mapping{BatchSize: 10})
	if err := l.Run(ctx); err != nil || feed.done != 3 {
		t.Errorf("run: %v; %d changes done", err, feed.done)
	}
}
