package app

import (
	"context"
	"log/slog"
	"time"

	"shopkeeper/shared/bus"
	"shopkeeper/shared/event"
	"shopkeeper/shared/privacy"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/table"
)

// Segments keeps customers in the segments that they belong to, and tells the bus who moved. Its Handler takes the feeds of profiles and people, with every kind of change; its Sweep is
// for the schedule.
func Segments(log *slog.Logger, now func() time.Time, store table.Store, news bus.Bus) *segment.Keeper {
	shops := shop.NewStore(now, store, nil) // settings are not sealed
	return segment.NewKeeper(log, now, store, news, func(ctx context.Context, id event.ShopID) (string, error) {
		s, err := shops.Settings(ctx, id)
		return s.Currency, err
	})
}

// segmentEraser takes erased persons off the roster and out of every segment.
type segmentEraser struct{ segments *segment.Store }

// Name is privacy.Eraser's.
func (segmentEraser) Name() string { return "segments" }

// Erase is privacy.Eraser's.
func (e segmentEraser) Erase(ctx context.Context, id event.ShopID, s privacy.Subject) (found int, err error) {
	return e.segments.Erase(ctx, id, s.IDs()...)
}
