package ses

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	askAgain    = 15 * time.Minute // for the account's quota: it grows as the account is trusted
	askTimeout  = 5 * time.Second
	unknownRate = 14 // messages a second when SES does not tell: what an account has at least outside the sandbox
)

// rate is a token bucket: it holds one second's messages, and a call that wants more than there are waits for the time it takes to earn them.
type rate struct {
	now   func() time.Time
	share float64
	ask   func(ctx context.Context) (float64, error)

	mu     sync.Mutex
	second float64   // messages a second; 0: not asked yet
	asked  time.Time // when
	free   time.Time // from when on the next call may go
}

func newRate(now func() time.Time, share float64, ask func(ctx context.Context) (float64, error)) *rate {
	return &rate{now: now, share: share, ask: ask}
}

// wait returns when n messages may be sent, or an error when ctx ends first.
func (r *rate) wait(ctx context.Context, log *slog.Logger, n int) error {
	if n == 0 {
		return nil
	}
	pause := r.reserve(ctx, log, n)
	if pause <= 0 {
		return nil
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < pause {
		r.giveBack(n)
		return context.DeadlineExceeded
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		r.giveBack(n)
		return ctx.Err()
	}
}

// reserve takes the time that n messages earn, and says how long to wait for its beginning.
func (r *rate) reserve(ctx context.Context, log *slog.Logger, n int) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if r.second == 0 || now.Sub(r.asked) > askAgain {
		asking, cancel := context.WithTimeout(ctx, askTimeout)
		second, err := r.ask(asking)
		cancel()
		switch {
		case err == nil && second > 0:
			r.second = second
		case r.second == 0:
			log.WarnContext(ctx, "SES does not tell the sending rate", "assumed", unknownRate, "err", err)
			r.second = unknownRate
		}
		r.asked = now
	}
	if full := now.Add(-time.Second); r.free.Before(full) {
		r.free = full
	}
	r.free = r.free.Add(r.takes(n))
	return r.free.Sub(now)
}

func (r *rate) takes(n int) time.Duration {
	return time.Duration(float64(n) / (r.second * r.share) * float64(time.Second))
}

func (r *rate) giveBack(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free = r.free.Add(-r.takes(n))
}
