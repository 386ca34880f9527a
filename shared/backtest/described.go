package backtest

import (
	"context"
	"io"
	"strings"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/alike"
	"shopkeeper/shared/recommend/content"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/sparse"
)

// ReadItems reads what a shop says of its items: a file with the column item and any of title, text, category and brand, found as Read finds its own. Of two lines for an item the later counts.
func ReadItems(r io.Reader, f Format, mapping map[string]string) (map[string]content.Item, []Reject, error) {
	items := map[string]content.Item{}
	var heading []string
	at := map[string]int{}
	rejects, err := scan(r, f, func(names []string) error {
		heading = names
		var missing []fault.Field
		for _, field := range []string{"item", "title", "text", "category", "brand"} {
			at[field] = columnOf(heading, field, mapping)
			if _, named := mapping[field]; at[field] < 0 && (named || field == "item") {
				missing = append(missing, fault.Field{Path: "map." + field, Reason: "no such column among " + joined(heading)})
			}
		}
		if len(missing) > 0 {
			return fault.InvalidFields(missing...)
		}
		return nil
	}, func(record []string) Reject {
		value := func(field string) string {
			if c := at[field]; c >= 0 && c < len(record) {
				return strings.Clone(record[c])
			}
			return ""
		}
		id := value("item")
		if id == "" {
			return Reject{Column: heading[at["item"]], Reason: "missing"}
		}
		items[id] = content.Item{Title: value("title"), Text: value("text"), Category: value("category"), Brand: value("brand")}
		return Reject{}
	})
	if err != nil {
		return nil, nil, err
	}
	return items, rejects, nil
}

// WithItems tells models what the shop says of each item.
func (l Log) WithItems(items map[string]content.Item) Log {
	l.described = make([]content.Item, len(l.Items))
	for at, id := range l.Items {
		l.described[at] = items[id]
	}
	return l
}

func fitContent(ctx context.Context, t Training, p Params) (Model, error) {
	var top int
	if err := p.read(field{"top", &top}); err != nil {
		return nil, err
	}
	if t.Described == nil {
		return nil, fault.InvalidField("model", "content needs a file that describes the items")
	}
	words, err := t.words(ctx, top)
	return &related{weights: words}, err
}

// words are each item's neighbours by what is said of it.
func (t Training) words(ctx context.Context, top int) (sparse.Rows, error) {
	x, err := content.Build(ctx, t.Described)
	if err != nil {
		return sparse.Rows{}, err
	}
	return x.Neighbours(ctx, top, func(item.Ordinal) bool { return true })
}

func fitAlike(ctx context.Context, t Training, p Params) (Model, error) {
	var s alike.Settings
	if err := p.read(field{"shrink", &s.Cosine.Shrink}, field{"k", &s.Cosine.Top}, field{"prior", &s.Prior}, field{"words", &s.Words}, field{"strength", &s.Strength}); err != nil {
		return nil, err
	}
	if t.Described == nil {
		return nil, fault.InvalidField("model", "alike needs a file that describes the items")
	}
	words, err := t.words(ctx, s.Words)
	if err != nil {
		return nil, err
	}
	table, err := alike.Fit(ctx, t.Users, t.Items, words, s)
	return &related{weights: table.Similar}, err
}
