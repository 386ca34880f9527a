package campaign

import (
	"context"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/privacy"
	"shopkeeper/shared/table"
)

// Eraser takes erased persons out of the ledger of every campaign of their shop.
type Eraser struct {
	campaigns *Store
	ledger    *ledger.Store
}

var _ privacy.Eraser = (*Eraser)(nil)

// NewEraser makes an Eraser.
func NewEraser(now func() time.Time, tables table.Store) *Eraser {
	return &Eraser{NewStore(now, tables), ledger.New(now, tables)}
}

// Name is ledger.
func (*Eraser) Name() string { return "ledger" }

// Erase leaves the campaigns' rows under ids that are nobody's, so that they add up as before, and suppresses what was planned; see ledger.Store.Erase. Visitors have no rows.
func (e *Eraser) Erase(ctx context.Context, shop event.ShopID, s privacy.Subject) (found int, err error) {
	if s.Person == "" {
		return 0, nil
	}
	all, err := e.campaigns.List(ctx, shop)
	if err != nil {
		return 0, err
	}
	ids := make([]ledger.CampaignID, len(all))
	for i, d := range all {
		ids[i] = d.ID
	}
	return e.ledger.Erase(ctx, shop, s.Person, ids...)
}
