// Package experiment says what a difference between groups is worth: how large it is, how sure that is, and what is wrong with the groups.
//
// # One look
//
// For two groups with means m1 (treated) and m0 (control), sample variances v and sizes n, the difference m1 - m0 has the standard error
// sqrt(v1/n1 + v0/n0). Its interval uses Student's t with the degrees of freedom of Welch (1947) and Satterthwaite (1946), which asks for neither equal
// sizes nor equal variances: spend has neither. The relative lift m1/m0 - 1 has, by the delta method, the variance v1/(n1 m0^2) + v0 m1^2/(n0 m0^4). The
// difference of two shares is also tested with the pooled z of the textbooks. These intervals are right for one look at a time that was fixed before.
//
// # Many looks
//
// Whoever looks every day and stops at the first good-looking one is wrong far more often than the 5 % that is promised. An always-valid interval covers the truth at
// every look at once with the promised probability, so that looking and stopping are free. It is the asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy
// and Ramdas (Annals of Statistics 2024; arXiv 2103.06476), a mixture of normal likelihood ratios as in Robbins (1970): after n observations, with s^2 = n SE^2,
//
//	estimate ± sqrt(s^2) * sqrt( 2 (n r^2 + 1) / (n^2 r^2) * ln( sqrt(n r^2 + 1) / alpha ) )
//
// where r^2 = (-2 ln alpha + ln(-2 ln alpha + 1)) / N is tuned to be the tightest about n = N, which must be chosen before the first look. What matters is n r^2, the information
// gathered so far beside the information that was planned for: n may be any clock that runs in proportion to the variance gathered. Where people arrive one
// after the other and their outcome is known at once, n counts people. Where all people are there from the beginning and their orders arrive, as in a campaign, n counts those
// with an outcome: the variance of a sum of rare orders grows as their number. See Sequential.
//
// # Less noise
//
// CUPED (Deng, Xu, Kohavi, Walker 2013) takes from every outcome what was known about the person before: y - theta x with theta = cov(x, y) / var(x). The difference keeps its
// meaning, as x was there before the groups were drawn; its variance shrinks by the factor 1 - corr(x, y)^2. See Pairs.
//
// # Broken groups
//
// Groups whose sizes do not fit the shares they were drawn with (sample ratio mismatch; Fabijan et al. 2019) were not drawn at random or lost people on the way; no interval heals
// that. Ratio tests it with Pearson's chi-square; below Broken the result of an experiment should not be read.
package experiment

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Level is the usual probability of an interval to miss the truth.
const Level = 0.05

// normalFrom is the degrees of freedom above which the normal distribution stands in for Student's, as most published analyses of large tests have it: the bounds move by less than 0.0003
// standard errors.
const normalFrom = 10_000

// Group is what the formulas need of a sample.
type Group struct {
	N        int64   `json:"n"`
	Mean     float64 `json:"mean"`
	Variance float64 `json:"variance"` // of one observation
}

// Interval is closed. An interval that cannot be told, as of one observation, has infinite bounds: Known says whether it can.
type Interval struct {
	Low, High float64
}

// Known says whether both bounds are numbers.
func (i Interval) Known() bool { return !math.IsInf(i.Low, 0) && !math.IsInf(i.High, 0) }

// Covers says whether a value is inside.
func (i Interval) Covers(v float64) bool { return i.Low <= v && v <= i.High }

var unknown = Interval{math.Inf(-1), math.Inf(1)}

// Effect is an estimate of how much treated people differ from the control group. SE is NaN and the intervals are not Known when a group has fewer than two people, or, for a relative
// effect, when the control group's mean is not positive.
type Effect struct {
	Estimate float64
	SE       float64
	DF       float64 // degrees of freedom
}

// Difference is treated.Mean - control.Mean.
func Difference(treated, control Group) Effect {
	if treated.N < 2 || control.N < 2 {
		return Effect{Estimate: treated.Mean - control.Mean, SE: math.NaN()}
	}
	a, b := treated.Variance/float64(treated.N), control.Variance/float64(control.N)
	return Effect{Estimate: treated.Mean - control.Mean, SE: math.Sqrt(a + b), DF: satterthwaite(a, b, treated.N, control.N)}
}

// satterthwaite is the degrees of freedom of a sum of two variances of means.
func satterthwaite(a, b float64, n, m int64) float64 {
	if a+b == 0 {
		return float64(n + m - 2)
	}
	return (a + b) * (a + b) / (a*a/float64(n-1) + b*b/float64(m-1))
}

// Relative is treated.Mean / control.Mean - 1. Its interval has the degrees of freedom of the difference.
func Relative(treated, control Group) Effect {
	return relative(treated, control, control.Mean, treated.Mean)
}

// relative is the lift of possibly adjusted means over the bases that were not adjusted.
func relative(treated, control Group, base, top float64) Effect {
	if base <= 0 || treated.N < 2 || control.N < 2 {
		return Effect{Estimate: math.NaN(), SE: math.NaN()}
	}
	a, b := treated.Variance/float64(treated.N), control.Variance/float64(control.N)
	return Effect{
		Estimate: (treated.Mean - control.Mean) / base,
		SE:       math.Sqrt(a/(base*base) + b*top*top/(base*base*base*base)),
		DF:       satterthwaite(a, b, treated.N, control.N),
	}
}

// T is the estimate in standard errors.
func (e Effect) T() float64 { return e.Estimate / e.SE }

// P is the two-sided probability of an effect at least this large, were there none.
func (e Effect) P() float64 {
	if !e.told() {
		return 1
	}
	if e.DF > normalFrom {
		return 2 * distuv.UnitNormal.Survival(math.Abs(e.T()))
	}
	return 2 * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: e.DF}.Survival(math.Abs(e.T()))
}

// Fixed is the interval for one look at a time fixed before: it misses the truth with probability alpha.
func (e Effect) Fixed(alpha float64) Interval {
	if !e.told() {
		return unknown
	}
	half := e.SE * distuv.UnitNormal.Quantile(1-alpha/2)
	if e.DF <= normalFrom {
		half = e.SE * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: e.DF}.Quantile(1-alpha/2)
	}
	return Interval{e.Estimate - half, e.Estimate + half}
}

func (e Effect) told() bool { return e.SE > 0 && e.DF > 0 && !math.IsInf(e.SE, 0) }

// Proportion is a sample of n people of whom hits did it. Its variance is p (1 - p), as in the pooled test and unlike that of Moments, which divides by n - 1.
func Proportion(hits, n int64) Group {
	if n == 0 {
		return Group{}
	}
	p := float64(hits) / float64(n)
	return Group{N: n, Mean: p, Variance: p * (1 - p)}
}

// PooledZ is the classic test of two shares: their difference over the standard error that both would have with one common share. NaN when there is nothing to compare.
func PooledZ(treatedHits, treatedN, controlHits, controlN int64) float64 {
	a, b := Proportion(treatedHits, treatedN), Proportion(controlHits, controlN)
	pooled := float64(treatedHits+controlHits) / float64(treatedN+controlN)
	return (a.Mean - b.Mean) / math.Sqrt(pooled*(1-pooled)*(1/float64(treatedN)+1/float64(controlN)))
}
