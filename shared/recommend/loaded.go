package recommend

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/recommend/arrival"
	"shopkeeper/shared/recommend/buyagain"
	"shopkeeper/shared/recommend/filter"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/rules"
)

// Model is a model file in memory with the catalog's changes since it was trained laid over it: new prices, what is hidden, sold out or deleted, and new items, whose ordinals
// follow those of the file. It is never changed: With makes another one over the same file. Safe for concurrent use.
type Model struct {
	*model.Model
	file     int                     // items of the file
	fresh    []newcomer              // new items, by ordinal from file on
	arrivals []item.Ordinal          // new items that are for sale, newest first
	known    map[string]item.Ordinal // new items by id
	state    []uint8                 // per item, see the bits below
	prices   map[item.Ordinal]int64
	base     *base
	changed  []atomic.Pointer[[]byte] // fragments of the new items, then of those whose price differs
	own      map[item.Ordinal]int     // where the latter's stand
	ranks    *ranks
	ways     *arrivals
	landed   map[string]item.Ordinal // new items by the address of their page
	live     *live                   // sessions of after the training
	cold     []item.Ordinal          // new items that hardly anybody met yet, newest first

	page   rules.Settings
	rules  *rules.Compiled // nil for none
	active string          // which rules they are, see rules.Document.Active

	trial *Running // nil: the model is compared with no other
}

// Open opens a model file; one that is corrupt is Invalid.
func Open(file []byte) (*Model, error) {
	f, err := model.Open(file)
	if err != nil {
		return nil, err
	}
	b := &base{state: make([]uint8, f.Len()), fragments: make([]atomic.Pointer[[]byte], f.Len())}
	for i := range b.state {
		if f.Hidden(item.Ordinal(i)) || f.SoldOut(item.Ordinal(i)) {
			b.state[i] = isOff
		}
	}
	m := &Model{Model: f, file: f.Len(), state: b.state, base: b, ranks: &ranks{}, ways: &arrivals{}, page: rules.Standard, live: &live{}}
	m.findCold()
	return m, nil
}

// base is what all overlays of one file share.
type base struct {
	state     []uint8                  // of the file's items as they were trained
	fragments []atomic.Pointer[[]byte] // of the file's items, made on first use
}

// The bits of an item's state.
const (
	isOff   = 1 << iota // hidden, sold out or deleted
	differs             // its price is not the file's
)

// perItem is what an item takes beside the file: its state, and its JSON once it was shown.
const perItem = 400

// weight is about how many bytes the model keeps in memory, with the one that it is compared with; none for nil.
func (m *Model) weight() int64 {
	if m == nil {
		return 0
	}
	weight := int64(m.Bytes()) + perItem*int64(m.Len())
	if m.trial != nil {
		weight += m.trial.Other.weight()
	}
	return weight
}

// Missing are the new items of a delta that the model does not hold yet, or not as they are now: whoever calls With reads them first.
func (m *Model) Missing(delta catalog.Delta) []event.ItemID {
	var ids []event.ItemID
	for id, c := range delta.Changes {
		if _, ok := m.Model.Lookup(string(id)); ok || c.Gone || c.At.Before(m.Trained()) {
			continue
		}
		if i, ok := m.known[string(id)]; !ok || m.fresh[int(i)-m.file].UpdatedAt.Before(c.At) {
			ids = append(ids, id)
		}
	}
	return ids
}

// With is the model under the catalog's changes since it was trained. Of items that the file does not have it takes those that it holds already or that are added here; others
// wait for the next time.
func (m *Model) With(delta catalog.Delta, added ...catalog.Item) *Model {
	next := &Model{Model: m.Model, file: m.file, prices: map[item.Ordinal]int64{}, base: m.base, ranks: m.ranks, ways: m.ways, page: m.page, live: m.live}
	next.state = append(make([]uint8, 0, m.file+len(m.fresh)+len(added)), m.base.state...)
	for id, c := range delta.Changes {
		i, ok := m.Model.Lookup(string(id))
		if !ok || c.At.Before(m.Trained()) {
			continue
		}
		next.state[i] = 0
		if c.Hidden || c.SoldOut || c.Gone {
			next.state[i] = isOff
		}
		if c.Price != m.Model.Price(i) {
			next.prices[i] = c.Price
			next.state[i] |= differs
		}
	}
	next.arrive(delta, m.fresh, added)
	samePrices, sameItems := maps.Equal(next.prices, m.prices), slices.EqualFunc(next.fresh, m.fresh, newcomer.same)
	if bytes.Equal(next.state, m.state) && samePrices && sameItems {
		return m
	}
	if sameItems && (samePrices || m.rules == nil || !m.rules.Priced()) {
		next.rules, next.active = m.rules, m.active
	}
	next.findCold()
	next.changed = make([]atomic.Pointer[[]byte], len(next.prices)+len(next.fresh))
	next.own = make(map[item.Ordinal]int, len(next.prices))
	for i := range next.prices {
		next.own[i] = len(next.own) + len(next.fresh)
	}
	return next
}

// Under is the model under the rules that hold at a time.
func (m *Model) Under(d rules.Document, at time.Time) *Model {
	active := d.Active(at)
	if m.active == active {
		return m
	}
	next := *m
	next.page, next.active, next.rules = d.Settings, active, nil
	if c := rules.Compile(d, at, m, placementNames[:]); len(c.Rules) > 0 {
		next.rules = c
	}
	return &next
}

// Rule is the business rule that a Pick names; false for 0.
func (m *Model) Rule(n uint16) (rules.Rule, bool) {
	if m.rules == nil || n == 0 || int(n) > len(m.rules.Rules) {
		return rules.Rule{}, false
	}
	return m.rules.Rules[n-1], true
}

// Sellable says whether an item may be shown at all.
func (m *Model) Sellable(i item.Ordinal) bool { return m.state[i]&isOff == 0 }

// Price is the item's price now, in minor units.
func (m *Model) Price(i item.Ordinal) int64 {
	if m.state[i]&differs != 0 {
		return m.prices[i]
	}
	if n := m.newcomer(i); n != nil {
		return n.Item.Price
	}
	return m.Model.Price(i)
}

// fact is what filters may ask of an item.
func (m *Model) fact(i item.Ordinal, now time.Time) filter.Fact {
	return filter.Fact{ID: m.ID(i), Title: m.Title(i), Category: m.CategoryPath(i), Brand: m.Brand(i), Price: m.Price(i), Created: m.Created(i), Now: now}
}

// Fact is what rules may ask of an item at the time of training: rules are compiled once, so that ages count from there.
func (m *Model) Fact(i item.Ordinal) filter.Fact { return m.fact(i, m.Trained()) }

// CategoryName is the last part of the item's category path.
func (m *Model) CategoryName(i item.Ordinal) string {
	return arrival.Name(m.CategoryPath(i))
}

// About is the name that stands in a pick's reason: an item's title, or a category's last part.
func (m *Model) About(p Pick) string {
	switch {
	case p.Reason.Named:
		return m.Title(p.Reason.About)
	case p.Reason.Key == locale.BecauseCame:
		return arrival.Name(m.Path(p.Reason.Category))
	}
	return m.CategoryName(p.Item)
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
	kept := m.kept(i)
	if f := kept.Load(); f != nil {
		return *f
	}
	f := fragment{ID: m.ID(i), Title: m.Title(i), URL: m.URL(i), Image: m.Image(i)}
	f.Price.Amount, f.Price.Currency = m.Price(i), m.Currency(i)
	text, err := json.Marshal(f)
	if err != nil { // strings and numbers are always JSON
		text = []byte(`{}`)
	}
	text = text[1 : len(text)-1]
	kept.Store(&text)
	return text
}

// kept is where an item's fragment is kept: beside those of all overlays unless it differs from the file.
func (m *Model) kept(i item.Ordinal) *atomic.Pointer[[]byte] {
	switch {
	case int(i) >= m.file:
		return &m.changed[int(i)-m.file]
	case m.state[i]&differs != 0:
		return &m.changed[m.own[i]]
	}
	return &m.base.fragments[i]
}
