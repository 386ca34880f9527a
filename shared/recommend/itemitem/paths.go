package itemitem

import (
	"context"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/sparse"
)

// Paths walks from every item over its customers to their items. For each item it calls visit once, with the items reached and the sum over the
// customers in common of through(customer, strength of the first, strength of the second); reached is in no order, and sums is indexed by item. Both
// belong to Paths. It is the work that all neighbourhood models share: sum over customers of (items of the customer)^2.
func Paths(ctx context.Context, users sparse.Rows, items int, through func(user int, a, b float32) float32, visit func(from item.Ordinal, reached []item.Ordinal, sums []float32)) error {
	customers := users.Transpose(items)
	sums := make([]float32, items)
	seen := make([]bool, items)
	var reached []item.Ordinal
	for i := range items {
		if i%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		of, strengths := customers.Row(i)
		for at, u := range of {
			others, values := users.Row(int(u))
			for k, j := range others {
				if int(j) >= items {
					continue
				}
				if !seen[j] {
					seen[j] = true
					reached = append(reached, j)
				}
				sums[j] += through(int(u), strength(strengths, at), strength(values, k))
			}
		}
		visit(item.Ordinal(i), reached, sums)
		for _, j := range reached {
			seen[j], sums[j] = false, 0
		}
		reached = reached[:0]
	}
	return nil
}

func strength(values []float32, at int) float32 {
	if values == nil {
		return 1
	}
	return values[at]
}

// Split turns a ranking into a row: its items and their scores, in the ranking's order.
func Split(row []item.Scored) ([]item.Ordinal, []float32) {
	items, values := make([]item.Ordinal, len(row)), make([]float32, len(row))
	for at, s := range row {
		items[at], values[at] = s.Item, s.Score
	}
	return items, values
}
