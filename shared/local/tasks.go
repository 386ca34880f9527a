package local

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"shopkeeper/shared/app"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/simulate"
	"shopkeeper/shared/stream"
)

// catchUpArchive is the batch of the archive when history waits: few large files. profile's batch stays as it is, for what it remembers of repeats.
var catchUpArchive = stream.Mapping{BatchSize: 5000, MaxAttempts: -1, Bisect: true}

// CatchUp archives and folds what commands stored, so that training sees it. When a process serves the folder, that process is doing it, and CatchUp returns at once. It may be stopped at any
// time: what is left waits for the next CatchUp or serve.
func (l *Local) CatchUp(ctx context.Context, progress Progress) error {
	unlock, err := lock(l.Dir)
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	if err != nil {
		return err
	}
	failures := l.failures()
	fold, err := app.Profile(l.Log, l.Now, l.DB, failures, l.Ring)
	if err != nil {
		return errors.Join(err, unlock())
	}
	loops := []*stream.Loop{
		stream.NewLoop(l.Log, l.Now, "archive", l.DB.Feed(event.Table), failures, app.Archive(l.Log, l.Blobs, failures), catchUpArchive, nil),
		stream.NewLoop(l.Log, l.Now, "profile", l.DB.Feed(event.Table), failures, fold, stream.Mapping{BatchSize: profile.MaxApplied, MaxAttempts: -1, Bisect: true}, nil),
	}
	var settled atomic.Int64
	all, working := errgroup.WithContext(ctx)
	for _, loop := range loops {
		all.Go(func() error {
			return drain(working, loop, func(n int) { progress("remembering", int(settled.Add(int64(n))), 0) })
		})
	}
	return errors.Join(all.Wait(), unlock())
}

// drain steps a loop until it has caught up.
func drain(ctx context.Context, loop *stream.Loop, settled func(int)) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := loop.Step(ctx)
		if err != nil {
			return fmt.Errorf("catch up: %w", err)
		}
		if n == 0 {
			return nil
		}
		settled(n)
	}
}

// Simulate fills a new folder with a made-up shop and a year of its history. Repeated, it stores the same shop again, which changes nothing. Conflict: the folder has
// goods of its own, or is being served.
func (l *Local) Simulate(ctx context.Context, seed uint64, progress Progress) (made simulate.Made, err error) {
	unlock, err := lock(l.Dir)
	if err != nil {
		return made, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	own, err := l.hasOwnGoods(ctx)
	if err != nil {
		return simulate.Made{}, err
	}
	if own {
		return simulate.Made{}, fault.New(fault.Conflict, "the folder "+l.Dir+" has goods of its own: choose a new one with --data")
	}
	made, err = l.simulated(seed)
	if err != nil {
		return made, err
	}
	return made, l.populate(ctx, made, l.failures(), progress)
}
