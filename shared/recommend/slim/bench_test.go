package slim

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/rp3beta"
	"shopkeeper/shared/recommend/sparse"
)

// BenchmarkLargeCatalog fits 50,000 items and 200,000 customers of some 12 items, whose tastes are departments and whose choices follow a power law; a dense inverse would take 20 GB.
func BenchmarkLargeCatalog(b *testing.B) {
	const items, departments = 50_000, 500
	random := rand.New(rand.NewPCG(5, 5))
	var users sparse.Rows
	for range 200_000 {
		department := random.IntN(departments)
		var row []item.Ordinal
		for range 4 + random.IntN(16) {
			if random.IntN(5) == 0 {
				department = random.IntN(departments)
			}
			place := int(float64(items/departments) * math.Pow(random.Float64(), 2))
			row = append(row, item.Ordinal(place*departments+department))
		}
		slices.Sort(row)
		users.Append(slices.Compact(row), nil)
	}
	for name, fit := range map[string]func(context.Context) (sparse.Rows, error){
		"slim": func(ctx context.Context) (sparse.Rows, error) { return Fit(ctx, users, items, DefaultSettings) },
		"rp3beta": func(ctx context.Context) (sparse.Rows, error) {
			return rp3beta.Fit(ctx, users, items, rp3beta.DefaultSettings)
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				weights, err := fit(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(weights.Items))/items, "weights/item")
			}
		})
	}
}
