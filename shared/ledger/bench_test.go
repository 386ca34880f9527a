package ledger

import (
	"fmt"
	"testing"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/sqlite/sqlitetest"
)

// BenchmarkExchange is a sender's way through a campaign: settle what was handed and claim the next in one durable write. rows/s is what the ledger can account for.
func BenchmarkExchange(b *testing.B) {
	for _, lanes := range []int{1, 16, 50} {
		b.Run(fmt.Sprintf("%d at once", lanes), func(b *testing.B) {
			s, ctx := New(func() time.Time { return noon }, sqlitetest.Open(b, nil)), b.Context()
			rows := make([]Row, 0, lanes*(b.N+1))
			for n := range cap(rows) {
				r := planned(n)
				r.Person = event.PersonID(fmt.Sprintf("p_%08d", n))
				rows = append(rows, r)
			}
			if _, err := s.Plan(ctx, rows...); err != nil {
				b.Fatal(err)
			}
			var settle []Settlement
			b.ResetTimer()
			for n := range b.N {
				claims := make([]Claim, lanes)
				for i, r := range rows[n*lanes : (n+1)*lanes] {
					r.Version = 1
					claims[i] = Claim{Row: r, By: "w", Lease: noon.Add(time.Minute), Cap: Cap{Messages: 3, Within: 24 * time.Hour}}
				}
				x, err := s.Exchange(ctx, settle, claims)
				if err != nil || len(x.Claimed) != lanes {
					b.Fatalf("%d claimed, %v", len(x.Claimed), err)
				}
				settle = settle[:0]
				for _, r := range x.Claimed {
					settle = append(settle, Settlement{Row: r, To: Handed, Provider: "m"})
				}
			}
			b.ReportMetric(float64(lanes*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
