package backtest

import (
	"math"
	"slices"

	"shopkeeper/shared/recommend/item"
)

// recall is hits among the first k, divided by how many there could be: min(k, targets).
func recall(ranked []item.Scored, targets []item.Ordinal, k int) float64 {
	if len(targets) == 0 || k <= 0 {
		return 0
	}
	return float64(hits(ranked, targets, k)) / float64(min(k, len(targets)))
}

func hits(ranked []item.Scored, targets []item.Ordinal, k int) (n int) {
	for _, r := range ranked[:min(k, len(ranked))] {
		if slices.Contains(targets, r.Item) {
			n++
		}
	}
	return n
}

// ndcg is the discounted gain of the first k over that of a perfect ranking: a hit at rank r (from 1) gains 1/log2(r+1).
func ndcg(ranked []item.Scored, targets []item.Ordinal, k int) float64 {
	if len(targets) == 0 || k <= 0 {
		return 0
	}
	gain, perfect := 0.0, 0.0
	for at, r := range ranked[:min(k, len(ranked))] {
		if slices.Contains(targets, r.Item) {
			gain += 1 / math.Log2(float64(at)+2)
		}
	}
	for at := range min(k, len(targets)) {
		perfect += 1 / math.Log2(float64(at)+2)
	}
	return gain / perfect
}

// reciprocal is 1 / the rank of the wanted item among the first k, 0 when it is not there.
func reciprocal(ranked []item.Scored, wanted item.Ordinal, k int) float64 {
	for at, r := range ranked[:min(k, len(ranked))] {
		if r.Item == wanted {
			return 1 / float64(at+1)
		}
	}
	return 0
}

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
