// Package together finds what is bought in one basket: directional pairs "who takes i also takes j", for the product page and the basket.
//
//	support(i, j)    = baskets that hold both
//	confidence(i->j) = support / baskets with i
//	lift(i, j)       = confidence / share of baskets with j
//	score(i->j)      = low(support, baskets with i) * ln(lift)
//
// Ranking by lift alone names pairs that happened twice; ranking by confidence alone names the best-seller beside everything. low is the lower end of the 90 %
// Wilson interval of the confidence, so a pair must be both frequent enough to be believed and more frequent than chance.
//
// Complexity: sum over baskets of (items)^2. Baskets longer than Settings.Longest are a warehouse's order, not a taste, and are left out.
package together

import (
	"context"
	"math"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/itemitem"
	"shopkeeper/shared/recommend/sparse"
)

// Settings are what a backtest may vary.
type Settings struct {
	Least   int // baskets that must hold both
	Top     int // partners kept per item
	Longest int // distinct items of the longest basket that counts
}

// DefaultSettings ask for three baskets: two are a coincidence.
var DefaultSettings = Settings{Least: 3, Top: 20, Longest: 400}

// Pairs lists each item's partners, best first: row i of Partners, whose values are scores, with the same places in Support, Confidence and Lift. The
// arrays may be views into a file. Read-only.
type Pairs struct {
	Partners   sparse.Rows
	Support    []uint32
	Confidence []float32
	Lift       []float32
}

// Pair is one partner of an item.
type Pair struct {
	Item       item.Ordinal
	Score      float32
	Support    int
	Confidence float32
	Lift       float32
}

// Of is how many partners an item has; Pair(i, 0..Of(i)-1) are they. An unknown item has none.
func (p *Pairs) Of(i item.Ordinal) int {
	if int(i) >= p.Partners.Len() {
		return 0
	}
	return int(p.Partners.Offsets[i+1] - p.Partners.Offsets[i])
}

// Pair is the n-th best partner of an item.
func (p *Pairs) Pair(i item.Ordinal, n int) Pair {
	at := int(p.Partners.Offsets[i]) + n
	return Pair{p.Partners.Items[at], p.Partners.Values[at], int(p.Support[at]), p.Confidence[at], p.Lift[at]}
}

// Check refuses arrays that do not fit together or to a catalog of that size (Invalid).
func (p *Pairs) Check(items int) error {
	if err := p.Partners.Check("bought together", items, items); err != nil {
		return err
	}
	n := len(p.Partners.Items)
	if len(p.Partners.Values) != n || len(p.Support) != n || len(p.Confidence) != n || len(p.Lift) != n {
		return fault.Newf(fault.Invalid, "bought together: the columns of %d pairs have different lengths", n)
	}
	return nil
}

// Find counts pairs in baskets: rows of distinct items, without values. The only error is the context's.
func Find(ctx context.Context, baskets sparse.Rows, items int, s Settings) (*Pairs, error) {
	counted := sparse.Rows{Offsets: make([]uint32, 1, baskets.Len()+1)}
	for b := range baskets.Len() {
		if held, _ := baskets.Row(b); len(held) > 0 && len(held) <= s.Longest {
			counted.Append(held, nil)
		}
	}
	holding := make([]float64, items)
	for _, i := range counted.Items {
		if int(i) < items {
			holding[i]++
		}
	}
	total := float64(counted.Len())
	p := &Pairs{Partners: sparse.Rows{Offsets: make([]uint32, 1, items+1), Values: []float32{}}}
	var top item.Top
	var row []item.Scored
	err := itemitem.Paths(ctx, counted, items, func(int, float32, float32) float64 { return 1 }, func(from item.Ordinal, reached []item.Ordinal, sums []float64) {
		top.Reset(s.Top)
		for _, to := range reached {
			if to != from && s.believes(sums[to], holding[from], holding[to], total) {
				top.Offer(to, Score(sums[to], holding[from], holding[to], total))
			}
		}
		row = top.Append(row[:0])
		p.Partners.Append(itemitem.Split(row))
		for _, partner := range row {
			p.describe(sums[partner.Item], holding[from], holding[partner.Item], total)
		}
	})
	return p, err
}

func (s Settings) believes(both, from, to, total float64) bool {
	return int(both) >= s.Least && both*total/(from*to) > 1
}

// Score is the score of a pair that so many of total baskets hold; from and to are the baskets with either.
func Score(both, from, to, total float64) float32 {
	return float32(Low(both, from) * math.Log(both*total/(from*to)))
}

func (p *Pairs) describe(both, from, to, total float64) {
	p.Support = append(p.Support, uint32(both))
	p.Confidence = append(p.Confidence, float32(both/from))
	p.Lift = append(p.Lift, float32(both*total/(from*to)))
}

// Counted is a pair that was counted elsewhere: so many baskets hold both.
type Counted struct {
	From, To item.Ordinal
	Both     int64
}

// Of makes pairs of what was counted elsewhere, ordered by From: what Find makes, if every pair that belongs to an item's best is there, in any order. holding is how many of total
// baskets have an item.
func Of(pairs []Counted, holding []float64, total float64, s Settings) *Pairs {
	p := &Pairs{Partners: sparse.Rows{Offsets: make([]uint32, 1, len(holding)+1), Values: []float32{}}}
	both := make([]float64, len(holding))
	var top item.Top
	var row []item.Scored
	at := 0
	for from := range holding {
		top.Reset(s.Top)
		for ; at < len(pairs) && int(pairs[at].From) == from; at++ {
			to, n := pairs[at].To, float64(pairs[at].Both)
			both[to] = n
			if s.believes(n, holding[from], holding[to], total) {
				top.Offer(to, Score(n, holding[from], holding[to], total))
			}
		}
		row = top.Append(row[:0])
		p.Partners.Append(itemitem.Split(row))
		for _, partner := range row {
			p.describe(both[partner.Item], holding[from], holding[partner.Item], total)
		}
	}
	return p
}

// Low is the lower end of the 90 % Wilson interval of a share: of so many out of n.
func Low(of, n float64) float64 {
	const z = 1.6449
	p := of / n
	middle := p + z*z/(2*n)
	half := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return (middle - half) / (1 + z*z/n)
}
