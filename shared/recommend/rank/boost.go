package rank

import (
	"context"
	"math"
	"slices"
)

const (
	ranges    = 64 // a feature is cut into
	leafPull  = 1  // curvature that pulls a leaf to 0
	leastGain = 1e-6
)

// boost adds trees to a linear model.
func boost(ctx context.Context, m *Model, set *Set, s Settings) error {
	b := newBooster(m, set, s)
	m.Depth = s.Depth
	for range s.Trees {
		if err := ctx.Err(); err != nil {
			return err
		}
		b.derive()
		if !b.grow(m) {
			break
		}
	}
	if len(m.Feature) == 0 {
		m.Depth = 0
	}
	return nil
}

// booster is the working memory of boosting. Rows are held as the number of the range each feature falls in, feature by feature.
type booster struct {
	set                 *Set
	settings            Settings
	cuts                [][]float32 // per feature, ascending
	bins                [][]uint8   // per feature, per row
	scores              []float64   // per row, of the model so far
	gradient, curvature []float64
	node                []uint16 // per row: where it stands in the tree that grows
	tallies             []tally  // nodes of a level x ranges
}

type tally struct{ gradient, curvature float64 }

func newBooster(m *Model, set *Set, s Settings) *booster {
	rows := len(set.gains)
	b := &booster{set: set, settings: s, scores: make([]float64, rows), gradient: make([]float64, rows), curvature: make([]float64, rows), node: make([]uint16, rows),
		tallies: make([]tally, ranges<<s.Depth)}
	values := make([]float32, rows)
	for f := range set.width {
		for r := range rows {
			values[r] = set.rows[r*set.width+f]
		}
		cuts := quantiles(values)
		bins := make([]uint8, rows)
		for r := range rows {
			at, _ := slices.BinarySearch(cuts, set.rows[r*set.width+f])
			bins[r] = uint8(at)
		}
		b.cuts, b.bins = append(b.cuts, cuts), append(b.bins, bins)
	}
	for r := range rows {
		b.scores[r] = float64(m.one(set.row(r)))
	}
	return b
}

// quantiles are at most ranges-1 distinct values that cut the values into parts of about the same size; a value belongs to the first cut that is not below it.
func quantiles(values []float32) []float32 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	var cuts []float32
	for k := 1; k < ranges; k++ {
		cut := sorted[(len(sorted)-1)*k/ranges]
		if cut < sorted[len(sorted)-1] && (len(cuts) == 0 || cut > cuts[len(cuts)-1]) {
			cuts = append(cuts, cut)
		}
	}
	return cuts
}

// derive fills gradient and curvature of the loss at the scores.
func (b *booster) derive() {
	for q := range b.set.Len() {
		from, to := b.set.start(q), b.set.ends[q]
		most := slices.Max(b.scores[from:to])
		all := 0.0
		for _, s := range b.scores[from:to] {
			all += math.Exp(s - most)
		}
		total := sum(b.set.gains[from:to])
		for r := from; r < to; r++ {
			p := math.Exp(b.scores[r]-most) / all
			b.gradient[r] = p - float64(b.set.gains[r])/total
			b.curvature[r] = p * (1 - p)
		}
	}
}

// grow adds one tree to the model and to the scores; false when no split gains anything.
func (b *booster) grow(m *Model) bool {
	depth := b.settings.Depth
	inner, all := 1<<depth-1, 2<<depth-1
	features, cuts, values := make([]uint32, inner), make([]float32, inner), make([]float32, all)
	clear(b.node)
	split := false
	for level := range depth {
		first := 1<<level - 1
		best := b.bestSplits(1 << level)
		for n, s := range best {
			features[first+n], cuts[first+n] = uint32(s.feature), float32(math.Inf(1))
			if s.gain > leastGain {
				cuts[first+n], split = b.cuts[s.feature][s.bin], true
			}
		}
		b.descend(best)
	}
	if !split {
		return false
	}
	b.leaves(values)
	m.Feature, m.Cut, m.Value = append(m.Feature, features...), append(m.Cut, cuts...), append(m.Value, values...)
	return true
}

type splitting struct {
	feature, bin int
	gain         float64
}

// bestSplits finds the best split of each node of a level: feature, then range, decides ties.
func (b *booster) bestSplits(nodes int) []splitting {
	best := make([]splitting, nodes)
	for f, bins := range b.bins {
		if len(b.cuts[f]) == 0 {
			continue
		}
		tallies := b.tallies[:nodes*ranges]
		clear(tallies)
		for r, bin := range bins {
			t := &tallies[int(b.node[r])*ranges+int(bin)]
			t.gradient += b.gradient[r]
			t.curvature += b.curvature[r]
		}
		for n := range best {
			if at, gain := b.bestCut(tallies[n*ranges:(n+1)*ranges], len(b.cuts[f])); gain > best[n].gain {
				best[n] = splitting{f, at, gain}
			}
		}
	}
	return best
}

// bestCut is the cut of one feature at one node that lowers the loss most.
func (b *booster) bestCut(tallies []tally, cuts int) (at int, gain float64) {
	var all tally
	for _, t := range tallies {
		all.gradient, all.curvature = all.gradient+t.gradient, all.curvature+t.curvature
	}
	whole := worth(all)
	var left tally
	for n := range cuts {
		left.gradient, left.curvature = left.gradient+tallies[n].gradient, left.curvature+tallies[n].curvature
		right := tally{all.gradient - left.gradient, all.curvature - left.curvature}
		if left.curvature < b.settings.Least || right.curvature < b.settings.Least {
			continue
		}
		if g := worth(left) + worth(right) - whole; g > gain {
			at, gain = n, g
		}
	}
	return at, gain
}

func worth(t tally) float64 { return t.gradient * t.gradient / (t.curvature + leafPull) }

// descend sends every row one level down.
func (b *booster) descend(best []splitting) {
	for r, n := range b.node {
		s := best[n]
		next := 2 * n
		if s.gain > leastGain && int(b.bins[s.feature][r]) > s.bin {
			next++
		}
		b.node[r] = next
	}
}

// leaves fills a tree's values from what stands in its leaves, and adds them to the scores.
func (b *booster) leaves(values []float32) {
	depth := b.settings.Depth
	sums := make([]tally, len(values))
	first := 1<<depth - 1
	for r, n := range b.node {
		t := &sums[first+int(n)]
		t.gradient += b.gradient[r]
		t.curvature += b.curvature[r]
	}
	for n := range 1 << depth {
		t := sums[first+n]
		values[first+n] = float32(-b.settings.Shrink * t.gradient / (t.curvature + leafPull))
	}
	for n := first - 1; n >= 0; n-- { // a node's value is the mean of what is below, by curvature
		left, right := sums[2*n+1], sums[2*n+2]
		sums[n] = tally{left.gradient + right.gradient, left.curvature + right.curvature}
		if c := sums[n].curvature; c > 0 {
			values[n] = float32((float64(values[2*n+1])*left.curvature + float64(values[2*n+2])*right.curvature) / c)
		}
	}
	for r, n := range b.node {
		b.scores[r] += float64(values[first+int(n)])
	}
}
