package knn

import (
	"math"
	"math/bits"
	"slices"

	"shopkeeper/shared/recommend/item"
)

// Scratch is the working memory of one goroutine. It grows to the largest index it was used with, and may be used with another index afterwards. The zero value is ready.
type Scratch struct {
	terms      []term
	lists      []uint32 // copies of posting lists, each with none behind it
	candidates []candidate
	group      []candidate
	joined     []candidate
	similarity [MaxLast / 8][256]uint32 // per byte of candidate.shared
	counts     []uint32                 // candidates per similarity
	scores     []float32                // per item; untouched between answers
	touched    []item.Ordinal
	fetched    item.Ordinal // means nothing: reading memory must have an effect
	reach      reach
	top        item.Top
}

// term is a distinct item of the evolving session.
type term struct {
	item   item.Ordinal
	weight uint32  // in the similarity
	vote   float32 // of a neighbour whose newest shared item this is, per unit of similarity
}

// untouched is a score that nobody voted on: minus zero, which no sum of votes can be.
var untouched = math.Float32frombits(1 << 31)

// Continue appends to dst the n items most likely to follow the session, best first; score, then item order, decides ties. The current item, the last
// one, is never among them. items are catalog ordinals, oldest first; unknown ones take a position but match nothing. Scratch is reused between calls
// of one goroutine; nothing is allocated once dst and s have grown.
func (x *Index) Continue(dst []item.Scored, s *Scratch, items []item.Ordinal, n int) []item.Scored {
	return s.inOrder(dst, s.answer(x, nil, items, n))
}

// Candidates is Continue without the order, which takes as long to make as to find the neighbours: for a caller who ranks again.
func (x *Index) Candidates(dst []item.Scored, s *Scratch, items []item.Ordinal, n int) []item.Scored {
	return s.inNoOrder(dst, s.answer(x, nil, items, n))
}

func (s *Scratch) inOrder(dst []item.Scored, found bool) []item.Scored {
	if !found {
		return dst
	}
	return s.top.Append(dst)
}

func (s *Scratch) inNoOrder(dst []item.Scored, found bool) []item.Scored {
	if !found {
		return dst
	}
	return s.top.Drain(dst)
}

// answer looks at an index and, where there is one, at what happened since. What it found is in s.top.
func (s *Scratch) answer(x *Index, since *recent, items []item.Ordinal, n int) (found bool) {
	if len(items) == 0 || n <= 0 {
		return false
	}
	items = items[max(0, len(items)-x.Settings.Last):]
	s.reach.prepare(x.Settings)
	most := s.read(x, items)
	s.collect(x, since)
	s.keepNearest(x.Settings.Neighbours, most)
	s.vote(x, since)
	s.best(x, since, items[len(items)-1], n)
	return true
}

// read lists the distinct known items, newest first, with their weights, and returns the highest similarity a session can have.
func (s *Scratch) read(x *Index, items []item.Ordinal) (most uint32) {
	s.terms = s.terms[:0]
	unlike := 0
	for p := range items {
		at := len(items) - 1 - p
		i := items[at]
		if slices.Contains(items[at+1:], i) {
			continue
		}
		unlike++
		if int(i) >= x.Items() {
			continue
		}
		one := term{i, x.Settings.Position.position(p, len(items)), x.Settings.Vote.vote(p + 1)}
		most += one.weight
		s.terms = append(s.terms, one)
	}
	for at := range s.terms {
		s.terms[at].vote /= float32(unlike)
	}
	for at := 0; at < len(s.terms); at += 8 {
		tabulate(&s.similarity[at/8], s.terms[at:min(len(s.terms), at+8)])
	}
	return most
}

// tabulate sums the weights of every set of up to eight terms.
func tabulate(sums *[256]uint32, terms []term) {
	for set := 1; set < 1<<len(terms); set++ {
		sums[set] = sums[set&(set-1)] + terms[bits.TrailingZeros(uint(set))].weight
	}
}

// collect finds the newest m sessions that share an item: what the published walk, which replaces its oldest candidate again and again, ends with.
// Lists are merged by fours.
func (s *Scratch) collect(x *Index, since *recent) {
	s.candidates = s.mergeGroup(s.candidates[:0], x, since, 0)
	for at := width; at < len(s.terms); at += width {
		s.group = s.mergeGroup(s.group[:0], x, since, at)
		s.joined = room(s.joined, min(x.Settings.Newest, len(s.candidates)+len(s.group)))
		s.joined = s.joined[:union(s.joined, s.candidates, s.group)]
		s.candidates, s.joined = s.joined, s.candidates
	}
}

// mergeGroup merges the lists of up to four terms: what is recent first, all of which is newer than the index.
func (s *Scratch) mergeGroup(dst []candidate, x *Index, since *recent, at int) []candidate {
	var lists, newer [width][]uint32
	m, offset := x.Settings.Newest, uint32(0)
	for j, t := range s.terms[at:min(len(s.terms), at+width)] {
		if since != nil {
			newer[j] = since.postings(t.item, m)
		}
		lists[j] = x.postings(t.item, m-len(newer[j]))
	}
	if since != nil {
		dst = s.extend(dst, newer, m, 0, at)
		offset = since.capacity()
	}
	return s.extend(dst, lists, m, offset, at)
}

// extend merges lists behind what dst holds, up to m candidates in all.
func (s *Scratch) extend(dst []candidate, lists [width][]uint32, m int, offset uint32, shift int) []candidate {
	s.lists = s.lists[:0]
	var ends [width]int
	for at, list := range lists {
		s.lists = append(append(s.lists, list...), none)
		ends[at] = len(s.lists)
	}
	from := 0
	for at, to := range ends {
		lists[at] = s.lists[from:to]
		from = to
	}
	found := len(dst)
	wanted := min(m-found, len(s.lists)-width)
	dst = slices.Grow(dst, wanted)[:found+wanted]
	return dst[:found+merge(dst[found:], &lists, offset, shift)]
}

// room is a slice of n elements whose contents do not matter.
func room[T any](values []T, n int) []T { return slices.Grow(values[:0], n)[:n] }

// like is the similarity of a candidate, times the number of distinct items: a whole number.
func (s *Scratch) like(c candidate) uint32 {
	sum := s.similarity[0][c.shared&255]
	if c.shared > 255 {
		sum += s.similarity[1][c.shared>>8&255] + s.similarity[2][c.shared>>16&255] + s.similarity[3][c.shared>>24]
	}
	return sum
}

// keepNearest cuts the candidates to the k most similar; of the equally similar, the newest. Similarities are whole numbers up to most, so they are counted.
func (s *Scratch) keepNearest(k int, most uint32) {
	if len(s.candidates) <= k {
		return
	}
	s.counts = room(s.counts, int(most)+1)
	clear(s.counts)
	for _, c := range s.candidates {
		s.counts[s.like(c)]++
	}
	left, least := uint32(k), most
	for ; least > 1 && s.counts[least] < left; least-- {
		left -= s.counts[least]
	}
	kept := 0
	for _, c := range s.candidates {
		like := s.like(c)
		tie := same(like, least) & above(left, 0)
		left -= uint32(tie)
		s.candidates[kept] = c
		kept += above(like, least) | tie
	}
	s.candidates = s.candidates[:kept]
}

func above(a, b uint32) int {
	if a > b {
		return 1
	}
	return 0
}
