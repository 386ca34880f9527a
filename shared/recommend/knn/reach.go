package knn

import (
	"math"
	"slices"

	"shopkeeper/shared/recommend/item"
)

// reach holds what Settings.Near and Settings.Long come to, as tables: for the settings it was made for.
type reach struct {
	near, long float64
	after      [farthest + 1]float32 // per distance behind the shared item
	before     [farthest + 1]float32 // per distance before it
	lengths    [farthest + 1]float32 // per number of items
}

// farthest is the distance, and the number of items, from which on weights are those of farthest.
const farthest = 63

func (r *reach) prepare(s Settings) {
	if s.Near != r.near {
		r.near = s.Near
		for d := range r.after {
			r.after[d], r.before[d] = float32(1/(1+float64(d)/s.Near)), float32(1/(1+2*float64(d)/s.Near))
		}
	}
	if s.Long != r.long {
		r.long = s.Long
		for n := range r.lengths {
			r.lengths[n] = float32(math.Pow(float64(max(n, 1)), s.Long))
		}
	}
}

// length is the weight of a neighbour of n items.
func (r *reach) length(n int) float32 {
	if r.long == 0 {
		return 1
	}
	return r.lengths[min(n, farthest)]
}

// addNear is add with votes that fade with the distance from the shared item.
func (s *Scratch) addNear(items []item.Ordinal, shared item.Ordinal, value float32, n int) int {
	match := max(0, slices.Index(items, shared))
	scores, touched := s.scores, s.touched
	for at, i := range items {
		vote := value
		if at < match {
			vote *= s.reach.before[min(match-at, farthest)]
		} else {
			vote *= s.reach.after[min(at-match, farthest)]
		}
		score := scores[i]
		touched[n] = i
		n += same(math.Float32bits(score), 1<<31)
		scores[i] = score + vote
	}
	return n
}
