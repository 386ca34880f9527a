package backtest

import (
	"math/rand/v2"
	"slices"
)

// Interval is a 95 % bootstrap interval of a mean.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// resamples is enough for two digits of a 95 % interval.
const resamples = 1000

// Bootstrap is the 95 % percentile interval of the mean of values, one per independent unit (user or prediction). Equal seeds give equal intervals.
func Bootstrap(values []float64, seed uint64) Interval {
	if len(values) == 0 {
		return Interval{}
	}
	random := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
	means := make([]float64, resamples)
	for r := range means {
		sum := 0.0
		for range values {
			sum += values[random.IntN(len(values))]
		}
		means[r] = sum / float64(len(values))
	}
	slices.Sort(means)
	return Interval{means[resamples*25/1000], means[resamples*975/1000-1]}
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

// Paired is the paired bootstrap of b - a: a and b hold one value per unit, in the same order. Units are drawn with both their values, so what is hard
// for both models cancels.
func Paired(a, b []float64, seed uint64) Difference {
	n := min(len(a), len(b))
	differences := make([]float64, n)
	sum := 0.0
	for i := range n {
		differences[i] = b[i] - a[i]
		sum += differences[i]
	}
	return Difference{Mean: ratio(sum, float64(n)), Interval: Bootstrap(differences, seed)}
}
