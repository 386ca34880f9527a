package backtest

import (
	"math"
	"slices"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/sparse"
)

// Lists are more than hits. Beside accuracy a result has, for the lists as a whole,
//
//	coverage@n    share of the catalog that stands on any of the lists
//	popularity@n  mean of an item's events over those of the most popular item
//	novelty@k     mean of -log2 p(i), p(i) being the share of customers who have the item: bits of surprise (Zhou et al., PNAS 2010); an item that nobody has counts as one customer's
//	diversity@k   mean over pairs of the list of 1 - likeness: 0 or 1 by group where the items have groups (categories), else the cosine of the two items' customers
//	              (Ziegler et al., WWW 2005)
//
// where n is the protocol's depth and k at most 20. High novelty and diversity are no merit by themselves: a random list has both.

// widest is how many items of a list novelty and diversity look at: what a visitor may see.
const widest = 20

// breadth measures how much of the catalog is recommended at all, and how popular it is.
type breadth struct {
	popularity []float64 // per item: its share of the most popular item's events
	shown      []bool
	distinct   int
	sum        float64
	n          int
}

func newBreadth(counts []int) *breadth {
	most := 1
	for _, c := range counts {
		most = max(most, c)
	}
	b := &breadth{popularity: make([]float64, len(counts)), shown: make([]bool, len(counts))}
	for i, c := range counts {
		b.popularity[i] = float64(c) / float64(most)
	}
	return b
}

func (b *breadth) see(ranked []item.Scored) {
	total := 0.0
	for _, r := range ranked {
		total += b.popularity[r.Item]
		if !b.shown[r.Item] {
			b.shown[r.Item] = true
			b.distinct++
		}
	}
	if len(ranked) > 0 {
		b.sum += total / float64(len(ranked))
	}
	b.n++
}

func (b *breadth) coverage() float64 { return ratio(float64(b.distinct), float64(len(b.shown))) }

func (b *breadth) mean() float64 { return ratio(b.sum, float64(b.n)) }

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// variety tells how surprising a list is, and how unlike its items are.
type variety struct {
	surprise   []float64
	group      []uint32    // by item; nil where the log has none
	holders    sparse.Rows // items x users
	likenesses map[[2]item.Ordinal]float64
}

func newVariety(t Training) *variety {
	v := &variety{group: t.Groups, holders: t.Users.Transpose(t.Items), surprise: make([]float64, t.Items), likenesses: make(map[[2]item.Ordinal]float64)}
	everybody := float64(max(1, t.Users.Len()))
	for i := range v.surprise {
		v.surprise[i] = math.Log2(everybody / float64(max(1, v.holders.Offsets[i+1]-v.holders.Offsets[i])))
	}
	return v
}

// of is novelty and diversity of the first items of a list; NaN for what an empty list, or a single item, does not have.
func (v *variety) of(ranked []item.Scored) (novelty, diversity float64) {
	ranked = ranked[:min(widest, len(ranked))]
	if len(ranked) == 0 {
		return math.NaN(), math.NaN()
	}
	unlike := 0.0
	for at, a := range ranked {
		novelty += v.surprise[a.Item]
		for _, b := range ranked[:at] {
			unlike += 1 - v.likeness(a.Item, b.Item)
		}
	}
	n := float64(len(ranked))
	if len(ranked) == 1 {
		return novelty, math.NaN()
	}
	return novelty / n, unlike / (n * (n - 1) / 2)
}

// remembered bounds the memory for likenesses: popular items meet on many lists.
const remembered = 1 << 20

func (v *variety) likeness(a, b item.Ordinal) float64 {
	if v.group != nil {
		if v.group[a] != NoGroup && v.group[a] == v.group[b] {
			return 1
		}
		return 0
	}
	pair := [2]item.Ordinal{min(a, b), max(a, b)}
	if known, ok := v.likenesses[pair]; ok {
		return known
	}
	if len(v.likenesses) >= remembered {
		clear(v.likenesses)
	}
	ofA, _ := v.holders.Row(int(a))
	ofB, _ := v.holders.Row(int(b))
	v.likenesses[pair] = cosineOf(ofA, ofB)
	return v.likenesses[pair]
}

// cosineOf is the cosine of two sorted sets.
func cosineOf(a, b []item.Ordinal) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	root, both := math.Sqrt(float64(len(a))*float64(len(b))), 0
	if len(a) > len(b) {
		a, b = b, a
	}
	for _, u := range a {
		at, found := slices.BinarySearch(b, u)
		if b = b[at:]; found {
			both++
		}
	}
	return float64(both) / root
}
