// Package content finds items that are alike by what the shop says of them: where they stand in the shop, who makes them, what they cost, how they are called and described. It knows an item
// before anybody has met it, so that an item imported now has neighbours now.
//
// An item is a vector of terms: its category and every category above it, its brand, its price band (powers of two, the nearer neighbour band half as much), the words of its title, and
// the words of its description. A term weighs
//
//	weight(t, i) = field(t) * tf / (tf + 1) * idf(t)        idf(t) = ln(1 + (N - n + 0.5) / (n + 0.5)),  n of N items have t
//
// which is BM25 (Robertson, Zaragoza, "The probabilistic relevance framework: BM25 and beyond", 2009) with k1 = 1 and, instead of its length correction, vectors of length 1:
//
//	similarity(i, j) = sum over common terms of w(t, i) w(t, j) / (|w(i)| |w(j)|)
//
// Neighbours are found through an inverted index. The rarest terms come first; of a term that many items have, only the Postings items in which it weighs most are looked at, and a look ends
// after Visits entries. What was met is ranked by what it shared, and the best of it are compared in full with the item's own vector. A new item's vector is made from its
// words and the idf of the index; nothing is trained again. Of a longer description the index keeps the Kept terms that weigh most.
//
// Complexity: building sorts the terms of all items; a look-up costs at most Visits + Compared x Kept, whatever the size of the catalog. Memory: 16 bytes per (item, term), at most 16 x Kept an item.
package content

import (
	"cmp"
	"context"
	"math"
	"slices"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/itemitem"
	"shopkeeper/shared/recommend/sparse"
)

// Bounds of a look-up.
const (
	Postings = 256  // items looked at per term
	Visits   = 4096 // entries of the index per look-up
	Compared = 128  // items compared in full
	Kept     = 24   // terms that the index keeps of an item, the heaviest
)

// Item is what a shop says of a product. Category is a path such as "Home > Kitchen"; Price is in minor units, 0 or less where it has none.
type Item struct {
	Title, Text, Category, Brand, Currency string
	Price                                  int64
}

// Index holds every item's vector. Its arrays may be views into a file. Read-only and safe for concurrent use, each goroutine with its own Scratch.
type Index struct {
	Terms   []uint64    // hashes of the terms, ascending
	Rarity  []float32   // idf, per term
	Lists   sparse.Rows // term -> at most Postings items and weights, the highest first
	Vectors sparse.Rows // item -> terms in order, and weights; of length 1
}

// Vector is one item in the terms of one Index.
type Vector struct {
	terms   []item.Ordinal
	weights []float32
}

// Build makes an index. The only error is the context's.
func Build(ctx context.Context, items []Item) (*Index, error) {
	described := make([][]mention, len(items))
	holders := map[uint64]int{}
	for at, one := range items {
		if at%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		described[at] = mentions(one)
		for _, m := range described[at] {
			holders[m.term]++
		}
	}
	x := &Index{Terms: make([]uint64, 0, len(holders)), Vectors: sparse.Rows{Offsets: make([]uint32, 1, len(items)+1), Values: []float32{}}}
	for term := range holders {
		x.Terms = append(x.Terms, term)
	}
	slices.Sort(x.Terms)
	for _, term := range x.Terms {
		n := float64(holders[term])
		x.Rarity = append(x.Rarity, float32(math.Log(1+(float64(len(items))-n+.5)/(n+.5))))
	}
	for _, of := range described {
		v := x.vector(of).cut(Kept)
		x.Vectors.Append(v.terms, v.weights)
	}
	return x, x.invert(ctx)
}

func (x *Index) invert(ctx context.Context) error {
	full := x.Vectors.Transpose(len(x.Terms))
	x.Lists = sparse.Rows{Offsets: make([]uint32, 1, len(x.Terms)+1), Values: []float32{}}
	var top item.Top
	var row []item.Scored
	for t := range x.Terms {
		if t%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		items, weights := full.Row(t)
		top.Reset(Postings)
		for at, i := range items {
			top.Offer(i, weights[at])
		}
		row = top.Append(row[:0])
		x.Lists.Append(itemitem.Split(row))
	}
	return nil
}

// Len is the number of items.
func (x *Index) Len() int { return x.Vectors.Len() }

// Of is the vector of an item of the index; an unknown item's is empty.
func (x *Index) Of(i item.Ordinal) Vector {
	if int(i) >= x.Len() {
		return Vector{}
	}
	terms, weights := x.Vectors.Row(int(i))
	return Vector{terms, weights}
}

// Describe is the vector of an item that need not be in the index. Words that no item of the index has count for nothing but the length.
func (x *Index) Describe(one Item) Vector { return x.vector(mentions(one)) }

func (x *Index) vector(of []mention) Vector {
	var v Vector
	var length float64
	unknown := float32(math.Log(1 + (float64(x.Len()) + .5)))
	for _, m := range of {
		weight := m.weight()
		at, found := slices.BinarySearch(x.Terms, m.term)
		if !found {
			length += float64(weight * unknown * weight * unknown)
			continue
		}
		weight *= x.Rarity[at]
		length += float64(weight * weight)
		v.terms, v.weights = append(v.terms, item.Ordinal(at)), append(v.weights, weight)
	}
	if length > 0 {
		for at := range v.weights {
			v.weights[at] /= float32(math.Sqrt(length))
		}
	}
	return v
}

// cut keeps the n heaviest terms, of equal ones the first.
func (v Vector) cut(n int) Vector {
	if len(v.terms) <= n {
		return v
	}
	least := slices.Sorted(slices.Values(v.weights))[len(v.weights)-n]
	above := 0
	for _, w := range v.weights {
		if w > least {
			above++
		}
	}
	var out Vector
	for at, w := range v.weights {
		if w > least || w == least && above < n {
			if w == least {
				above++
			}
			out.terms, out.weights = append(out.terms, v.terms[at]), append(out.weights, w)
		}
	}
	return out
}

// Similarity of two vectors of one index, from 0 to 1.
func Similarity(a, b Vector) float32 {
	sum := float32(0)
	for i, j := 0, 0; i < len(a.terms) && j < len(b.terms); {
		switch {
		case a.terms[i] < b.terms[j]:
			i++
		case a.terms[i] > b.terms[j]:
			j++
		default:
			sum += a.weights[i] * b.weights[j]
			i++
			j++
		}
	}
	return sum
}

// Scratch is the working memory of one goroutine. The zero value is ready.
type Scratch struct {
	order []int
	sums  []float32
	met   []item.Ordinal
	top   item.Top
	best  []item.Scored
}

// Near appends to dst the n items most like a vector, best first, with similarities. An item of the index is its own best neighbour.
func (x *Index) Near(dst []item.Scored, s *Scratch, v Vector, n int) []item.Scored {
	return x.near(dst, s, v, n, Visits, Compared)
}

func (x *Index) near(dst []item.Scored, s *Scratch, v Vector, n, visits, compared int) []item.Scored {
	x.walk(s, v, visits)
	s.top.Reset(max(n, compared))
	for _, i := range s.met {
		s.top.Offer(i, s.sums[i])
		s.sums[i] = 0
	}
	s.best = s.top.Append(s.best[:0])
	s.top.Reset(n)
	for _, b := range s.best {
		s.top.Offer(b.Item, Similarity(v, x.Of(b.Item)))
	}
	return s.top.Append(dst)
}

// walk sums what each item shares with the vector, the rarest terms first, until it has looked enough.
func (x *Index) walk(s *Scratch, v Vector, left int) {
	if grow := x.Len() - len(s.sums); grow > 0 {
		s.sums = append(s.sums, make([]float32, grow)...)
	}
	s.met, s.order = s.met[:0], s.order[:0]
	for at := range v.terms {
		s.order = append(s.order, at)
	}
	slices.SortFunc(s.order, func(a, b int) int {
		return cmp.Or(cmp.Compare(x.Rarity[v.terms[b]], x.Rarity[v.terms[a]]), cmp.Compare(a, b))
	})
	for _, at := range s.order {
		items, weights := x.Lists.Row(int(v.terms[at]))
		items = items[:min(len(items), left)]
		left -= len(items)
		for k, i := range items {
			if s.sums[i] == 0 {
				s.met = append(s.met, i)
			}
			s.sums[i] += v.weights[at] * weights[k]
		}
	}
}

// Check refuses arrays that do not fit together or to a catalog of that size (Invalid): after it no look-up can leave the arrays.
func (x *Index) Check(items int) error {
	if err := x.Vectors.Check("content: vectors", items, len(x.Terms)); err != nil {
		return err
	}
	if err := x.Lists.Check("content: terms", len(x.Terms), items); err != nil {
		return err
	}
	if len(x.Rarity) != len(x.Terms) || len(x.Vectors.Values) != len(x.Vectors.Items) || len(x.Lists.Values) != len(x.Lists.Items) {
		return fault.Newf(fault.Invalid, "content: %d rarities for %d terms, %d and %d weights", len(x.Rarity), len(x.Terms), len(x.Vectors.Values), len(x.Lists.Values))
	}
	for _, values := range [][]float32{x.Rarity, x.Vectors.Values, x.Lists.Values} {
		for _, w := range values {
			if !(w >= 0 && w < 1e9) {
				return fault.New(fault.Invalid, "content: a weight is not a finite number above 0")
			}
		}
	}
	return nil
}
