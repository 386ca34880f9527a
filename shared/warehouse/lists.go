package warehouse

import (
	"cmp"
	"context"
	"math"
	"slices"

	"shopkeeper/shared/recommend/buyagain"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/itemitem"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/sparse"
	"shopkeeper/shared/recommend/together"
	"shopkeeper/shared/recommend/trend"
)

// Cosines are the items that the same people hold, best first, and the items' norms; see package cosine.
func (b *Build) Cosines(ctx context.Context) (cosines sparse.Rows, norms []float64, err error) {
	holders, err := b.held(ctx)
	if err != nil {
		return sparse.Rows{}, nil, err
	}
	entries, err := b.entries(ctx, "similar")
	if err != nil {
		return sparse.Rows{}, nil, err
	}
	norms = make([]float64, len(holders))
	for i, h := range holders {
		norms[i] = math.Sqrt(float64(h.Squares) / whole)
	}
	weight := b.settings.Similar.Similarity(norms)
	return best(entries, len(norms), b.settings.Similar.Top, func(from, to item.Ordinal, parts float64) float32 {
		return weight(from, to, parts/whole)
	}), norms, nil
}

// best weighs the entries of each item and keeps the best.
func best(entries []together.Counted, items, keep int, weight itemitem.Weight) sparse.Rows {
	out := sparse.Rows{Offsets: make([]uint32, 1, items+1), Values: []float32{}}
	var top item.Top
	var row []item.Scored
	for i, at := 0, 0; i < items; i++ {
		top.Reset(keep)
		for ; at < len(entries) && int(entries[at].From) == i; at++ {
			top.Offer(entries[at].To, weight(entries[at].From, entries[at].To, float64(entries[at].Both)))
		}
		row = top.Append(row[:0])
		for _, s := range row {
			out.Items, out.Values = append(out.Items, s.Item), append(out.Values, s.Score)
		}
		out.Offsets = append(out.Offsets, uint32(len(out.Items)))
	}
	return out
}

// clickRow is an item of a kept session.
type clickRow struct {
	Place   int64 `parquet:"place,optional"`
	Secs    int64 `parquet:"secs,optional"`
	Ordinal int64 `parquet:"ordinal,optional"`
	Pos     int64 `parquet:"pos,optional"`
}

const mostSessions = 1 << 31

func (r clickRow) within(items int64) bool {
	return below(r.Ordinal, items) && below(r.Place, mostSessions) && below(r.Pos, mostSessions)
}

// Sessions are the newest sessions of every item; see package knn.
func (b *Build) Sessions(ctx context.Context) (*knn.Index, error) {
	var lengths []knn.Length
	var newest int64
	if err := b.rows(ctx, "lengths", numbers(func(n []int64) {
		lengths, newest = append(lengths, knn.Length{Clicks: n[0], Sessions: n[1]}), max(newest, n[2])
	})); err != nil {
		return nil, err
	}
	limit := knn.LimitOf(lengths, b.settings.KNN.Longest)
	b.set("limit", limit)
	type sight struct{ place, pos, item uint32 }
	var sights []sight
	var ends []int64
	err := read(ctx, b, "sessions", func(r clickRow) {
		sights = append(sights, sight{uint32(r.Place), uint32(r.Pos), uint32(r.Ordinal)})
		for int64(len(ends)) <= r.Place {
			ends = append(ends, 0)
		}
		ends[r.Place] = r.Secs
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(sights, func(x, y sight) int { return cmp.Or(cmp.Compare(x.place, y.place), cmp.Compare(x.pos, y.pos)) })
	items := make([]item.Ordinal, len(sights))
	for n, s := range sights {
		items[n] = item.Ordinal(s.item)
	}
	sessions := make([]knn.Session, len(ends))
	for at, n := 0, 0; n < len(sessions); n++ {
		from := at
		for at < len(sights) && int(sights[at].place) == n {
			at++
		}
		sessions[n] = knn.Session{Time: ends[n], Items: items[from:at]}
	}
	return knn.Rebuild(sessions, b.items(), b.settings.KNN, limit, newest)
}

// holdingRow is in how many orders an item is.
type holdingRow struct {
	Ordinal int64 `parquet:"ordinal,optional"`
	Baskets int64 `parquet:"baskets,optional"`
}

func (r holdingRow) within(items int64) bool { return below(r.Ordinal, items) }

// Together is what is bought in one order; see package together.
func (b *Build) Together(ctx context.Context) (*together.Pairs, error) {
	var total int64
	if err := b.rows(ctx, "basketcount", numbers(func(n []int64) { total = n[0] })); err != nil {
		return nil, err
	}
	b.set("total", double(float64(total)))
	holding := make([]float64, b.items())
	if err := read(ctx, b, "holding", func(r holdingRow) { holding[r.Ordinal] = float64(r.Baskets) }); err != nil {
		return nil, err
	}
	pairs, err := b.entries(ctx, "together")
	if err != nil {
		return nil, err
	}
	return together.Of(pairs, holding, float64(total), b.settings.Together), nil
}

type heatRow struct {
	Ordinal int64 `parquet:"ordinal,optional"`
	Newest  int64 `parquet:"newest,optional"`
	Popular int64 `parquet:"popular,optional"`
	Near    int64 `parquet:"near,optional"`
}

func (r heatRow) within(items int64) bool { return below(r.Ordinal, items) }

// decayRow is what is left of a weight after so many hours.
type decayRow struct {
	Hours   int64 `parquet:"hours"`
	Popular int64 `parquet:"popular"`
	Near    int64 `parquet:"near"`
}

// End is the time of the last event in Unix seconds; 0 without any.
func (b *Build) End(ctx context.Context) (end int64, err error) {
	err = b.rows(ctx, "end", numbers(func(n []int64) { end = n[0] }))
	return end, err
}

// Heat is what is popular and what is moving at a moment, in Unix seconds; see package trend.
func (b *Build) Heat(ctx context.Context, now int64) (trend.Heat, error) {
	if err := b.decays(ctx); err != nil {
		return trend.Heat{}, err
	}
	b.set("now", now)
	sums := make([]trend.Sums, b.items())
	err := read(ctx, b, "heat", func(r heatRow) { sums[r.Ordinal] = trend.Sums{Newest: r.Newest, Popular: r.Popular, Near: r.Near} })
	return trend.HeatOf(sums, now, b.settings.Trend), err
}

// mostHours is the age, in hours, at which nothing is left of anything: a hundred years.
const mostHours = 100 * 366 * 24

func (b *Build) decays(ctx context.Context) error {
	popular, near := trend.Decays(b.settings.Trend.Popular, mostHours), trend.Decays(b.settings.Trend.Near, mostHours)
	rows := make([]decayRow, max(len(popular), len(near)))
	for h := range rows {
		rows[h].Hours = int64(h)
		if h < len(popular) {
			rows[h].Popular = popular[h]
		}
		if h < len(near) {
			rows[h].Near = near[h]
		}
	}
	return b.run.register(ctx, b.stages, "decays", []Column{{"hours", Integer}, {"popular", Integer}, {"near", Integer}}, func(name string) error {
		return Put(ctx, b.files, name, rows)
	})
}

type firstRow struct {
	Ordinal int64 `parquet:"ordinal,optional"`
	Secs    int64 `parquet:"secs,optional"`
}

func (r firstRow) within(items int64) bool { return below(r.Ordinal, items) }

// FirstSeen is the time of each item's first event in Unix seconds, 0 for an item without one.
func (b *Build) FirstSeen(ctx context.Context) ([]int64, error) {
	first := make([]int64, b.items())
	return first, read(ctx, b, "first", func(r firstRow) { first[r.Ordinal] = r.Secs })
}

type repeatRow struct {
	Ordinal int64 `parquet:"ordinal,optional"`
	Buyers  int64 `parquet:"buyers,optional"`
	Again   int64 `parquet:"again,optional"`
	Low     int64 `parquet:"low,optional"`
	High    int64 `parquet:"high,optional"`
}

func (r repeatRow) within(items int64) bool { return below(r.Ordinal, items) }

// Repeats is who comes back for what; see package buyagain.
func (b *Build) Repeats(ctx context.Context) (*buyagain.Stats, error) {
	counts := make([]buyagain.Counts, b.items())
	err := read(ctx, b, "repeats", func(r repeatRow) {
		counts[r.Ordinal] = buyagain.Counts{Buyers: uint32(r.Buyers), Again: uint32(r.Again), Low: float32(r.Low), High: float32(r.High)}
	})
	return buyagain.Of(counts), err
}
