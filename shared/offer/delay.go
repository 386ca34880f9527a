package offer

import (
	"math"
	"time"
)

// Delays is how orders come in after the first impression: Delays[j] is the share of the orders within the window that came within j+1 days. The last is 1.
//
// Young cohorts have shown only their quick orders, so a plain histogram makes orders look quicker than they are. The estimate is that for right-truncated data (Lagakos, Barraj, De Gruttola 1988):
// the share that came on day j of those that came by its end, among cohorts that were already observed for so long, multiplied from the end backwards. A prior worth
// priorOrders keeps it sensible while there are few.
type Delays [DelayDays]float64

// The prior of the delays: half of what is left comes every day and a half, as seen of offers at the start.
const (
	priorOrders = 8.0
	priorDecay  = 1.5 // days
)

// Aged is a cohort with how long it was observed.
type Aged struct {
	Subjects int64
	Rewarded [DelayDays]int64 // by whole days of delay
	Age      float64          // days since the subjects saw it, on average
	Observed int              // whole days that everybody in it was observed for
}

// AgeOf is the cohort at a time. Its subjects came spread over their day, or over as much of it as has passed.
func AgeOf(c Cohort, now time.Time) Aged {
	a := Aged{Subjects: c.Subjects, Rewarded: c.Delays}
	day, err := time.Parse(dayLayout, c.Day)
	if err != nil || !day.Before(now) {
		return a
	}
	end := day.Add(24 * time.Hour)
	if end.After(now) {
		end = now
	}
	a.Age = (now.Sub(day) - end.Sub(day)/2).Hours() / 24
	a.Observed = int(now.Sub(end) / (24 * time.Hour))
	return a
}

// LearnDelays estimates the delays from cohorts of any offers.
func LearnDelays(cohorts []Aged) Delays {
	var by [DelayDays]float64 // by[j]: prior orders within j+1 days
	for j := range by {
		by[j] = priorOrders * (1 - math.Exp2(-float64(j+1)/priorDecay)) / (1 - math.Exp2(-float64(DelayDays)/priorDecay))
	}
	var d Delays
	d[DelayDays-1] = 1
	for j := DelayDays - 1; j > 0; j-- {
		on, upTo := by[j]-by[j-1], by[j]
		for _, c := range cohorts {
			if c.Observed <= j {
				continue
			}
			on += float64(c.Rewarded[j])
			for _, n := range c.Rewarded[:j+1] {
				upTo += float64(n)
			}
		}
		d[j-1] = d[j] * (1 - on/upTo)
	}
	return d
}

// Seen is the share of the orders that has come in from subjects who saw an offer so many days ago.
func (d *Delays) Seen(days float64) float64 {
	if days <= 0 {
		return 0
	}
	j := int(days)
	if j >= DelayDays {
		return 1
	}
	before := 0.0
	if j > 0 {
		before = d[j-1]
	}
	return before + (days-float64(j))*(d[j]-before)
}

// Evidence is what is known of an offer's rate: rewards, of so many trials that have had their chance.
type Evidence struct{ Trials, Rewards float64 }

// Evidence counts each cohort for the part of its orders that can have come by now: a hundred subjects of this morning, of whose orders a tenth comes on the first day, are worth ten trials.
func (d *Delays) Evidence(cohorts []Aged) (e Evidence) {
	for _, c := range cohorts {
		rewards := 0.0
		for _, n := range c.Rewarded {
			rewards += float64(max(n, 0))
		}
		e.Rewards += rewards
		e.Trials += max(float64(c.Subjects)*d.Seen(c.Age), rewards)
	}
	return e
}
