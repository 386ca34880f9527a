package offpolicy

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Decision is one logged choice, seen by a policy that did not make it.
type Decision struct {
	Unit       int     // whose it is: decisions of one unit depend on each other
	Place      int     // of a list, from 0; 0 for a single choice
	Reward     float64 // of what was chosen
	Propensity float64 // probability with which it was chosen; above 0
	Policy     float64 // probability with which the other policy would choose it
	Predicted  float64 // what a model says the choice earns: q(x, a); 0 without a model
	Value      float64 // what it says the other policy earns here: q_pi(x); 0 without a model
}

// Estimate is a value with its 95 % bootstrap interval.
type Estimate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Covers says whether a value lies in the interval.
func (e Estimate) Covers(v float64) bool { return e.Low <= v && v <= e.High }

// Estimates is what a policy would have earned per answer; see the package comment.
type Estimates struct {
	N          int      `json:"n"`         // decisions
	Answers    int      `json:"answers"`   // lists, or single choices
	Units      int      `json:"units"`     // visitors
	Effective  float64  `json:"effective"` // decisions of the policy's own that the log is worth
	MeanWeight float64  `json:"meanWeight"`
	Clipped    int      `json:"clipped"` // decisions whose weight was cut
	Left       int      `json:"left"`    // decisions left out for a propensity that is none
	Logged     float64  `json:"logged"`  // what the logging policy earned
	IPS        Estimate `json:"ips"`
	SNIPS      Estimate `json:"snips"`
	DR         Estimate `json:"dr"`
}

// Enough is the effective sample size below which estimates should not be read.
const Enough = 100

// Weak says that the log holds too little of what the policy would do.
func (e Estimates) Weak() bool { return e.Effective < Enough || e.Units < 2 }

// Options of an evaluation.
type Options struct {
	Clip float64 // bound of the weights; 0 means none
	Seed uint64  // of the bootstrap: equal seeds give equal intervals
}

// resamples is how often the bootstrap draws: the bounds then move by a twentieth of their distance from seed to seed.
const resamples = 400

// level is the probability of an interval to miss the truth.
const level = 0.05

// sums is what decisions at one place add up to.
type sums struct{ n, weight, reward, robust float64 }

func (s *sums) add(o sums) {
	s.n += o.n
	s.weight += o.weight
	s.reward += o.reward
	s.robust += o.robust
}

// term is what the decisions of one unit at one place add up to.
type term struct {
	unit, place int
	sums
}

// Evaluate estimates a policy's value. Decisions whose propensity is no probability, or whose other numbers are none, are left out and counted.
func Evaluate(log []Decision, o Options) Estimates {
	e, g := point(log, o.Clip)
	if e.N == 0 {
		return e
	}
	around := g.coarse().bootstrap(o.Seed)
	e.IPS, e.SNIPS, e.DR = around[0].around(e.IPS.Value), around[1].around(e.SNIPS.Value), around[2].around(e.DR.Value)
	return e
}

// point is Evaluate without intervals, and what they are drawn from.
func point(log []Decision, clip float64) (e Estimates, g gathered) {
	if !(clip > 0) {
		clip = math.Inf(1)
	}
	terms := make([]term, 0, len(log))
	var squares, weight, earned float64
	for _, d := range log {
		if !d.fits() {
			e.Left++
			continue
		}
		w := d.Policy / d.Propensity
		if w > clip {
			w = clip
			e.Clipped++
		}
		squares += w * w
		weight += w
		earned += d.Reward
		terms = append(terms, term{d.Unit, d.Place, sums{1, w, w * d.Reward, d.Value + w*(d.Reward-d.Predicted)}})
	}
	if e.N = len(terms); e.N == 0 {
		return e, g
	}
	g = gather(terms)
	whole := make([]sums, g.places)
	for _, t := range g.terms {
		whole[t.place].add(t.sums)
	}
	for _, p := range whole {
		e.Answers = max(e.Answers, int(p.n))
	}
	if e.MeanWeight = weight / float64(e.N); squares > 0 {
		e.Effective = weight * weight / squares
	}
	e.Units, e.Logged = len(g.offsets)-1, earned/float64(e.Answers)
	e.IPS.Value, e.SNIPS.Value, e.DR.Value = values(whole)
	return e, g
}

// gathered are the terms of each unit side by side, one for each place it has: those of unit u are terms[offsets[u]:offsets[u+1]].
type gathered struct {
	terms   []term
	offsets []int
	places  int
}

// gather adds up the terms of a unit and place. Equal logs give equal orders.
func gather(terms []term) gathered {
	slices.SortStableFunc(terms, func(a, b term) int { return cmp.Or(cmp.Compare(a.unit, b.unit), cmp.Compare(a.place, b.place)) })
	g := gathered{terms: terms[:0]}
	for at, t := range terms {
		g.places = max(g.places, t.place+1)
		last := len(g.terms) - 1
		if at > 0 && t.unit == g.terms[last].unit && t.place == g.terms[last].place {
			g.terms[last].add(t.sums)
			continue
		}
		if at == 0 || t.unit != g.terms[last].unit {
			g.offsets = append(g.offsets, last+1)
		}
		g.terms = append(g.terms, t)
	}
	g.offsets = append(g.offsets, len(g.terms))
	return g
}

// fits says whether a decision can be weighed.
func (d Decision) fits() bool {
	sum := d.Reward + d.Policy + d.Predicted + d.Value
	return d.Propensity > 0 && d.Propensity <= 1 && d.Policy >= 0 && d.Policy <= 1 && d.Place >= 0 && d.Place < maxPlaces && !math.IsNaN(sum) && !math.IsInf(sum, 0)
}

// maxPlaces bounds a list.
const maxPlaces = 1000

// values are IPS, SNIPS and DR per answer. Answers are as many as the place that most of them have.
func values(places []sums) (ips, snips, dr float64) {
	answers := 0.0
	for _, p := range places {
		answers = max(answers, p.n)
	}
	if answers == 0 {
		return 0, 0, 0
	}
	for _, p := range places {
		ips += p.reward / answers
		dr += p.robust / answers
		if p.weight > 0 {
			snips += p.reward / p.weight * p.n / answers
		}
	}
	return ips, snips, dr
}

// draws are an estimate's values in the resamples.
type draws []float64

func (d draws) around(v float64) Estimate {
	slices.Sort(d)
	at := func(q float64) float64 { return d[int(math.Round(q*float64(len(d)-1)))] }
	return Estimate{v, at(level / 2), at(1 - level/2)}
}

// plenty is how many units a bootstrap draws from at most.
const plenty = 20_000

// coarse merges units where there are more than plenty: groups of independent units are as independent, and their sums vary as much.
func (g gathered) coarse() gathered {
	if len(g.offsets)-1 <= plenty {
		return g
	}
	terms := slices.Clone(g.terms)
	for u := range len(g.offsets) - 1 {
		for at := g.offsets[u]; at < g.offsets[u+1]; at++ {
			terms[at].unit = u % plenty
		}
	}
	return gather(terms)
}

func (g gathered) bootstrap(seed uint64) (all [3]draws) {
	r := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
	units := len(g.offsets) - 1
	drawn := make([]sums, g.places)
	for range resamples {
		clear(drawn)
		for range units {
			u := r.IntN(units)
			for at := g.offsets[u]; at < g.offsets[u+1]; at++ {
				drawn[g.terms[at].place].add(g.terms[at].sums)
			}
		}
		ips, snips, dr := values(drawn)
		all[0], all[1], all[2] = append(all[0], ips), append(all[1], snips), append(all[2], dr)
	}
	return all
}
