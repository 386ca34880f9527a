package model

import (
	"math/bits"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/buyagain"
	"shopkeeper/shared/recommend/content"
	"shopkeeper/shared/recommend/habit"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/rank"
	"shopkeeper/shared/recommend/sparse"
	"shopkeeper/shared/recommend/together"
)

// Open lays a Model over a file, which must not change afterwards. A file that is not one, is cut short, corrupt or hostile is Invalid. Its cost is one pass
// over the bytes; nothing is copied unless the slice does not begin at a multiple of 8.
func Open(file []byte) (*Model, error) {
	file = aligned(file)
	r, err := openFile(file)
	if err != nil {
		return nil, err
	}
	m := &Model{version: r.version, trained: r.trained, size: len(file)}
	m.readItems(r)
	m.readCategories(r)
	m.readModels(r)
	if r.err != nil {
		return nil, r.err
	}
	return m, nil
}

func (m *Model) readItems(r *reader) {
	m.prices = view[int64](r, itemPrices)
	n := len(m.prices)
	m.ids, m.titles, m.urls, m.images = r.texts(itemIDs, n), r.texts(itemTitles, n), r.texts(itemURLs, n), r.texts(itemImages, n)
	m.slots = view[uint32](r, itemSlots)
	m.created = view[int64](r, itemCreated)
	m.itemCategory, m.itemBrand, m.itemCurrency = view[Category](r, itemCategories), view[uint32](r, itemBrands), view[uint32](r, itemCurrencies)
	m.flags, m.popularity = view[uint32](r, itemFlags), view[float32](r, itemPopularity)
	for _, column := range []struct {
		kind kind
		n    int
	}{{itemCreated, len(m.created)}, {itemCategories, len(m.itemCategory)}, {itemBrands, len(m.itemBrand)}, {itemCurrencies, len(m.itemCurrency)},
		{itemFlags, len(m.flags)}, {itemPopularity, len(m.popularity)}} {
		if column.n != n {
			r.refuse("%v are %d, items %d", column.kind, column.n, n)
		}
	}
	if len(m.slots) < 2 || bits.OnesCount(uint(len(m.slots))) != 1 {
		r.refuse("%v have %d entries, not a power of two", itemSlots, len(m.slots))
	}
	r.check(sparse.CheckItems(itemSlots.String(), m.slots, n+1))
	m.brands, m.currency = r.texts(brandNames, -1), r.texts(currencyCodes, -1)
	checkNumbers(r, itemBrands, m.itemBrand, m.brands.len())
	checkNumbers(r, itemCurrencies, m.itemCurrency, m.currency.len())
}

func (m *Model) readCategories(r *reader) {
	m.parents = view[Category](r, categoryAbove)
	m.categories = r.texts(categoryPaths, len(m.parents))
	checkNumbers(r, itemCategories, m.itemCategory, len(m.parents))
	for c, parent := range m.parents { // a parent comes before its children, so that climbing ends
		if parent != None && int(parent) >= c {
			r.refuse("category %d is not below category %d", c, parent)
		}
	}
}

func (m *Model) readModels(r *reader) {
	n, lists := m.Len(), m.Categories()+1
	m.sessions = readSessions(r, n)
	m.related, m.similar = r.rows(relatedItems, n, n), r.rows(similarItems, n, n)
	m.together = &together.Pairs{Partners: r.rows(togetherItems, n, n), Support: view[uint32](r, togetherSupport),
		Confidence: view[float32](r, togetherConfidence), Lift: view[float32](r, togetherLift)}
	m.popular, m.trending, m.newest = readLists[item.Scored](r, popularLists, lists), readLists[item.Scored](r, trendingLists, lists), readLists[item.Ordinal](r, newestLists, lists)
	m.repeats = &buyagain.Stats{Rate: view[float32](r, repeatRate), Interval: view[float32](r, repeatInterval), Buyers: view[uint32](r, repeatBuyers)}
	m.ranker = readRanker(r, rankerShape)
	m.content = readContent(r, n)
	m.habits = readHabits(r, n)
	m.blend = readBlend(r)
	if r.err != nil {
		return
	}
	r.check(m.together.Check(n))
	r.check(m.repeats.Check(n))
	for _, list := range [][]item.Scored{m.popular.entries, m.trending.entries} {
		for _, s := range list {
			if int(s.Item) >= n {
				r.refuse("a list names item %d of %d", s.Item, n)
				return
			}
		}
	}
	r.check(sparse.CheckItems(newestLists.String(), m.newest.entries, n))
}

func readSessions(r *reader, items int) *knn.Index {
	s := view[float64](r, sessionSettings)
	x := &knn.Index{Postings: view[uint32](r, sessionPostings), ItemOffsets: view[uint32](r, sessionPostings+1), SessionItems: view[item.Ordinal](r, sessionItems),
		SessionOffsets: view[uint32](r, sessionItems+1), Rarity: view[float32](r, sessionRarity), Freshness: view[float32](r, sessionFreshness)}
	if len(s) != 12 {
		r.refuse("%v are %d numbers, not 12", sessionSettings, len(s))
		return x
	}
	x.Settings = knn.Settings{Newest: int(s[0]), Neighbours: int(s[1]), Last: int(s[2]), IDF: s[3], Longest: s[4], Position: knn.Decay(s[5]), Vote: knn.Decay(s[6]),
		HalfLife: time.Duration(s[7]), Near: s[10], Long: s[11]}
	x.Limit, x.Until = uint32(s[8]), int64(s[9])
	r.check(x.Check(items))
	return x
}

// readRanker is nil for a file without one.
func readRanker(r *reader, k kind) *rank.Model {
	if _, ok := r.sections[k]; !ok {
		return nil
	}
	shape := view[uint32](r, k)
	m := &rank.Model{Mean: view[float32](r, k+1), Weights: view[float32](r, k+2), Feature: view[uint32](r, k+3), Cut: view[float32](r, k+4), Value: view[float32](r, k+5)}
	if len(shape) != 2 || shape[1] > rank.MaxDepth {
		r.refuse("%v makes no sense", k)
		return nil
	}
	m.Kind, m.Depth = shape[0], int(shape[1])
	r.check(m.Check())
	return m
}

func readLists[T number](r *reader, k kind, n int) lists[T] {
	l := lists[T]{entries: view[T](r, k), offsets: view[uint32](r, k+1)}
	r.check(sparse.CheckOffsets(k.String(), l.offsets, n, len(l.entries)))
	return l
}

// readHabits is nil for a file without them.
func readHabits(r *reader, items int) *habit.Rhythm {
	if _, ok := r.sections[habitHazard]; !ok {
		return nil
	}
	h := &habit.Rhythm{Hazard: view[float32](r, habitHazard), Interval: view[float32](r, habitInterval), Ranker: readRanker(r, habitShape)}
	r.check(h.Check(items))
	return h
}

// readContent is nil for a file without it.
func readContent(r *reader, items int) *content.Index {
	if _, ok := r.sections[contentTerms]; !ok {
		return nil
	}
	x := &content.Index{Terms: view[uint64](r, contentTerms), Rarity: view[float32](r, contentRarity)}
	x.Vectors, x.Lists = r.rows(contentVectors, items, len(x.Terms)), r.rows(contentLists, len(x.Terms), items)
	r.check(x.Check(items))
	return x
}

func (r *reader) rows(k kind, n, columns int) sparse.Rows {
	rows := sparse.Rows{Items: view[item.Ordinal](r, k), Offsets: view[uint32](r, k+1), Values: view[float32](r, k+2)}
	if rows.Values == nil {
		rows.Values = []float32{}
	}
	r.check(rows.Check(k.String(), n, columns))
	return rows
}

// texts reads a column of n strings; -1 for however many there are.
func (r *reader) texts(k kind, n int) texts {
	t := texts{bytes: r.bytes(k), offsets: view[uint32](r, k+1)}
	if n < 0 {
		n = t.len()
	}
	r.check(sparse.CheckOffsets(k.String(), t.offsets, n, len(t.bytes)))
	return t
}

func (t texts) len() int { return max(len(t.offsets)-1, 0) }

// check keeps the first fault.
func (r *reader) check(err error) {
	if err != nil && r.err == nil {
		r.err = fault.Wrap(fault.Invalid, err, "model file")
	}
}

// checkNumbers refuses a number that is neither None nor below n.
func checkNumbers[T ~uint32](r *reader, k kind, numbers []T, n int) {
	for _, number := range numbers {
		if number != T(None) && int(number) >= n {
			r.refuse("%v name entry %d of %d", k, number, n)
			return
		}
	}
}
