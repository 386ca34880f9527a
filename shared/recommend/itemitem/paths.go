package itemitem

import (
	"context"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/sparse"
)

// Paths walks from every item over its customers to their items. For each item it calls visit once, with the items reached and the sum over the
// customers in common of through(customer, strength of the first, strength of the second); reached is in no order, and sums is indexed by item. Both
// belong to Paths. Sums are added in double precision: of whole multiples of one small number they are exact, and so the same in any order. It is the work that all neighbourhood models share: sum over customers of (items of the customer)^2.
func Paths(ctx context.Context, users sparse.Rows, items int, through func(user int, a, b float32) float64, visit func(from item.Ordinal, reached []item.Ordinal, sums []float64)) error {
	w := walker{users: users, customers: users.Transpose(items), through: through, sums: make([]float64, items), seen: make([]bool, items)}
	for i := range items {
		if i%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		w.walk(item.Ordinal(i))
		visit(item.Ordinal(i), w.reached, w.sums)
		w.forget()
	}
	return nil
}

// walker is the working memory of one goroutine.
type walker struct {
	users, customers sparse.Rows
	through          func(user int, a, b float32) float64
	sums             []float64
	seen             []bool
	reached          []item.Ordinal
}

// walk goes from an item over its customers to their items.
func (w *walker) walk(from item.Ordinal) {
	of, strengths := w.customers.Row(int(from))
	for at, u := range of {
		others, values := w.users.Row(int(u))
		mine := strength(strengths, at)
		for k, j := range others {
			if int(j) >= len(w.seen) {
				continue
			}
			if !w.seen[j] {
				w.seen[j] = true
				w.reached = append(w.reached, j)
			}
			w.sums[j] += w.through(int(u), mine, strength(values, k))
		}
	}
}

func (w *walker) forget() {
	for _, j := range w.reached {
		w.seen[j], w.sums[j] = false, 0
	}
	w.reached = w.reached[:0]
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
