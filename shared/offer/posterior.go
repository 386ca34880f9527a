package offer

import (
	"cmp"
	"math"
	"slices"
	"sync/atomic"

	"gonum.org/v1/gonum/mathext"
)

// Beta is what is believed of an offer's rate of reward.
type Beta struct{ Alpha, Beta float64 }

// Mean is the expected rate.
func (b Beta) Mean() float64 { return b.Alpha / (b.Alpha + b.Beta) }

// The prior that all offers of a shop share is learned from them (empirical Bayes): its mean is the pooled rate, its weight is by how much they differ. Bounds keep a shop with one offer, or
// with equal ones, able to learn otherwise.
const (
	guessRate    = 0.05 // of a shop's very first offer
	guessTrials  = 20
	fewestTrials = 4
	mostTrials   = 40
)

// Posteriors are the beliefs from the evidence, one for each, under the shared prior: a new offer has the prior itself.
func Posteriors(all []Evidence) []Beta {
	prior := priorOf(all)
	list := make([]Beta, len(all))
	for i, e := range all {
		list[i] = Beta{prior.Alpha + e.Rewards, prior.Beta + max(e.Trials-e.Rewards, 0)}
	}
	return list
}

// priorOf fits the prior by moments: the variance of the observed rates, less what chance alone explains, is the variance of the true ones.
func priorOf(all []Evidence) Beta {
	trials, rewards := 0.0, 0.0
	for _, e := range all {
		trials += e.Trials
		rewards += e.Rewards
	}
	mean := (rewards + guessRate*guessTrials) / (trials + guessTrials)
	spread, chance, squares := 0.0, 0.0, 0.0
	offers := 0.0
	for _, e := range all {
		if e.Trials <= 0 {
			continue
		}
		rate := e.Rewards / e.Trials
		spread += e.Trials * (rate - mean) * (rate - mean)
		chance += mean * (1 - mean)
		squares += e.Trials * e.Trials
		offers++
	}
	weight := float64(fewestTrials)
	if offers >= 2 {
		between := (spread - chance*(offers-1)/offers) / max(trials-squares/trials, 1)
		weight = mostTrials
		if between > 0 {
			weight = mean*(1-mean)/between - 1
		}
	}
	weight = min(max(weight, fewestTrials), mostTrials)
	return Beta{mean * weight, (1 - mean) * weight}
}

// Sampler draws among offers and says how likely each draw was. What an offer is worth at a rate is rate x weight (its margin).
//
// Thompson sampling draws each offer's worth from its belief and takes the best, so an offer is shown as often as it is believed to be the best one. The chance of a choice
// has no closed form; here it is an integral over the worth, of the density of the chosen one times the distributions of the others, taken over a grid that is made once a posterior: the
// edges are quantiles of every offer's belief. Between edges the distributions are straight lines, draws come from these same lines, and Simpson's rule is exact for up
// to four offers and within 1e-3 for more. Some microseconds an offer; but the customers of a shop are open to few different sets of offers, so the answers for the latest sets are kept, and
// a choice costs its draws: a tenth of a microsecond an offer, without an allocation.
//
// It never changes but for what it keeps, and is safe for concurrent use.
type Sampler struct {
	edges []float64   // worth, ascending
	cdf   [][]float64 // per offer, at the edges: 0 at the first, 1 at the last
	kept  [256]atomic.Pointer[odds]
}

// odds are the propensities within one set of offers: one for each of the set, in its order.
type odds struct {
	set           []int
	first, second []float32
}

// oddsOf are the propensities of places one and two within a set of offers.
func (s *Sampler) oddsOf(among []int) *odds {
	key := uint64(len(among))
	for _, i := range among {
		key = scramble(key ^ uint64(i)*0x9e3779b97f4a7c15)
	}
	slot := &s.kept[key%uint64(len(s.kept))]
	if o := slot.Load(); o != nil && slices.Equal(o.set, among) {
		return o
	}
	o := &odds{set: slices.Clone(among), first: make([]float32, len(among)), second: make([]float32, len(among))}
	for at, i := range among {
		o.first[at], o.second[at] = float32(s.First(i, among)), float32(s.Second(i, among))
	}
	slot.Store(o)
	return o
}

// propensity is the probability that an offer of a set takes a place, 0 or 1.
func (s *Sampler) propensity(offer, place int, among []int) float32 {
	o, at := s.oddsOf(among), slices.Index(among, offer)
	switch {
	case at < 0:
		return 0
	case place == 0:
		return o.first[at]
	default:
		return o.second[at]
	}
}

// gridPoints is about how many edges the grid has.
const gridPoints = 192

// outermost is the tail of a belief that counts as one straight line.
const outermost = 1e-5

// NewSampler makes the grid. Weights are positive, one for each belief.
func NewSampler(beliefs []Beta, weights []float64) *Sampler {
	s := &Sampler{cdf: make([][]float64, len(beliefs))}
	if len(beliefs) == 0 {
		return s
	}
	ends := make([][2]float64, len(beliefs))
	each := max(gridPoints/len(beliefs), 4)
	s.edges = []float64{0}
	top := 0.0
	for i, b := range beliefs {
		for q := range each {
			s.edges = append(s.edges, weights[i]*quantile(b, (float64(q)+0.5)/float64(each)))
		}
		for _, tail := range []float64{1e-3, 1 - 1e-3} {
			s.edges = append(s.edges, weights[i]*quantile(b, tail))
		}
		ends[i] = [2]float64{quantile(b, outermost), quantile(b, 1-outermost)}
		s.edges = append(s.edges, weights[i]*ends[i][0], weights[i]*ends[i][1])
		top = max(top, weights[i])
	}
	slices.Sort(s.edges)
	s.edges = append(thin(slices.Compact(s.edges)), math.Nextafter(top, math.Inf(1)))
	for i, b := range beliefs {
		s.cdf[i] = make([]float64, len(s.edges))
		for g, x := range s.edges {
			switch rate := x / weights[i]; {
			case rate < ends[i][0]:
			case rate > ends[i][1]:
				s.cdf[i][g] = 1
			default:
				s.cdf[i][g] = distribution(b, rate)
			}
		}
		s.cdf[i][0], s.cdf[i][len(s.edges)-1] = 0, 1
	}
	return s
}

// mostEdges bounds the grid of a shop with hundreds of offers.
const mostEdges = 768

// thin keeps evenly many of the edges, the first among them.
func thin(edges []float64) []float64 {
	if len(edges) <= mostEdges {
		return edges
	}
	kept := edges[:0]
	for n := range mostEdges {
		kept = append(kept, edges[n*len(edges)/mostEdges])
	}
	return kept
}

func distribution(b Beta, x float64) float64 {
	if x <= 0 {
		return 0
	}
	if x >= 1 {
		return 1
	}
	return mathext.RegIncBeta(b.Alpha, b.Beta, x)
}

func quantile(b Beta, p float64) float64 { return mathext.InvRegIncBeta(b.Alpha, b.Beta, p) }

// Draw is the worth of an offer at a uniform draw in [0, 1).
func (s *Sampler) Draw(offer int, u float64) float64 {
	cdf := s.cdf[offer]
	g, _ := slices.BinarySearch(cdf, u)
	g = max(g, 1)
	for cdf[g] <= u && g < len(cdf)-1 { // a flat part has no mass
		g++
	}
	from, to := cdf[g-1], cdf[g]
	return s.edges[g-1] + (s.edges[g]-s.edges[g-1])*(u-from)/(to-from)
}

// First is the probability that the draw of one of the offers is the highest of them all.
func (s *Sampler) First(offer int, among []int) float64 {
	if len(among) == 1 {
		return 1
	}
	sum := 0.0
	cdf := s.cdf[offer]
	low := s.below(offer, among, 0, 0)
	for g := 1; g < len(s.edges); g++ {
		high := s.below(offer, among, g, g)
		if mass := cdf[g] - cdf[g-1]; mass > 0 {
			sum += mass * (low + 4*s.below(offer, among, g-1, g) + high) / 6
		}
		low = high
	}
	return min(sum, 1)
}

// below is the probability that all others are below the middle of two edges.
func (s *Sampler) below(offer int, among []int, g, h int) float64 {
	p := 1.0
	for _, j := range among {
		if j != offer {
			p *= (s.cdf[j][g] + s.cdf[j][h]) / 2
		}
	}
	return p
}

// Second is the probability that the draw of one of the offers is the second highest of them all.
func (s *Sampler) Second(offer int, among []int) float64 {
	sum := 0.0
	cdf := s.cdf[offer]
	low := s.belowAllButOne(offer, among, 0, 0)
	for g := 1; g < len(s.edges); g++ {
		high := s.belowAllButOne(offer, among, g, g)
		if mass := cdf[g] - cdf[g-1]; mass > 0 {
			sum += mass * (low + 4*s.belowAllButOne(offer, among, g-1, g) + high) / 6
		}
		low = high
	}
	return min(sum, 1)
}

// belowAllButOne is the probability that exactly one of the others is above: none so far, and one so far, carried along.
func (s *Sampler) belowAllButOne(offer int, among []int, g, h int) float64 {
	none, one := 1.0, 0.0
	for _, j := range among {
		if j != offer {
			c := (s.cdf[j][g] + s.cdf[j][h]) / 2
			none, one = none*c, one*c+none*(1-c)
		}
	}
	return one
}

// compareDraws is the total order of a choice: the higher draw first, then the offer that stands first.
func compareDraws(a, b draw) int {
	return cmp.Or(cmp.Compare(b.worth, a.worth), cmp.Compare(a.index, b.index))
}

// draw is an offer's worth in one choice.
type draw struct {
	index int
	worth float64
}

// pick draws every offer, the best first. seeds are one for each offer, so that a choice among fewer draws the same for each.
func (s *Sampler) pick(draws []draw, among []int, seeds []uint64, seed uint64) []draw {
	draws = draws[:0]
	for _, i := range among {
		draws = append(draws, draw{i, s.Draw(i, unit(scramble(seed^seeds[i])))})
	}
	slices.SortFunc(draws, compareDraws)
	return draws
}
