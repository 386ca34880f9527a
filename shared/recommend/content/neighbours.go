package content

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/itemitem"
	"shopkeeper/shared/recommend/sparse"
)

// piece is how many items one goroutine looks up at a time.
const piece = 256

// A look-up of many goes less far than one: a quarter of the entries, half of the comparisons.
const (
	visitsOfMany   = Visits / 4
	comparedOfMany = Compared / 2
)

// Neighbours lists for every wanted item of the index the n others that are most like it, best first, with similarities, on all processors, and for the other items those of the wanted that named them:
// at most n each. Equal indexes give equal lists. The only error is the context's.
func (x *Index) Neighbours(ctx context.Context, n int, wanted func(item.Ordinal) bool) (sparse.Rows, error) {
	rows := make([][]item.Scored, x.Len())
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			var s Scratch
			for from := int(next.Add(piece)) - piece; from < len(rows) && ctx.Err() == nil; from = int(next.Add(piece)) - piece {
				for i := from; i < min(from+piece, len(rows)); i++ {
					if wanted(item.Ordinal(i)) {
						rows[i] = x.others(&s, item.Ordinal(i), n)
					}
				}
			}
		})
	}
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return sparse.Rows{}, err
	}
	named := sparse.Rows{Offsets: make([]uint32, 1, len(rows)+1), Values: []float32{}}
	some := false
	for i, row := range rows {
		named.Append(itemitem.Split(row))
		rows[i], some = nil, some || !wanted(item.Ordinal(i))
	}
	if !some {
		return named, nil
	}
	return answered(named, n, wanted), nil
}

// answered are the rows with those that were not wanted filled by who named them.
func answered(named sparse.Rows, n int, wanted func(item.Ordinal) bool) sparse.Rows {
	by := named.Transpose(named.Len())
	out := sparse.Rows{Offsets: make([]uint32, 1, named.Len()+1), Values: []float32{}}
	var top item.Top
	var row []item.Scored
	for i := range named.Len() {
		if wanted(item.Ordinal(i)) {
			out.Append(named.Row(i))
			continue
		}
		top.Reset(n)
		items, values := by.Row(i)
		for at, j := range items {
			top.Offer(j, values[at])
		}
		row = top.Append(row[:0])
		out.Append(itemitem.Split(row))
	}
	return out
}

// others are the neighbours of an item without itself.
func (x *Index) others(s *Scratch, i item.Ordinal, n int) []item.Scored {
	near := x.near(nil, s, x.Of(i), n+1, visitsOfMany, comparedOfMany)
	kept := near[:0]
	for _, one := range near {
		if one.Item != i && len(kept) < n {
			kept = append(kept, one)
		}
	}
	return kept
}
