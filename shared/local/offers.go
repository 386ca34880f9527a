package local

import (
	"context"

	"shopkeeper/shared/app"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/simulate"
	"shopkeeper/shared/stream"
)

// offersMapping: what a batch has counted is known by the histories, so its size does not matter.
var offersMapping = stream.Mapping{BatchSize: 100, MaxAttempts: -1, Bisect: true}

// offersLoop counts what comes back of offers.
func (w *works) offersLoop() (*stream.Loop, error) {
	count, err := app.Offers(w.Log, w.Now, w.DB, w.failed, w.Ring)
	if err != nil {
		return nil, err
	}
	return stream.NewLoop(w.Log, w.Now, "offers", w.DB.Feed(event.Table), w.failed, count, offersMapping, &stream.LoopOptions{Wait: w.changes(event.Table)}), nil
}

// chooser is the folder's, which Close closes.
func (l *Local) chooser() *offer.Chooser {
	if l.offers == nil {
		l.offers = app.Chooser(l.Log, l.Now, l.DB, 0)
	}
	return l.offers
}

// putOffers stores the offers of a made-up shop. One that is there already stays as it is.
func (l *Local) putOffers(ctx context.Context, made simulate.Made) error {
	store := offer.NewStore(l.Now, l.DB)
	for _, o := range made.Offers {
		if _, err := store.Put(ctx, o.Definition); err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return nil
}
