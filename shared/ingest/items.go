package ingest

import (
	"strings"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
)

// items reads one item per row.
type items struct{}

func (*items) add(r *reader, emit func(unit) error) (bool, error) {
	currency := r.currencyOf("currency")
	it := catalog.Item{
		ID: event.ItemID(r.needed("id", catalog.MaxID)), Title: r.needed("title", catalog.MaxTitle), Price: r.money("price", currency), Currency: currency,
		URL: r.text("url"), Image: r.text("image"), Category: r.text("category"), Brand: r.text("brand"), Text: clip(r.text("text"), catalog.MaxText),
		Hidden: r.flag("hidden"), SoldOut: r.flag("soldout"), Created: r.moment("created", false),
	}
	if r.text("price") == "" {
		r.reject("price", "is missing", "")
	}
	if r.text("stock") != "" && r.integer("stock", 0) <= 0 {
		it.SoldOut = true
	}
	if f, bad := fieldsOf(it.Validate("")); bad {
		r.reject(f.Path, f.Reason, r.text(f.Path))
	}
	if r.rejected() {
		return true, nil
	}
	return true, emit(unit{rows: 1, item: &it})
}

func (*items) end(func(unit) error) error { return nil }

// clip keeps the first n characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	runes := []rune(s)
	return strings.TrimSpace(string(runes[:min(n, len(runes))]))
}
