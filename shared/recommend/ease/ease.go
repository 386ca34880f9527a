// Package ease learns weights between items in closed form: EASE (Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019).
//
// Every item is predicted from all others by one ridge regression, with the weight of an item on itself fixed at zero. All these regressions share one
// matrix, so one inverse answers them all:
//
//	P = (X'X + lambda I)^-1        X: customers x items
//	B(i, j) = -P(i, j) / P(j, j)   for i != j, and 0 on the diagonal
//	score(j) = sum over the customer's items i of x(i) B(i, j)
//
// lambda is in customers: an item needs about that many before its neighbours believe it. B is dense; its strongest entries carry what is worth
// knowing, so it is cut to the best N of each item and stored as float32.
//
// Complexity: items^3 additions and multiplications for the inverse, in place and on all processors: 8 bytes x items^2 of memory (see Memory; 5,000 items: 205 MB). Above a budget of memory
// (see Most) another method takes its place: package rp3beta.
package ease

import (
	"context"
	"slices"
	"sort"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/itemitem"
	"shopkeeper/shared/recommend/sparse"
)

// Settings are what a backtest may vary.
type Settings struct {
	Lambda float64
	Top    int // entries kept per item; 0 keeps all
}

// DefaultSettings are good on shops with some thousand items and customers.
var DefaultSettings = Settings{Lambda: 200, Top: 50}

// Memory is about how many bytes a fit takes for a catalog: the matrix, four panels of the inverse, and the table that is kept.
func Memory(items int) int64 { return int64(items)*int64(items)*8 + int64(items)*(4*8*panel+1024) }

// Most is the largest catalog whose fit takes no more than so many bytes, at most half a billion items.
func Most(memory int64) int {
	return sort.Search(1<<29, func(items int) bool { return Memory(items+1) > memory })
}

// Fit makes items x items weights from customers x items, rows sorted by item. A lambda that is not positive is Invalid. The context is looked at
// before and after the inverse.
func Fit(ctx context.Context, users sparse.Rows, items int, s Settings) (sparse.Rows, error) {
	if !(s.Lambda > 0) {
		return sparse.Rows{}, fault.InvalidField("lambda", "above 0")
	}
	if items == 0 {
		return sparse.Rows{Offsets: []uint32{0}, Values: []float32{}}, nil
	}
	return FitGram(ctx, gram(users, items), items, s)
}

// FitGram is Fit on the upper triangle of X'X, row by row, items x items. It is overwritten.
func FitGram(ctx context.Context, p []float64, items int, s Settings) (sparse.Rows, error) {
	if !(s.Lambda > 0) {
		return sparse.Rows{}, fault.InvalidField("lambda", "above 0")
	}
	if items == 0 {
		return sparse.Rows{Offsets: []uint32{0}, Values: []float32{}}, nil
	}
	for i := range items {
		p[i*items+i] += s.Lambda
	}
	positive, err := invert(ctx, p, items)
	if err != nil {
		return sparse.Rows{}, err
	}
	if !positive {
		return sparse.Rows{}, fault.New(fault.Invalid, "the strengths are not finite numbers: the items' matrix has no inverse")
	}
	if err := ctx.Err(); err != nil {
		return sparse.Rows{}, err
	}
	return weights(p, items, s.Top), nil
}

// gram is the upper triangle of X'X, row by row.
func gram(users sparse.Rows, items int) []float64 {
	g := make([]float64, items*items)
	for u := range users.Len() {
		held, values := users.Row(u)
		for a, i := range held {
			x := float64(strength(values, a))
			if int(i) >= items {
				continue
			}
			row := g[int(i)*items : (int(i)+1)*items]
			for b, j := range held {
				if j >= i && int(j) < items {
					row[j] += x * float64(strength(values, b))
				}
			}
		}
	}
	return g
}

func strength(values []float32, at int) float32 {
	if values == nil {
		return 1
	}
	return values[at]
}

// weights cuts B to the best of each column j, whose entries are those of row j of the symmetric P divided by -P(j, j).
func weights(p []float64, n, keep int) sparse.Rows {
	if keep <= 0 || keep >= n {
		keep = n - 1
	}
	byTarget := sparse.Rows{Offsets: make([]uint32, 1, n+1), Values: []float32{}}
	var top item.Top
	var row []item.Scored
	for j := range n {
		of := p[j*n : (j+1)*n]
		top.Reset(keep)
		for i, v := range of {
			if i != j {
				top.Offer(item.Ordinal(i), float32(-v/of[j]))
			}
		}
		row = top.Append(row[:0])
		slices.SortFunc(row, func(a, b item.Scored) int { return int(a.Item) - int(b.Item) })
		byTarget.Append(itemitem.Split(row))
	}
	return byTarget.Transpose(n)
}
