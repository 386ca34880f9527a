package evaluate

import (
	"math"

	"shopkeeper/shared/experiment"
)

// Expected is the number of people with an outcome at which always-valid intervals of campaigns are the tightest: what a campaign to some ten thousand people of a small shop brings.
const Expected = 500

var metrics = []Metric{Visit, Conversion, Orders, Spend, Profit}

// lifts compares every group with the control group, and the variants with the first of them; adjusted says whether to take out what was spent before.
func lifts(o Outcomes, margin float64, adjusted bool) []Lift {
	minor := minorUnit(o.Currency)
	var all []Lift
	for _, pair := range pairs(o.Groups) {
		treated, control := &o.Groups[pair[0]], &o.Groups[pair[1]]
		for _, m := range metrics {
			a, known := treated.metric(m, minor, margin)
			b, both := control.metric(m, minor, margin)
			if !known || !both {
				continue
			}
			l := compare(m, a, b, treated.active(m), control.active(m))
			l.Group, l.Against = treated.Name, control.Name
			if adjusted && m == Spend && treated.Before && control.Before {
				l.Adjusted = adjust(treated.Spend, control.Spend, minor)
			}
			all = append(all, l)
		}
	}
	return all
}

// pairs are the indexes of groups to compare: each with the control group, which is the first, then each further variant with the first one.
func pairs(groups []Outcome) [][2]int {
	var all [][2]int
	first := 0
	if len(groups) > 0 && groups[0].Control {
		for i := 1; i < len(groups); i++ {
			all = append(all, [2]int{i, 0})
		}
		first = 1
	}
	for i := first + 1; i < len(groups); i++ {
		all = append(all, [2]int{i, first})
	}
	return all
}

func compare(m Metric, treated, control experiment.Moments, active, base int64) Lift {
	a, b := treated.Group(), control.Group()
	d, r := experiment.Difference(a, b), experiment.Relative(a, b)
	sequential := experiment.Sequential{Tuning: Expected}
	l := Lift{
		Metric: m, Treated: a.Mean, Control: b.Mean, Difference: d.Estimate, P: d.P(),
		Fixed: bounds(d.Fixed(experiment.Level)), Always: bounds(sequential.Rare(d, active, base)),
	}
	if !math.IsNaN(d.SE) {
		l.SE, l.DF = d.SE, d.DF
	}
	if l.Fixed != nil {
		l.T = new(d.T())
	}
	if m.Share() && l.Fixed != nil {
		l.Z = new(experiment.PooledZ(int64(treated.Sum), treated.N, int64(control.Sum), control.N))
	}
	if !math.IsNaN(r.Estimate) {
		l.Relative = &Relative{Lift: r.Estimate, SE: r.SE, Fixed: bounds(r.Fixed(experiment.Level)), Always: bounds(sequential.Rare(r, active, base))}
	}
	return l
}

// adjust is the CUPED difference in whole units.
func adjust(treated, control experiment.Pairs, minor float64) *Adjusted {
	theta := experiment.Theta(treated, control)
	d := experiment.Difference(treated.Adjusted(theta), control.Adjusted(theta))
	if math.IsNaN(d.SE) {
		return nil
	}
	both := treated
	both.Merge(control)
	a := &Adjusted{Theta: theta, Correlation: both.Correlation(), Difference: d.Estimate * minor, SE: d.SE * minor}
	if b := bounds(d.Fixed(experiment.Level)); b != nil {
		a.Fixed = &Bounds{b.Low * minor, b.High * minor}
	}
	return a
}

// ratio tests the sizes of groups against their shares; nil for fewer than two.
func ratio(groups []Group) *Ratio {
	if len(groups) < 2 {
		return nil
	}
	sizes, shares := make([]int64, len(groups)), make([]float64, len(groups))
	for i, g := range groups {
		sizes[i], shares[i] = g.People, g.Share
	}
	chi2, p := experiment.Ratio(sizes, shares)
	r := &Ratio{ChiSquare: chi2, DF: len(groups) - 1, P: p, Broken: p < experiment.Broken}
	if math.IsInf(chi2, 0) {
		r.ChiSquare = math.MaxFloat64
	}
	return r
}
