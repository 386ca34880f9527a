package offer

import (
	"time"
)

// Window is how long after it saw or clicked an offer a subject's order counts for it. The reward that the choice learns from is a subject's first order within the Window of its first impression.
const (
	windowDays = 7
	Window     = windowDays * 24 * time.Hour
)

// DelayBuckets is in how many parts the window is cut, DelayEdges where each ends: most orders come within the hour, so the first day is cut finer.
const DelayBuckets = 9

// DelayEdges are the ends of the parts; the last is the Window.
var DelayEdges = [DelayBuckets]time.Duration{
	time.Hour, 6 * time.Hour, 24 * time.Hour, 48 * time.Hour, 72 * time.Hour, 96 * time.Hour, 120 * time.Hour, 144 * time.Hour, Window,
}

// bucketOf is the part that a delay falls into; -1 outside of the window.
func bucketOf(delay time.Duration) int {
	if delay < 0 {
		return -1
	}
	for j, end := range DelayEdges {
		if delay < end {
			return j
		}
	}
	return -1
}

// Delays is how orders come in after the first impression: Delays[j] is the share of the orders within the window that came by DelayEdges[j]. The last is 1.
//
// Young cohorts have shown only their quick orders, so a plain histogram makes orders look quicker than they are. The estimate is that for right-truncated data (Lagakos, Barraj, De Gruttola 1988):
// the share that came in part j of those that came by its end, among cohorts that were already observed for so long, multiplied from the end backwards. A prior worth
// priorOrders keeps it sensible while there are few.
type Delays [DelayBuckets]float64

// The prior of the delays: a third within the hour, two thirds within the day, the rest ebbing away.
var priorDelays = Delays{0.36, 0.52, 0.67, 0.78, 0.86, 0.92, 0.96, 0.985, 1}

const priorOrders = 8.0

// Aged is a cohort with how long ago its subjects saw the offer: evenly between Youngest and Oldest.
type Aged struct {
	Subjects         int64
	Rewarded         [DelayBuckets]int64
	Youngest, Oldest time.Duration
}

// AgeOf is the cohort at a time. Its subjects came evenly over their day, or over as much of it as has passed.
func AgeOf(c Cohort, now time.Time) Aged {
	a := Aged{Subjects: c.Subjects, Rewarded: c.Delays}
	day, err := time.Parse(dayLayout, c.Day)
	if err != nil || !day.Before(now) {
		return a
	}
	a.Oldest = now.Sub(day)
	a.Youngest = max(0, a.Oldest-24*time.Hour)
	return a
}

// LearnDelays estimates the delays from cohorts of any offers.
func LearnDelays(cohorts []Aged) Delays {
	var d Delays
	d[DelayBuckets-1] = 1
	for j := DelayBuckets - 1; j > 0; j-- {
		on, upTo := priorOrders*(priorDelays[j]-priorDelays[j-1]), priorOrders*priorDelays[j]
		for _, c := range cohorts {
			if c.Youngest < DelayEdges[j] {
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

// Seen is the share of the orders that has come in from subjects who saw an offer between the two ages ago, evenly: straight lines between the edges, averaged.
func (d *Delays) Seen(youngest, oldest time.Duration) float64 {
	if oldest-youngest < time.Minute {
		oldest = youngest + time.Minute
	}
	return (d.sum(oldest) - d.sum(youngest)) / (oldest - youngest).Hours()
}

// sum is the integral of the share over all ages up to one, in hours.
func (d *Delays) sum(age time.Duration) float64 {
	total, from, share := 0.0, time.Duration(0), 0.0
	for j, end := range DelayEdges {
		if age <= from {
			return total
		}
		part := min(age, end) - from
		reached := share + (d[j]-share)*part.Hours()/(end-from).Hours()
		total += (share + reached) / 2 * part.Hours()
		from, share = end, d[j]
	}
	return total + max(age-from, 0).Hours()
}

// Evidence is what is known of an offer's rate: rewards, of so many trials that have had their chance.
type Evidence struct{ Trials, Rewards float64 }

// Evidence counts each cohort for the part of its orders that can have come by now: a hundred subjects of this hour, of whose orders a tenth can have come, are worth ten trials.
func (d *Delays) Evidence(cohorts []Aged) (e Evidence) {
	for _, c := range cohorts {
		rewards := 0.0
		for _, n := range c.Rewarded {
			rewards += float64(max(n, 0))
		}
		e.Rewards += rewards
		e.Trials += max(float64(c.Subjects)*d.Seen(c.Youngest, c.Oldest), rewards)
	}
	return e
}
