package offpolicy

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestEvaluateByHand(t *testing.T) {
	log := []Decision{
		{Unit: 3, Reward: 1, Propensity: .5, Policy: 1, Predicted: .5, Value: .75},
		{Unit: 1, Reward: 0, Propensity: .5, Policy: 0, Predicted: .25, Value: .75},
		{Unit: 3, Reward: 1, Propensity: .1, Policy: 1, Predicted: .5, Value: .75}, // weight 10, cut to 4
		{Reward: 9, Propensity: 0, Policy: 1},                                      // nobody knows how it came about
		{Reward: math.NaN(), Propensity: .5, Policy: 1},
		{Reward: 1, Propensity: 1.5, Policy: 1},
		{Reward: 1, Propensity: .5, Policy: 1, Place: -1},
		{Reward: math.Inf(1), Propensity: .5, Policy: 1},
	}
	got := Evaluate(log, Options{Clip: 4, Seed: 1})
	want := Estimates{N: 3, Answers: 3, Units: 2, Effective: 36. / 20, MeanWeight: 2, Clipped: 1, Left: 5, Logged: 2. / 3,
		IPS: Estimate{Value: 2}, SNIPS: Estimate{Value: 1}, DR: Estimate{Value: .75 + (2*.5+4*.5)/3}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Estimate{}, "Low", "High"), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Errorf("estimates (-want +got):\n%s", diff)
	}
	if !got.Weak() {
		t.Error("three decisions are believed")
	}
	if again := Evaluate(log, Options{Clip: 4, Seed: 1}); again != got {
		t.Error("the same seed gives other intervals")
	}
	if got := Evaluate(nil, Options{}); got != (Estimates{}) {
		t.Errorf("of no log: %+v", got)
	}
	if got := Evaluate([]Decision{{Reward: 1, Propensity: .5}}, Options{}); got.SNIPS.Value != 0 || got.Effective != 0 {
		t.Errorf("of a log that never does what the policy would: %+v", got)
	}
}

// Two lists of two places; the second place's weights are normalised among themselves.
func TestListsByHand(t *testing.T) {
	log := []Decision{
		{Unit: 0, Place: 0, Reward: 1, Propensity: 1, Policy: 1}, {Unit: 0, Place: 1, Reward: 1, Propensity: .25, Policy: 1},
		{Unit: 1, Place: 0, Reward: 0, Propensity: 1, Policy: 1}, {Unit: 1, Place: 1, Reward: 0, Propensity: .5, Policy: .5},
	}
	got := Evaluate(log, Options{})
	if got.Answers != 2 || got.N != 4 || math.Abs(got.IPS.Value-(.5+2)) > 1e-12 || math.Abs(got.SNIPS.Value-(.5+.8)) > 1e-12 || got.Logged != 1 {
		t.Errorf("lists: %+v", got)
	}
}

// A log in another order is the same log.
func TestOrderDoesNotMatter(t *testing.T) {
	var log, back []Decision
	for i := range 200 {
		log = append(log, Decision{Unit: i % 37, Place: i % 3, Reward: float64(i % 2), Propensity: .5, Policy: float64(i%5) / 5})
	}
	for i := range log {
		back = append(back, log[len(log)-1-i])
	}
	if diff := cmp.Diff(Evaluate(log, Options{Seed: 3}), Evaluate(back, Options{Seed: 3}), cmpopts.EquateApprox(1e-12, 0)); diff != "" {
		t.Errorf("(-log +backwards):\n%s", diff)
	}
}

func TestDecide(t *testing.T) {
	choices := []Choice{
		{Unit: 1, Shown: "a", Propensity: .9, Reward: 1, Among: []string{"a", "b", "c"}},
		{Unit: 1, Shown: "c", Propensity: .05, Among: []string{"a", "b", "c"}},
	}
	score := func(id string) float64 { return map[string]float64{"c": 2, "b": 2}[id] }
	for name, tt := range map[string]struct {
		policy Policy
		want   [2]float64
	}{
		"each equally often":      {Uniform, [2]float64{1. / 3, 1. / 3}},
		"the first":               {First, [2]float64{1, 0}},
		"the earlier of the best": {Best(score), [2]float64{0, 0}},
		"the best":                {Best(func(id string) float64 { return float64(id[0]) }), [2]float64{0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			d := Decide(choices, tt.policy)
			if got := [2]float64{d[0].Policy, d[1].Policy}; got != tt.want {
				t.Errorf("probabilities %v, want %v", got, tt.want)
			}
			if d[0].Predicted != 0 || d[0].Value != 0 {
				t.Errorf("a model that saw nobody else predicts: %+v", d[0])
			}
		})
	}
	if d := Decide([]Choice{{Shown: "a", Propensity: 1}}, First); d[0].Policy != 0 {
		t.Errorf("chosen from nothing: %+v", d)
	}
}

func TestRates(t *testing.T) {
	r := NewRates()
	if r.Of("a", 0) != 0 {
		t.Error("an empty model says something")
	}
	for i := range 80 {
		r.Add(Choice{Shown: "a", Reward: float64(i % 2)})
		r.Add(Choice{Shown: "b"})
	}
	if got, want := r.Of("a", 0), (40+prior*.25)/(80+prior); math.Abs(got-want) > 1e-12 {
		t.Errorf("an item shown often: %v, want %v", got, want)
	}
	if got := r.Of("new", 0); math.Abs(got-.25) > 1e-12 {
		t.Errorf("a new item: %v, want the place's .25", got)
	}
	if got := r.Of("a", 1); got != 0 {
		t.Errorf("another place: %v", got)
	}
}
