package stream

import (
	"context"
	"time"
)

// Mapping is how a feed is delivered, in the words of a Lambda event source mapping. Its zero value is not usable: BatchSize must be at least 1.
type Mapping struct {
	BatchSize   int
	Window      time.Duration // how long a batch that is not full waits for more
	MaxAttempts int           // repetitions of a failing batch until it is given up; negative: for ever
	MaxAge      time.Duration // changes older than this are given up without being delivered; 0: none
	Bisect      bool          // halve a batch that failed as a whole
}

// Why changes were given up, as AWS names it.
const (
	AttemptsExhausted = "RetryAttemptsExhausted"
	AgeExceeded       = "MaximumRecordAgeExceeded"
)

// Delivery hands records of one shard to a function as Lambda's poller of streams does: in order, a batch until it is done; repeated from the lowest
// record that was reported; halved when it failed as a whole and Bisect is set; given up after MaxAttempts repetitions without progress.
type Delivery[R any] struct {
	Mapping

	// Invoke returns the index of the first record to repeat, len(batch) when there is none. An error repeats the whole batch.
	Invoke func(ctx context.Context, batch []R) (int, error)
	// GiveUp takes records that were repeated in vain, for the failure queue. An error is as good as a failed repetition.
	GiveUp func(ctx context.Context, batch []R, cause string) error
	// Settled is told when everything up to and including a record is done or given up; nil when nobody wants to know.
	Settled func(ctx context.Context, last R) error
	// Pause waits before a repetition (attempt 1 is the first); nil for none. An error ends the delivery.
	Pause func(ctx context.Context, attempt int, err error) error
}

// Deliver returns when all records are settled. It fails only with what Settled or Pause returned; what was not settled must then be delivered again.
func (d *Delivery[R]) Deliver(ctx context.Context, records []R) error {
	for len(records) > 0 {
		n := min(d.BatchSize, len(records))
		if err := d.work(ctx, records[:n], 0); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

func (d *Delivery[R]) work(ctx context.Context, batch []R, attempt int) error {
	for len(batch) > 0 {
		done, err := d.Invoke(ctx, batch)
		if err == nil && done > 0 {
			if err := d.settle(ctx, batch[:done]); err != nil {
				return err
			}
			batch = batch[done:]
			continue // progress: the rest is repeated from the checkpoint and begins anew
		}
		exhausted := d.MaxAttempts >= 0 && attempt >= d.MaxAttempts
		switch {
		case d.Bisect && len(batch) > 1 && (err != nil || exhausted):
			half := len(batch) / 2 // halving costs no attempt
			if err := d.work(ctx, batch[:half], attempt); err != nil {
				return err
			}
			batch = batch[half:]
		case exhausted && d.GiveUp(ctx, batch, AttemptsExhausted) == nil:
			return d.settle(ctx, batch)
		default:
			attempt++
			if d.Pause != nil {
				if err := d.Pause(ctx, attempt, err); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (d *Delivery[R]) settle(ctx context.Context, batch []R) error {
	if d.Settled == nil {
		return nil
	}
	return d.Settled(ctx, batch[len(batch)-1])
}
