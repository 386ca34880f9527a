package trigger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/privacy"
	"shopkeeper/shared/table"
)

// Erasures is called by the schedule every few minutes, or by whoever wants those of one shop carried out now.
type Erasures = func(ctx context.Context, which Which) (Erased, error)

// Erased is how many erasures were carried out, by shop. Their certificates are on record.
type Erased map[event.ShopID]int

// EraseFunction is the whole of the erase function.
func EraseFunction(log *slog.Logger, now func() time.Time, store table.Store, files blob.Store, keys *identity.Keyring) (Erasures, error) {
	service, err := app.Privacy(log, now, store, files, keys, nil)
	if err != nil {
		return nil, err
	}
	return erasures(log, files, service.Resume), nil
}

// erasures carries out those of one shop or of all: a shop that fails holds up none of the others and is named in the error, which makes Lambda call again. Every step may be done again.
func erasures(log *slog.Logger, files lister, resume func(context.Context, event.ShopID, time.Duration) ([]privacy.Certificate, error)) Erasures {
	return func(ctx context.Context, which Which) (Erased, error) {
		shops := []event.ShopID{which.Shop}
		if which.Shop == "" {
			var err error
			if shops, err = shopsOf(ctx, files); err != nil {
				return nil, err
			}
		}
		done := Erased{}
		var failed []error
		for _, s := range shops {
			certificates, err := resume(ctx, s, privacy.Patience)
			if err != nil {
				log.ErrorContext(ctx, "erasures put off", "shop", s, "err", err)
				failed = append(failed, fmt.Errorf("erase from %s: %w", s, err))
			}
			if len(certificates) > 0 {
				done[s] = len(certificates)
			}
		}
		return done, errors.Join(failed...)
	}
}
