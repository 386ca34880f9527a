package experiment

import (
	"math"
	"testing"
)

// near holds a number to the digits that were printed: half a unit of the last one.
func near(t *testing.T, what string, got, want float64, digits int) {
	t.Helper()
	if !(math.Abs(got-want) <= 0.5000001*math.Pow10(-digits)) {
		t.Errorf("%s is %.*f, want %.*f", what, digits+2, got, digits, want)
	}
}

// The sample of GrowthBook's tests (packages/stats/tests/frequentist).
var (
	gbA     = Moments{N: 3407, Sum: 1396.87, Squares: 52377.9767}
	gbB     = Moments{N: 3461, Sum: 2422.7, Squares: 134698.29}
	gbShort = Moments{N: 3000, Sum: 1396.87, Squares: 52377.9767}
)

func TestGrowthBookOneLook(t *testing.T) {
	d := Difference(gbB.Group(), gbA.Group())
	near(t, "difference", d.Estimate, .29, 5)
	near(t, "its error", d.SE, .12478, 5)
	near(t, "its p", d.P(), .02016, 5)
	i := d.Fixed(Level)
	near(t, "low", i.Low, .04538, 5)
	near(t, "high", i.High, .53462, 5)

	r := Relative(gbB.Group(), gbA.Group())
	near(t, "lift", r.Estimate, .70732, 5)
	near(t, "its error", r.SE, .37879, 5)
	near(t, "its p", r.P(), .06191, 5)
	i = r.Fixed(Level)
	near(t, "low", i.Low, -.03526, 5)
	near(t, "high", i.High, 1.44989, 5)

	r = Relative(Proportion(16, 30), Proportion(14, 28))
	near(t, "lift of shares", r.Estimate, .06667, 5)
	near(t, "its error", r.SE, .2717, 5)
	near(t, "its p", r.P(), .80707, 5)
	i = r.Fixed(Level)
	near(t, "low", i.Low, -.47767, 5)
	near(t, "high", i.High, .61101, 5)
}

func TestGrowthBookManyLooks(t *testing.T) {
	tests := map[string]struct {
		effect   Effect
		tuning   float64
		estimate float64
		want     Interval
	}{
		"tuned to 1,000":     {Relative(gbB.Group(), gbShort.Group()), 1000, .50336, Interval{-.55844, 1.56516}},
		"tuned as usual":     {Relative(gbB.Group(), gbShort.Group()), 0, .50336, Interval{-.50972, 1.51644}},
		"shares":             {Relative(Proportion(2422, 3461), Proportion(1396, 3000)), 0, .50386, Interval{.40098, .60675}},
		"adjusted by θ = .5": {adjusted(), 0, .50236, Interval{-.43745, 1.44217}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			near(t, "lift", tt.effect.Estimate, tt.estimate, 5)
			got := Sequential{Tuning: tt.tuning}.Interval(tt.effect, 3461+3000)
			near(t, "low", got.Low, tt.want.Low, 5)
			near(t, "high", got.High, tt.want.High, 5)
			if p := (Sequential{Tuning: tt.tuning}).P(tt.effect, 3461+3000); (p < Level) == got.Covers(0) {
				t.Errorf("p %g and the interval %v disagree about 0", p, got)
			}
		})
	}
	near(t, "error of the lift of shares", Relative(Proportion(2422, 3461), Proportion(1396, 3000)).SE, .03386, 5)
	near(t, "error of the adjusted lift", adjusted().SE, .3093, 5)
	near(t, "p of the first", Sequential{Tuning: 1000}.P(Relative(gbB.Group(), gbShort.Group()), 6461), 1, 5)
}

func adjusted() Effect {
	control := Pairs{Y: gbShort, X: Moments{N: 3000, Sum: 16.87, Squares: 527.9767}, Product: 12525}
	treated := Pairs{Y: gbB, X: Moments{N: 3461, Sum: 22.70, Squares: 1348.29}, Product: 3333}
	return AdjustedRelative(treated, control, .5)
}

// hillstrom is an arm of the e-mail test that Kevin Hillstrom published in 2008.
type hillstrom struct {
	n, visits, conversions int64
	spend, variance        float64
}

var (
	noMail = hillstrom{21306, 2262, 122, 13908.33, 134.286372}
	mens   = hillstrom{21307, 3894, 267, 30311.69, 315.211799}
	womens = hillstrom{21387, 3238, 189, 23038.11, 228.496675}
)

func (h hillstrom) hits(conversions bool) (int64, Group) {
	hits := h.visits
	if conversions {
		hits = h.conversions
	}
	return hits, Moments{N: h.n, Sum: float64(hits), Squares: float64(hits)}.Group()
}

func TestHillstrom(t *testing.T) {
	type printed struct{ diff, lift, se, t, z, low, high float64 }
	tests := map[string]struct {
		arm                hillstrom
		visit, sale, spend printed
	}{
		"Mens": {
			mens, printed{.07658956, 72.14, .00338589, 22.62023, 22.48604, .069953, .083226},
			printed{.00680501, 118.84, .00092087, 7.38974, 7.38511, .005000, .008610}, printed{.76982716, 117.93, .14524656, 5.30014, math.NaN(), .485149, 1.054505},
		},
		"Womens": {
			womens, printed{.04523311, 42.61, .00323446, 13.98474, 13.94918, .038894, .051573},
			printed{.00311106, 54.33, .00082268, 3.78163, 3.77956, .001499, .004723}, printed{.42441222, 65.02, .13033286, 3.25637, math.NaN(), .168965, .679860},
		},
	}
	check := func(t *testing.T, treated, control Group, z float64, want printed) {
		t.Helper()
		d := Difference(treated, control)
		near(t, "difference", d.Estimate, want.diff, 8)
		near(t, "lift in %", 100*Relative(treated, control).Estimate, want.lift, 2)
		near(t, "error", d.SE, want.se, 8)
		near(t, "Welch t", d.T(), want.t, 5)
		near(t, "low", d.Fixed(Level).Low, want.low, 6)
		near(t, "high", d.Fixed(Level).High, want.high, 6)
		if !math.IsNaN(want.z) {
			near(t, "pooled z", z, want.z, 5)
		}
	}
	for name, tt := range tests {
		for i, want := range []printed{tt.visit, tt.sale} {
			t.Run(name+[]string{" visits", " conversions"}[i], func(t *testing.T) {
				hits, treated := tt.arm.hits(i == 1)
				none, control := noMail.hits(i == 1)
				check(t, treated, control, PooledZ(hits, tt.arm.n, none, noMail.n), want)
			})
		}
		t.Run(name+" spend", func(t *testing.T) {
			check(t, Group{tt.arm.n, tt.arm.spend / float64(tt.arm.n), tt.arm.variance}, Group{noMail.n, noMail.spend / float64(noMail.n), noMail.variance}, 0, tt.spend)
		})
	}
}

func TestRatio(t *testing.T) {
	chi2, p := Ratio([]int64{noMail.n, mens.n, womens.n}, []float64{1, 1, 1})
	near(t, "chi-square of Hillstrom's arms", chi2, .202531, 6)
	near(t, "its p", p, .903693, 6)
	tests := map[string]struct {
		sizes  []int64
		shares []float64
		broken bool
	}{
		"one group":                      {[]int64{5}, []float64{1}, false},
		"nobody at all":                  {[]int64{0, 0}, []float64{1, 1}, false},
		"a tenth as control, as planned": {[]int64{9001, 999}, []float64{.9, .1}, false},
		"a control group that lost some": {[]int64{9000, 800}, []float64{.9, .1}, true},
		"people where none should be":    {[]int64{100, 3}, []float64{1, 0}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, p := Ratio(tt.sizes, tt.shares); (p < Broken) != tt.broken {
				t.Errorf("p is %g, broken should be %v", p, tt.broken)
			}
		})
	}
}

func TestSampleSize(t *testing.T) {
	for _, tt := range []struct{ base, change, want float64 }{{.20, .05, 1030}, {.03, .003, 51486}, {.05, .005, 30244}, {.10, .01, 14313}, {.10, .02, 3623}} {
		near(t, "people in each group", SampleSize(tt.base, tt.change, .05, .8), tt.want, 0)
	}
	near(t, "to two digits", SampleSize(.20, .05, .05, .8), 1030.22, 2)
	if n := SampleSize(.2, 0, .05, .8); n != 0 {
		t.Errorf("no change needs %g people, want none", n)
	}
	// A difference that is just detectable is 2.8 standard errors large.
	near(t, "detectable", Detectable(25, 100, 100, .05, .8), 2.8015852*math.Sqrt(.5), 6)
}
