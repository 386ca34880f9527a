package interleave

import (
	"math/rand/v2"
	"slices"
	"testing"

	"shopkeeper/shared/experiment"
	"shopkeeper/shared/recommend/item"
)

// The world of the simulation: a visitor likes a fifth of the goods; a ranker sees liking through noise, anew for every visit, so that two rankers of equal worth disagree. Visitors look
// from the top, go on after each place with probability onward, and click what they like with probability liked, anything else with probability stray. Some come back.
const (
	goods   = 24
	places  = 8
	onward  = .85
	liked   = .25
	stray   = .03
	again   = .3 // share of visits by somebody who has been here before
	between = 25 // visits from look to look
	runs    = 1000
)

// person is a visitor: what is liked, and what was done in either kind of test.
type person struct {
	likes  [goods]bool
	tally  Tally
	arm    int
	clicks float64
}

type world struct {
	r      *rand.Rand
	people []person
	a, b   []item.Scored
	list   []Place
	top    item.Top
}

func newWorld(seed uint64) *world { return &world{r: rand.New(rand.NewPCG(seed, 21))} }

// visit is somebody new or, now and then, somebody known.
func (w *world) visit() (p *person, first bool) {
	if len(w.people) > 0 && w.r.Float64() < again {
		return &w.people[w.r.IntN(len(w.people))], false
	}
	made := person{arm: w.r.IntN(2)}
	for i := range made.likes {
		made.likes[i] = w.r.Float64() < .2
	}
	w.people = append(w.people, made)
	return &w.people[len(w.people)-1], true
}

func (w *world) rank(dst []item.Scored, p *person, noise float64) []item.Scored {
	w.top.Reset(places)
	for i := range goods {
		score := noise * w.r.NormFloat64()
		if p.likes[i] {
			score++
		}
		w.top.Offer(item.Ordinal(i), float32(score))
	}
	return w.top.Append(dst)
}

// looks says whether the visitor clicks what stands at a place, and whether the next place is looked at.
func (w *world) looks(p *person, i item.Ordinal) (click, on bool) {
	chance := stray
	if p.likes[i] {
		chance = liked
	}
	return w.r.Float64() < chance, w.r.Float64() < onward
}

// interleaved is the number of visits after which a look decides between rankers, and whether for B; 0 when none does.
func interleaved(seed uint64, visits int, noiseA, noiseB float64) (decided int, forB bool, left Standing) {
	w := newWorld(seed)
	var s Standing
	q := experiment.Sequential{Tuning: 300}
	for n := 1; n <= visits; n++ {
		p, _ := w.visit()
		w.a, w.b = w.rank(w.a[:0], p, noiseA), w.rank(w.b[:0], p, noiseB)
		w.list = Draft(w.list[:0], w.a, w.b, places, w.r.Uint64())
		before := p.tally
		for _, place := range w.list {
			click, on := w.looks(p, place.Item)
			if click {
				p.tally.Add(Credit(w.list, place.Item))
			}
			if !on {
				break
			}
		}
		s.Count(before, p.tally)
		if i := s.Interval(q); n%between == 0 && decided == 0 && !i.Covers(0) {
			decided, forB = n, i.Low > 0
		}
	}
	return decided, forB, s
}

// split is the same by an A/B test: every visitor sees one of the rankers, clicks a visitor are compared.
func split(seed uint64, visits int, noiseA, noiseB float64) (decided int, forB, hasty bool) {
	w := newWorld(seed)
	var arms [2]experiment.Moments
	q := experiment.Sequential{Tuning: 2000}
	for n := 1; n <= visits; n++ {
		p, first := w.visit()
		noise := noiseA
		if p.arm == 1 {
			noise = noiseB
		}
		before := p.clicks
		w.a = w.rank(w.a[:0], p, noise)
		for _, s := range w.a {
			click, on := w.looks(p, s.Item)
			if click {
				p.clicks++
			}
			if !on {
				break
			}
		}
		m := &arms[p.arm]
		if first {
			m.N++
		}
		m.Sum += p.clicks - before
		m.Squares += p.clicks*p.clicks - before*before
		if n%between > 0 || len(w.people) < 2*experiment.Enough {
			continue
		}
		e := experiment.Difference(arms[1].Group(), arms[0].Group())
		hasty = hasty || !e.Fixed(experiment.Level).Covers(0)
		if i := q.Interval(e, float64(len(w.people))); decided == 0 && !i.Covers(0) {
			decided, forB = n, i.Low > 0
		}
	}
	return decided, forB, hasty
}

// TestFalseAlarms compares rankers of equal worth in 1,000 experiments that are looked at after every 25 visits.
func TestFalseAlarms(t *testing.T) {
	t.Parallel()
	const visits = 750
	var drafts, splits, hasty, winsA, winsB int
	for run := range runs {
		decided, _, s := interleaved(uint64(run), visits, .6, .6)
		if decided > 0 {
			drafts++
		}
		winsA, winsB = winsA+int(s.WinsA), winsB+int(s.WinsB)
		decided, _, fooled := split(uint64(run), visits, .6, .6)
		if decided > 0 {
			splits++
		}
		if fooled {
			hasty++
		}
	}
	t.Logf("of %d experiments without a difference, %d looks each: interleaving called one in %d, the A/B test in %d, an A/B test with plain intervals in %d; wins %d to %d", runs, visits/between, drafts, splits, hasty, winsA, winsB)
	if drafts > runs*5/100 || splits > runs*5/100 {
		t.Errorf("false alarms: interleaving %d, A/B %d of %d, want at most 5 %%", drafts, splits, runs)
	}
	if hasty < runs/10 {
		t.Errorf("plain intervals were fooled in %d runs only: the simulation looks too seldom to prove anything", hasty)
	}
	if share := float64(winsB) / float64(winsA+winsB); share < .495 || share > .505 {
		t.Errorf("B wins %.4f of the visitors against its equal", share)
	}
}

// TestPower compares a ranker with a better one, interleaved and in an A/B test with the same traffic.
func TestPower(t *testing.T) {
	t.Parallel()
	const trials, visits, soon = 60, 10_000, 1000
	decisions := map[string][]int{}
	for run := range trials {
		for _, test := range []string{"interleaved", "A/B"} {
			var decided int
			var forB bool
			if test == "A/B" {
				decided, forB, _ = split(uint64(run), visits, .65, .4)
			} else {
				decided, forB, _ = interleaved(uint64(run), visits, .65, .4)
			}
			if decided > 0 && !forB {
				t.Errorf("%s, run %d: the worse ranker wins", test, run)
			}
			if decided == 0 {
				decided = visits + 1
			}
			decisions[test] = append(decisions[test], decided)
		}
	}
	found, median := map[string]int{}, map[string]int{}
	for test, at := range decisions {
		slices.Sort(at)
		median[test] = at[trials/2]
		for _, n := range at {
			if n <= soon {
				found[test]++
			}
		}
	}
	t.Logf("within %d visits interleaving decides %d of %d, the A/B test %d; half are decided after %d and %d visits: %.1f times the traffic", soon, found["interleaved"], trials, found["A/B"],
		median["interleaved"], median["A/B"], float64(median["A/B"])/float64(median["interleaved"]))
	if median["interleaved"]*2 > median["A/B"] || found["interleaved"] <= found["A/B"] {
		t.Errorf("interleaving is no surer with the same traffic: medians %v, found %v", median, found)
	}
}
