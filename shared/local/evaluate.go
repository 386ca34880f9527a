package local

import (
	"context"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/evaluate"
	"shopkeeper/shared/fault"
)

// On one machine the figures are made anew every hour; a shop without any yet is looked at more often.
const (
	evaluateEvery = time.Hour
	lookForOrders = 5 * time.Minute
)

// Evaluator says what came of the shop's campaigns.
func (l *Local) Evaluator() *evaluate.Evaluator {
	return app.Evaluate(l.Log, l.Now, l.DB, l.Blobs, l.Shops)
}

// evaluateIfDue makes the figures when the newest are an hour old or empty.
func (w works) evaluateIfDue(ctx context.Context) {
	e := w.Evaluator()
	last, err := e.Reports.Months(ctx, ShopID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		w.Log.Error("evaluation put off", "err", err)
		return
	}
	if n := len(last.Months); n > 0 && last.Only("").Months[len(last.Only("").Months)-1].Customers > 0 && w.Now().Sub(last.Evaluated) < evaluateEvery {
		return
	}
	if _, err := e.Night(ctx, ShopID); err != nil && ctx.Err() == nil {
		w.Log.Error("evaluation failed; the next try is soon", "err", err)
	}
}
