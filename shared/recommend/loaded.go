package recommend

import (
	"encoding/json"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/recommend/buyagain"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
)

// Model is a model file in memory with the catalog's changes since it was trained laid over it. It is never changed: With makes another one over the same file. Safe for
// concurrent use.
type Model struct {
	*model.Model
	off       []bool // hidden or sold out, per item
	prices    map[item.Ordinal]int64
	fragments []atomic.Pointer[[]byte] // per item, made on first use
}

// Open opens a model file; one that is corrupt is Invalid.
func Open(file []byte) (*Model, error) {
	f, err := model.Open(file)
	if err != nil {
		return nil, err
	}
	m := &Model{Model: f, off: make([]bool, f.Len()), fragments: make([]atomic.Pointer[[]byte], f.Len())}
	for i := range m.off {
		m.off[i] = f.Hidden(item.Ordinal(i)) || f.SoldOut(item.Ordinal(i))
	}
	return m, nil
}

// With is the model under the catalog's changes since it was trained. Changes of items that the file does not have wait for the next training.
func (m *Model) With(delta catalog.Delta) *Model {
	next := &Model{Model: m.Model, off: make([]bool, m.Len()), prices: map[item.Ordinal]int64{}}
	for i := range next.off {
		next.off[i] = m.Hidden(item.Ordinal(i)) || m.SoldOut(item.Ordinal(i))
	}
	for id, c := range delta.Changes {
		i, ok := m.Lookup(string(id))
		if !ok || c.At.Before(m.Trained()) {
			continue
		}
		next.off[i] = c.Hidden || c.SoldOut
		if c.Price != m.Model.Price(i) {
			next.prices[i] = c.Price
		}
	}
	if slices.Equal(next.off, m.off) && equalPrices(next.prices, m.prices) {
		return m
	}
	next.fragments = make([]atomic.Pointer[[]byte], m.Len())
	return next
}

func equalPrices(a, b map[item.Ordinal]int64) bool {
	if len(a) != len(b) {
		return false
	}
	for i, p := range a {
		if q, ok := b[i]; !ok || p != q {
			return false
		}
	}
	return true
}

// Sellable says whether an item may be shown at all.
func (m *Model) Sellable(i item.Ordinal) bool { return !m.off[i] }

// Price is the item's price now, in minor units.
func (m *Model) Price(i item.Ordinal) int64 {
	if p, ok := m.prices[i]; ok {
		return p
	}
	return m.Model.Price(i)
}

// CategoryPath is the item's category path, empty when it has none.
func (m *Model) CategoryPath(i item.Ordinal) string { return m.Path(m.CategoryOf(i)) }

// CategoryName is the last part of the item's category path.
func (m *Model) CategoryName(i item.Ordinal) string {
	path := m.CategoryPath(i)
	if at := strings.LastIndex(path, model.Separator); at >= 0 {
		return path[at+len(model.Separator):]
	}
	return path
}

// Due is how likely the item is wanted again by somebody who bought it so many times, the last time then; 0 when nobody buys it twice.
func (m *Model) Due(i item.Ordinal, times int, last, now time.Time) float32 {
	return m.Repeats().Score(buyagain.Habit{Item: i, Times: times, Last: dayOf(last)}, dayOf(now))
}

func dayOf(t time.Time) int32 { return int32(t.Unix() / 86400) }

// fragment is what an item's JSON begins with: {"id":...,"price":{...} without braces.
type fragment struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	URL   string `json:"url,omitempty"`
	Image string `json:"image,omitempty"`
	Price struct {
		Amount   int64  `json:"amount"`
		Currency string `json:"currency"`
	} `json:"price"`
}

// Fragment is the JSON of the item's own members, without braces. It is shared and read-only.
func (m *Model) Fragment(i item.Ordinal) []byte {
	if f := m.fragments[i].Load(); f != nil {
		return *f
	}
	f := fragment{ID: m.ID(i), Title: m.Title(i), URL: m.URL(i), Image: m.Image(i)}
	f.Price.Amount, f.Price.Currency = m.Price(i), m.Currency(i)
	text, err := json.Marshal(f)
	if err != nil { // strings and numbers are always JSON
		text = []byte(`{}`)
	}
	text = text[1 : len(text)-1]
	m.fragments[i].Store(&text)
	return text
}
