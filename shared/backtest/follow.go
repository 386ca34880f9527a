package backtest

import (
	"cmp"
	"context"
	"slices"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/sparse"
)

// followPrior is how many times an item must have been left before what follows it is believed by half.
const followPrior = 2

// follow answers with what came after the history's last items in other histories: a Markov chain with memory.
//
//	weight(i, j) = sum over times that j came d after i, d up to after, of 1/d / (times of i + followPrior)
//	             + the same of j before i, up to before, times back
//	score(j)     = sum over the last items i, p from the end, of fade^p weight(i, j)
type follow struct {
	weights sparse.Rows
	last    int
	fade    float32
	scratch sums
}

type followSettings struct {
	after, before, last int
	back, fade          float64
}

func fitFollow(_ context.Context, t Training, p Params) (Model, error) {
	var s followSettings
	err := p.read(field{"after", &s.after}, field{"before", &s.before}, field{"last", &s.last}, field{"back", &s.back}, field{"fade", &s.fade})
	if err != nil {
		return nil, err
	}
	return newFollow(t, s), nil
}

// met is one time that one item was met near another.
type met struct {
	from, to item.Ordinal
	weight   float32
}

func newFollow(t Training, s followSettings) *follow {
	var all []met
	times := make([]float32, t.Items)
	for _, h := range t.past {
		for at, i := range h.items {
			times[i]++
			for d := 1; d <= max(s.after, s.before) && at+d < len(h.items); d++ {
				j, weight := h.items[at+d], 1/float32(d)
				if j != i && d <= s.after {
					all = append(all, met{i, j, weight})
				}
				if j != i && d <= s.before {
					all = append(all, met{j, i, weight * float32(s.back)})
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b met) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	f := &follow{last: s.last, fade: float32(s.fade), weights: sparse.Rows{Offsets: make([]uint32, 1, t.Items+1), Values: []float32{}}}
	at := 0
	for i := range item.Ordinal(t.Items) {
		for at < len(all) && all[at].from == i {
			to, sum := all[at].to, float32(0)
			for ; at < len(all) && all[at].from == i && all[at].to == to; at++ {
				sum += all[at].weight
			}
			f.weights.Items = append(f.weights.Items, to)
			f.weights.Values = append(f.weights.Values, sum/(times[i]+followPrior))
		}
		f.weights.Offsets = append(f.weights.Offsets, uint32(len(f.weights.Items)))
	}
	return f
}

func (f *follow) Answer(dst []item.Scored, h History, n int) []item.Scored {
	f.scratch.reset(f.weights.Len())
	strength := float32(1)
	for _, i := range slices.Backward(h.Items[max(0, len(h.Items)-f.last):]) {
		if int(i) < f.weights.Len() {
			items, values := f.weights.Row(int(i))
			for at, j := range items {
				f.scratch.add(j, values[at]*strength)
			}
		}
		strength *= f.fade
	}
	return f.scratch.best(dst, h, n)
}

// sums adds up scores of items; memory is reused.
type sums struct {
	score []float32
	items []item.Ordinal
	top   item.Top
}

func (s *sums) reset(items int) {
	for _, i := range s.items {
		s.score[i] = 0
	}
	if s.items = s.items[:0]; len(s.score) < items {
		s.score = make([]float32, items)
	}
}

// add adds a positive score.
func (s *sums) add(i item.Ordinal, score float32) {
	if s.score[i] == 0 {
		s.items = append(s.items, i)
	}
	s.score[i] += score
}

// best appends the n best items that a history may be answered with.
func (s *sums) best(dst []item.Scored, h History, n int) []item.Scored {
	for _, i := range h.barred() {
		if int(i) < len(s.score) {
			s.score[i] = 0
		}
	}
	s.top.Reset(n)
	for _, i := range s.items {
		if s.score[i] > 0 {
			s.top.Offer(i, s.score[i])
		}
	}
	return s.top.Append(dst)
}

// barred are the items that are no answers to the history.
func (h History) barred() []item.Ordinal {
	switch {
	case h.Live:
		return h.Items[max(0, len(h.Items)-1):]
	case h.Repeats:
		return nil
	}
	return h.Items
}
