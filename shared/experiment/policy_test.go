package experiment

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestEvaluatePolicyByHand(t *testing.T) {
	log := []Decision{
		{Reward: 1, Propensity: .5, Policy: 1, Predicted: .5, Value: .75},
		{Reward: 0, Propensity: .5, Policy: 0, Predicted: .25, Value: .75},
		{Reward: 1, Propensity: .1, Policy: 1, Predicted: .5, Value: .75}, // weight 10, cut to 4
		{Reward: 9, Propensity: 0, Policy: 1},                             // nobody knows how it came about
	}
	got := EvaluatePolicy(log, 4, 1)
	want := OffPolicy{N: 3, Effective: 36. / 20, Clipped: 1, IPS: Estimate{Value: 2}, SNIPS: Estimate{Value: 1}, DR: Estimate{Value: .75 + (2*.5+4*.5)/3}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Estimate{}, "Low", "High"), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Errorf("estimates (-want +got):\n%s", diff)
	}
	if got := EvaluatePolicy(nil, 0, 1); got != (OffPolicy{}) {
		t.Errorf("of no log: %+v", got)
	}
	if got := EvaluatePolicy(log, 4, 7); got != EvaluatePolicy(log, 4, 7) {
		t.Error("the same seed gives other intervals")
	}
	if got := EvaluatePolicy([]Decision{{Reward: 1, Propensity: .5}}, 0, 1); got.SNIPS.Value != 0 || got.Effective != 0 {
		t.Errorf("of a log that never does what the policy would: %+v", got)
	}
}

// TestEvaluatePolicyFindsTheTruth logs with one policy and asks for another: three offers whose success depends on two kinds of customers.
func TestEvaluatePolicyFindsTheTruth(t *testing.T) {
	success := [2][3]float64{{.05, .15, .30}, {.25, .10, .05}}
	logging, other := [3]float64{.6, .3, .1}, [2][3]float64{{.1, .1, .8}, {.8, .1, .1}}
	truth := 0.
	for kind := range 2 {
		for a := range 3 {
			truth += .5 * other[kind][a] * success[kind][a]
		}
	}
	const trials = 100
	covered := map[string]int{}
	var width [2]float64
	for trial := range trials {
		r := rand.New(rand.NewPCG(uint64(trial), 31))
		var log []Decision
		for range 1000 {
			kind, a, u := r.IntN(2), 0, r.Float64()
			for ; u > logging[a]; a++ {
				u -= logging[a]
			}
			d := Decision{Propensity: logging[a], Policy: other[kind][a], Predicted: success[kind][a]}
			for b := range 3 {
				d.Value += other[kind][b] * success[kind][b]
			}
			if r.Float64() < success[kind][a] {
				d.Reward = 1
			}
			log = append(log, d)
		}
		p := EvaluatePolicy(log, 0, uint64(trial))
		for name, e := range map[string]Estimate{"IPS": p.IPS, "SNIPS": p.SNIPS, "DR": p.DR} {
			if e.Low <= truth && truth <= e.High {
				covered[name]++
			}
			if math.Abs(e.Value-truth) > .15 {
				t.Errorf("%s says %.3f, the truth is %.3f", name, e.Value, truth)
			}
		}
		width[0] += p.IPS.High - p.IPS.Low
		width[1] += p.DR.High - p.DR.Low
		if p.Effective >= float64(p.N) || p.Effective < 100 {
			t.Errorf("%d decisions are worth %.0f", p.N, p.Effective)
		}
	}
	t.Logf("intervals cover the truth in %v of %d; DR's are %.2f as wide as IPS's", covered, trials, width[1]/width[0])
	for name, n := range covered {
		if n < trials*90/100 {
			t.Errorf("%s covers the truth in %d of %d", name, n, trials)
		}
	}
	if width[1] >= width[0] {
		t.Error("a good model makes the estimate no surer")
	}
}
