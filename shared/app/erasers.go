package app

import (
	"context"

	"shopkeeper/shared/clicks"
	"shopkeeper/shared/event"
	"shopkeeper/shared/exposure"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/privacy"
)

// offerEraser removes what was offered to whom.
type offerEraser struct{ results *offer.Results }

// Name is privacy.Eraser's.
func (offerEraser) Name() string { return "offers" }

// Erase is privacy.Eraser's.
func (e offerEraser) Erase(ctx context.Context, shop event.ShopID, s privacy.Subject) (int, error) {
	return e.results.Erase(ctx, shop, s.IDs()...)
}

// clicksEraser removes what visitors did in the last minutes from what recommending processes read.
type clicksEraser struct{ recent *clicks.Store }

// Name is privacy.Eraser's.
func (clicksEraser) Name() string { return "clicks" }

// Erase is privacy.Eraser's. How many visits went is not told: they have no names.
func (e clicksEraser) Erase(ctx context.Context, shop event.ShopID, s privacy.Subject) (int, error) {
	for _, id := range s.IDs() {
		if err := e.recent.Forget(ctx, shop, event.VisitorID(id)); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// exposuresEraser removes lines of what was shown from the log that functions keep in files. A process on a machine has a log of its own, which its ground rids of the subject.
type exposuresEraser struct{ log *exposure.Log }

// Name is privacy.Eraser's.
func (exposuresEraser) Name() string { return "exposures" }

// Erase is privacy.Eraser's.
func (e exposuresEraser) Erase(ctx context.Context, shop event.ShopID, s privacy.Subject) (int, error) {
	return e.log.Forget(ctx, shop, s.IDs()...)
}
