package itemitem

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/sparse"
)

// chunk is how many rows of a table are one piece of work.
const chunk = 256

// Weight weighs one item that was reached: sum is what Paths sums over the customers in common.
type Weight func(from, to item.Ordinal, sum float64) float32

// Table fills a table of weights between items with the best keep of each item, best first, on all processors: what Paths reaches, weighed. through and weight are called from many goroutines
// at once. Equal input gives an equal table, on any number of processors. The only error is the context's.
//
// Memory: 9 bytes x items for each processor, and the table.
func Table(ctx context.Context, users sparse.Rows, items, keep int, through func(user int, a, b float32) float64, weight Weight) (sparse.Rows, error) {
	customers := users.Transpose(items)
	pieces := make([]sparse.Rows, (items+chunk-1)/chunk)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(pieces)) {
		workers.Go(func() {
			w := walker{users: users, customers: customers, through: through, sums: make([]float64, items), seen: make([]bool, items)}
			var top item.Top
			for at := int(next.Add(1)) - 1; at < len(pieces) && ctx.Err() == nil; at = int(next.Add(1)) - 1 {
				pieces[at] = w.rows(at*chunk, min((at+1)*chunk, items), keep, &top, weight)
			}
		})
	}
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return sparse.Rows{}, err
	}
	return joined(pieces, items), nil
}

// rows are the table's rows from..to.
func (w *walker) rows(from, to, keep int, top *item.Top, weight Weight) sparse.Rows {
	out := sparse.Rows{Offsets: make([]uint32, 1, to-from+1), Values: []float32{}}
	var row []item.Scored
	for i := from; i < to; i++ {
		w.walk(item.Ordinal(i))
		top.Reset(keep)
		for _, j := range w.reached {
			if int(j) != i {
				top.Offer(j, weight(item.Ordinal(i), j, w.sums[j]))
			}
		}
		row = top.Append(row[:0])
		for _, s := range row {
			out.Items, out.Values = append(out.Items, s.Item), append(out.Values, s.Score)
		}
		out.Offsets = append(out.Offsets, uint32(len(out.Items)))
		w.forget()
	}
	return out
}

// joined puts the pieces of a table one below the other.
func joined(pieces []sparse.Rows, rows int) sparse.Rows {
	total := 0
	for _, p := range pieces {
		total += len(p.Items)
	}
	out := sparse.Rows{Offsets: make([]uint32, 1, rows+1), Items: make([]item.Ordinal, 0, total), Values: make([]float32, 0, total)}
	for at := range pieces {
		p := &pieces[at]
		below := uint32(len(out.Items))
		out.Items, out.Values = append(out.Items, p.Items...), append(out.Values, p.Values...)
		for _, o := range p.Offsets[1:] {
			out.Offsets = append(out.Offsets, below+o)
		}
		*p = sparse.Rows{}
	}
	return out
}
