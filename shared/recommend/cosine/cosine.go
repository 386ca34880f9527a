// Package cosine finds items that the same customers hold (ItemKNN): items similar to one another, for a product page, and the classic model that others
// must beat.
//
//	similarity(i, j) = sum over customers of x(i) x(j) / (|x(i)| |x(j)| + shrink)
//
// The shrink term keeps two items that one customer bought from being perfect twins. Each item keeps its most similar k.
//
// Complexity: sum over customers of (items of the customer)^2, on all processors.
package cosine

import (
	"context"
	"math"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/itemitem"
	"shopkeeper/shared/recommend/sparse"
)

// Settings are what a backtest may vary.
type Settings struct {
	Shrink float64
	Top    int // items kept per item
}

// DefaultSettings are good on shops with some thousand items.
var DefaultSettings = Settings{Shrink: 20, Top: 50}

// Fit lists for every item of the catalog the most similar others, best first. users are customers x items. The only error is the context's.
func Fit(ctx context.Context, users sparse.Rows, items int, s Settings) (sparse.Rows, error) {
	return itemitem.Table(ctx, users, items, s.Top, func(_ int, a, b float32) float64 { return float64(a) * float64(b) }, s.Similarity(Norms(users, items)))
}

// Similarity weighs the sum over customers of x(i) x(j); norms are the items' |x|.
func (s Settings) Similarity(norms []float64) itemitem.Weight {
	return func(from, to item.Ordinal, sum float64) float32 {
		return float32(sum / (norms[from]*norms[to] + s.Shrink))
	}
}

// Norms is the length |x| of every item's column of customers.
func Norms(users sparse.Rows, items int) []float64 {
	norms := make([]float64, items)
	for at, i := range users.Items {
		if int(i) < items {
			x := 1.0
			if users.Values != nil {
				x = float64(users.Values[at])
			}
			norms[i] += x * x
		}
	}
	for i := range norms {
		norms[i] = math.Sqrt(norms[i])
	}
	return norms
}
