package knn

import (
	"math"
	"math/bits"

	"shopkeeper/shared/recommend/item"
)

// vote lets every candidate vote for its items.
func (s *Scratch) vote(x *Index, since *recent) {
	if grow := x.Items() - len(s.scores); grow > 0 {
		from := len(s.scores)
		s.scores = append(s.scores, make([]float32, grow)...)
		for at := range s.scores[from:] {
			s.scores[from+at] = untouched
		}
	}
	newer, fading := uint32(0), float32(1) // sessions below newer are recent
	if since != nil {
		newer, fading = since.capacity(), since.fading()
	}
	s.touched = room(s.touched, s.fetch(x, since, newer))
	touched := 0
	for _, c := range s.candidates {
		newest := s.terms[bits.TrailingZeros32(c.shared)]
		value := newest.vote * float32(s.like(c))
		var items []item.Ordinal
		if c.session < newer {
			items = since.session(c.session)
			value *= since.freshness(c.session)
		} else {
			items = x.session(c.session - newer)
			if x.Freshness != nil {
				value *= x.Freshness[c.session-newer] * fading
			}
		}
		value *= s.reach.length(len(items))
		switch {
		case value == 0:
		case s.reach.near > 0:
			touched = s.addNear(items, newest.item, value, touched)
		default:
			touched = s.add(items, value, touched)
		}
	}
	s.touched = s.touched[:touched]
}

// fetch counts the votes to come, and touches each candidate's items so that they are on their way from memory all at once when the votes are given: without
// it the answer waits for them one after the other, most of its time in a large shop.
func (s *Scratch) fetch(x *Index, since *recent, newer uint32) (votes int) {
	for _, c := range s.candidates {
		if c.session < newer {
			votes += len(since.session(c.session))
			continue
		}
		if items := x.session(c.session - newer); len(items) > 0 {
			votes += len(items)
			s.fetched += items[0] + items[len(items)-1]
		}
	}
	return votes
}

// add adds one vote to each item and appends those that had none to touched, of which n are filled. Whether an item had one is as good as random: there is no branch on it.
func (s *Scratch) add(items []item.Ordinal, value float32, n int) int {
	scores, touched := s.scores, s.touched
	for _, i := range items {
		score := scores[i]
		touched[n] = i
		n += same(math.Float32bits(score), 1<<31)
		scores[i] = score + value
	}
	return n
}

// best ranks what was voted for and forgets the votes.
func (s *Scratch) best(x *Index, since *recent, current item.Ordinal, n int) {
	rarity, shift := x.Rarity, float32(0)
	if since != nil {
		rarity, shift = since.rarity, since.shift
	}
	s.top.Reset(n)
	least := s.top.Least()
	for _, i := range s.touched {
		score := s.scores[i] * (rarity[i] + shift)
		s.scores[i] = untouched
		if score < least || i == current {
			continue
		}
		s.top.Offer(i, score)
		least = s.top.Least()
	}
}
