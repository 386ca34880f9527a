package backtest

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Interval is a 95 % bootstrap interval of a mean.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

const (
	// resamples is enough for two digits of a 95 % interval.
	resamples = 1000
	// plenty is how many independent units make the bootstrap a waste of time: from there on its limit stands in for it, a normal interval.
	plenty = 20_000
	// normal975 is the 97.5 % point of the normal distribution.
	normal975 = 1.959963984540054
)

// Bootstrap is the 95 % percentile interval of the mean of values, one per independent unit (user or prediction). Equal seeds give equal intervals.
func Bootstrap(values []float64, seed uint64) Interval {
	return clusters(values, nil).interval(seed)
}

// BootstrapClusters is the interval of a mean of values that depend on each other within a unit: the questions of one session, or of one customer at several times. Whole units are
// drawn, with all their values (cluster bootstrap). unit names the unit of each value; a value that is NaN, of a question that does not have the metric, is left out.
func BootstrapClusters(values []float64, unit []int, seed uint64) Interval {
	return clusters(values, unit).interval(seed)
}

// cluster is a unit's part of a mean.
type cluster struct{ sum, n float64 }

type clustered []cluster

// clusters gathers values by unit, units in the order of their first value. nil units: every value is its own.
func clusters(values []float64, unit []int) clustered {
	out := make(clustered, 0, len(values))
	if unit == nil {
		for _, v := range values {
			out = append(out, cluster{v, 1})
		}
		return out
	}
	at := make(map[int]int)
	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		place, known := at[unit[i]]
		if !known {
			place = len(out)
			at[unit[i]] = place
			out = append(out, cluster{})
		}
		out[place].sum += v
		out[place].n++
	}
	return out
}

func (c clustered) mean() float64 {
	var all cluster
	for _, u := range c {
		all.sum += u.sum
		all.n += u.n
	}
	return ratio(all.sum, all.n)
}

func (c clustered) interval(seed uint64) Interval {
	switch {
	case len(c) == 0:
		return Interval{}
	case len(c) >= plenty:
		return c.normal()
	}
	random := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
	means := make([]float64, resamples)
	for r := range means {
		var drawn cluster
		for range c {
			u := c[random.IntN(len(c))]
			drawn.sum += u.sum
			drawn.n += u.n
		}
		means[r] = ratio(drawn.sum, drawn.n)
	}
	slices.Sort(means)
	return Interval{means[resamples*25/1000], means[resamples*975/1000-1]}
}

// normal is what the bootstrap of a ratio of sums tends to: the residuals sum - mean n of independent units over the number of values.
func (c clustered) normal() Interval {
	mean, squares, n := c.mean(), 0.0, 0.0
	for _, u := range c {
		rest := u.sum - mean*u.n
		squares += rest * rest
		n += u.n
	}
	half := normal975 * math.Sqrt(squares) / n
	return Interval{mean - half, mean + half}
}

// Difference compares two models on the same units.
type Difference struct {
	Mean     float64  `json:"mean"` // of b - a
	Interval Interval `json:"interval"`
}

// Worse says that b is worse than a beyond chance: the whole interval of the difference is below zero.
func (d Difference) Worse() bool { return d.Interval.High < 0 }

// Better says that b is better than a beyond chance.
func (d Difference) Better() bool { return d.Interval.Low > 0 }

// Verdict is better, worse or undecided.
func (d Difference) Verdict() string {
	switch {
	case d.Better():
		return "better"
	case d.Worse():
		return "worse"
	}
	return "undecided"
}

// Paired is the paired bootstrap of b - a: a and b hold one value per unit, in the same order. Units are drawn with both their values, so what is hard
// for both models cancels.
func Paired(a, b []float64, seed uint64) Difference { return PairedClusters(a, b, nil, seed) }

// PairedClusters is Paired for values that depend on each other within a unit; see BootstrapClusters.
func PairedClusters(a, b []float64, unit []int, seed uint64) Difference {
	n := min(len(a), len(b))
	differences := make([]float64, n)
	for i := range n {
		differences[i] = b[i] - a[i]
	}
	c := clusters(differences, unit)
	return Difference{Mean: c.mean(), Interval: c.interval(seed)}
}
