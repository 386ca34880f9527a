package local

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"shopkeeper/shared/app"
	"shopkeeper/shared/clicks"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/simulate"
	"shopkeeper/shared/stream"
	"shopkeeper/shared/table"
)

// works are what runs beside the requests: on AWS the event source mappings and the scheduler start it.
type works struct {
	*Local
	failed  queue.Queue
	trainer *app.Trainer
	loops   []*stream.Loop
	tried   *time.Time // the latest training of this process, published or not

	segments *segment.Keeper
}

// The mappings are those of the deployment, but for the wait for a fuller batch, which saves money there.
var (
	profileMapping = stream.Mapping{BatchSize: profile.MaxApplied, MaxAttempts: -1, Bisect: true}
	archiveMapping = stream.Mapping{BatchSize: 1000, Window: 5 * time.Second, MaxAttempts: -1, Bisect: true}
)

func (l *Local) newWorks() (works, error) {
	w := works{Local: l, failed: l.failures(), trainer: app.Train(l.Log, l.Now, l.DB, l.Blobs, nil), tried: new(time.Time)}
	fold, err := app.Profile(l.Log, l.Now, l.DB, w.failed, l.Ring)
	if err != nil {
		return w, err
	}
	w.loops = []*stream.Loop{
		stream.NewLoop(l.Log, l.Now, "profile", l.DB.Feed(event.Table), w.failed, fold, profileMapping, &stream.LoopOptions{Wait: l.changes(event.Table)}),
		stream.NewLoop(l.Log, l.Now, "archive", l.DB.Feed(event.Table), w.failed, app.Archive(l.Log, l.Blobs, w.failed), archiveMapping, &stream.LoopOptions{Wait: l.changes(event.Table)}),
	}
	offers, err := w.offersLoop()
	w.loops = append(append(w.loops, offers), w.segmentLoops()...)
	return w, err
}

// changes waits until a table has changed since the last time it was asked, so that no change between a loop's reading and its waiting is missed.
func (l *Local) changes(name table.Name) func(context.Context) error {
	changed := l.DB.Changed(name)
	return func(ctx context.Context) error {
		select {
		case <-changed:
			changed = l.DB.Changed(name)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// start starts everything in the group, until ctx ends.
func (w works) start(ctx context.Context, all *errgroup.Group) {
	for _, l := range w.loops {
		all.Go(func() error { return l.Run(ctx) })
	}
	all.Go(func() error { return w.hearClicks(ctx) })
	all.Go(func() error { return every(ctx, lookForTraining, w.trainIfDue) })
	all.Go(func() error { return w.runCampaigns(ctx) })
	all.Go(func() error { return every(ctx, maintainEvery, w.maintain) })
	all.Go(func() error { return every(ctx, lookForErasures, w.finishErasures) })
	all.Go(func() error { return every(ctx, lookForSweeps, w.sweep) })
	all.Go(func() error { return every(ctx, lookForImports, w.importDropped) })
	all.Go(func() error { return every(ctx, lookForOrders, w.evaluateIfDue) })
}

// every does something again and again, at once for the first time, until ctx ends.
func every(ctx context.Context, pause time.Duration, do func(context.Context)) error {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		do(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// heardTogether is how long what visitors do waits for more of it before recommendations take it in.
const heardTogether = 100 * time.Millisecond

// hearClicks has recommendations take in what visitors did as soon as it is folded, until ctx ends. On AWS a warm process looks for it instead.
func (w works) hearClicks(ctx context.Context) error {
	changed := w.changes(clicks.Table)
	for {
		if err := changed(ctx); err != nil {
			return nil //nolint:nilerr // ctx has ended, and with it the work
		}
		w.models.Refresh(ctx, ShopID)
		select {
		case <-time.After(heardTogether):
		case <-ctx.Done():
			return nil
		}
	}
}

func (w works) maintain(ctx context.Context) {
	if err := w.DB.Maintain(ctx); err != nil && ctx.Err() == nil {
		w.Log.Error("the database could not be tidied up", "err", err)
	}
}

// trainIfDue trains once a night, whether or not the model is fit to publish, and before that where enough new happened. A shop without items waits for its import, and while another process trains,
// this one does not.
func (w works) trainIfDue(ctx context.Context) {
	settings, err := w.Shops.Settings(ctx, ShopID)
	if err != nil {
		w.Log.Error("training put off", "err", err)
		return
	}
	zone, err := time.LoadLocation(settings.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	published, err := w.published(ctx)
	now := w.Now()
	if err != nil || !(due(published, now, zone) && due(*w.tried, now, zone)) && !w.early(ctx, now) {
		return
	}
	end, err := w.Training()
	if err != nil {
		return
	}
	defer func() { _ = end() }()
	_, err = w.trainer.Night(ctx, ShopID, nil)
	switch {
	case err == nil:
		*w.tried = now
	case ctx.Err() == nil && !fault.Is(err, fault.NotFound):
		*w.tried = now
		w.Log.Error("training failed; the next try is tomorrow", "err", err)
	}
}

// early says whether a training should not wait for the night. After one that was refused or failed it waits as after one that was published.
func (w works) early(ctx context.Context, now time.Time) bool {
	if now.Sub(*w.tried) < app.BetweenEarly {
		return false
	}
	due, err := w.trainer.Early(ctx, ShopID)
	if err != nil && ctx.Err() == nil {
		w.Log.Error("nobody knows whether there is enough for a training", "err", err)
	}
	return due
}

const day = 24 * time.Hour

// published is when the shop's model was published; the zero time when it has none.
func (w works) published(ctx context.Context) (time.Time, error) {
	pointer, _, err := recommend.ReadPointer(ctx, w.Blobs, ShopID)
	if fault.Is(err, fault.NotFound) {
		return time.Time{}, nil
	}
	return pointer.Published, err
}

// firstStart makes up the shop of a folder that has no items yet, or finishes what a killed first start began, and trains the first model. It returns the made-up shop: the
// zero one for a folder with goods of its own.
func (p *process) firstStart(ctx context.Context) (simulate.Made, error) {
	own, err := p.hasOwnGoods(ctx)
	if err != nil || own {
		return simulate.Made{}, err
	}
	made, err := p.simulated(p.options.Seed)
	if err != nil {
		return made, err
	}
	published, err := p.works.published(ctx)
	if err != nil || !published.IsZero() {
		return made, err
	}
	if err := p.populate(ctx, made, p.works.failed, p.options.Progress); err != nil {
		return made, err
	}
	end, err := p.Training()
	if err != nil {
		return made, err
	}
	defer func() { _ = end() }()
	_, err = p.works.trainer.Shop(ctx, ShopID, func(stage string, done, total int) { p.options.Progress("training: "+stage, done, total) })
	return made, err
}
