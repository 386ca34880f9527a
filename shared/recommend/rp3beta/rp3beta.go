// Package rp3beta weighs items by random walks: RP3beta (Paudel, Christoffel, Newell, Bernstein, "Updatable, accurate, diverse, and scalable recommendations
// for interactive applications", TiiS 2017). It is the model for shops with too many items for a dense inverse (see package ease) and for blocks of it (see package slim).
//
// Somebody at an item steps to one of its customers, then to one of that customer's items. Where they end up is damped by popularity:
//
//	weight(i, j) = sum over customers u of (p(u|i) p(j|u))^alpha / customers(j)^beta
//
// With beta 0 everybody ends at the best-sellers; with beta 1 popularity counts for nothing. Each item keeps its k strongest targets.
//
// Complexity: sum over customers of (items of the customer)^2, on all processors; memory: k entries per item.
package rp3beta

import (
	"context"
	"math"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/itemitem"
	"shopkeeper/shared/recommend/sparse"
)

// Settings are what a backtest may vary.
type Settings struct {
	Alpha float64
	Beta  float64
	Top   int // targets kept per item
}

// Grain is how many parts a step's probability is counted in. Whole parts add up to the same sum in any order, here and in a database.
const Grain = 1 << 32

// DefaultSettings are those of the paper's comparison that held on a gift shop's year.
var DefaultSettings = Settings{Alpha: 1, Beta: 0.6, Top: 200}

// Fit makes items x items weights from customers x items. The only error is the context's.
func Fit(ctx context.Context, users sparse.Rows, items int, s Settings) (sparse.Rows, error) {
	ofItem, ofUser := degrees(users, items)
	through := func(u int, a, b float32) float64 {
		return math.Floor(math.Pow(float64(a)*float64(b)/ofUser[u], s.Alpha) * Grain)
	}
	if s.Alpha == 1 {
		through = func(u int, a, b float32) float64 { return math.Floor(float64(a) * float64(b) / ofUser[u] * Grain) }
	}
	return itemitem.Table(ctx, users, items, s.Top, through, s.Weight(ofItem))
}

// Weight weighs the sum over customers of floor(Grain (x(i) x(j) / strengths of the customer)^alpha); ofItem are the sums of the items' strengths.
func (s Settings) Weight(ofItem []float64) itemitem.Weight {
	leave, damp := make([]float64, len(ofItem)), make([]float64, len(ofItem))
	for i, d := range ofItem {
		leave[i], damp[i] = math.Pow(d, s.Alpha), math.Pow(d, s.Beta)
	}
	return func(from, to item.Ordinal, sum float64) float32 {
		return float32(sum / Grain / leave[from] / damp[to])
	}
}

// degrees sums the strengths of every item and of every customer.
func degrees(users sparse.Rows, items int) (ofItem, ofUser []float64) {
	ofItem, ofUser = make([]float64, items), make([]float64, users.Len())
	for u := range users.Len() {
		held, values := users.Row(u)
		for at, i := range held {
			x := 1.0
			if values != nil {
				x = float64(values[at])
			}
			ofUser[u] += x
			if int(i) < items {
				ofItem[i] += x
			}
		}
	}
	return ofItem, ofUser
}
