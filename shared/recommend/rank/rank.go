// Package rank orders candidates by what the shop's own history says about them: a conditional logistic model over the scores of several sources and what
// else is known of a candidate, with a few shallow trees on top where they pay.
//
// A question is a set of candidates of which some were really chosen. With features x(i) of candidate i the model gives
//
//	s(i) = w . (x(i) - mean) / scale + sum over trees t of t(x(i))
//	P(i) = exp s(i) / sum over the question's candidates j of exp s(j)
//
// and w maximises the likelihood of what was chosen, each question counting once however much was chosen in it (McFadden, "Conditional logit analysis of
// qualitative choice behavior", 1973; as a ranking loss: Cao et al., "Learning to rank: from pairwise approach to listwise approach", ICML 2007), less
// L2/2 |w|^2 per question. What is equal for all candidates of a question cancels, so that a feature of the visit alone says nothing; a feature crossed with
// it says for which visits a source is to be believed. The loss is convex: Newton's method finds the one optimum in some ten steps, the same on every run.
//
// Trees are added to the same loss by second-order boosting (Friedman 2001; Chen and Guestrin 2016) with gradient P - y and curvature P (1 - P): each of a
// fixed depth, over features cut into at most 64 ranges, its leaves shrunk.
//
// Complexity: a fit of n rows with d features takes n d^2 / 2 multiplications a Newton step and n d additions per level of a tree; scoring d
// multiplications per candidate and one comparison per level and tree. Scoring allocates nothing.
//
// Explain takes a score apart again: the share of each feature is its term of the linear part, and in each tree what the score gained on the way down at the
// nodes that asked for it (Saabas 2014). The shares and the model's base add up to the score.
package rank

import (
	"cmp"
	"math"
	"slices"

	"shopkeeper/shared/fault"
)

// Bounds of a model that Check accepts.
const (
	MaxWidth = 256  // features
	MaxTrees = 1024 // trees
	MaxDepth = 8
)

// Model is a fitted ranker: flat arrays that may be views into a file. Read-only and safe for concurrent use. The zero value scores everything 0.
type Model struct {
	Kind    uint32    // names the list of features, for whoever fills rows
	Mean    []float32 // per feature
	Weights []float32 // per feature: w / scale, so that 0 is a feature that does not count
	Depth   int       // of every tree; 0 when there are none
	Feature []uint32  // trees x (2^Depth - 1): what a node asks for, breadth first
	Cut     []float32 // beside Feature: up to and with it to the left, above to the right; +Inf does not split
	Value   []float32 // trees x (2^(Depth+1) - 1): mean of what lies below a node; the leaves' are what the tree adds
}

// Width is how many features a row has.
func (m *Model) Width() int { return len(m.Weights) }

// Trees is how many trees there are.
func (m *Model) Trees() int {
	if m.Depth == 0 {
		return 0
	}
	return len(m.Feature) / (1<<m.Depth - 1)
}

// Score appends the score of each row: rows holds Width numbers for each candidate, one after the other. Scores compare within a question; to have
// probabilities, take the softmax.
func (m *Model) Score(dst []float32, rows []float32) []float32 {
	width := m.Width()
	if width == 0 {
		return dst
	}
	for ; len(rows) >= width; rows = rows[width:] {
		dst = append(dst, m.one(rows[:width]))
	}
	return dst
}

// one is the score of one row.
func (m *Model) one(row []float32) float32 {
	score := float32(0)
	mean, weights := m.Mean[:len(row)], m.Weights[:len(row)]
	for f, x := range row {
		score += weights[f] * (x - mean[f])
	}
	if m.Depth > 0 {
		score += m.trees(row)
	}
	return score
}

func (m *Model) trees(row []float32) (sum float32) {
	inner, all := 1<<m.Depth-1, 2<<m.Depth-1
	for t, v := 0, 0; t < len(m.Feature); t, v = t+inner, v+all {
		node := 0
		for range m.Depth {
			next := 2*node + 1
			if row[m.Feature[t+node]] > m.Cut[t+node] {
				next++
			}
			node = next
		}
		sum += m.Value[v+node]
	}
	return sum
}

// Share is how much one feature moved a score.
type Share struct {
	Feature int
	Amount  float32
}

// Explain appends what moved the score of one row, the loudest first and features that did not move it left out: their sum and Base are the score.
func (m *Model) Explain(dst []Share, row []float32) []Share {
	from := len(dst)
	for f, x := range row[:m.Width()] {
		dst = append(dst, Share{f, m.Weights[f] * (x - m.Mean[f])})
	}
	shares := dst[from:]
	inner, all := 1<<m.Depth-1, 2<<m.Depth-1
	for t := range m.Trees() {
		node := 0
		for range m.Depth {
			f, next := m.Feature[t*inner+node], 2*node+1
			if row[f] > m.Cut[t*inner+node] {
				next++
			}
			shares[f].Amount += m.Value[t*all+next] - m.Value[t*all+node]
			node = next
		}
	}
	kept := slices.DeleteFunc(shares, func(s Share) bool { return s.Amount == 0 })
	slices.SortFunc(kept, func(a, b Share) int {
		return cmp.Or(cmp.Compare(abs(b.Amount), abs(a.Amount)), cmp.Compare(a.Feature, b.Feature))
	})
	return dst[:from+len(kept)]
}

// Base is what every row starts from: the sum of the trees' means.
func (m *Model) Base() (sum float32) {
	for t := range m.Trees() {
		sum += m.Value[t*(2<<m.Depth-1)]
	}
	return sum
}

func abs(x float32) float32 { return float32(math.Abs(float64(x))) }

// Check refuses arrays that do not fit together, and numbers that are none (Invalid): after it neither Score nor Explain can leave the arrays on rows of Width
// numbers.
func (m *Model) Check() error {
	if m.Width() > MaxWidth || len(m.Mean) != m.Width() {
		return fault.Newf(fault.Invalid, "ranker: %d means for %d weights, at most %d", len(m.Mean), m.Width(), MaxWidth)
	}
	if !finite(m.Mean) || !finite(m.Weights) || !finite(m.Value) {
		return fault.New(fault.Invalid, "ranker: a weight is not a finite number")
	}
	if m.Depth < 0 || m.Depth > MaxDepth || m.Depth == 0 && len(m.Feature)+len(m.Cut)+len(m.Value) > 0 {
		return fault.Newf(fault.Invalid, "ranker: trees of depth %d", m.Depth)
	}
	if m.Depth == 0 {
		return nil
	}
	trees := m.Trees()
	if trees > MaxTrees || len(m.Feature) != trees*(1<<m.Depth-1) || len(m.Cut) != len(m.Feature) || len(m.Value) != trees*(2<<m.Depth-1) {
		return fault.Newf(fault.Invalid, "ranker: %d nodes, %d cuts and %d values are no trees of depth %d", len(m.Feature), len(m.Cut), len(m.Value), m.Depth)
	}
	for _, f := range m.Feature {
		if int(f) >= m.Width() {
			return fault.Newf(fault.Invalid, "ranker: a tree asks for feature %d of %d", f, m.Width())
		}
	}
	return nil
}

func finite(values []float32) bool {
	for _, v := range values {
		if v-v != 0 {
			return false
		}
	}
	return true
}
