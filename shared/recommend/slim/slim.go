// Package slim learns the weights of EASE without the dense inverse: one small ridge regression per item, over the items that are likely to have a weight at all. It is SLIM with feature
// selection (Ning, Karypis, "SLIM: sparse linear methods for top-N recommender systems", ICDM 2011, fsSLIM) with EASE's squared penalty alone; the same blocks approximate the inverse in Steck,
// "Markov random fields for collaborative filtering", NeurIPS 2019. It stands in for package ease where a catalog is too large, as SANSA (Spisak et al., RecSys 2023) does with a
// sparse factor.
//
//	G        = X'X                                      X: customers x items
//	N(j)     = the Neighbours items i with the highest G(i, j) / sqrt(G(i, i) + lambda)
//	B(N, j)  = (G(N, N) + lambda I)^-1 G(N, j)          and 0 for all items outside N(j)
//	score(j) = sum over the customer's items i of x(i) B(i, j)
//
// With Neighbours = items - 1 this is EASE exactly: the ridge regression of j on all others. What is lost is the weight of items that say little about j; what is kept is cut to the best
// Top of each item, as with EASE. Of G only the Gram strongest entries of each row are held; what is not held counts as 0, and a block that is then no longer positive definite leans on
// a larger lambda.
//
// Complexity: sum over customers of (items of the customer)^2 for G; per item Neighbours x Gram to gather a block and Neighbours^3 / 3 to solve it, on Workers cores. Memory:
// 8 bytes x items x Gram, and 8 bytes x Neighbours^2 per worker: linear in the catalog.
package slim

import (
	"cmp"
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/itemitem"
	"shopkeeper/shared/recommend/sparse"
)

// Settings are what a backtest may vary.
type Settings struct {
	Lambda     float64
	Neighbours int // items that an item is predicted from
	Gram       int // entries of X'X held per item
	Top        int // weights kept per item that is predicted; 0 keeps all
}

// DefaultSettings hold the weights of EASE on a gift shop's year and fit 50,000 items in some 300 MB.
var DefaultSettings = Settings{Lambda: 200, Neighbours: 100, Gram: 400, Top: 50}

// Memory is about how many bytes a fit takes for a catalog.
func Memory(items int, s Settings) int64 {
	return int64(items)*(int64(min(s.Gram, items))*8+int64(s.Top)*16+256) + int64(runtime.GOMAXPROCS(0))*int64(s.Neighbours)*int64(s.Neighbours)*8
}

func (s Settings) check() error {
	switch {
	case !(s.Lambda > 0) || math.IsInf(s.Lambda, 0):
		return fault.InvalidField("lambda", "above 0")
	case s.Neighbours < 1 || s.Neighbours > 5000:
		return fault.InvalidField("neighbours", "from 1 to 5000")
	case s.Gram < 1:
		return fault.InvalidField("gram", "1 or more")
	case s.Top < 0:
		return fault.InvalidField("top", "0 or more")
	}
	return nil
}

// Fit makes items x items weights from customers x items, rows sorted by item. Invalid for settings that mean nothing and strengths that are no finite numbers; else the context's error.
func Fit(ctx context.Context, users sparse.Rows, items int, s Settings) (sparse.Rows, error) {
	if err := s.check(); err != nil {
		return sparse.Rows{}, err
	}
	g, err := newGram(ctx, users, items, s)
	if err != nil {
		return sparse.Rows{}, err
	}
	return g.solve(ctx, items, s)
}

// FitGram is Fit on X'X: its diagonal, and of each item the entries beside it, which row offers in any order. Of those that are not among the item's strongest Settings.Gram none need be there.
func FitGram(ctx context.Context, diagonal []float64, row func(from item.Ordinal, offer func(to item.Ordinal, sum float64)), s Settings) (sparse.Rows, error) {
	if err := s.check(); err != nil {
		return sparse.Rows{}, err
	}
	c := newCutter(diagonal, s)
	sums := make([]float64, len(diagonal))
	for i := range diagonal {
		row(item.Ordinal(i), func(to item.Ordinal, sum float64) {
			sums[to] = sum
			c.offer(to, sum)
		})
		c.end(sums)
	}
	return c.gram.solve(ctx, len(diagonal), s)
}

// solve is the regression of every item.
func (g *gram) solve(ctx context.Context, items int, s Settings) (sparse.Rows, error) {
	columns := make([][]item.Scored, items)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			b := newBlock(g, s)
			for j := int(next.Add(1)) - 1; j < items && ctx.Err() == nil; j = int(next.Add(1)) - 1 {
				columns[j] = b.column(item.Ordinal(j))
			}
		})
	}
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return sparse.Rows{}, err
	}
	byTarget := sparse.Rows{Offsets: make([]uint32, 1, items+1), Values: []float32{}}
	for _, column := range columns {
		byTarget.Append(itemitem.Split(column))
	}
	return byTarget.Transpose(items), nil
}

// gram is X'X: the diagonal, and the strongest entries of each row beside it, sorted by item.
type gram struct {
	diagonal []float64
	rows     sparse.Rows
}

func newGram(ctx context.Context, users sparse.Rows, items int, s Settings) (*gram, error) {
	diagonal := make([]float64, items)
	for u := range users.Len() {
		held, values := users.Row(u)
		for at, i := range held {
			x := 1.0
			if values != nil {
				x = float64(values[at])
			}
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, fault.New(fault.Invalid, "the strengths are not finite numbers")
			}
			if int(i) < items {
				diagonal[i] += x * x
			}
		}
	}
	c := newCutter(diagonal, s)
	product := func(_ int, a, b float32) float64 { return float64(a) * float64(b) }
	return c.gram, itemitem.Paths(ctx, users, items, product, func(from item.Ordinal, reached []item.Ordinal, sums []float64) {
		for _, to := range reached {
			if to != from {
				c.offer(to, sums[to])
			}
		}
		c.end(sums)
	})
}

// cutter keeps the strongest entries of each row.
type cutter struct {
	gram     *gram
	settings Settings
	top      item.Top
	row      []item.Scored
}

func newCutter(diagonal []float64, s Settings) *cutter {
	c := &cutter{gram: &gram{diagonal: diagonal, rows: sparse.Rows{Offsets: make([]uint32, 1, len(diagonal)+1), Values: []float32{}}}, settings: s}
	c.top.Reset(s.Gram)
	return c
}

func (c *cutter) offer(to item.Ordinal, sum float64) {
	if sum > 0 {
		c.top.Offer(to, float32(sum/math.Sqrt(c.gram.diagonal[to]+c.settings.Lambda)))
	}
}

// end ends a row; sums are its entries by item.
func (c *cutter) end(sums []float64) {
	c.row = c.top.Append(c.row[:0])
	for at := range c.row {
		c.row[at].Score = float32(sums[c.row[at].Item])
	}
	slices.SortFunc(c.row, func(a, b item.Scored) int { return cmp.Compare(a.Item, b.Item) })
	c.gram.rows.Append(itemitem.Split(c.row))
}

// block is the working memory of one worker.
type block struct {
	gram     *gram
	settings Settings
	place    []int32 // item -> 1 + place among the neighbours
	near     []item.Scored
	matrix   []float64
	right    []float64
	top      item.Top
}

func newBlock(g *gram, s Settings) *block {
	return &block{gram: g, settings: s, place: make([]int32, len(g.diagonal))}
}

// column is the regression of one item on its neighbours: the best weights, sorted by item.
func (b *block) column(j item.Ordinal) []item.Scored {
	b.top.Reset(b.settings.Neighbours)
	items, values := b.gram.rows.Row(int(j))
	for at, i := range items {
		b.top.Offer(i, float32(float64(values[at])/math.Sqrt(b.gram.diagonal[i]+b.settings.Lambda)))
	}
	b.near = b.top.Append(b.near[:0])
	if len(b.near) == 0 {
		return nil
	}
	slices.SortFunc(b.near, func(a, c item.Scored) int { return cmp.Compare(a.Item, c.Item) })
	for at, n := range b.near {
		b.place[n.Item] = int32(at + 1)
	}
	for lambda := b.settings.Lambda; !b.solve(j, lambda); {
		lambda *= 4
	}
	b.top.Reset(cmp.Or(b.settings.Top, len(b.near)))
	for at, n := range b.near {
		b.place[n.Item] = 0
		b.top.Offer(n.Item, float32(b.right[at]))
	}
	out := b.top.Append(make([]item.Scored, 0, len(b.near)))
	slices.SortFunc(out, func(a, c item.Scored) int { return cmp.Compare(a.Item, c.Item) })
	return out
}

// solve leaves the weights in right; false when the block is not positive definite.
func (b *block) solve(j item.Ordinal, lambda float64) bool {
	n := len(b.near)
	b.matrix = slices.Grow(b.matrix[:0], n*n)[:n*n]
	b.right = slices.Grow(b.right[:0], n)[:n]
	clear(b.matrix)
	clear(b.right)
	for at, one := range b.near {
		b.matrix[at*n+at] = b.gram.diagonal[one.Item] + lambda
		items, values := b.gram.rows.Row(int(one.Item))
		for k, i := range items {
			other := int(b.place[i]) - 1
			if other < 0 {
				continue
			}
			low, high := min(at, other), max(at, other) // an entry may be held by either of its rows
			b.matrix[low*n+high] = float64(values[k])
		}
	}
	items, values := b.gram.rows.Row(int(j))
	for k, i := range items {
		if at := int(b.place[i]) - 1; at >= 0 {
			b.right[at] = float64(values[k])
		}
	}
	factor, ok := lapack64.Potrf(blas64.Symmetric{Uplo: blas.Upper, N: n, Data: b.matrix, Stride: n})
	if !ok {
		return false
	}
	lapack64.Potrs(factor, blas64.General{Rows: n, Cols: 1, Data: b.right, Stride: 1})
	return true
}
