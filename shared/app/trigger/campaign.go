package trigger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/table"
)

// Minute is called by the schedule every minute, or by whoever wants one shop's campaigns to go on now.
type Minute = func(ctx context.Context, which Which) (Ticked, error)

// Ticked is what a tick answers.
type Ticked struct {
	Shops int `json:"shops"` // whose campaigns were looked at
}

// CampaignFunction is the whole of the campaign function; jobs is the queue that send reads.
func CampaignFunction(log *slog.Logger, now func() time.Time, store table.Store, files blob.Store, jobs queue.Queue, keys *identity.Keyring) (Minute, error) {
	runner, err := app.Campaign(log, now, store, jobs, keys, nil)
	if err != nil {
		return nil, err
	}
	return EveryMinute(log, files, runner.Tick), nil
}

// headroom is what a tick leaves of its time, so that it ends in good order and not in the middle of a step.
const headroom = 10 * time.Second

// EveryMinute does what is due for one shop or all, one after the other. A shop that fails holds up none of the others and is named in the error; a tick that runs out of time is no
// failure, the next one goes on. Ticking twice is harmless.
func EveryMinute(log *slog.Logger, files lister, tick func(context.Context, event.ShopID) error) Minute {
	return func(ctx context.Context, which Which) (Ticked, error) {
		if deadline, ok := ctx.Deadline(); ok {
			early, cancel := context.WithDeadline(ctx, deadline.Add(-headroom))
			defer cancel()
			ctx = early
		}
		shops := []event.ShopID{which.Shop}
		if which.Shop == "" {
			var err error
			if shops, err = shopsOf(ctx, files); err != nil {
				return Ticked{}, err
			}
		}
		var t Ticked
		var failed []error
		for _, s := range shops {
			err := tick(ctx, s)
			switch {
			case ctx.Err() != nil:
				log.InfoContext(ctx, "the next tick goes on", "shop", s)
				return t, errors.Join(failed...)
			case err != nil:
				failed = append(failed, fmt.Errorf("campaigns of %s: %w", s, err))
			default:
				t.Shops++
			}
		}
		return t, errors.Join(failed...)
	}
}
