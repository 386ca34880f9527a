package local

import (
	"context"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/stream"
	"shopkeeper/shared/table"
)

// segmentMapping: a change only says who is to be looked at, so a batch may be large.
var segmentMapping = stream.Mapping{BatchSize: 500, MaxAttempts: -1, Bisect: true}

// lookForSweeps is how soon the members of a changed definition are looked for.
const lookForSweeps = time.Second

// news is the name of the bus that says what happened.
const news = "shop"

// keeper keeps the folder's segments.
func (l *Local) keeper() *segment.Keeper { return app.Segments(l.Log, l.Now, l.DB, l.DB.Bus(news)) }

// segmentLoops follow the feeds of profiles and of people.
func (w *works) segmentLoops() []*stream.Loop {
	w.segments = w.keeper()
	handle := w.segments.Handler(w.failed)
	var loops []*stream.Loop
	for consumer, feed := range map[string]table.Name{"segment": profile.Table, "segment-people": people.Table} {
		loops = append(loops, stream.NewLoop(w.Log, w.Now, consumer, w.DB.Feed(feed), w.failed, handle, segmentMapping, &stream.LoopOptions{Wait: w.changes(feed)}))
	}
	return loops
}

// sweep does what is due of the nightly reckoning and of changed definitions.
func (w works) sweep(ctx context.Context) {
	if _, err := w.segments.Sweep(ctx, ShopID); err != nil && ctx.Err() == nil {
		w.Log.Error("segments could not be swept; the next try is soon", "err", err)
	}
}
