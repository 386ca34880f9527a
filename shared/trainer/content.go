package trainer

import (
	"context"

	"shopkeeper/shared/recommend/content"
	"shopkeeper/shared/recommend/interaction"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
)

// Words have a say about items that fewer than wellHeld people hold: of others their customers tell more. In a catalog of up to small items all are looked up.
const (
	wellHeld = 50
	small    = 5000
)

// describe reads what the shop says of its items, and who is alike by it: once for both builds.
func (t *training) describe(ctx context.Context, h history, p plan) (err error) {
	described := make([]content.Item, len(t.catalog.Items))
	for at, one := range t.catalog.Items {
		described[at] = content.Item{Title: one.Title, Text: one.Text, Category: one.Category, Brand: one.Brand, Currency: one.Currency, Price: one.Price}
	}
	if t.content, err = content.Build(ctx, described); err != nil {
		return err
	}
	holders := h.before(p.from).holders(t.settings.Weights)
	t.words, err = t.content.Neighbours(ctx, t.settings.Similar.Words, func(i item.Ordinal) bool { return len(holders) <= small || holders[i] < wellHeld })
	return err
}

// holders are how many people hold each item.
func (h history) holders(w interaction.Weights) []int {
	out := make([]int, h.items)
	for _, i := range h.strengths(w).Items {
		out[i]++
	}
	return out
}

func (t *training) fitContent(_ context.Context, _ part, c *model.Contents) (string, int, error) {
	c.Content = t.content
	return "words", len(t.content.Vectors.Items), nil
}
