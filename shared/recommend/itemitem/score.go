// Package itemitem answers from weights between items: what somebody with these items would want next. EASE, RP3beta and cosine neighbours all end in
// such a table, cut to the strongest entries of each item, and differ only in how they fill it (see packages ease, rp3beta, cosine).
//
//	score(j) = sum over items i of the history of strength(i) * weight(i, j)
//
// Complexity: the entries of the history's rows; nothing is allocated once the scratch has grown.
package itemitem

import (
	"math"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/sparse"
)

// Scratch is the working memory of one goroutine; it may be used with any table. The zero value is ready.
type Scratch struct {
	cells   []cell
	epoch   uint32 // a cell of another epoch is empty
	touched []item.Ordinal
	top     item.Top
}

type cell struct {
	score float32
	epoch uint32
}

// Score appends to dst the n items that fit the history best, best first; score, then item order, decides ties. Items of the history are never among
// them; unknown ones are ignored, and one that is named twice counts twice. strengths says how much each counts; nil means 1 each. weights must be
// square: a row and a column for each item of the catalog.
func Score(dst []item.Scored, s *Scratch, weights sparse.Rows, history []item.Ordinal, strengths []float32, n int) []item.Scored {
	s.reset(weights.Len())
	barred := float32(math.Inf(-1))
	for _, i := range history {
		if int(i) < weights.Len() {
			s.cells[i] = cell{barred, s.epoch} // stays so whatever is added, and is never listed as touched
		}
	}
	for at, i := range history {
		strength := float32(1)
		if strengths != nil {
			strength = strengths[at]
		}
		if int(i) < weights.Len() && strength != 0 {
			s.add(weights, i, strength)
		}
	}
	s.top.Reset(n)
	for _, i := range s.touched {
		s.top.Offer(i, s.cells[i].score)
	}
	return s.top.Append(dst)
}

func (s *Scratch) reset(items int) {
	s.touched = s.touched[:0]
	if grow := items - len(s.cells); grow > 0 {
		s.cells = append(s.cells, make([]cell, grow)...)
	}
	if s.epoch++; s.epoch == 0 {
		clear(s.cells)
		s.epoch = 1
	}
}

func (s *Scratch) add(weights sparse.Rows, from item.Ordinal, strength float32) {
	items, values := weights.Row(int(from))
	for at, i := range items {
		value := strength
		if values != nil {
			value *= values[at]
		}
		if to := &s.cells[i]; to.epoch == s.epoch {
			to.score += value
		} else {
			*to = cell{value, s.epoch}
			s.touched = append(s.touched, i)
		}
	}
}
