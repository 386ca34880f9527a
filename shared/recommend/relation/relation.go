// Package relation tells alternatives from complements: another teapot beside a teapot, a cup under it. Both are looked at with it, and a list of "similar items" mixes them.
//
// Who looks for a teapot looks at several and buys one; who buys a teapot takes the cup along. So looks (sessions, or the whole history of a customer) say what is compared, baskets say what goes
// together, and a pair is the one or the other, never both:
//
//	look(i, j)         = looks with both / (sqrt(looks with i * looks with j) + Shrink)
//	kin(i, j)          = 1 in one group, Foreign in different groups, 1 where a group is not known
//	expected(i, j)     = baskets with i * baskets with j / baskets
//	lift(i, j)         = (baskets with both + Doubt) / (expected + Doubt)
//	substitutes(i, j)  = look * kin * 1 / (1 + lift^2)                                  for lift below Apart
//	complements(i, j)  = low(baskets with both, baskets with i) * ln(lift) * (1 - kin(i, j) / 2)      for lift at Apart or above, and Least baskets with both
//
// low is the lower end of the 90 % Wilson interval, as in package together. Doubt draws the lift of what was rarely bought to 1, so that a pair nobody bought yet may be an alternative, but needs to
// be looked at together; a pair of one group that is bought together (two flavours) is weaker as a complement than a cup and a pot. Substitutes are symmetric but for the cut
// to Top; complements have a direction.
//
// It needs real looks. On a grocery chain's year, where none are known and what a household bought in the year stood for them, 12 % of the alternatives and 19 % of the complements
// were of the item's own type (first five each, 15,000 items, groups withheld): flavours are bought together. Without looks, tell it the groups.
//
// Complexity: sum over looks and over baskets of (items)^2; memory: 8 bytes x items x (Wide + 2 Top).
package relation

import (
	"context"
	"math"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/itemitem"
	"shopkeeper/shared/recommend/sparse"
	"shopkeeper/shared/recommend/together"
)

// NoGroup is the group of an item that has none.
const NoGroup = math.MaxUint32

// Settings are what a backtest may vary.
type Settings struct {
	Shrink  float64 // looks in common that a pair needs before it is believed
	Foreign float64 // kinship of different groups, from 0 to 1
	Doubt   float64 // baskets that are believed to agree with chance
	Apart   float64 // lift from which a pair goes together
	Least   int     // baskets with both that a complement needs
	Longest int     // items of the longest look and basket that count
	Wide    int     // looked-at items that are weighed per item
	Top     int     // items kept per item and relation
}

// DefaultSettings keep a pair apart from the point where it is bought together half as often again as by chance.
var DefaultSettings = Settings{Shrink: 10, Foreign: 0.2, Doubt: 3, Apart: 1.5, Least: 3, Longest: 400, Wide: 200, Top: 20}

// Check refuses settings that mean nothing (Invalid).
func (s Settings) Check() error {
	if !(s.Shrink >= 0 && s.Foreign >= 0 && s.Foreign <= 1 && s.Doubt > 0 && s.Apart >= 1) {
		return fault.New(fault.Invalid, "relations: shrink and foreign are not below 0, doubt above 0, apart at least 1")
	}
	if s.Least < 1 || s.Longest < 1 || s.Wide < 1 || s.Top < 1 {
		return fault.New(fault.Invalid, "relations: least, longest, wide and top are 1 or more")
	}
	return nil
}

// Relations are each item's relatives, best first, with scores; scores of the two are not comparable.
type Relations struct {
	Substitutes, Complements sparse.Rows
}

// Find relates items. looks and baskets are rows of distinct items, without values; groups gives the group of each item and may be nil. Invalid for settings that mean nothing and groups of another
// catalog; else the context's error.
func Find(ctx context.Context, looks, baskets sparse.Rows, items int, groups []uint32, s Settings) (*Relations, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if groups != nil && len(groups) != items {
		return nil, fault.Newf(fault.Invalid, "relations: groups of %d items in a catalog of %d", len(groups), items)
	}
	f := &finder{settings: s, groups: groups}
	looks, baskets = short(looks, s.Longest), short(baskets, s.Longest)
	compared, err := f.compare(ctx, looks, items)
	if err != nil {
		return nil, err
	}
	return f.sort(ctx, compared, baskets, items)
}

// short drops long rows: a warehouse's order and a robot's visit are no taste.
func short(rows sparse.Rows, longest int) sparse.Rows {
	out := sparse.Rows{Offsets: make([]uint32, 1, rows.Len()+1)}
	for r := range rows.Len() {
		if held, _ := rows.Row(r); len(held) > 0 && len(held) <= longest {
			out.Append(held, nil)
		}
	}
	return out
}

type finder struct {
	settings Settings
	groups   []uint32
	top      item.Top
	row      []item.Scored
}

func (f *finder) kin(i, j item.Ordinal) float64 {
	if f.groups == nil || f.groups[i] == NoGroup || f.groups[j] == NoGroup || f.groups[i] == f.groups[j] {
		return 1
	}
	return f.settings.Foreign
}

func one(int, float32, float32) float64 { return 1 }

// compare keeps what each item is looked at with: look * kin.
func (f *finder) compare(ctx context.Context, looks sparse.Rows, items int) (sparse.Rows, error) {
	holding := count(looks, items)
	out := sparse.Rows{Offsets: make([]uint32, 1, items+1), Values: []float32{}}
	err := itemitem.Paths(ctx, looks, items, one, func(from item.Ordinal, reached []item.Ordinal, sums []float64) {
		f.top.Reset(f.settings.Wide)
		for _, to := range reached {
			if to != from {
				f.top.Offer(to, float32(sums[to]/(math.Sqrt(holding[from]*holding[to])+f.settings.Shrink)*f.kin(from, to)))
			}
		}
		f.row = f.top.Append(f.row[:0])
		out.Append(itemitem.Split(f.row))
	})
	return out, err
}

// sort tells what is compared from what goes together.
func (f *finder) sort(ctx context.Context, compared, baskets sparse.Rows, items int) (*Relations, error) {
	s, holding, total := f.settings, count(baskets, items), float64(baskets.Len())
	out := &Relations{Substitutes: sparse.Rows{Offsets: make([]uint32, 1, items+1), Values: []float32{}}, Complements: sparse.Rows{Offsets: make([]uint32, 1, items+1), Values: []float32{}}}
	err := itemitem.Paths(ctx, baskets, items, one, func(from item.Ordinal, reached []item.Ordinal, sums []float64) {
		lift := func(to item.Ordinal) float64 {
			expected := 0.0
			if total > 0 {
				expected = holding[from] * holding[to] / total
			}
			return (sums[to] + s.Doubt) / (expected + s.Doubt)
		}
		f.top.Reset(s.Top)
		looked, scores := compared.Row(int(from))
		for at, to := range looked {
			if l := lift(to); l < s.Apart {
				f.top.Offer(to, scores[at]/float32(1+l*l))
			}
		}
		f.row = f.top.Append(f.row[:0])
		out.Substitutes.Append(itemitem.Split(f.row))
		f.top.Reset(s.Top)
		for _, to := range reached {
			if l := lift(to); to != from && l >= s.Apart && int(sums[to]) >= s.Least {
				f.top.Offer(to, float32(together.Low(sums[to], holding[from])*math.Log(l)*(1-f.kin(from, to)/2)))
			}
		}
		f.row = f.top.Append(f.row[:0])
		out.Complements.Append(itemitem.Split(f.row))
	})
	return out, err
}

func count(rows sparse.Rows, items int) []float64 {
	holding := make([]float64, items)
	for _, i := range rows.Items {
		if int(i) < items {
			holding[i]++
		}
	}
	return holding
}
