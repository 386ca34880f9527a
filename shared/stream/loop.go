package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/table"
)

// Defaults of LoopOptions.
const (
	DefaultTimeout = 30 * time.Second       // of one batch
	DefaultPoll    = time.Second            // when nobody wakes the loop
	firstPause     = 100 * time.Millisecond // before the first repetition; doubles up to maxPause
	maxPause       = 30 * time.Second
)

// LoopOptions are a loop's settings beyond the mapping.
type LoopOptions struct {
	Timeout time.Duration // of one batch; 0 means the default
	// Wait returns when the feed may have more, or an error when ctx ended; nil polls.
	Wait func(ctx context.Context) error
	// Sleep waits; nil means by the clock. Tests inject it.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Loop delivers a table's feed to a handler in one process, with the semantics of Lambda: see Delivery. Its checkpoint lives in the feed under the consumer's
// name, so that a loop that was killed goes on where the last settled change was.
type Loop struct {
	log      *slog.Logger
	now      func() time.Time
	consumer string
	feed     table.Feed
	failures queue.Queue
	handle   Handler
	mapping  Mapping
	options  LoopOptions
}

// NewLoop makes a loop; Run starts it. Only one loop may run for a consumer.
func NewLoop(log *slog.Logger, now func() time.Time, consumer string, feed table.Feed, failures queue.Queue, handle Handler, m Mapping, opts *LoopOptions) *Loop {
	l := &Loop{log: log, now: now, consumer: consumer, feed: feed, failures: failures, handle: handle, mapping: m}
	if opts != nil {
		l.options = *opts
	}
	if l.options.Timeout == 0 {
		l.options.Timeout = DefaultTimeout
	}
	if l.options.Sleep == nil {
		l.options.Sleep = sleep
	}
	if l.options.Wait == nil {
		l.options.Wait = func(ctx context.Context) error { return l.options.Sleep(ctx, DefaultPoll) }
	}
	return l
}

// Run delivers until ctx ends; then it finishes the invocation in progress, within its time-out, and returns nil. A feed that cannot be read or committed is tried again for ever.
func (l *Loop) Run(ctx context.Context) error {
	for failures := 0; ctx.Err() == nil; {
		n, err := l.Step(ctx)
		switch {
		case ctx.Err() != nil: // what Step says then is that it was stopped
			continue
		case err != nil:
			failures++
			l.log.WarnContext(ctx, "feed loop", "consumer", l.consumer, "err", err)
			err = l.options.Sleep(ctx, pause(failures))
		case n == 0:
			failures = 0
			err = l.options.Wait(ctx)
		default:
			failures = 0
		}
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("wait for changes for %s: %w", l.consumer, err)
		}
	}
	return nil
}

// Step delivers one batch, if there is one, until it is settled, and returns how many changes it had.
func (l *Loop) Step(ctx context.Context) (int, error) {
	changes, err := l.read(ctx)
	if err != nil || len(changes) == 0 {
		return 0, err
	}
	d := Delivery[table.Change]{
		Mapping: l.mapping,
		Invoke:  l.invoke,
		GiveUp:  l.giveUp,
		Settled: func(ctx context.Context, last table.Change) error {
			return l.feed.Commit(context.WithoutCancel(ctx), l.consumer, last.Seq)
		},
		Pause: func(ctx context.Context, attempt int, err error) error {
			l.log.WarnContext(ctx, "batch failed", "consumer", l.consumer, "attempt", attempt, "err", err)
			return l.options.Sleep(ctx, pause(attempt))
		},
	}
	fresh, err := l.dropOld(ctx, changes, d.Settled)
	if err != nil {
		return 0, err
	}
	return len(changes), d.Deliver(ctx, fresh)
}

// read waits up to the window for a full batch.
func (l *Loop) read(ctx context.Context) ([]table.Change, error) {
	changes, err := l.feed.Read(ctx, l.consumer, l.mapping.BatchSize)
	if err != nil || len(changes) == 0 || len(changes) >= l.mapping.BatchSize || l.mapping.Window == 0 {
		return changes, err
	}
	if err := l.options.Sleep(ctx, l.mapping.Window); err != nil {
		return nil, err
	}
	return l.feed.Read(ctx, l.consumer, l.mapping.BatchSize)
}

// dropOld gives up the changes that are too old, which are the first of a batch.
func (l *Loop) dropOld(ctx context.Context, changes []table.Change, settled func(context.Context, table.Change) error) ([]table.Change, error) {
	if l.mapping.MaxAge == 0 {
		return changes, nil
	}
	oldest := l.now().Add(-l.mapping.MaxAge)
	n := slices.IndexFunc(changes, func(c table.Change) bool { return !c.At.Before(oldest) })
	if n < 0 {
		n = len(changes)
	}
	if n == 0 {
		return changes, nil
	}
	if err := l.giveUp(ctx, changes[:n], AgeExceeded); err != nil {
		return nil, err
	}
	return changes[n:], settled(ctx, changes[n-1])
}

// invoke runs the handler with a deadline of its own: a loop that is stopped finishes what it began.
func (l *Loop) invoke(ctx context.Context, batch []table.Change) (int, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.options.Timeout)
	defer cancel()
	seq, err := l.handle(ctx, batch)
	if err != nil {
		return 0, err
	}
	return Checkpoint(batch, func(c table.Change) string { return c.Seq }, seq)
}

// Checkpoint is the index of the lowest record that was reported to be repeated, len(batch) when none was. "" reports nothing; an identifier that is not in the
// batch is Internal: the whole batch failed.
func Checkpoint[R any](batch []R, id func(R) string, reported ...string) (int, error) {
	lowest := len(batch)
	for _, r := range reported {
		if r == "" {
			continue
		}
		at := slices.IndexFunc(batch, func(x R) bool { return id(x) == r })
		if at < 0 {
			return 0, fault.Newf(fault.Internal, "the handler reported %q, which is not in the batch", r)
		}
		lowest = min(lowest, at)
	}
	return lowest, nil
}

func (l *Loop) giveUp(ctx context.Context, batch []table.Change, cause string) error {
	for _, c := range batch {
		if err := SetAside(ctx, l.log, l.failures, l.consumer, c, errors.New(cause)); err != nil {
			return err
		}
	}
	return nil
}

func pause(attempt int) time.Duration {
	return min(firstPause<<min(attempt-1, 10), maxPause)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
