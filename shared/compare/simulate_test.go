package compare

import (
	"math"
	"math/rand/v2"
	"testing"

	"shopkeeper/shared/recommend"
)

// The world of the simulation: visitors arrive one after the other, come back or not, click now and then, and few of them order, for amounts with a long tail.
const (
	runs    = 1000
	people  = 6000
	between = 100 // arrivals from look to look
	again   = .4  // share of visits by somebody who has been here before
)

// trialOf lives through one trial in which B's visitors click and order so many times as often, and says which verdict was reached first, and whether plain intervals would have called a difference.
func trialOf(t *testing.T, seed uint64, share, better float64) (first Verdict, hasty bool) {
	r := rand.New(rand.NewPCG(seed, 31))
	trial := recommend.Trial{Method: recommend.Split, Share: share, Seed: seed}
	s := &standing{}
	var everybody []*unit
	for n := 1; n <= people; n++ {
		u := &unit{arm: recommend.ArmA}
		fresh := len(everybody) == 0 || r.Float64() >= again
		if !fresh {
			u = everybody[r.IntN(len(everybody))]
		} else {
			if r.Float64() < share {
				u.arm = recommend.ArmB
			}
			everybody = append(everybody, u)
		}
		before := *u
		visit(r, u, better)
		s.replace(&before, u, fresh)
		if n%between > 0 {
			continue
		}
		report := Report{Method: recommend.Split}
		s.enter(&report, trial)
		if first == "" && report.Verdict != Early {
			first = report.Verdict
		}
		hasty = hasty || s.hasty()
	}
	whole := &standing{}
	for _, u := range everybody {
		whole.count(u)
	}
	if whole.arms[0].of != s.arms[0].of || whole.arms[1].of != s.arms[1].of || whole.arms[1].Ordered != s.arms[1].Ordered || whole.arms[0].Clicked != s.arms[0].Clicked {
		t.Fatal("counted at once it is another trial")
	}
	return first, hasty
}

// visit is one visit.
func visit(r *rand.Rand, u *unit, better float64) {
	rate := 1.
	if u.arm == recommend.ArmB {
		rate = better
	}
	u.shown++
	for range 3 {
		if r.Float64() < .06*rate {
			u.clicks++
		}
	}
	if r.Float64() < .02*rate {
		u.orders++
		u.revenue += int64(100 * math.Exp(3.7+.8*r.NormFloat64()))
	}
}

// replace counts a visitor as it is now instead of as it was.
func (s *standing) replace(before, after *unit, fresh bool) {
	arm := &s.arms[0]
	if after.arm == recommend.ArmB {
		arm = &s.arms[1]
	}
	for n, x := range [measures][2]int64{clicks: {before.clicks, after.clicks}, orders: {before.orders, after.orders}, revenue: {before.revenue, after.revenue}} {
		m := &arm.of[n]
		m.Sum += float64(x[1] - x[0])
		m.Squares += float64(x[1]*x[1] - x[0]*x[0])
		if fresh {
			m.N++
		}
	}
	if fresh {
		arm.Visitors++
	}
	if before.clicks == 0 && after.clicks > 0 {
		arm.Clicked++
	}
	if before.orders == 0 && after.orders > 0 {
		arm.Ordered++
	}
}

// hasty says whether one of three plain intervals of 95 % calls a difference now.
func (s *standing) hasty() bool {
	for n := range measures {
		a, b := s.arms[0].of[n].Group(), s.arms[1].of[n].Group()
		if min(s.arms[0].outcomes(n), s.arms[1].outcomes(n)) >= 25 && math.Abs(b.Mean-a.Mean) > 1.96*math.Sqrt(a.Variance/float64(a.N)+b.Variance/float64(b.N)) {
			return true
		}
	}
	return false
}

// TestFalseAlarmsOfEqualModels compares a model with its equal in many trials that are looked at all the time: hardly any may call a difference.
func TestFalseAlarmsOfEqualModels(t *testing.T) {
	for name, share := range map[string]float64{"by halves": .5, "with a tenth in B": .1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			alarms, hasty := 0, 0
			for run := range runs {
				verdict, fooled := trialOf(t, uint64(run), share, 1)
				if verdict != "" {
					alarms++
				}
				if fooled {
					hasty++
				}
			}
			t.Logf("of %d trials of equal models, %d looks each, %d call a difference; with plain intervals %d would", runs, people/between, alarms, hasty)
			if alarms > runs*5/100 {
				t.Errorf("%d of %d trials call a difference that is not there, want at most 5 %%", alarms, runs)
			}
			if hasty < runs/10 {
				t.Errorf("plain intervals were fooled in %d trials only: the simulation looks too seldom to prove anything", hasty)
			}
		})
	}
}

// TestABetterModelIsFound is the power of the same comparison.
func TestABetterModelIsFound(t *testing.T) {
	const trials = 60
	found, wrong := 0, 0
	for run := range trials {
		switch verdict, _ := trialOf(t, uint64(run), .5, 1.4); verdict {
		case BetterB:
			found++
		case "":
		default:
			wrong++
		}
	}
	t.Logf("B with 1.4 times the clicks and orders is found in %d of %d trials of %d visits", found, trials, people)
	if found < trials*8/10 || wrong > 0 {
		t.Errorf("found in %d of %d trials, %d say something else", found, trials, wrong)
	}
}
