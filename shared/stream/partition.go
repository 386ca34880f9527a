package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/table"
)

const (
	parallel = 8                      // partitions of one batch that are handled at once
	headroom = 500 * time.Millisecond // before the deadline of a batch, to answer in time
)

// PartitionHandler deals with the changes of one partition, in order. It returns why single changes, by their Seq, never will be right; the others of
// them are done. An error is about all of them: a fault that may be repeated (Throttled, Unavailable, Conflict) or a lack of time brings them again, any other
// will not be better next time.
type PartitionHandler func(ctx context.Context, changes []table.Change) (poison map[string]error, err error)

// ByPartition makes a Handler that handles the partitions of a batch side by side and in the order of their changes each. What cannot be
// handled is logged and set aside in failures, and the rest goes on; what could not be handled now is delivered again, with all that follows it in the batch.
func ByPartition(log *slog.Logger, function string, failures queue.Queue, handle PartitionHandler) Handler {
	d := &dispatcher{log: log, function: function, failures: failures, handle: handle}
	return d.batch
}

type dispatcher struct {
	log      *slog.Logger
	function string
	failures queue.Queue
	handle   PartitionHandler
}

func (d *dispatcher) batch(ctx context.Context, batch []table.Change) (string, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-headroom))
		defer cancel()
	}
	groups := group(batch)
	again := make([]error, len(groups))
	slots := make(chan struct{}, parallel)
	var running sync.WaitGroup
	for i, g := range groups {
		slots <- struct{}{}
		running.Go(func() {
			again[i] = d.partition(ctx, g)
			<-slots
		})
	}
	running.Wait()
	for i, err := range again { // groups stand in the order of their first changes
		if err != nil {
			d.log.WarnContext(ctx, "changes will be delivered again", "function", d.function, "seq", groups[i][0].Seq, "err", err)
			return groups[i][0].Seq, nil
		}
	}
	return "", nil
}

func group(batch []table.Change) [][]table.Change {
	index := map[string]int{}
	var groups [][]table.Change
	for _, c := range batch {
		i, ok := index[c.Key.Partition]
		if !ok {
			i = len(groups)
			index[c.Key.Partition] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], c)
	}
	return groups
}

// partition returns an error when the changes must come again.
func (d *dispatcher) partition(ctx context.Context, changes []table.Change) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("no time is left: %w", err)
	}
	poison, err := d.safely(ctx, changes)
	switch {
	case err != nil && (repeatable(err) || ctx.Err() != nil):
		return err
	case err != nil:
		poison = make(map[string]error, len(changes))
		for _, c := range changes {
			poison[c.Seq] = err
		}
	}
	for _, c := range changes {
		if why := poison[c.Seq]; why != nil {
			if err := SetAside(ctx, d.log, d.failures, d.function, c, why); err != nil {
				return err
			}
		}
	}
	return nil
}

// safely turns a panic into an error: one change must not stop the others for ever.
func (d *dispatcher) safely(ctx context.Context, changes []table.Change) (poison map[string]error, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fault.Newf(fault.Internal, "panic: %v\n%s", r, debug.Stack())
		}
	}()
	return d.handle(ctx, changes)
}

func repeatable(err error) bool {
	return fault.Retryable(err) || fault.Is(err, fault.Conflict) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// SetAside logs that a change can never be handled, once, and sends it to the failure queue.
func SetAside(ctx context.Context, log *slog.Logger, failures queue.Queue, function string, c table.Change, why error) error {
	body, err := json.Marshal(Poison{Function: function, Table: c.Key.Table, Key: c.Key, Seq: c.Seq, Reason: why.Error()})
	if err != nil {
		return fmt.Errorf("encode failure of change %s: %w", c.Seq, err)
	}
	if err := failures.Send(ctx, 0, body); err != nil {
		return fmt.Errorf("set change %s aside: %w", c.Seq, err)
	}
	log.ErrorContext(ctx, "change set aside", "function", function, "table", c.Key.Table, "seq", c.Seq, "err", why)
	return nil
}
