package offer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// street is a shop with known truth: so many people a day, each shown one offer, each offer bringing an order with its own chance, after a delay.
type street struct {
	rates  []float64
	perDay int
	delay  func(*rand.Rand) time.Duration
}

// policy chooses an offer for the t-th person from what is known at a time.
type policy interface {
	choose(rng *rand.Rand, t int, now time.Time, known []*learned) int
}

// fresh is how many people come between two looks at the results: a process learns every 20 seconds.
const fresh = 100

// thompson is the product's own choice, made with what the Chooser makes of the results.
type thompson struct {
	sampler *Sampler
	seeds   []uint64
	among   []int
	draws   []draw
	looked  int
}

func (p *thompson) choose(rng *rand.Rand, t int, now time.Time, known []*learned) int {
	if p.sampler == nil || t-p.looked >= fresh {
		weights := Weights(make([]int64, len(known)))
		p.sampler, p.looked = NewSampler(beliefs(known, now), weights), t
	}
	if p.among == nil {
		for i := range known {
			p.among, p.seeds = append(p.among, i), append(p.seeds, mixed(fmt.Sprint(i)))
		}
	}
	p.draws = p.sampler.pick(p.draws, p.among, p.seeds, rng.Uint64())
	return p.draws[0].index
}

// uniform treats all offers alike.
type uniform struct{}

func (uniform) choose(rng *rand.Rand, _ int, _ time.Time, known []*learned) int {
	return rng.IntN(len(known))
}

// exploreThenCommit tries each offer equally often and then keeps to the one with the highest observed rate: what a marketer does with a test and a date.
type exploreThenCommit struct {
	explore int // people in all
	kept    int
}

func (p *exploreThenCommit) choose(_ *rand.Rand, t int, _ time.Time, known []*learned) int {
	if t < p.explore {
		return t % len(known)
	}
	if p.kept < 0 {
		best := -1.0
		for i, m := range known {
			sum := m.total()
			if rate := float64(sum.Rewarded()) / float64(max(sum.Subjects, 1)); rate > best {
				best, p.kept = rate, i
			}
		}
	}
	return p.kept
}

// arrival is an order on its way.
type arrival struct {
	at     time.Time
	offer  int
	cohort int
	part   int
}

// regret lives through people and returns, at each of the wanted numbers of people, how many orders fewer the choices brought in expectation than the best offer had.
func (s street) regret(seed uint64, p policy, at ...int) []float64 {
	rng := rand.New(rand.NewPCG(seed, 7))
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	known := make([]*learned, len(s.rates))
	best := 0.0
	for i, r := range s.rates {
		known[i], best = &learned{}, max(best, r)
	}
	var coming []arrival
	lost, out := 0.0, make([]float64, 0, len(at))
	for t := range at[len(at)-1] {
		now := begin.Add(24 * time.Hour * time.Duration(t) / time.Duration(s.perDay))
		if day := dayText(now); t%s.perDay == 0 {
			for _, m := range known {
				m.recent = append(m.recent, Cohort{Day: day})
			}
		}
		if t%fresh == 0 {
			waiting := coming[:0]
			for _, a := range coming {
				if a.at.After(now) {
					waiting = append(waiting, a)
				} else {
					known[a.offer].recent[a.cohort].Delays[a.part]++
				}
			}
			coming = waiting
		}
		i := p.choose(rng, t, now, known)
		cohort := len(known[i].recent) - 1
		known[i].recent[cohort].Subjects++
		lost += best - s.rates[i]
		if rng.Float64() < s.rates[i] {
			if d := s.delay(rng); bucketOf(d) >= 0 {
				coming = append(coming, arrival{now.Add(d), i, cohort, bucketOf(d)})
			}
		}
		if t+1 == at[len(out)] {
			out = append(out, lost)
		}
	}
	return out
}

func atOnce(*rand.Rand) time.Duration { return 0 }

// overDays is an order in the hour for half, and then with two and a half days on average.
func overDays(rng *rand.Rand) time.Duration {
	if rng.Float64() < 0.5 {
		return time.Duration(rng.Float64() * float64(time.Hour))
	}
	return time.Duration(rng.ExpFloat64() * 60 * float64(time.Hour))
}

// TestRegret holds the choice against the truth: it loses fewer orders than treating all alike and than testing and committing, and what it loses grows slower than the number of people, with orders
// at once and over days. Explore-then-commit is given its best exploration of several, chosen with the truth in hand.
func TestRegret(t *testing.T) {
	const runs, people = 12, 24_000
	streets := map[string]street{
		"orders at once":   {[]float64{0.010, 0.020, 0.030, 0.045, 0.025}, 1000, atOnce},
		"orders over days": {[]float64{0.010, 0.020, 0.030, 0.045, 0.025}, 1000, overDays},
	}
	for name, s := range streets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := []int{people / 8, people / 4, people / 2, people}
			mean := func(begin func() policy) []float64 {
				sum := make([]float64, len(at))
				for seed := range uint64(runs) {
					for i, r := range s.regret(seed, begin(), at...) {
						sum[i] += r / runs
					}
				}
				return sum
			}
			ours := mean(func() policy { return &thompson{} })
			alike := mean(func() policy { return uniform{} })
			commit, explored := []float64(nil), 0
			for _, n := range []int{500, 1500, 3000, 6000} {
				if m := mean(func() policy { return &exploreThenCommit{n, -1} }); commit == nil || m[3] < commit[3] {
					commit, explored = m, n
				}
			}
			exponent := math.Log(ours[3]/ours[1]) / math.Log(4)
			t.Logf("orders lost after %v people, mean of %d runs: Thompson %.0f, explore %d then commit %.0f, uniform %.0f; Thompson grows as people^%.2f", at, runs, ours, explored, commit, alike, exponent)
			if ours[3] > 0.5*alike[3] || ours[3] > commit[3] {
				t.Errorf("Thompson sampling loses %.0f orders, uniform choice %.0f, explore-then-commit %.0f", ours[3], alike[3], commit[3])
			}
			if exponent > 0.8 {
				t.Errorf("the loss grows as people^%.2f", exponent)
			}
		})
	}
}
