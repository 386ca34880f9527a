package itemitem

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/sparse"
)

// crowd is customers x items, some items above the catalog's size.
func crowd(customers, items int, values bool) sparse.Rows {
	random := rand.New(rand.NewPCG(4, 4))
	var users sparse.Rows
	for range customers {
		var row []item.Ordinal
		for range random.IntN(12) {
			row = append(row, item.Ordinal(random.IntN(items+3)))
		}
		slices.Sort(row)
		row = slices.Compact(row)
		var strengths []float32
		for range row {
			if values {
				strengths = append(strengths, random.Float32())
			}
		}
		users.Append(row, strengths)
	}
	return users
}

// TestTableEqualsPaths walks one item after the other.
func TestTableEqualsPaths(t *testing.T) {
	through := func(user int, a, b float32) float64 { return float64(a*b) / float64(1+user%3) }
	weight := func(from, to item.Ordinal, sum float64) float32 { return float32(sum) / float32(1+from%5+to%7) }
	for name, tt := range map[string]struct {
		users       sparse.Rows
		items, keep int
	}{
		"nothing":                  {sparse.Rows{}, 0, 5},
		"items without customers":  {sparse.Rows{}, 300, 5},
		"less than a piece":        {crowd(40, 30, false), 30, 3},
		"several pieces":           {crowd(2000, 3*chunk+5, false), 3*chunk + 5, 7},
		"several pieces, strength": {crowd(2000, 3*chunk+5, true), 3*chunk + 5, 7},
		"nothing is kept":          {crowd(40, 30, false), 30, 0},
	} {
		t.Run(name, func(t *testing.T) {
			want := sparse.Rows{Offsets: make([]uint32, 1), Items: []item.Ordinal{}, Values: []float32{}}
			var top item.Top
			err := Paths(t.Context(), tt.users, tt.items, through, func(from item.Ordinal, reached []item.Ordinal, sums []float64) {
				top.Reset(tt.keep)
				for _, to := range reached {
					if to != from {
						top.Offer(to, weight(from, to, sums[to]))
					}
				}
				want.Append(Split(top.Append(nil)))
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, processors := range []int{1, 4} {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
				got, err := Table(t.Context(), tt.users, tt.items, tt.keep, through, weight)
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Errorf("on %d processors: %v, table (-want +got):\n%s", processors, err, diff)
				}
			}
		})
	}
}

func TestTableStopsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Table(ctx, crowd(40, 30, false), 30, 3, nil, nil); err == nil {
		t.Error("no error")
	}
}
