package trainer

import (
	"context"

	"shopkeeper/shared/recommend/ease"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/rp3beta"
	"shopkeeper/shared/recommend/slim"
	"shopkeeper/shared/recommend/sparse"
	"shopkeeper/shared/warehouse"
)

// fitWeights fits EASE on the items that somebody holds: the others have no weights and would only make the inverse larger. Where the inverse does not fit into the memory, SLIM finds
// almost the same weights block by block, and where that does not fit either, RP3beta takes its place.
func (t *training) fitWeights(ctx context.Context, h part, c *model.Contents) (name string, entries int, err error) {
	if h.elsewhere != nil {
		return t.weighElsewhere(ctx, h.elsewhere, c)
	}
	held, dense := t.held(h.history)
	var weights sparse.Rows
	switch name = t.method(len(held)); name {
	case byInverse:
		weights, err = ease.Fit(ctx, dense, len(held), t.settings.EASE)
	case byBlocks:
		weights, err = slim.Fit(ctx, dense, len(held), t.settings.SLIM)
	default:
		weights, err = rp3beta.Fit(ctx, dense, len(held), t.settings.RP3beta)
	}
	if err != nil {
		return "", 0, err
	}
	c.Related = expand(weights, held, h.items)
	return name, len(c.Related.Items), nil
}

// The methods, as reports name them.
const (
	byInverse = "ease"
	byBlocks  = "slim"
	byWalks   = "rp3beta"
)

// method is the best that so many items leave memory for. Two builds run side by side.
func (t *training) method(items int) string {
	switch {
	case t.inverts(items):
		return byInverse
	case 2*slim.Memory(items, t.settings.SLIM) <= t.settings.Memory:
		return byBlocks
	}
	return byWalks
}

// weighElsewhere is fitWeights on what the warehouse counts.
func (t *training) weighElsewhere(ctx context.Context, b *warehouse.Build, c *model.Contents) (name string, entries int, err error) {
	held, err := b.Held(ctx)
	if err != nil {
		return "", 0, err
	}
	var weights sparse.Rows
	switch name = t.method(len(held)); name {
	case byInverse:
		weights, err = b.Inverse(ctx, held)
	case byBlocks:
		weights, err = b.Blocks(ctx, held)
	default:
		c.Related, err = b.Walks(ctx)
		return name, len(c.Related.Items), err
	}
	if err != nil {
		return "", 0, err
	}
	c.Related = expand(weights, held, len(t.catalog.Items))
	return name, len(c.Related.Items), nil
}

// held are the items that enough people hold, and people x those.
func (t *training) held(h history) (held []item.Ordinal, dense sparse.Rows) {
	users := h.strengths(t.settings.Weights)
	held, dense = compact(users, h.items, 1)
	if l := t.settings.Limits; len(held) > l.Crowd {
		held, dense = compact(users, h.items, l.Believed)
	}
	return held, dense
}

// inverts says whether the inverse of so many items fits the memory.
func (t *training) inverts(items int) bool { return 3*ease.Memory(items) <= t.settings.Memory }

// compact numbers the items that at least so many people hold from 0, says which they are, and drops the others.
func compact(users sparse.Rows, items, least int) (held []item.Ordinal, dense sparse.Rows) {
	holders := make([]int, items)
	for _, i := range users.Items {
		holders[i]++
	}
	number := make([]item.Ordinal, items)
	for i := range items {
		if holders[i] >= least {
			number[i] = item.Ordinal(len(held))
			held = append(held, item.Ordinal(i))
		}
	}
	dense = sparse.Rows{Offsets: make([]uint32, 1, len(users.Offsets)), Values: []float32{}}
	for u := range users.Len() {
		row, values := users.Row(u)
		for at, i := range row {
			if holders[i] >= least {
				dense.Items, dense.Values = append(dense.Items, number[i]), append(dense.Values, values[at])
			}
		}
		dense.Offsets = append(dense.Offsets, uint32(len(dense.Items)))
	}
	return held, dense
}

// expand is compact undone on rows and columns.
func expand(weights sparse.Rows, held []item.Ordinal, items int) sparse.Rows {
	out := sparse.Rows{Offsets: make([]uint32, items+1), Items: make([]item.Ordinal, len(weights.Items)), Values: weights.Values}
	for at, i := range weights.Items {
		out.Items[at] = held[i]
	}
	next := 0
	for i := range items {
		if next < len(held) && held[next] == item.Ordinal(i) {
			next++
		}
		out.Offsets[i+1] = weights.Offsets[next]
	}
	return out
}
