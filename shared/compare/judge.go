package compare

import (
	"fmt"
	"math"

	"shopkeeper/shared/experiment"
	"shopkeeper/shared/experiment/interleave"
	"shopkeeper/shared/recommend"
)

// Where intervals are the tightest: visitors with an outcome in both arms of a split, and visitors with a credited click. Chosen once for all trials, before any look.
const (
	splitTuning      = 1000
	preferenceTuning = 300
)

// The measures, in the order in which they stand.
const (
	clicks = iota
	orders
	revenue
	measures
)

var measureNames = [measures]string{"clicks", "orders", "revenue"}

// level is what each of the measures may miss the truth with.
const level = experiment.Level / measures

// sums is what the visitors of an arm did.
type sums struct {
	Arm
	of [measures]experiment.Moments
}

// count adds a visitor.
func (s *sums) count(u *unit) {
	s.Visitors++
	s.Exposures += u.shown
	s.Replaced += u.replaced
	s.Clicks += u.clicks
	s.Orders += u.orders
	s.Revenue += u.revenue
	if u.clicks > 0 {
		s.Clicked++
	}
	if u.orders > 0 {
		s.Ordered++
	}
	for n, x := range [measures]int64{clicks: u.clicks, orders: u.orders, revenue: u.revenue} {
		s.of[n].Add(float64(x))
	}
}

// outcomes is how many visitors have an outcome.
func (s *sums) outcomes(measure int) int64 {
	if measure == clicks {
		return s.Clicked
	}
	return s.Ordered
}

// standing is a trial summed up.
type standing struct {
	arms [2]sums // of an interleaving the first has everybody
	wins interleave.Standing
	each [2]int64 // clicks credited to each
}

func (g *gathering) sum() *standing {
	s := &standing{}
	for _, u := range g.units {
		s.count(u)
	}
	return s
}

func (s *standing) count(u *unit) {
	if u.arm == recommend.ArmB {
		s.arms[1].count(u)
		return
	}
	s.arms[0].count(u)
	s.wins.Count(interleave.Tally{}, u.tally)
	s.each[0] += u.tally.A
	s.each[1] += u.tally.B
}

// enter writes what is known into the report.
func (s *standing) enter(r *Report, t recommend.Trial) {
	if r.Method == recommend.Interleave {
		s.enterPreference(r, t)
		return
	}
	a, b := &s.arms[0], &s.arms[1]
	a.Name, a.Version, b.Name, b.Version = "A", t.VersionA(), "B", t.VersionB()
	r.Arms = []Arm{a.Arm, b.Arm}
	r.Measures = s.compare()
	r.judge()
	if _, p := experiment.Ratio([]int64{a.Visitors, b.Visitors}, []float64{1 - t.Share, t.Share}); p < experiment.Broken {
		r.Verdict, r.Text = Broken, fmt.Sprintf("Do not read this: %.1f %% of the visitors are in arm B, and it should be %.1f %%. Visitors get lost on the way.", 100*float64(b.Visitors)/float64(a.Visitors+b.Visitors), 100*t.Share)
	}
	r.warnReplaced(a.Replaced + b.Replaced)
}

// compare is the difference of the arms by each measure.
func (s *standing) compare() []Measure {
	out := make([]Measure, measures)
	q := experiment.Sequential{Alpha: level, Tuning: splitTuning}
	for n := range out {
		a, b := s.arms[0].of[n].Group(), s.arms[1].of[n].Group()
		e := experiment.Difference(b, a)
		out[n] = Measure{measureNames[n], a.Mean, b.Mean, e.Estimate, intervalOf(q.Rare(e, s.arms[1].outcomes(n), s.arms[0].outcomes(n)))}
	}
	return out
}

func intervalOf(i experiment.Interval) Interval {
	if !i.Known() || math.IsNaN(i.Low) || math.IsNaN(i.High) {
		return Interval{}
	}
	return Interval{true, i.Low, i.High}
}

func (s *standing) enterPreference(r *Report, t recommend.Trial) {
	all := s.arms[0].Arm
	for n, v := range [...]string{t.VersionA(), t.VersionB()} {
		r.Arms = append(r.Arms, Arm{Name: string("AB"[n]), Version: v, Visitors: all.Visitors, Exposures: all.Exposures, Clicks: s.each[n]})
	}
	i := intervalOf(s.wins.Interval(experiment.Sequential{Tuning: preferenceTuning}))
	r.Preference = &Preference{WinsA: s.wins.WinsA, WinsB: s.wins.WinsB, Ties: s.wins.Ties, Estimate: s.wins.Preference().Estimate, Interval: i}
	switch i.says() {
	case 1:
		r.Verdict, r.Text = BetterB, "B is better: visitors click more on what it picks."
	case -1:
		r.Verdict, r.Text = BetterA, "A is better: visitors click more on what it picks."
	default:
		r.Verdict, r.Text = Early, "It is too early to say: "+s.waiting()
	}
	r.warnReplaced(all.Replaced)
}

// waiting says what an interleaving still needs.
func (s *standing) waiting() string {
	if n := s.wins.Visitors(); n < experiment.Enough {
		return fmt.Sprintf("%d visitors have clicked on something that only one of the models would show, and it takes at least %d.", n, experiment.Enough)
	}
	return "visitors do not prefer either so far."
}

func (r *Report) warnReplaced(n int64) {
	if n > 0 {
		r.warn("in %d answers an arm's model was not at hand, and another one answered: this makes a difference look smaller than it is", n)
	}
}

func (r *Report) warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...))
}
