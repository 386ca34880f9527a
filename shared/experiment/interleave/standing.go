package interleave

import (
	"math"

	"shopkeeper/shared/experiment"
	"shopkeeper/shared/recommend/item"
)

// Credit is the team that a click on an item of the list counts for.
func Credit(list []Place, clicked item.Ordinal) Team {
	for _, p := range list {
		if p.Item == clicked {
			return p.Team
		}
	}
	return Nobody
}

// Tally is one visitor's credited clicks.
type Tally struct {
	A int64 `json:"a"`
	B int64 `json:"b"`
}

// Add counts one click.
func (t *Tally) Add(team Team) {
	switch team {
	case A:
		t.A++
	case B:
		t.B++
	}
}

// outcome is what the visitor says: 1 for B, -1 for A, 0 for both alike.
func (t Tally) outcome() float64 {
	switch {
	case t.B > t.A:
		return 1
	case t.A > t.B:
		return -1
	}
	return 0
}

// Standing is how two rankings do so far. The zero value is the beginning. It sums up whole numbers, so that parts gathered apart merge exactly.
type Standing struct {
	WinsA, WinsB, Ties int64
}

// Count takes a visitor into account whose tally was before and is after now; before is zero for a new visitor.
func (s *Standing) Count(before, after Tally) {
	s.shift(before, -1)
	s.shift(after, 1)
}

func (s *Standing) shift(t Tally, by int64) {
	switch {
	case t == Tally{}:
	case t.outcome() > 0:
		s.WinsB += by
	case t.outcome() < 0:
		s.WinsA += by
	default:
		s.Ties += by
	}
}

// Merge counts the visitors of another part; nobody may be in both.
func (s *Standing) Merge(o Standing) {
	s.WinsA, s.WinsB, s.Ties = s.WinsA+o.WinsA, s.WinsB+o.WinsB, s.Ties+o.Ties
}

// Visitors is how many count.
func (s Standing) Visitors() int64 { return s.WinsA + s.WinsB + s.Ties }

// Share is B's share of the visitors, a tie being half a visitor for each; 0.5 when nobody counts.
func (s Standing) Share() float64 { return .5 + s.Preference().Estimate/2 }

// Preference is the mean of what visitors say, from -1 (all for A) to 1 (all for B). Its error is that of a sample with one more visitor for either side: where all agree so far, a
// variance of zero would claim to know everything.
func (s Standing) Preference() experiment.Effect {
	n := float64(s.Visitors())
	if n == 0 {
		return experiment.Effect{SE: math.NaN()}
	}
	wins := float64(s.WinsB - s.WinsA)
	mean, squares, more := wins/n, float64(s.WinsA+s.WinsB)+2, n+2
	variance := (squares - wins*wins/more) / (more - 1)
	return experiment.Effect{Estimate: mean, SE: math.Sqrt(variance / n), DF: n + 1}
}

// Interval is the always-valid interval of the preference. Fewer than experiment.Enough visitors tell nothing.
func (s Standing) Interval(q experiment.Sequential) experiment.Interval {
	if s.Visitors() < experiment.Enough {
		return experiment.Interval{Low: math.Inf(-1), High: math.Inf(1)}
	}
	return q.Interval(s.Preference(), float64(s.Visitors()))
}
