package offpolicy

import (
	"math"
	"math/rand/v2"
	"testing"
)

const runs = 1000

// The world of the simulation: two kinds of visitors, four actions, each with its chance of success; the log's policy mostly does what the other mostly does not.
var (
	success = [2][4]float64{{.05, .15, .30, .10}, {.25, .10, .05, .20}}
	logging = [4]float64{.4, .3, .1, .2}
	other   = [2][4]float64{{.1, .1, .7, .1}, {.6, .1, .1, .2}}
)

func truth() (v float64) {
	for kind := range 2 {
		for a := range 4 {
			v += .5 * other[kind][a] * success[kind][a]
		}
	}
	return v
}

func pick(r *rand.Rand, chances [4]float64) int {
	u := r.Float64()
	for a, c := range chances {
		if u -= c; u < 0 {
			return a
		}
	}
	return len(chances) - 1
}

// model is what the reward model says: the truth, or nonsense.
type model func(kind, action int) float64

func right(kind, action int) float64 { return success[kind][action] }

func wrong(kind, action int) float64 { return float64(action) / 5 }

// single is a log of single choices. said is the propensity that the log claims.
func single(seed uint64, n int, q model, said [4]float64) []Decision {
	r := rand.New(rand.NewPCG(seed, 31))
	log := make([]Decision, n)
	for i := range log {
		kind := r.IntN(2)
		a := pick(r, logging)
		d := Decision{Unit: i, Propensity: said[a], Policy: other[kind][a], Predicted: q(kind, a)}
		for b, p := range other[kind] {
			d.Value += p * q(kind, b)
		}
		if r.Float64() < success[kind][a] {
			d.Reward = 1
		}
		log[i] = d
	}
	return log
}

// TestCoverage: over 1,000 logs the 95 % intervals hold the truth about as often as they promise, and a good reward model narrows them.
func TestCoverage(t *testing.T) {
	t.Parallel()
	want := truth()
	covered := map[string]int{}
	var sum, squares [3]float64
	for run := range runs {
		e := Evaluate(single(uint64(run), 400, right, logging), Options{Seed: uint64(run)})
		for at, one := range []Estimate{e.IPS, e.SNIPS, e.DR} {
			if one.Covers(want) {
				covered[names[at]]++
			}
			sum[at] += one.Value
			squares[at] += one.Value * one.Value
		}
		if e.Effective >= float64(e.N) || e.Effective < Enough {
			t.Fatalf("%d decisions are worth %.0f", e.N, e.Effective)
		}
	}
	for at, name := range names {
		mean := sum[at] / runs
		variance := squares[at]/runs - mean*mean
		t.Logf("%-5s covers the truth %.4f in %d of %d; mean %.4f, standard deviation %.4f", name, want, covered[name], runs, mean, math.Sqrt(variance))
		if n := covered[name]; n < 930 || n > 970 {
			t.Errorf("%s covers the truth in %d of %d, want 93 to 97 %%", name, n, runs)
		}
		if math.Abs(mean-want) > 4*math.Sqrt(variance/runs)+.001 {
			t.Errorf("%s is %.4f on average, the truth is %.4f", name, mean, want)
		}
		squares[at] = variance
	}
	if squares[2] > .8*squares[0] {
		t.Errorf("with a good reward model DR's variance is %.2f of IPS's", squares[2]/squares[0])
	}
}

var names = [3]string{"IPS", "SNIPS", "DR"}

// TestDoublyRobust: DR is right when the model is nonsense and the propensities are right, and the other way round, where IPS is wrong.
func TestDoublyRobust(t *testing.T) {
	t.Parallel()
	even := [4]float64{.25, .25, .25, .25}
	for name, tt := range map[string]struct {
		q    model
		said [4]float64
		ips  bool
	}{
		"a nonsensical model":          {wrong, logging, true},
		"propensities that are not so": {right, even, false},
	} {
		t.Run(name, func(t *testing.T) {
			e, _ := point(single(7, 200_000, tt.q, tt.said), 0)
			if math.Abs(e.DR.Value-truth()) > .005 {
				t.Errorf("DR says %.4f, the truth is %.4f", e.DR.Value, truth())
			}
			if near := math.Abs(e.IPS.Value-truth()) < .005; near != tt.ips {
				t.Errorf("IPS says %.4f, the truth is %.4f", e.IPS.Value, truth())
			}
		})
	}
}

// TestClippingIsBias: a clipped IPS is low by E[(w - clip) r; w > clip]; DR with a good model is not.
func TestClippingIsBias(t *testing.T) {
	t.Parallel()
	const clip = 3
	low := 0.
	for kind := range 2 {
		for a, p := range logging {
			if w := other[kind][a] / p; w > clip {
				low += .5 * p * (w - clip) * success[kind][a]
			}
		}
	}
	var ips, dr float64
	const logs = 200
	for run := range logs {
		e, _ := point(single(uint64(run), 2000, right, logging), clip)
		if e.Clipped == 0 {
			t.Fatal("nothing was clipped")
		}
		ips += e.IPS.Value / logs
		dr += e.DR.Value / logs
	}
	t.Logf("clipped at %d: IPS %.4f, the truth %.4f less %.4f; DR %.4f", clip, ips, truth(), low, dr)
	if math.Abs(ips-(truth()-low)) > .003 || low < .02 {
		t.Errorf("IPS is %.4f on average, want the truth %.4f less %.4f", ips, truth(), low)
	}
	if math.Abs(dr-truth()) > .003 {
		t.Errorf("DR is %.4f on average, the truth is %.4f", dr, truth())
	}
}

// visits is a log of lists of three places, by visitors who come one to twelve times, some of whom never click. The log's policy draws a visitor's list once, as a page that stands still does.
func visits(seed uint64, visitors int) (log []Decision, want float64) {
	r := rand.New(rand.NewPCG(seed, 32))
	seen := [3]float64{1, .6, .4} // chance that a place is looked at
	for v := range visitors {
		kind, willing := r.IntN(2), 2*float64(r.IntN(2))
		var list [3]int
		for k := range list {
			list[k] = pick(r, logging)
		}
		for range 1 + r.IntN(12) {
			for k, a := range list {
				d := Decision{Unit: v, Place: k, Propensity: logging[a], Policy: other[kind][a]}
				if r.Float64() < willing*seen[k]*success[kind][a] {
					d.Reward = 1
				}
				log = append(log, d)
			}
		}
	}
	return log, truth() * (seen[0] + seen[1] + seen[2])
}

// TestListsByVisitor: intervals by visitor hold the truth, those by answer are far too narrow.
func TestListsByVisitor(t *testing.T) {
	t.Parallel()
	const logs = 100
	covered, single := 0, 0
	for run := range logs {
		log, want := visits(uint64(run), 250)
		if Evaluate(log, Options{Seed: uint64(run)}).SNIPS.Covers(want) {
			covered++
		}
		for at := range log {
			log[at].Unit = at / 3
		}
		if Evaluate(log, Options{Seed: uint64(run)}).SNIPS.Covers(want) {
			single++
		}
	}
	t.Logf("by visitor SNIPS covers the truth in %d of %d, by answer in %d", covered, logs, single)
	if covered < logs*86/100 || covered > logs*99/100 {
		t.Errorf("by visitor the truth is covered in %d of %d, want 86 to 99 %%", covered, logs)
	}
	if single > logs*80/100 {
		t.Errorf("by answer the truth is covered in %d of %d: the simulation does not show that visitors matter", single, logs)
	}
}

// TestManyUnits: merging units of a long log moves nothing but the draws.
func TestManyUnits(t *testing.T) {
	t.Parallel()
	_, g := point(single(3, 30_000, right, logging), 0)
	fine, coarse := g.bootstrap(1), g.coarse().bootstrap(1)
	for at, name := range names {
		a, b := fine[at].around(0), coarse[at].around(0)
		if wide := a.High - a.Low; math.Abs(a.Low-b.Low) > .15*wide || math.Abs(a.High-b.High) > .15*wide {
			t.Errorf("%s: %v of all units, %v of merged ones", name, a, b)
		}
	}
	if n := len(g.coarse().offsets) - 1; n != plenty {
		t.Errorf("%d units are left, want %d", n, plenty)
	}
}
