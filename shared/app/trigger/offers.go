package trigger

import (
	"log/slog"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/table"
)

// OffersFunction is the whole of the offers function, on any engines.
func OffersFunction(log *slog.Logger, now func() time.Time, store table.Store, failures queue.Queue, keys *identity.Keyring) (Changes, error) {
	fold, err := app.Offers(log, now, store, failures, keys)
	return OnEvents(log, "offers", failures, fold), err
}
