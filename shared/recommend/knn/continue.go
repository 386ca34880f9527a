package knn

import (
	"slices"

	"shopkeeper/shared/recommend/item"
)

// Scratch is the working memory of one goroutine. It grows to the largest index it was used with, and may be used with another index afterwards. The zero value is ready.
type Scratch struct {
	candidates []candidate
	slot       []uint32 // session -> place among candidates; meaningful only where that candidate says the same session
	oldest     []uint32 // max-heap of the candidates' ordinals, made when m of them are there
	counts     []uint32 // candidates per similarity
	ties       []uint32
	cells      []cell
	epoch      uint32 // a cell of another epoch is empty
	touched    []item.Ordinal
	values     [MaxLast + 1]float32
	top        item.Top
}

// candidate is a session that shares an item. similarity 0 marks one that a newer session pushed out.
type candidate struct {
	session    uint32
	similarity uint32
	first      uint32 // 1-based distance of the newest shared item from the end
}

type cell struct {
	score float32
	epoch uint32
}

// Continue appends to dst the n items most likely to follow the session, best first; score, then item order, decides ties. The current item, the last
// one, is never among them. items are catalog ordinals, oldest first; unknown ones take a position but match nothing. Scratch is reused between calls
// of one goroutine; nothing is allocated once dst and s have grown.
func (x *Index) Continue(dst []item.Scored, s *Scratch, items []item.Ordinal, n int) []item.Scored {
	if len(items) == 0 || n <= 0 {
		return dst
	}
	items = items[max(0, len(items)-x.Settings.Last):]
	s.reset(x)
	most := x.collect(s, items)
	x.keepNearest(s, most)
	x.vote(s, items)
	return x.best(dst, s, items[len(items)-1], n)
}

func (s *Scratch) reset(x *Index) {
	s.candidates, s.oldest, s.touched = s.candidates[:0], s.oldest[:0], s.touched[:0]
	if grow := x.Sessions() - len(s.slot); grow > 0 {
		s.slot = append(s.slot, make([]uint32, grow)...)
	}
	if grow := x.Items() - len(s.cells); grow > 0 {
		s.cells = append(s.cells, make([]cell, grow)...)
	}
	if s.epoch++; s.epoch == 0 {
		clear(s.cells)
		s.epoch = 1
	}
}

// collect walks the posting lists of the items, newest item first, and returns the highest similarity a candidate can have.
func (x *Index) collect(s *Scratch, items []item.Ordinal) (most uint32) {
	for p := range items {
		at := len(items) - 1 - p
		i := items[at]
		if slices.Contains(items[at+1:], i) {
			continue
		}
		weight := x.Settings.Position.position(p, len(items))
		most += weight
		if int(i) < x.Items() {
			x.walk(s, x.Postings[x.ItemOffsets[i]:x.ItemOffsets[i+1]], weight, uint32(p+1))
		}
	}
	return most
}

// walk adds one item's sessions, newest first. Whoever is older than all of m candidates ends it: the rest of the list is older still.
func (x *Index) walk(s *Scratch, sessions []uint32, weight, first uint32) {
	for _, session := range sessions {
		at := s.slot[session]
		if int(at) < len(s.candidates) && s.candidates[at].session == session {
			if s.candidates[at].similarity == 0 {
				return // pushed out: older than all
			}
			s.candidates[at].similarity += weight
			continue
		}
		if len(s.candidates) >= x.Settings.Newest && !s.replaceOldest(session) {
			return
		}
		s.slot[session] = uint32(len(s.candidates))
		s.candidates = append(s.candidates, candidate{session, weight, first})
	}
}

// keepNearest cuts the candidates to the k most similar; of the equally similar, the newest. Similarities are whole numbers up to most, so they are counted.
func (x *Index) keepNearest(s *Scratch, most uint32) {
	k := x.Settings.Neighbours
	if len(s.candidates) <= k {
		return
	}
	s.counts = slices.Grow(s.counts[:0], int(most)+1)[:most+1]
	clear(s.counts)
	for _, c := range s.candidates {
		s.counts[c.similarity]++
	}
	left, least := uint32(k), most
	for ; least > 1 && s.counts[least] < left; least-- {
		left -= s.counts[least]
	}
	newest := s.nthNewest(least, left)
	s.candidates = slices.DeleteFunc(s.candidates, func(c candidate) bool {
		return c.similarity < least || c.similarity == least && c.session > newest
	})
}

// nthNewest is the n-th smallest session ordinal among the candidates of one similarity, or the largest when they are fewer.
func (s *Scratch) nthNewest(similarity, n uint32) uint32 {
	s.ties = s.ties[:0]
	for _, c := range s.candidates {
		if c.similarity == similarity {
			s.ties = append(s.ties, c.session)
		}
	}
	if len(s.ties) == 0 {
		return 0
	}
	return nthSmallest(s.ties, min(int(n), len(s.ties))-1)
}

func (x *Index) vote(s *Scratch, items []item.Ordinal) {
	share := 1 / float32(countDistinct(items))
	for f := 1; f <= len(items); f++ {
		s.values[f] = x.Settings.Vote.vote(f) * share
	}
	for _, c := range s.candidates {
		value := s.values[c.first] * float32(c.similarity)
		if x.Freshness != nil {
			value *= x.Freshness[c.session]
		}
		if value == 0 {
			continue
		}
		for _, i := range x.SessionItems[x.SessionOffsets[c.session]:x.SessionOffsets[c.session+1]] {
			if at := &s.cells[i]; at.epoch == s.epoch {
				at.score += value
			} else {
				*at = cell{value, s.epoch}
				s.touched = append(s.touched, i)
			}
		}
	}
}

func (x *Index) best(dst []item.Scored, s *Scratch, current item.Ordinal, n int) []item.Scored {
	s.top.Reset(n)
	for _, i := range s.touched {
		if i != current {
			s.top.Offer(i, s.cells[i].score*x.Rarity[i])
		}
	}
	return s.top.Append(dst)
}

func countDistinct(items []item.Ordinal) int {
	n := 0
	for at, i := range items {
		if !slices.Contains(items[at+1:], i) {
			n++
		}
	}
	return n
}
