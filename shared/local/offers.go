package local

import (
	"context"
	"fmt"
	"slices"

	"shopkeeper/shared/app"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/offer/impression"
	"shopkeeper/shared/queue"
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

// offered puts what was shown of the offers into a made-up history, and returns the events that count for them: showings, clicks, and the orders after them.
func (l *Local) offered(made *simulate.Made) ([]event.Event, error) {
	signer, err := impression.NewSigner(l.Ring)
	if err != nil || len(made.Shown) == 0 {
		return nil, err
	}
	var events []event.Event
	open := float32(1) / float32(len(made.Offers))
	for i, s := range made.Shown {
		who := made.Customers[s.Customer].Person
		im := impression.Impression{Offer: string(made.Offers[s.Offer].ID), Subject: string(who), Ordinal: s.Ordinal, Propensity: open, At: s.At}
		e := event.Event{
			Shop: ShopID, Visitor: event.VisitorID(who), ID: event.ID(fmt.Sprintf("sim-offer-%d", i)), Person: who, Trusted: true, Type: event.Track, Name: event.PromotionViewed,
			At: s.At, ReceivedAt: s.At, Session: s.Session, Recommendation: string(signer.Append(nil, ShopID, &im)),
		}
		events = append(events, e)
		if s.Clicked {
			e.ID, e.Name = event.ID(fmt.Sprintf("sim-click-%d", i)), event.PromotionClicked
			events = append(events, e)
		}
	}
	first := made.Shown[0].At
	counts := slices.Clone(events)
	for _, e := range made.Events {
		if e.Person != "" && e.Name == event.OrderCompleted && !e.At.Before(first) {
			counts = append(counts, e)
		}
	}
	inTime := func(a, b event.Event) int { return a.At.Compare(b.At) }
	slices.SortStableFunc(counts, inTime)
	made.Events = slices.Concat(made.Events, events)
	slices.SortStableFunc(made.Events, inTime)
	return counts, nil
}

// countOffers has the events of a made-up history counted as those of the feed are.
func (l *Local) countOffers(ctx context.Context, failures queue.Queue, events []event.Event) error {
	count, err := app.Offers(l.Log, l.Now, l.DB, failures, l.Ring)
	if err != nil {
		return err
	}
	for few := range slices.Chunk(events, offersAtOnce) {
		if err := l.fold(ctx, count, few); err != nil {
			return err
		}
	}
	return nil
}

// offersAtOnce is how many events of the history are counted in one batch; those of different customers side by side.
const offersAtOnce = 500
