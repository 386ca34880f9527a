package experiment

import (
	"math"
	"math/rand/v2"
	"testing"
)

const runs = 1000

// Customers spend like real ones: few order, some twice, and order values are log-normal with a long tail.

// Order values: mean exp(mu + sigma^2/2), 54.60; a tenth of the orders are above 117.
const (
	valueMu    = 3.68
	valueSigma = 0.8
)

var meanValue = math.Exp(valueMu + valueSigma*valueSigma/2)

// order is one order in minor units.
func order(r *rand.Rand) float64 {
	return math.Round(100 * math.Exp(valueMu+valueSigma*r.NormFloat64()))
}

// poisson draws by Knuth's method, for small rates.
func poisson(r *rand.Rand, rate float64) int {
	limit, n := math.Exp(-rate), 0
	for p := r.Float64(); p > limit; p *= r.Float64() {
		n++
	}
	return n
}

// cohort is a group of a campaign: everybody is there from the first day, and orders come in.
type cohort struct {
	spent  []float64
	buyers int64
	m      Moments
	rate   float64
}

func newCohort(people int, rate float64) *cohort {
	return &cohort{spent: make([]float64, people), m: Moments{N: int64(people)}, rate: rate}
}

// live lets a share of the window pass.
func (c *cohort) live(r *rand.Rand, share float64) {
	for range poisson(r, c.rate*share*float64(len(c.spent))) {
		i := r.IntN(len(c.spent))
		before := c.spent[i]
		c.spent[i] += order(r)
		c.m.Sum += c.spent[i] - before
		c.m.Squares += c.spent[i]*c.spent[i] - before*before
		if before == 0 {
			c.buyers++
		}
	}
}

// TestCampaignIntervals lives through campaigns with known lift, looked at on each of 28 days, in which orders arrive while the groups stay what they were.
func TestCampaignIntervals(t *testing.T) {
	const days = 28
	for name, tt := range map[string]struct {
		people              float64
		rate, lift, control float64
	}{
		"a lift of a third, half as control":    {4000, .06, 1. / 3, .5},
		"a lift of a third, a fifth as control": {4000, .06, 1. / 3, .2},
		"no lift at all":                        {4000, .06, 0, .5},
		"no lift, a tenth as control":           {12_000, .08, 0, .1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fixed, always, alarms, naive := 0, 0, 0, 0
			for run := range runs {
				r := rand.New(rand.NewPCG(uint64(run), 11))
				control, treated := newCohort(int(tt.people*tt.control), tt.rate), newCohort(int(tt.people*(1-tt.control)), tt.rate*(1+tt.lift))
				sequential := Sequential{Tuning: 300}
				covered, alarm, hasty := true, false, false
				for d := range days {
					control.live(r, 1./days)
					treated.live(r, 1./days)
					e := Difference(treated.m.Group(), control.m.Group())
					truth := 100 * meanValue * tt.rate * tt.lift * float64(d+1) / days
					i := sequential.Rare(e, treated.buyers, control.buyers)
					covered = covered && i.Covers(truth)
					alarm = alarm || !i.Covers(0)
					hasty = hasty || math.Abs(e.T()) > 1.96
				}
				truth := 100 * meanValue * tt.rate * tt.lift
				count(&fixed, Difference(treated.m.Group(), control.m.Group()).Fixed(Level).Covers(truth))
				count(&always, covered)
				count(&alarms, alarm)
				count(&naive, hasty)
			}
			t.Logf("fixed %d, always %d of %d; looking every day called an effect in %d, with plain intervals in %d", fixed, always, runs, alarms, naive)
			judge(t, fixed, always, alarms, naive, tt.lift == 0)
		})
	}
}

// TestStreamIntervals is the other kind of experiment: people arrive one after the other, their outcome is known at once, and somebody looks after every twentieth.
func TestStreamIntervals(t *testing.T) {
	for name, lift := range map[string]float64{"a lift of a half": .5, "no lift": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const rate, people = .15, 3000
			fixed, always, alarms, naive := 0, 0, 0, 0
			for run := range runs {
				r := rand.New(rand.NewPCG(uint64(run), 12))
				var arms [2]Moments
				var buyers int
				covered, alarm, hasty := true, false, false
				truth := 100 * meanValue * rate * lift
				for n := range people {
					arm := r.IntN(2)
					spent := 0.
					for range poisson(r, rate*(1+lift*float64(arm))) {
						spent += order(r)
					}
					if spent > 0 {
						buyers++
					}
					arms[arm].Add(spent)
					if n%20 != 19 || buyers < 5 {
						continue
					}
					e := Difference(arms[1].Group(), arms[0].Group())
					i := Sequential{Tuning: 2000}.Interval(e, float64(n+1))
					covered = covered && i.Covers(truth)
					alarm = alarm || !i.Covers(0)
					hasty = hasty || math.Abs(e.T()) > 1.96
				}
				count(&fixed, Difference(arms[1].Group(), arms[0].Group()).Fixed(Level).Covers(truth))
				count(&always, covered)
				count(&alarms, alarm)
				count(&naive, hasty)
			}
			t.Logf("fixed %d, always %d of %d; continuous looking called an effect in %d, with plain intervals in %d", fixed, always, runs, alarms, naive)
			judge(t, fixed, always, alarms, naive, lift == 0)
		})
	}
}

func count(n *int, yes bool) {
	if yes {
		*n++
	}
}

func judge(t *testing.T, fixed, always, alarms, naive int, none bool) {
	t.Helper()
	if fixed < 930 || fixed > 970 {
		t.Errorf("the interval for one look covers the truth in %d of %d runs, want 93 to 97 %%", fixed, runs)
	}
	if always < 950 {
		t.Errorf("the always-valid interval covers the truth at every look in %d of %d runs, want at least 95 %%", always, runs)
	}
	if none && alarms > 50 {
		t.Errorf("continuous looking found an effect that is not there in %d of %d runs, want at most 5 %%", alarms, runs)
	}
	if none && naive < 100 {
		t.Errorf("plain intervals were fooled in %d runs only: the simulation looks too seldom to prove anything", naive)
	}
}

// TestMixture checks the same promise of the mixture likelihood ratio: at most 5 % false alarms under continuous looking.
func TestMixture(t *testing.T) {
	alarms := 0
	for run := range runs {
		r := rand.New(rand.NewPCG(uint64(run), 13))
		var arms [2]Moments
		for n := range 4000 {
			arms[n%2].Add(r.NormFloat64())
			if n < 40 {
				continue
			}
			if Mixture(Difference(arms[1].Group(), arms[0].Group()), .01) >= 1/Level {
				alarms++
				break
			}
		}
	}
	t.Logf("%d false alarms in %d runs", alarms, runs)
	if alarms > 50 {
		t.Errorf("%d false alarms in %d runs, want at most 5 %%", alarms, runs)
	}
}
