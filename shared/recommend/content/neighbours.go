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

// Neighbours lists for every item of the index the n others that are most like it, best first, with similarities, on all processors. Equal indexes give equal lists. The only error is the
// context's.
func (x *Index) Neighbours(ctx context.Context, n int) (sparse.Rows, error) {
	rows := make([][]item.Scored, x.Len())
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			var s Scratch
			for from := int(next.Add(piece)) - piece; from < len(rows) && ctx.Err() == nil; from = int(next.Add(piece)) - piece {
				for i := from; i < min(from+piece, len(rows)); i++ {
					rows[i] = x.others(&s, item.Ordinal(i), n)
				}
			}
		})
	}
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return sparse.Rows{}, err
	}
	out := sparse.Rows{Offsets: make([]uint32, 1, len(rows)+1), Values: []float32{}}
	for _, row := range rows {
		out.Append(itemitem.Split(row))
	}
	return out, nil
}

// others are the neighbours of an item without itself.
func (x *Index) others(s *Scratch, i item.Ordinal, n int) []item.Scored {
	near := x.Near(nil, s, x.Of(i), n+1)
	kept := near[:0]
	for _, one := range near {
		if one.Item != i && len(kept) < n {
			kept = append(kept, one)
		}
	}
	return kept
}
