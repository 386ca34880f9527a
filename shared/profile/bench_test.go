package profile

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/people"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/table"
)

func BenchmarkFolder(b *testing.B) {
	for _, perBatch := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("%d visitors a batch", perBatch), func(b *testing.B) {
			db := sqlitetest.Open(b, nil)
			weights := func(context.Context, event.ShopID) (Weights, error) { return DefaultWeights, nil }
			f := New(slog.New(slog.DiscardHandler), time.Now, db, people.New(db), &openSealer{}, weights).Handler(nil)
			n := 0
			for b.Loop() {
				var batch []table.Change
				for i := range MaxApplied {
					e := did(event.ProductViewed, n, line(event.ItemID(fmt.Sprint(n%50))))
					e.Visitor = event.VisitorID(fmt.Sprint("v", i%perBatch))
					it, err := e.Item()
					if err != nil {
						b.Fatal(err)
					}
					batch = append(batch, table.Change{Seq: fmt.Sprint(n), Key: it.Key, New: &it})
					n++
				}
				if again, err := f(b.Context(), batch); again != "" || err != nil {
					b.Fatal(again, err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
