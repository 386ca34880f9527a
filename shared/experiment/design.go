package experiment

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Broken is the probability below which the sizes of groups no longer fit their shares: so strict, because it is asked of every experiment there is.
const Broken = 0.001

// Ratio tests whether groups of such sizes were drawn with such shares (relative weights, in the same order): Pearson's chi-square and its probability. One group, or
// none with people, fits always. A group with people whose share is 0 never fits.
func Ratio(sizes []int64, shares []float64) (chi2, p float64) {
	var people, weight float64
	for i := range sizes {
		people += float64(sizes[i])
		weight += shares[i]
	}
	groups := 0
	for i, n := range sizes {
		want := people * shares[i] / weight
		if want > 0 {
			groups++
			chi2 += (float64(n) - want) * (float64(n) - want) / want
		} else if n > 0 {
			return math.Inf(1), 0
		}
	}
	if groups < 2 {
		return 0, 1
	}
	return chi2, distuv.ChiSquared{K: float64(groups - 1)}.Survival(chi2)
}

// SampleSize is how many people each of two groups needs to find a share of base+change where the other has base, with probability power, testing two-sided with alpha (Evan Miller's
// formula). 0 when change is 0.
func SampleSize(base, change, alpha, power float64) float64 {
	if change == 0 {
		return 0
	}
	z := distuv.UnitNormal
	q := base + change
	n := z.Quantile(1-alpha/2)*math.Sqrt(2*base*(1-base)) + z.Quantile(power)*math.Sqrt(base*(1-base)+q*(1-q))
	return n * n / (change * change)
}

// Detectable is the smallest difference of means that groups of such sizes would find with probability power, for an outcome of such a variance.
func Detectable(variance float64, treatedN, controlN int64, alpha, power float64) float64 {
	z := distuv.UnitNormal
	return (z.Quantile(1-alpha/2) + z.Quantile(power)) * math.Sqrt(variance/float64(treatedN)+variance/float64(controlN))
}
