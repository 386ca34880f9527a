package model

import (
	"math"
	"slices"
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

// Contents is what a model file is written from. Ordinals are those of Catalog. What is left out is stored as empty: such a model answers with less.
type Contents struct {
	Trained    time.Time
	Catalog    *Catalog
	Popularity []float32 // per item
	Sessions   *knn.Index
	Related    sparse.Rows
	Similar    sparse.Rows
	Together   *together.Pairs
	Popular    [][]item.Scored // first for the whole shop, then per category, best first
	Trending   [][]item.Scored
	Newest     [][]item.Ordinal
	Repeats    *buyagain.Stats
	Ranker     *rank.Model    // nil for none
	Content    *content.Index // nil for none
	Habits     *habit.Rhythm  // nil for none
	Blend      Blend          // the zero value is the default
}

// Encode writes a model file. Equal contents give equal bytes. Contents that do not fit together are Invalid: what Encode gives, Open takes.
func Encode(c Contents) ([]byte, error) {
	c = c.complete()
	w := &writer{}
	if err := putItems(w, c); err != nil {
		return nil, err
	}
	putSessions(w, c.Sessions)
	putRows(w, relatedItems, c.Related)
	putRows(w, similarItems, c.Similar)
	putRows(w, togetherItems, c.Together.Partners)
	put(w, togetherSupport, c.Together.Support)
	put(w, togetherConfidence, c.Together.Confidence)
	put(w, togetherLift, c.Together.Lift)
	putLists(w, popularLists, c.Popular)
	putLists(w, trendingLists, c.Trending)
	putLists(w, newestLists, c.Newest)
	put(w, repeatRate, c.Repeats.Rate)
	put(w, repeatInterval, c.Repeats.Interval)
	put(w, repeatBuyers, c.Repeats.Buyers)
	putRanker(w, rankerShape, c.Ranker)
	putContent(w, c.Content)
	if h := c.Habits; h != nil {
		put(w, habitHazard, h.Hazard)
		put(w, habitInterval, h.Interval)
		putRanker(w, habitShape, h.Ranker)
	}
	putBlend(w, c.Blend)
	file := w.finish(c.Trained)
	if _, err := Open(file); err != nil {
		return nil, err
	}
	return file, nil
}

// complete puts empty parts where there are none.
func (c Contents) complete() Contents {
	if c.Catalog == nil {
		c.Catalog = &Catalog{}
	}
	n := len(c.Catalog.Items)
	if c.Popularity == nil {
		c.Popularity = make([]float32, n)
	}
	if c.Sessions == nil {
		c.Sessions = knn.Empty(n)
	}
	for _, rows := range []*sparse.Rows{&c.Related, &c.Similar} {
		if rows.Offsets == nil {
			rows.Offsets = make([]uint32, n+1)
		}
	}
	if c.Together == nil {
		c.Together = &together.Pairs{Partners: sparse.Rows{Offsets: make([]uint32, n+1)}}
	}
	lists := len(c.Catalog.Categories) + 1
	if c.Popular == nil {
		c.Popular = make([][]item.Scored, lists)
	}
	if c.Trending == nil {
		c.Trending = make([][]item.Scored, lists)
	}
	if c.Newest == nil {
		c.Newest = make([][]item.Ordinal, lists)
	}
	if c.Repeats == nil {
		c.Repeats = &buyagain.Stats{Rate: make([]float32, n), Interval: make([]float32, n), Buyers: make([]uint32, n)}
	}
	return c
}

// putItems writes the catalog's columns, in the order of their kinds.
func putItems(w *writer, c Contents) error {
	items := c.Catalog.Items
	brands, brandOf := dictionary(items, func(i Item) string { return i.Brand })
	currencies, currencyOf := dictionary(items, func(i Item) string { return i.Currency })
	for _, column := range []struct {
		kind  kind
		texts []string
	}{
		{itemIDs, column(items, func(i Item) string { return i.ID })},
		{itemTitles, column(items, func(i Item) string { return i.Title })},
		{itemURLs, column(items, func(i Item) string { return i.URL })},
		{itemImages, column(items, func(i Item) string { return i.Image })},
		{categoryPaths, c.Catalog.Categories},
		{brandNames, brands},
		{currencyCodes, currencies},
	} {
		if err := putTexts(w, column.kind, column.texts); err != nil {
			return err
		}
	}
	put(w, itemSlots, slotsOf(items))
	put(w, itemPrices, column(items, func(i Item) int64 { return i.Price }))
	put(w, itemCreated, column(items, createdOf))
	put(w, itemCategories, c.Catalog.CategoryOf)
	put(w, itemBrands, brandOf)
	put(w, itemCurrencies, currencyOf)
	put(w, itemFlags, column(items, flagsOf))
	put(w, itemPopularity, c.Popularity)
	put(w, categoryAbove, c.Catalog.Parents)
	return nil
}

func column[T any](items []Item, of func(Item) T) []T {
	out := make([]T, len(items))
	for n, i := range items {
		out[n] = of(i)
	}
	return out
}

func createdOf(i Item) int64 {
	if i.Created.IsZero() {
		return 0
	}
	return i.Created.Unix()
}

func flagsOf(i Item) uint32 {
	var flags uint32
	if i.Hidden {
		flags |= flagHidden
	}
	if i.SoldOut {
		flags |= flagSoldOut
	}
	return flags
}

// dictionary numbers the distinct values of a field in byte order; the empty one is None.
func dictionary(items []Item, of func(Item) string) (values []string, numbers []uint32) {
	values = column(items, of)
	slices.Sort(values)
	values = slices.DeleteFunc(slices.Compact(values), func(v string) bool { return v == "" })
	numbers = column(items, func(i Item) uint32 {
		if at, ok := slices.BinarySearch(values, of(i)); ok {
			return uint32(at)
		}
		return uint32(None)
	})
	return values, numbers
}

// slotsOf is an open hash table of ordinals+1, at most half full.
func slotsOf(items []Item) []uint32 {
	size := 2
	for size < 2*len(items) {
		size *= 2
	}
	slots := make([]uint32, size)
	for n, i := range items {
		at := int(hash(i.ID)) & (size - 1)
		for slots[at] != 0 {
			at = (at + 1) & (size - 1)
		}
		slots[at] = uint32(n + 1)
	}
	return slots
}

func putTexts(w *writer, k kind, values []string) error {
	offsets := make([]uint32, 1, len(values)+1)
	var all []byte
	for _, v := range values {
		all = append(all, v...)
		if len(all) > math.MaxUint32 {
			return fault.Newf(fault.TooLarge, "the %v have more than 4 GB", k)
		}
		offsets = append(offsets, uint32(len(all)))
	}
	w.putBytes(k, all)
	put(w, k+1, offsets)
	return nil
}

func putRows(w *writer, k kind, rows sparse.Rows) {
	put(w, k, rows.Items)
	put(w, k+1, rows.Offsets)
	put(w, k+2, rows.Values)
}

func putLists[T number](w *writer, k kind, all [][]T) {
	offsets := make([]uint32, 1, len(all)+1)
	var entries []T
	for _, one := range all {
		entries = append(entries, one...)
		offsets = append(offsets, uint32(len(entries)))
	}
	put(w, k, entries)
	put(w, k+1, offsets)
}

func putSessions(w *writer, x *knn.Index) {
	s := x.Settings
	put(w, sessionSettings, []float64{float64(s.Newest), float64(s.Neighbours), float64(s.Last), s.IDF, s.Longest, float64(s.Position), float64(s.Vote),
		float64(s.HalfLife), float64(x.Limit), float64(x.Until), s.Near, s.Long})
	put(w, sessionPostings, x.Postings)
	put(w, sessionPostings+1, x.ItemOffsets)
	put(w, sessionItems, x.SessionItems)
	put(w, sessionItems+1, x.SessionOffsets)
	put(w, sessionRarity, x.Rarity)
	put(w, sessionFreshness, x.Freshness)
}

// putRanker writes a ranker's six sections; nothing where there is none.
func putRanker(w *writer, k kind, r *rank.Model) {
	if r == nil {
		return
	}
	put(w, k, []uint32{r.Kind, uint32(r.Depth)})
	put(w, k+1, r.Mean)
	put(w, k+2, r.Weights)
	put(w, k+3, r.Feature)
	put(w, k+4, r.Cut)
	put(w, k+5, r.Value)
}

// putContent writes nothing where there is none.
func putContent(w *writer, x *content.Index) {
	if x == nil {
		return
	}
	put(w, contentTerms, x.Terms)
	put(w, contentRarity, x.Rarity)
	putRows(w, contentVectors, x.Vectors)
	putRows(w, contentLists, x.Lists)
}
