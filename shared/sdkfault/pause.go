package sdkfault

import (
	"context"
	"math/rand/v2"
	"time"

	"shopkeeper/shared/fault"
)

// MaxTries is how often a call is made that a service did only in part, or not because others held what it needs. The pauses between them grow from
// firstPause by doubling: together about six seconds.
const (
	MaxTries   = 9
	firstPause = 25 * time.Millisecond
)

// Pause waits before the try after the given one (from 0), for a random part of its turn, so that writers who met do not meet again. It is Unavailable
// when ctx ends first.
func Pause(ctx context.Context, try int) error {
	turn := firstPause << try
	t := time.NewTimer(turn/2 + rand.N(turn/2))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return fault.Wrap(fault.Unavailable, ctx.Err(), "the time was over before all was done")
	}
}
