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
