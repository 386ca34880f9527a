package offer

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// street is a shop with known truth: so many people a day, each shown one offer, each offer bringing an order with its own chance, after a delay. People are strangers, returning or buyers, and
// each is interested in one offer's goods or in none; rates multiply by what that is worth.
type street struct {
	rates  []float64
	perDay int
	delay  func(*rand.Rand) time.Duration
	worth  func(offer int, known Situation, cares bool) float64 // nil: people are all alike
}

// passer is somebody in the street.
type passer struct {
	known Situation
	cares int // for which offer; -1 for none
}

func (s street) passer(rng *rand.Rand) passer {
	p := passer{known: Situation(rng.IntN(3)), cares: -1}
	if rng.Float64() < 0.6 {
		p.cares = rng.IntN(len(s.rates))
	}
	return p
}

func (p passer) meets(offer int) Situation {
	if p.cares == offer {
		return p.known + interested
	}
	return p.known
}

func (s street) rate(offer int, p passer) float64 {
	if s.worth == nil {
		return s.rates[offer]
	}
	return s.rates[offer] * s.worth(offer, p.known, p.cares == offer)
}

// bestFixed is what the best offer brings per person, were it shown to everybody.
func (s street) bestFixed() float64 {
	best := 0.0
	for o := range s.rates {
		sum := 0.0
		for known := range Situation(3) {
			sum += (s.rate(o, passer{known, -1})*(1-0.6/float64(len(s.rates))) + s.rate(o, passer{known, o})*0.6/float64(len(s.rates))) / 3
		}
		best = max(best, sum)
	}
	return best
}

// policy chooses an offer for the t-th person from what is known at a time.
type policy interface {
	choose(rng *rand.Rand, t int, now time.Time, who passer, known []*learned) int
}

// fresh is how many people come between two looks at the results: here ten hours' worth, far more than in the product, where a process learns every 20 seconds.
const fresh = 400

// thompson is the product's own choice, made with what the Chooser makes of the results.
type thompson struct {
	blind   bool // to situations
	sampler *Sampler
	seeds   []uint64
	among   []int
	draws   []draw
	looked  int
}

func (p *thompson) choose(rng *rand.Rand, t int, now time.Time, who passer, known []*learned) int {
	if p.sampler == nil || t-p.looked >= fresh {
		p.sampler, p.looked = sampler(known, make([]int64, len(known)), now), t
	}
	if p.seeds == nil {
		for i := range known {
			for range Situations {
				p.seeds = append(p.seeds, mixed(fmt.Sprint(i)))
			}
		}
	}
	p.among = p.among[:0]
	for i := range known {
		p.among = append(p.among, arm(i, p.sees(who, i)))
	}
	p.draws = p.sampler.pick(p.draws, p.among, p.seeds, rng.Uint64())
	return p.draws[0].index / Situations
}

func (p *thompson) sees(who passer, offer int) Situation {
	if p.blind {
		return stranger
	}
	return who.meets(offer)
}

// uniform treats all offers alike.
type uniform struct{}

func (uniform) choose(rng *rand.Rand, _ int, _ time.Time, _ passer, known []*learned) int {
	return rng.IntN(len(known))
}

// exploreThenCommit tries each offer equally often and then keeps to the one with the highest observed rate: what a marketer does with a test and a date.
type exploreThenCommit struct {
	explore int // people in all
	kept    int
}

func (p *exploreThenCommit) choose(_ *rand.Rand, t int, _ time.Time, _ passer, known []*learned) int {
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
	met    int
}

// regret lives through people and returns, at each of the wanted numbers of people, how many orders fewer the choices brought in expectation than the best offer had, shown to everybody: below 0 where
// choosing by the customer brings more than any one offer can.
func (s street) regret(seed uint64, p policy, at ...int) []float64 {
	rng := rand.New(rand.NewPCG(seed, 7))
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	known := make([]*learned, len(s.rates))
	best := s.bestFixed()
	for i := range s.rates {
		known[i] = &learned{}
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
					known[a.offer].recent[a.cohort].reward(a.part, a.met, 1)
				}
			}
			coming = waiting
		}
		who := s.passer(rng)
		i := p.choose(rng, t, now, who, known)
		met := who.meets(i)
		if ours, ok := p.(*thompson); ok {
			met = ours.sees(who, i)
		}
		cohort := len(known[i].recent) - 1
		known[i].recent[cohort].Subjects++
		known[i].recent[cohort].In[met].Subjects++
		rate := s.rate(i, who)
		lost += best - rate
		if rng.Float64() < rate {
			if d := s.delay(rng); bucketOf(d) >= 0 {
				coming = append(coming, arrival{now.Add(d), i, cohort, bucketOf(d), int(met) + 1})
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

// rounds is how many lives are averaged: few in every test run, as many as OFFER_RUNS says where figures are wanted.
func rounds(t *testing.T) int {
	n, err := strconv.Atoi(cmp.Or(os.Getenv("OFFER_RUNS"), "3"))
	if err != nil || n < 1 {
		t.Fatalf("OFFER_RUNS=%q is not a number of runs", os.Getenv("OFFER_RUNS"))
	}
	return n
}

// TestRegret holds the choice against the truth: it loses fewer orders than treating all alike and than testing and committing, and what it loses grows slower than the number of people, with orders
// at once and over days. Explore-then-commit is given its best exploration of several, chosen with the truth in hand.
func TestRegret(t *testing.T) {
	const people, enough = 24_000, 12
	runs := rounds(t)
	streets := map[string]street{
		"orders at once":   {[]float64{0.010, 0.020, 0.030, 0.045, 0.025}, 1000, atOnce, nil},
		"orders over days": {[]float64{0.010, 0.020, 0.030, 0.045, 0.025}, 1000, overDays, nil},
	}
	for name, s := range streets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := []int{people / 8, people / 4, people / 2, people}
			mean := func(runs int, begin func() policy) []float64 {
				sum := make([]float64, len(at))
				for seed := range runs {
					for i, r := range s.regret(uint64(seed), begin(), at...) {
						sum[i] += r / float64(runs)
					}
				}
				return sum
			}
			ours := mean(runs, func() policy { return &thompson{} })
			alike := mean(enough, func() policy { return uniform{} })
			commit, explored := []float64(nil), 0
			for _, n := range []int{500, 1500, 3000, 6000} {
				if m := mean(enough, func() policy { return &exploreThenCommit{n, -1} }); commit == nil || m[3] < commit[3] {
					commit, explored = m, n
				}
			}
			exponent := math.Log(ours[3]/ours[1]) / math.Log(4)
			t.Logf("orders lost after %v people, mean of %d runs (the others %d): Thompson %.0f, explore %d then commit %.0f, uniform %.0f; Thompson grows as people^%.2f", at, runs, enough, ours, explored, commit, alike, exponent)
			if ours[3] > 0.5*alike[3] || ours[3] > commit[3] {
				t.Errorf("Thompson sampling loses %.0f orders, uniform choice %.0f, explore-then-commit %.0f", ours[3], alike[3], commit[3])
			}
			if exponent > 0.8 {
				t.Errorf("the loss grows as people^%.2f", exponent)
			}
		})
	}
}

// TestRegretInSituations holds the choice in a shop whose customers differ: what wins strangers bores buyers, and whoever cares for an offer's goods orders three times as often. It must bring more than
// the best offer shown to everybody, and than the same choice that knows no situations.
func TestRegretInSituations(t *testing.T) {
	t.Parallel()
	const people = 24_000
	runs := rounds(t)
	suits := []Situation{stranger, buyer, returning, buyer, stranger}
	worth := func(offer int, known Situation, cares bool) float64 {
		w := 0.6
		if suits[offer] == known {
			w = 1.8
		}
		if cares {
			w *= 3
		}
		return w
	}
	for name, delay := range map[string]func(*rand.Rand) time.Duration{"orders at once": atOnce, "orders over days": overDays} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := street{[]float64{0.020, 0.020, 0.025, 0.030, 0.020}, 1000, delay, worth}
			mean := func(begin func() policy) (sum float64) {
				for seed := range runs {
					sum += s.regret(uint64(seed), begin(), people)[0] / float64(runs)
				}
				return sum
			}
			ours, blind, alike := mean(func() policy { return &thompson{} }), mean(func() policy { return &thompson{blind: true} }), mean(func() policy { return uniform{} })
			t.Logf("orders lost against the best offer shown to everybody (of %.0f), after %d people, mean of %d runs: by situation %.0f, without situations %.0f, uniform %.0f",
				s.bestFixed()*people, people, runs, ours, blind, alike)
			if ours >= 0 || ours >= blind {
				t.Errorf("choosing by situation loses %.0f orders against the best fixed offer, without situations %.0f", ours, blind)
			}
		})
	}
}
