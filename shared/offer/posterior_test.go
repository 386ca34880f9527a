package offer

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// TestPropensities holds the integrals against what is drawn, and that they are probabilities.
func TestPropensities(t *testing.T) {
	tests := map[string][]Beta{
		"two alike":             {{2, 38}, {2, 38}},
		"one known, one new":    {{200, 3800}, {1, 19}},
		"far apart":             {{500, 500}, {5, 995}},
		"six, mixed":            {{2, 38}, {40, 800}, {1, 19}, {90, 2000}, {3, 30}, {12, 200}},
		"most, nothing learned": {{.3, 5.7}, {.3, 5.7}, {.3, 5.7}, {.3, 5.7}, {.3, 5.7}, {.3, 5.7}, {.3, 5.7}, {.3, 5.7}, {.3, 5.7}, {.3, 5.7}, {.3, 5.7}, {.3, 5.7}},
	}
	for name, beliefs := range tests {
		t.Run(name, func(t *testing.T) {
			n := len(beliefs)
			weights, among, seeds := make([]float64, n), make([]int, n), make([]uint64, n)
			for i := range n {
				weights[i], among[i], seeds[i] = 1, i, uint64(i+1)*0x9e3779b97f4a7c15
			}
			s := NewSampler(beliefs, weights)
			const rounds = 100_000
			first, second := make([]float64, n), make([]float64, n)
			rng := rand.New(rand.NewPCG(1, 2))
			var draws []draw
			for range rounds {
				draws = s.pick(draws, among, seeds, rng.Uint64())
				first[draws[0].index]++
				second[draws[1].index]++
			}
			sum, sum2 := 0.0, 0.0
			for i := range n {
				p, p2 := s.First(i, among), s.Second(i, among)
				sum, sum2 = sum+p, sum2+p2
				if d := math.Abs(p - first[i]/rounds); d > 0.007 {
					t.Errorf("offer %d comes first with %.4f, drawn %.4f", i, p, first[i]/rounds)
				}
				if d := math.Abs(p2 - second[i]/rounds); d > 0.007 {
					t.Errorf("offer %d comes second with %.4f, drawn %.4f", i, p2, second[i]/rounds)
				}
			}
			if math.Abs(sum-1) > 1e-3 || math.Abs(sum2-1) > 1e-3 {
				t.Errorf("probabilities add up to %.5f and %.5f", sum, sum2)
			}
		})
	}
}

// TestDrawsFollowTheBelief holds the draws' quantiles against the exact ones.
func TestDrawsFollowTheBelief(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := Beta{rapid.Float64Range(0.2, 500).Draw(t, "alpha"), rapid.Float64Range(1, 5000).Draw(t, "beta")}
		other := Beta{rapid.Float64Range(0.2, 500).Draw(t, "alpha"), rapid.Float64Range(1, 5000).Draw(t, "beta")}
		weight := rapid.Float64Range(1, 5000).Draw(t, "weight")
		s := NewSampler([]Beta{b, other}, []float64{weight, 1})
		u := rapid.Float64Range(0, 0.999999).Draw(t, "u")
		x := s.Draw(0, u)
		if x < 0 || x > weight || math.IsNaN(x) {
			t.Fatalf("a draw of %v outside of [0, %v]", x, weight)
		}
		if got := distribution(b, x/weight); math.Abs(got-u) > 0.012 {
			t.Fatalf("the draw at %v lies at %v of the belief %+v", u, got, b)
		}
	})
}

func TestPosteriors(t *testing.T) {
	alike := Posteriors([]Evidence{{10_000, 500}, {10_000, 510}, {0, 0}})
	if m := alike[2].Mean(); math.Abs(m-0.0505) > 0.002 {
		t.Errorf("a new offer among equal ones is believed to have %.4f", m)
	}
	if w := alike[2].Alpha + alike[2].Beta; math.Abs(w-mostTrials) > 1e-9 {
		t.Errorf("among equal ones the prior weighs %.2f", w)
	}
	different := Posteriors([]Evidence{{10_000, 5000}, {10_000, 100}, {0, 0}})
	if w := different[2].Alpha + different[2].Beta; math.Abs(w-fewestTrials) > 1e-9 {
		t.Errorf("among different ones the prior weighs %.2f", w)
	}
	alone := Posteriors([]Evidence{{}})
	if m := alone[0].Mean(); math.Abs(m-guessRate) > 1e-9 {
		t.Errorf("a first offer is believed to have %.4f", m)
	}
	for _, b := range Posteriors([]Evidence{{5, 7}}) { // more rewards than trials: the delays were underestimated
		if b.Alpha <= 0 || b.Beta <= 0 {
			t.Errorf("belief %+v", b)
		}
	}
}

// TestKeptPropensities holds that what is kept for a set of offers is what the integrals say, whatever other sets were asked for between.
func TestKeptPropensities(t *testing.T) {
	beliefs := make([]Beta, 9)
	weights := make([]float64, len(beliefs))
	for i := range beliefs {
		beliefs[i], weights[i] = Beta{1 + float64(i), 30 + 7*float64(i%3)}, 1
	}
	s := NewSampler(beliefs, weights)
	rapid.Check(t, func(t *rapid.T) {
		among := rapid.SliceOfNDistinct(rapid.IntRange(0, len(beliefs)-1), 1, len(beliefs), rapid.ID[int]).Draw(t, "among")
		i := among[0]
		if got, want := s.propensity(i, 0, among), float32(s.First(i, among)); math.Abs(float64(got-want)) > 1e-6 {
			t.Fatalf("first place: kept %v, reckoned %v", got, want)
		}
		if got, want := s.propensity(i, 1, among), float32(s.Second(i, among)); math.Abs(float64(got-want)) > 1e-6 {
			t.Fatalf("second place: kept %v, reckoned %v", got, want)
		}
	})
}

func BenchmarkFirst(b *testing.B) {
	s := NewSampler([]Beta{{20, 380}, {40, 800}, {1, 19}, {90, 2000}, {3, 30}}, []float64{1, 1, 1, 1, 1})
	among := []int{0, 1, 2, 3, 4}
	b.ReportAllocs()
	for b.Loop() {
		s.First(1, among)
	}
}
