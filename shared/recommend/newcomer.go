package recommend

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/recommend/arrival"
	"shopkeeper/shared/recommend/content"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
)

// newcomer is an item that entered the catalog after the model was trained. Nobody's clicks speak for it yet: it is found by what it is.
type newcomer struct {
	catalog.Item
	category model.Category // the nearest one that the model has
	brand    uint32
	alike    []item.Ordinal // items of the file that are like it, best first
	likeness []float32
}

func (n newcomer) same(o newcomer) bool { return n.Item == o.Item }

// maxAlike is how many items of the file a newcomer is tied to.
const maxAlike = 24

// arrive gives ordinals to the new items, in the order of their ids, so that equal changes give equal models.
func (m *Model) arrive(delta catalog.Delta, held []newcomer, added []catalog.Item) {
	byID := make(map[string]catalog.Item, len(held)+len(added))
	for _, n := range held {
		byID[string(n.ID)] = n.Item
	}
	for _, it := range added {
		if old, ok := byID[string(it.ID)]; !ok || !it.UpdatedAt.Before(old.UpdatedAt) {
			byID[string(it.ID)] = it
		}
	}
	for id, c := range delta.Changes {
		it, ok := byID[string(id)]
		if _, trained := m.Model.Lookup(string(id)); !ok || trained || c.Gone || c.At.Before(m.Trained()) {
			continue
		}
		it = delta.Over(it)
		it.Category = model.CleanPath(it.Category)
		if it.Created.IsZero() {
			it.Created = c.At
		}
		m.fresh = append(m.fresh, newcomer{Item: it})
	}
	if len(m.fresh) == 0 {
		return
	}
	slices.SortFunc(m.fresh, func(a, b newcomer) int { return cmp.Compare(a.ID, b.ID) })
	placed := make(map[string]*newcomer, len(held))
	for at := range held {
		placed[string(held[at].ID)] = &held[at]
	}
	var words content.Scratch
	m.known = make(map[string]item.Ordinal, len(m.fresh))
	m.landed = make(map[string]item.Ordinal, len(m.fresh))
	var address []byte
	for at := range m.fresh {
		n := &m.fresh[at]
		i := item.Ordinal(m.file + at)
		m.known[string(n.ID)] = i
		if address = arrival.Address(address[:0], n.URL); len(address) > 0 {
			m.landed[string(address)] = i
		}
		state := uint8(0)
		if n.Hidden || n.SoldOut {
			state = isOff
		}
		m.state = append(m.state, state)
		if old := placed[string(n.ID)]; old != nil && old.alikeAs(n) {
			n.category, n.brand, n.alike, n.likeness = old.category, old.brand, old.alike, old.likeness
		} else {
			m.place(n, &words)
		}
		if m.Sellable(i) {
			m.arrivals = append(m.arrivals, i)
		}
	}
	slices.SortStableFunc(m.arrivals, func(a, b item.Ordinal) int { return m.Created(b).Compare(m.Created(a)) })
}

// alikeAs says whether a newcomer is still described as it was.
func (n newcomer) alikeAs(o *newcomer) bool {
	return n.Title == o.Title && n.Text == o.Text && n.Item.Category == o.Item.Category && n.Brand == o.Brand && n.Price == o.Price && n.Currency == o.Currency
}

// place finds what a newcomer is like: by what is said of both, and where that finds few, by its category.
func (m *Model) place(n *newcomer, words *content.Scratch) {
	m.settle(n)
	if x := m.Content(); x != nil {
		described := content.Item{Title: n.Title, Text: n.Text, Category: n.Item.Category, Brand: n.Brand, Currency: n.Currency, Price: n.Price}
		for _, s := range x.Near(nil, words, x.Describe(described), maxAlike) {
			n.alike, n.likeness = append(n.alike, s.Item), append(n.likeness, s.Score)
		}
	}
	if len(n.alike) < maxAlike/4 {
		n.alike, n.likeness = m.popularLike(n)
	}
}

// settle finds the nearest category, and the brand, that the file has.
func (m *Model) settle(n *newcomer) {
	n.category, n.brand = model.None, uint32(model.None)
	for path := n.Category; path != "" && n.category == model.None; path = path[:max(strings.LastIndex(path, model.Separator), 0)] {
		if c, ok := m.FindCategory(path); ok {
			n.category = c
		}
	}
	for b := range uint32(m.Brands()) {
		if m.BrandName(b) == n.Brand && n.Brand != "" {
			n.brand = b
		}
	}
}

// popularLike are the items most liked in a newcomer's category, those of its brand and near its price first; from the category above when there are few.
func (m *Model) popularLike(n *newcomer) (alike []item.Ordinal, likeness []float32) {
	if n.category == model.None {
		return nil, nil
	}
	list := m.Popular(n.category)
	if up := m.Parent(n.category); len(list) < maxAlike/4 && up != model.None {
		list = m.Popular(up)
	}
	var top item.Top
	top.Reset(maxAlike)
	for rank, s := range list {
		like := 1 / (1 + float32(rank)/8)
		if n.brand != uint32(model.None) && m.Model.BrandOf(s.Item) == n.brand {
			like *= 2
		}
		top.Offer(s.Item, like*nearness(n.Price, m.Model.Price(s.Item))/2)
	}
	for _, s := range top.Append(nil) {
		alike, likeness = append(alike, s.Item), append(likeness, s.Score)
	}
	return alike, likeness
}

// nearness is the lower price by the higher one, 1 for equal ones and where one is not known; it falls to no less than a fifth.
func nearness(a, b int64) float32 {
	if a <= 0 || b <= 0 {
		return 1
	}
	return max(float32(min(a, b))/float32(max(a, b)), 0.2)
}

// newcomer is what is known of an item that the file does not have, nil for one that it has.
func (m *Model) newcomer(i item.Ordinal) *newcomer {
	if int(i) < m.file {
		return nil
	}
	return &m.fresh[int(i)-m.file]
}

// Len is the number of items, new ones included.
func (m *Model) Len() int { return m.file + len(m.fresh) }

// Lookup finds an item by its id.
func (m *Model) Lookup(id string) (item.Ordinal, bool) {
	i, ok := m.Model.Lookup(id)
	if !ok && len(m.fresh) > 0 {
		i, ok = m.known[id]
	}
	return i, ok
}

// New says whether the item entered the catalog after the model was trained.
func (m *Model) New(i item.Ordinal) bool { return int(i) >= m.file }

// ID is the shop's own id of the item.
func (m *Model) ID(i item.Ordinal) string {
	if n := m.newcomer(i); n != nil {
		return string(n.Item.ID)
	}
	return m.Model.ID(i)
}

// Title is the item's name.
func (m *Model) Title(i item.Ordinal) string {
	if n := m.newcomer(i); n != nil {
		return n.Item.Title
	}
	return m.Model.Title(i)
}

// URL is the item's page.
func (m *Model) URL(i item.Ordinal) string {
	if n := m.newcomer(i); n != nil {
		return n.Item.URL
	}
	return m.Model.URL(i)
}

// Image is the address of the item's picture.
func (m *Model) Image(i item.Ordinal) string {
	if n := m.newcomer(i); n != nil {
		return n.Item.Image
	}
	return m.Model.Image(i)
}

// Currency is the ISO 4217 code of the price.
func (m *Model) Currency(i item.Ordinal) string {
	if n := m.newcomer(i); n != nil {
		return n.Item.Currency
	}
	return m.Model.Currency(i)
}

// Brand is empty when the item has none.
func (m *Model) Brand(i item.Ordinal) string {
	if n := m.newcomer(i); n != nil {
		return n.Item.Brand
	}
	return m.Model.Brand(i)
}

// BrandOf is the number of the item's brand in the file; uint32(model.None) when it has none, or one that the file does not have.
func (m *Model) BrandOf(i item.Ordinal) uint32 {
	if n := m.newcomer(i); n != nil {
		return n.brand
	}
	return m.Model.BrandOf(i)
}

// CategoryOf is the item's own category; of a new item the nearest one that the file has.
func (m *Model) CategoryOf(i item.Ordinal) model.Category {
	if n := m.newcomer(i); n != nil {
		return n.category
	}
	return m.Model.CategoryOf(i)
}

// CategoryPath is the item's category path, empty when it has none.
func (m *Model) CategoryPath(i item.Ordinal) string {
	if n := m.newcomer(i); n != nil {
		return n.Item.Category
	}
	return m.Path(m.Model.CategoryOf(i))
}

// Created is when the item entered the catalog; the zero time when that is not known.
func (m *Model) Created(i item.Ordinal) time.Time {
	if n := m.newcomer(i); n != nil {
		return n.Item.Created
	}
	return m.Model.Created(i)
}

// Popularity is the item's decayed weight of events, 0 for a new one.
func (m *Model) Popularity(i item.Ordinal) float32 {
	if m.New(i) {
		return 0
	}
	return m.Model.Popularity(i)
}

// Related is which items an item speaks for, and how loud; a new one speaks for what it is like.
func (m *Model) Related(i item.Ordinal) ([]item.Ordinal, []float32) {
	if n := m.newcomer(i); n != nil {
		return n.alike, n.likeness
	}
	return m.Model.Related(i)
}

// Similar are the items that the same people hold, best first; of a new one those it is like.
func (m *Model) Similar(i item.Ordinal) ([]item.Ordinal, []float32) {
	if n := m.newcomer(i); n != nil {
		return n.alike, n.likeness
	}
	return m.Model.Similar(i)
}

// Together are the partners of the item in baskets, best first; a new one has none.
func (m *Model) Together(i item.Ordinal) ([]item.Ordinal, []float32) {
	if m.New(i) {
		return nil, nil
	}
	return m.Model.Together(i)
}

// Detail is everything that is known of an item.
func (m *Model) Detail(i item.Ordinal) model.Item {
	return model.Item{ID: m.ID(i), Title: m.Title(i), URL: m.URL(i), Image: m.Image(i), Price: m.Price(i), Currency: m.Currency(i), Category: m.CategoryPath(i),
		Brand: m.Brand(i), Hidden: !m.Sellable(i), SoldOut: !m.Sellable(i), Created: m.Created(i)}
}

// A new item is cold while it is younger than coldAge at the time of training and its popularity, see package trend, is below coldBelow: some views.
const (
	coldAge   = 14 * 24 * time.Hour
	coldBelow = 3
	maxCold   = 64
)

// findCold lists the items that hardly anybody met yet.
func (m *Model) findCold() {
	m.cold = append(m.cold[:0:0], m.arrivals[:min(len(m.arrivals), maxCold)]...)
	for _, i := range m.Newest(model.None) {
		if len(m.cold) == maxCold || m.Model.Created(i).Before(m.Trained().Add(-coldAge)) {
			return
		}
		if m.Model.Popularity(i) < coldBelow && m.Sellable(i) {
			m.cold = append(m.cold, i)
		}
	}
}

// ranks is the file's items by popularity, sorted when it is first asked for: what fills a shelf when all lists are at their end.
type ranks struct {
	once   sync.Once
	sorted []item.Ordinal
}

// Ranked are all items of the file, the most popular first, then by ordinal. It is shared and read-only.
func (m *Model) Ranked() []item.Ordinal {
	m.ranks.once.Do(func() {
		m.ranks.sorted = make([]item.Ordinal, m.file)
		for i := range m.ranks.sorted {
			m.ranks.sorted[i] = item.Ordinal(i)
		}
		slices.SortFunc(m.ranks.sorted, func(a, b item.Ordinal) int {
			return cmp.Or(cmp.Compare(m.Model.Popularity(b), m.Model.Popularity(a)), cmp.Compare(a, b))
		})
	})
	return m.ranks.sorted
}
