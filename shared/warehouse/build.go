package warehouse

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/cosine"
	"shopkeeper/shared/recommend/ease"
	"shopkeeper/shared/recommend/interaction"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/rp3beta"
	"shopkeeper/shared/recommend/slim"
	"shopkeeper/shared/recommend/together"
	"shopkeeper/shared/recommend/trend"
)

// Settings are the trainer's.
type Settings struct {
	Weights  interaction.Weights
	KNN      knn.Settings
	RP3beta  rp3beta.Settings
	SLIM     slim.Settings
	EASE     ease.Settings
	Similar  cosine.Settings
	Together together.Settings
	Trend    trend.Settings
	Gap      int64 // seconds without an event that end a visit without a name
	Most     int   // items that one person holds
	Crowd    int   // items from which those that fewer than Believed people hold have no weights
	Believed int
}

// Build makes lists of a history, or of its part before a moment. One goroutine at a time.
type Build struct {
	*stages

	run      *Run
	settings Settings
	holders  []holderRow // per item, once they are known
	least    int         // holders that an item needs to have weights
}

// Two builds of a run may be made side by side.
const (
	suffixWhole = "_w"
	suffixPast  = "_p"
)

// Whole builds from the whole history.
func (r *Run) Whole(s Settings) (*Build, error) { return r.build(suffixWhole, math.MaxInt64, s) }

// Past builds from what happened before a moment, in Unix seconds. A run has one such moment.
func (r *Run) Past(before int64, s Settings) (*Build, error) { return r.build(suffixPast, before, s) }

func (r *Run) build(suffix string, before int64, s Settings) (*Build, error) {
	if s.RP3beta.Alpha != 1 {
		return nil, fault.InvalidField("rp3beta.alpha", "the warehouse walks with alpha 1 alone")
	}
	b := &Build{stages: r.stages(suffix, r.all), run: r, settings: s}
	for name, value := range map[string]any{
		"before": before, "gap": s.Gap, "most": s.Most, "order": int64(interaction.Unit), "view": s.Weights.Units(interaction.View), "cart": s.Weights.Units(interaction.Cart),
		"return": s.Weights.Units(interaction.Return), "dismissal": s.Weights.Units(interaction.Dismissal), "unit": double(interaction.Unit), "grain": double(rp3beta.Grain / interaction.Unit),
		"walks_grain": double(rp3beta.Grain), "shrink": double(s.Similar.Shrink), "beta": double(s.RP3beta.Beta), "similar_top": more(s.Similar.Top), "related_top": more(s.RP3beta.Top),
		"lambda": double(s.SLIM.Lambda), "gram_top": more(s.SLIM.Gram), "together_top": more(s.Together.Top), "support": max(s.Together.Least, 1), "longest": s.Together.Longest, "newest": s.KNN.Newest,
	} {
		b.set(name, value)
	}
	return b, nil
}

// double is a number as a double of SQL; 0.6 would be a decimal.
func double(x float64) string { return strconv.FormatFloat(x, 'e', -1, 64) }

// more is how many entries the engine hands over where so many are kept: its score may differ from ours in the last digit, and so may who is last.
func more(top int) int { return top + top/8 + 8 }

// holderRow is a row of holders.
type holderRow struct {
	Ordinal int64 `parquet:"ordinal,optional"`
	Holders int64 `parquet:"holders,optional"`
	Units   int64 `parquet:"units,optional"`
	Squares int64 `parquet:"squares,optional"`
}

func (r holderRow) within(items int64) bool { return below(r.Ordinal, items) }

// held reads who holds what, once, and decides from how many holders on items have weights.
func (b *Build) held(ctx context.Context) ([]holderRow, error) {
	if b.holders != nil {
		return b.holders, nil
	}
	holders := make([]holderRow, b.items())
	held := 0
	if err := read(ctx, b, "holders", func(r holderRow) { holders[r.Ordinal] = r }); err != nil {
		return nil, err
	}
	for _, h := range holders {
		if h.Holders > 0 {
			held++
		}
	}
	b.holders, b.least = holders, 1
	if held > b.settings.Crowd {
		b.least = b.settings.Believed
	}
	b.set("least", b.least)
	return holders, nil
}

func (b *Build) items() int { return len(b.run.catalog.Items) }

// ofItems is a row that names items by their ordinals.
type ofItems interface{ within(items int64) bool }

// read makes a stage and hands its rows to each, in no order. A row of an item that is not in the catalog is Unavailable: the engine reads what another wrote.
func read[T ofItems](ctx context.Context, b *Build, stage string, each func(T)) error {
	place, err := b.place(ctx, stage)
	if err != nil {
		return err
	}
	items := int64(b.items())
	return Read(ctx, b.files, place, func(rows []T) error {
		for _, r := range rows {
			if !r.within(items) {
				return fault.Newf(fault.Unavailable, "the warehouse's %s are not of this catalog: %+v", stage, r)
			}
			each(r)
		}
		return nil
	})
}

func below(ordinal, items int64) bool { return 0 <= ordinal && ordinal < items }

// partsRow is an entry of a table between items, before it is weighed.
type partsRow struct {
	I     int64 `parquet:"i,optional"`
	J     int64 `parquet:"j,optional"`
	Parts int64 `parquet:"parts,optional"`
}

func (r partsRow) within(items int64) bool { return below(r.I, items) && below(r.J, items) }

// entries are a stage's, by item.
func (b *Build) entries(ctx context.Context, stage string) ([]together.Counted, error) {
	var all []together.Counted
	err := read(ctx, b, stage, func(r partsRow) {
		all = append(all, together.Counted{From: item.Ordinal(r.I), To: item.Ordinal(r.J), Both: r.Parts})
	})
	slices.SortFunc(all, func(x, y together.Counted) int { return cmp.Or(cmp.Compare(x.From, y.From), cmp.Compare(x.To, y.To)) })
	return all, err
}
