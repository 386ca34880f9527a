package experiment

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Decision is one logged choice, seen by a policy that did not make it.
type Decision struct {
	Reward     float64 // of the action that was taken
	Propensity float64 // probability with which it was taken; above 0
	Policy     float64 // probability with which the other policy would take it
	Predicted  float64 // what a model says the action earns: q(x, a); 0 without a model
	Value      float64 // what it says the other policy earns here: q_pi(x); 0 without a model
}

// Estimate is a value with its 95 % bootstrap interval.
type Estimate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// OffPolicy is what a policy would have earned per decision, told from the log of another one (Horvitz and Thompson 1952; Swaminathan and Joachims 2015; Dudik, Langford and Li 2011).
//
//	IPS   = mean(w r)                        w = Policy / Propensity, at most the clip
//	SNIPS = sum(w r) / sum(w)                does not mind when the weights do not add up to n; slightly biased
//	DR    = mean(q_pi + w (r - q))           right when either the model or the propensities are
//
// Effective is (sum w)^2 / sum w^2: how many decisions of the policy's own the log is worth. Where it is a small part of N, do not believe the figures.
type OffPolicy struct {
	N         int      `json:"n"`
	Effective float64  `json:"effective"`
	Clipped   int      `json:"clipped"` // decisions whose weight was cut
	IPS       Estimate `json:"ips"`
	SNIPS     Estimate `json:"snips"`
	DR        Estimate `json:"dr"`
}

// resamples is how often the bootstrap draws: the bounds then move by a twentieth of their distance from seed to seed.
const resamples = 400

// EvaluatePolicy estimates a policy's value. clip bounds the weights, 0 means none; decisions without a propensity are left out. The same seed gives the same intervals.
func EvaluatePolicy(log []Decision, clip float64, seed uint64) OffPolicy {
	if clip == 0 {
		clip = math.Inf(1)
	}
	var terms []term
	var p OffPolicy
	var squares float64
	for _, d := range log {
		if !(d.Propensity > 0) {
			continue
		}
		w := d.Policy / d.Propensity
		if w > clip {
			w = clip
			p.Clipped++
		}
		squares += w * w
		terms = append(terms, term{w, w * d.Reward, d.Value + w*(d.Reward-d.Predicted)})
	}
	p.N = len(terms)
	if p.N == 0 {
		return p
	}
	var whole term
	for _, t := range terms {
		whole.add(t)
	}
	if squares > 0 {
		p.Effective = whole.weight * whole.weight / squares
	}
	ips, snips, dr := bootstrap(terms, seed)
	p.IPS, p.SNIPS, p.DR = ips.around(whole.ips(p.N)), snips.around(whole.snips()), dr.around(whole.dr(p.N))
	return p
}

// term is what one decision adds to the three estimates.
type term struct{ weight, reward, robust float64 }

func (t *term) add(o term) {
	t.weight += o.weight
	t.reward += o.reward
	t.robust += o.robust
}

func (t *term) ips(n int) float64 { return t.reward / float64(n) }

func (t *term) dr(n int) float64 { return t.robust / float64(n) }

func (t *term) snips() float64 {
	if t.weight == 0 {
		return 0
	}
	return t.reward / t.weight
}

// draws are an estimate's values in the resamples.
type draws []float64

func (d draws) around(v float64) Estimate {
	slices.Sort(d)
	at := func(q float64) float64 { return d[int(math.Round(q*float64(len(d)-1)))] }
	return Estimate{v, at(Level / 2), at(1 - Level/2)}
}

func bootstrap(terms []term, seed uint64) (ips, snips, dr draws) {
	r := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
	for range resamples {
		var sum term
		for range terms {
			sum.add(terms[r.IntN(len(terms))])
		}
		ips, snips, dr = append(ips, sum.ips(len(terms))), append(snips, sum.snips()), append(dr, sum.dr(len(terms)))
	}
	return ips, snips, dr
}
