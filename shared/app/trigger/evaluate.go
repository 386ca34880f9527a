package trigger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/blob"
	"shopkeeper/shared/evaluate"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/table"
)

// Evaluation is called by the schedule every night, or by whoever wants one shop's figures now.
type Evaluation = func(ctx context.Context, which Which) (Evaluated, error)

// Evaluated is what came of it, by shop.
type Evaluated map[event.ShopID]evaluate.Done

// EvaluateFunction is the whole of the evaluate function.
func EvaluateFunction(log *slog.Logger, now func() time.Time, store table.Store, files blob.Store, keys *identity.Keyring) (Evaluation, error) {
	seal, err := identity.NewSealer(keys)
	if err != nil {
		return nil, err
	}
	return evaluations(log, files, app.Evaluate(log, now, store, files, shop.NewStore(now, store, seal)).Night), nil
}

// evaluations evaluates one shop or all, one after the other: a shop that fails holds up none of the others and is named in the error, which makes Lambda call again. Evaluating twice is harmless.
func evaluations(log *slog.Logger, files lister, night func(context.Context, event.ShopID) (evaluate.Done, error)) Evaluation {
	return func(ctx context.Context, which Which) (Evaluated, error) {
		shops := []event.ShopID{which.Shop}
		if which.Shop == "" {
			var err error
			if shops, err = shopsOf(ctx, files); err != nil {
				return nil, err
			}
		}
		done := Evaluated{}
		var failed []error
		for _, s := range shops {
			d, err := night(ctx, s)
			if err != nil {
				log.ErrorContext(ctx, "shop not evaluated", "shop", s, "err", err)
				failed = append(failed, fmt.Errorf("evaluate %s: %w", s, err))
				continue
			}
			done[s] = d
		}
		return done, errors.Join(failed...)
	}
}
