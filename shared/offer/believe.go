package offer

import (
	"context"
	"slices"
	"time"

	"shopkeeper/shared/event"
)

// learned is what a process remembers of an offer's results: the past, which changes only by refunds, in one sum; the days whose orders still come in, day by day.
type learned struct {
	past    Cohort
	upTo    time.Time // the past ends with the day before
	readAll time.Time // when the past was read
	recent  []Cohort
}

// openDays is how many of the latest days are read every time: the window, and what events may be late.
const openDays = windowDays + 3

// read brings the memory up to date.
func (m *learned) read(ctx context.Context, results *Results, shop event.ShopID, id ID, now time.Time) error {
	today := now.UTC().Truncate(24 * time.Hour)
	from := today.AddDate(0, 0, -openDays)
	if m.readAll.IsZero() || now.Sub(m.readAll) >= forgetEvery || m.upTo.Before(from) {
		from = time.Time{}
	}
	got, err := results.Of(ctx, shop, id, from)
	if err != nil {
		return err
	}
	if from.IsZero() {
		m.past, m.readAll, m.upTo = Cohort{}, now, today.AddDate(0, 0, -openDays)
	}
	m.recent = m.recent[:0]
	for _, c := range got.Days {
		if c.Day < dayText(m.upTo) {
			m.past.add(c)
		} else {
			m.recent = append(m.recent, c)
		}
	}
	return nil
}

// aged are the cohorts as the delays see them.
func (m *learned) aged(now time.Time) []Aged {
	list := []Aged{{Subjects: m.past.Subjects, Rewarded: m.past.Delays, Youngest: Window, Oldest: 2 * Window}}
	for _, c := range m.recent {
		list = append(list, AgeOf(c, now))
	}
	return list
}

// agedIn are the cohorts' parts of one situation.
func (m *learned) agedIn(s Situation, now time.Time) []Aged {
	list := []Aged{{Subjects: m.past.In[s].Subjects, Rewarded: m.past.In[s].Delays, Youngest: Window, Oldest: 2 * Window}}
	for _, c := range m.recent {
		list = append(list, AgeOf(Cohort{Day: c.Day, Subjects: c.In[s].Subjects, Delays: c.In[s].Delays}, now))
	}
	return list
}

func (m *learned) total() Cohort {
	sum := m.past
	for _, c := range m.recent {
		sum.add(c)
	}
	return sum
}

// believe gives the snapshot its sampler. Results are read seldomer than definitions, unless there is an offer that none were read of.
func (c *Chooser) believe(ctx context.Context, shop event.ShopID, r *resident, next *snapshot, now time.Time) error {
	due := now.Sub(r.learnt) >= learnTimes*c.every
	fresh := due || r.sampler == nil
	for _, o := range next.offers {
		m := r.memory[o.ID]
		if m == nil {
			m = &learned{}
			r.memory[o.ID] = m
			fresh = true
		}
		if !due && !m.readAll.IsZero() {
			continue
		}
		if err := m.read(ctx, c.results, shop, o.ID, now); err != nil {
			return err
		}
	}
	if due {
		r.learnt = now
	}
	all := make([]*learned, len(next.offers))
	margins := make([]int64, len(next.offers))
	arms := make([]armed, len(next.offers))
	for i, o := range next.offers {
		all[i], margins[i], arms[i] = r.memory[o.ID], o.Margin, armed{o.ID, o.Margin}
	}
	if fresh || !slices.Equal(arms, r.arms) {
		r.sampler, r.arms = sampler(all, margins, now), arms
	}
	next.sampler = r.sampler
	return nil
}

// armed is an offer as a sampler was made for it.
type armed struct {
	offer  ID
	margin int64
}

// sampler has an arm for each offer in each situation; see arm.
func sampler(all []*learned, margins []int64, now time.Time) *Sampler {
	arms := make([]Beta, 0, len(all)*Situations)
	weights := make([]float64, 0, cap(arms))
	worth := Weights(margins)
	for o, situations := range beliefs(all, now) {
		for _, b := range situations {
			arms, weights = append(arms, b), append(weights, worth[o])
		}
	}
	return NewSampler(arms, weights)
}

// beliefs are those of the offers of one shop, by situation. Its offers are judged by orders; as long as none of them ever brought one (a shop that sends no orders), by clicks, which come at once.
func beliefs(all []*learned, now time.Time) [][Situations]Beta {
	evidence, cells := make([]Evidence, len(all)), make([][Situations]Evidence, len(all))
	var cohorts []Aged
	orders := int64(0)
	for _, m := range all {
		orders += m.total().Rewarded()
		cohorts = append(cohorts, m.aged(now)...)
	}
	delays := LearnDelays(cohorts)
	for i, m := range all {
		if orders > 0 {
			evidence[i] = delays.Evidence(m.aged(now))
			for s := range Situations {
				cells[i][s] = delays.Evidence(m.agedIn(Situation(s), now))
			}
			continue
		}
		sum := m.total()
		evidence[i] = clicks(sum.Subjects, sum.Clicked)
		for s, p := range sum.In {
			cells[i][s] = clicks(p.Subjects, p.Clicked)
		}
	}
	return Situated(evidence, cells)
}

// clicks are the evidence of a shop that sends no orders.
func clicks(subjects, clicked int64) Evidence {
	return Evidence{Trials: float64(max(subjects, clicked)), Rewards: float64(clicked)}
}

// Weights are what a reward of each offer is worth: its margin. Offers without one count as the others do on average; without any margin all rewards are worth the same.
func Weights(margins []int64) []float64 {
	sum, n := 0.0, 0.0
	for _, m := range margins {
		if m > 0 {
			sum += float64(m)
			n++
		}
	}
	weights := make([]float64, len(margins))
	for i, m := range margins {
		switch {
		case m > 0:
			weights[i] = float64(m)
		case n > 0:
			weights[i] = sum / n
		default:
			weights[i] = 1
		}
	}
	return weights
}
