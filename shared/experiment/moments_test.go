package experiment

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMomentsMergeToTheDigit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var whole Moments
	parts := make([]Moments, 7)
	for range 50_000 {
		minor := float64(r.IntN(90_000))
		whole.Add(minor)
		parts[r.IntN(len(parts))].Add(minor)
	}
	var merged Moments
	for _, i := range r.Perm(len(parts)) {
		merged.Merge(parts[i])
	}
	if diff := cmp.Diff(whole, merged); diff != "" {
		t.Errorf("merged in another order (-want +got):\n%s", diff)
	}
}

func TestGroup(t *testing.T) {
	tests := map[string]struct {
		add   []float64
		zeros int64
		want  Group
	}{
		"nobody":                     {},
		"one person has no variance": {add: []float64{5}, want: Group{N: 1, Mean: 5}},
		"two":                        {add: []float64{1, 3}, want: Group{N: 2, Mean: 2, Variance: 2}},
		"people who did nothing":     {add: []float64{4}, zeros: 3, want: Group{N: 4, Mean: 1, Variance: 4}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var m Moments
			for _, x := range tt.add {
				m.Add(x)
			}
			m.Zeros(tt.zeros)
			if diff := cmp.Diff(tt.want, m.Group()); diff != "" {
				t.Errorf("group (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNothingIsTold(t *testing.T) {
	some := Moments{N: 10, Sum: 5, Squares: 40}.Group()
	tests := map[string]Effect{
		"of one person":                 Difference(Group{N: 1, Mean: 3}, some),
		"of nobody":                     Difference(some, Group{}),
		"where nothing varies":          Difference(Group{N: 5, Mean: 1}, Group{N: 5, Mean: 1}),
		"relative to nothing":           Relative(some, Group{N: 5}),
		"relative to a loss":            Relative(some, Group{N: 5, Mean: -1, Variance: 2}),
		"relative, of one in the group": Relative(Group{N: 1, Mean: 3}, some),
	}
	for name, e := range tests {
		t.Run(name, func(t *testing.T) {
			if i := e.Fixed(Level); i.Known() || e.P() != 1 {
				t.Errorf("interval %v, p %g; want none and 1", i, e.P())
			}
			if s := (Sequential{}); s.Interval(e, 100).Known() || s.P(e, 100) != 1 || Mixture(e, 1) != 1 {
				t.Error("the always-valid interval claims to know")
			}
		})
	}
	if i := (Sequential{}).Interval(Difference(some, some), 0); i.Known() {
		t.Errorf("before the clock ticks: %v", i)
	}
}

// TestPairs checks that CUPED takes out exactly what the covariate explains.
func TestPairs(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var treated, control, half Pairs
	for i := range 40_000 {
		x := r.NormFloat64()
		y := 10 + 2*x + r.NormFloat64()
		if i%2 == 0 {
			treated.Add(y+.5, x)
			continue
		}
		if i%4 == 1 {
			half.Add(y, x)
		} else {
			control.Add(y, x)
		}
	}
	control.Merge(half)
	theta := Theta(treated, control)
	near(t, "slope", theta, 2, 1)
	near(t, "correlation", treated.Correlation(), 2/math.Sqrt(5), 2)
	near(t, "adjusted variance", treated.Adjusted(theta).Variance, 1, 1)
	plain, adjusted := Difference(treated.Y.Group(), control.Y.Group()), Difference(treated.Adjusted(theta), control.Adjusted(theta))
	if !adjusted.Fixed(Level).Covers(.5) || adjusted.SE > .5*plain.SE {
		t.Errorf("adjusted %v ± %v, plain ± %v; want .5 with less than half the error", adjusted.Estimate, adjusted.SE, plain.SE)
	}
	var flat Pairs
	flat.Add(1, 7)
	flat.Add(2, 7)
	if Theta(flat, flat) != 0 || flat.Correlation() != 0 || (Pairs{}).Covariance() != 0 {
		t.Error("a covariate that does not vary explains something")
	}
	if got := AdjustedRelative(treated, control, 0); got != Relative(treated.Y.Group(), control.Y.Group()) {
		t.Errorf("adjusted by nothing is %v", got)
	}
}

func TestScale(t *testing.T) {
	minor := Moments{N: 3, Sum: 600, Squares: 200_000}
	if diff := cmp.Diff(Moments{N: 3, Sum: 6, Squares: 20}, minor.Scale(.01)); diff != "" {
		t.Errorf("in whole units (-want +got):\n%s", diff)
	}
}
