package trainer

import (
	"context"

	"shopkeeper/shared/recommend/content"
	"shopkeeper/shared/recommend/model"
)

// describe reads what the shop says of its items: once for both builds, because a history has no part in it.
func (t *training) describe(ctx context.Context) (err error) {
	described := make([]content.Item, len(t.catalog.Items))
	for at, one := range t.catalog.Items {
		described[at] = content.Item{Title: one.Title, Text: one.Text, Category: one.Category, Brand: one.Brand, Currency: one.Currency, Price: one.Price}
	}
	if t.content, err = content.Build(ctx, described); err != nil {
		return err
	}
	t.words, err = t.content.Neighbours(ctx, t.settings.Similar.Words)
	return err
}

func (t *training) fitContent(_ context.Context, _ part, c *model.Contents) (string, int, error) {
	c.Content = t.content
	return "words", len(t.content.Vectors.Items), nil
}
