package app

import (
	"context"

	"shopkeeper/shared/event"
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
