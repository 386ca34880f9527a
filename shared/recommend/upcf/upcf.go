// Package upcf predicts the next basket from the shopper's recent baskets and from shoppers like them: UP-CF@r (Faggioli, Polato, Aiolli, "Recency aware
// collaborative filtering for next basket recommendation", UMAP 2020).
//
//	R(u, i)   = share of the last min(r, n) baskets of customer u, who has n, that hold item i
//	sim(u, v) = (R(u) . R(v) / (|R(u)|^2a |R(v)|^(2-2a)))^q        |.| is the Euclidean norm
//	score(i)  = sum over all customers v of sim(u, v) R(v, i)
//
// r forgets what was long ago. q is the locality: it sharpens the similarity until only the nearest customers speak, and it decides more than everything else; q 10 leaves
// little but the customer's own shares, with the neighbours as what breaks ties and brings new items. a 1/2 is the cosine; below it, customers with a narrow taste are nearer.
// The asking customer is among the customers, with similarity 1, when the index was made of them too.
//
// Scores are summed in float64 and ranked by score, then by the number of baskets that hold the item, then by ordinal: after the power of q a neighbour's share is far below what
// a float32 beside a whole share can hold.
//
// Complexity: an answer reads the postings of the customer's items and the rows of the nearest customers; memory: 32 bytes per (customer, item).
package upcf

import (
	"cmp"
	"context"
	"math"
	"slices"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/purchase"
)

// Settings are what a backtest may vary.
type Settings struct {
	Recent     int     // r: baskets that count; 0 counts all
	Locality   float64 // q, above 0
	Alpha      float64 // a, from 0 to 1
	Neighbours int     // customers that speak, the most similar first; 0 lets all speak, as published
}

// DefaultSettings were chosen on the baskets before the last of a grocery chain's year, on single products.
var DefaultSettings = Settings{Recent: 25, Locality: 10, Alpha: 0.5}

// Check refuses settings that mean nothing (Invalid).
func (s Settings) Check() error {
	switch {
	case s.Recent < 0:
		return fault.InvalidField("r", "0 or more baskets")
	case !(s.Locality > 0) || s.Locality > 1000:
		return fault.InvalidField("q", "above 0, at most 1000")
	case !(s.Alpha >= 0 && s.Alpha <= 1):
		return fault.InvalidField("alpha", "from 0 to 1")
	case s.Neighbours < 0:
		return fault.InvalidField("neighbours", "0 or more")
	}
	return nil
}

// share is one entry of R: of an item in a customer's row, of a customer in an item's.
type share struct {
	of    uint32
	value float64
}

// table is a sparse matrix of shares.
type table struct {
	offsets []uint32
	entries []share
}

func (t table) row(at uint32) []share { return t.entries[t.offsets[at]:t.offsets[at+1]] }

// Index answers. Read-only and safe for concurrent use, each goroutine with its own Scratch.
type Index struct {
	settings  Settings
	customers table
	items     table
	norms     []float64 // squared, per customer
	counts    []int
}

// Fit makes an index of customers. Items at or above items are ignored. Invalid for settings that mean nothing; else the context's error.
func Fit(ctx context.Context, customers []purchase.Customer, items int, s Settings) (*Index, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	x := &Index{settings: s, counts: purchase.Counts(customers, items), norms: make([]float64, len(customers))}
	x.customers.offsets = make([]uint32, 1, len(customers)+1)
	var work counter
	for u, c := range customers {
		if u%256 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		row := work.shares(c, items, s.Recent)
		x.customers.entries = append(x.customers.entries, row...)
		x.customers.offsets = append(x.customers.offsets, uint32(len(x.customers.entries)))
		x.norms[u] = norm(row)
	}
	x.items = x.customers.transpose(items)
	return x, nil
}

func (t table) transpose(columns int) table {
	out := table{offsets: make([]uint32, columns+1), entries: make([]share, len(t.entries))}
	for _, e := range t.entries {
		out.offsets[e.of+1]++
	}
	for i := range columns {
		out.offsets[i+1] += out.offsets[i]
	}
	next := slices.Clone(out.offsets)
	for r := range uint32(len(t.offsets) - 1) {
		for _, e := range t.row(r) {
			out.entries[next[e.of]] = share{r, e.value}
			next[e.of]++
		}
	}
	return out
}

// norm is squared.
func norm(row []share) float64 {
	sum := 0.0
	for _, e := range row {
		sum += e.value * e.value
	}
	return sum
}

// counter makes one customer's row of R. Memory is reused.
type counter struct {
	all []item.Ordinal
	row []share
}

// shares are in order of the items.
func (c *counter) shares(of purchase.Customer, items, recent int) []share {
	if recent > 0 {
		of = of[max(0, len(of)-recent):]
	}
	c.all, c.row = c.all[:0], c.row[:0]
	for _, b := range of {
		c.all = append(c.all, b.Items...)
	}
	slices.Sort(c.all)
	each := 1 / float64(max(len(of), 1))
	for at, i := range c.all {
		switch {
		case int(i) >= items:
			return c.row
		case at > 0 && c.all[at-1] == i:
			c.row[len(c.row)-1].value += 1
		default:
			c.row = append(c.row, share{uint32(i), 1})
		}
	}
	for at := range c.row {
		c.row[at].value *= each
	}
	return c.row
}

// Scratch is the working memory of one goroutine. The zero value is ready.
type Scratch struct {
	count   counter
	dots    []float64 // per customer
	scores  []float64 // per item
	sharper []float64
	near    []share // customers and their similarities
	touched []uint32
	best    []share
}

// Answer appends to dst the n items likeliest in the next basket of somebody who bought these, best first. Only the order of the answer carries the whole precision of the scores.
func (x *Index) Answer(dst []item.Scored, s *Scratch, of purchase.Customer, n int) []item.Scored {
	x.find(s, of)
	for _, v := range s.near {
		for _, e := range x.customers.row(v.of) {
			x.add(s, e.of, v.value*e.value)
		}
	}
	s.best = s.best[:0]
	for _, i := range s.touched {
		s.best = x.insert(s.best, share{i, s.scores[i]}, n)
	}
	for _, b := range s.best {
		dst = append(dst, item.Scored{Item: item.Ordinal(b.of), Score: float32(b.value)})
	}
	x.forget(s)
	return dst
}

// Scores calls yield with every item that somebody near the customer bought lately, in no order: its score, and its score were the locality so many times as high. Both from
// one look at the neighbours.
func (x *Index) Scores(s *Scratch, of purchase.Customer, times float64, yield func(i item.Ordinal, score, sharper float64)) {
	x.find(s, of)
	if grow := len(x.counts) - len(s.sharper); grow > 0 {
		s.sharper = append(s.sharper, make([]float64, grow)...)
	}
	for _, v := range s.near {
		sharp := math.Pow(v.value, times)
		for _, e := range x.customers.row(v.of) {
			x.add(s, e.of, v.value*e.value)
			s.sharper[e.of] += sharp * e.value
		}
	}
	for _, i := range s.touched {
		yield(item.Ordinal(i), s.scores[i], s.sharper[i])
		s.sharper[i] = 0
	}
	x.forget(s)
}

func (x *Index) forget(s *Scratch) {
	for _, i := range s.touched {
		s.scores[i] = 0
	}
	s.touched = s.touched[:0]
}

// find looks up the neighbours.
func (x *Index) find(s *Scratch, of purchase.Customer) {
	if grow := len(x.counts) - len(s.scores); grow > 0 {
		s.scores = append(s.scores, make([]float64, grow)...)
	}
	if grow := len(x.norms) - len(s.dots); grow > 0 {
		s.dots = append(s.dots, make([]float64, grow)...)
	}
	x.collect(s, s.count.shares(of, len(x.counts), x.settings.Recent))
}

// add counts a vote; what was voted for is told from what was not by its score, so that no vote is nothing.
func (x *Index) add(s *Scratch, i uint32, vote float64) {
	if s.scores[i] == 0 {
		s.touched = append(s.touched, i)
	}
	s.scores[i] += max(vote, math.SmallestNonzeroFloat64)
}

// collect finds the customers who share an item, with their similarities.
func (x *Index) collect(s *Scratch, own []share) {
	s.near = s.near[:0]
	for _, mine := range own {
		for _, theirs := range x.items.row(mine.of) {
			if s.dots[theirs.of] == 0 {
				s.near = append(s.near, share{of: theirs.of})
			}
			s.dots[theirs.of] += mine.value * theirs.value
		}
	}
	size, alpha := norm(own), x.settings.Alpha
	for at := range s.near {
		v := &s.near[at]
		v.value = math.Pow(s.dots[v.of]/(math.Pow(size, alpha)*math.Pow(x.norms[v.of], 1-alpha)), x.settings.Locality)
		s.dots[v.of] = 0
	}
	slices.SortFunc(s.near, func(a, b share) int { return cmp.Or(cmp.Compare(b.value, a.value), cmp.Compare(a.of, b.of)) })
	if k := x.settings.Neighbours; k > 0 && len(s.near) > k {
		s.near = s.near[:k]
	}
}

// insert keeps the best n in order.
func (x *Index) insert(best []share, one share, n int) []share {
	if n <= 0 || len(best) == n && !x.before(one, best[n-1]) {
		return best
	}
	if len(best) < n {
		best = append(best, one)
	}
	at := len(best) - 1
	for ; at > 0 && x.before(one, best[at-1]); at-- {
		best[at] = best[at-1]
	}
	best[at] = one
	return best
}

func (x *Index) before(a, b share) bool {
	return cmp.Or(cmp.Compare(b.value, a.value), cmp.Compare(x.counts[b.of], x.counts[a.of]), cmp.Compare(a.of, b.of)) < 0
}
