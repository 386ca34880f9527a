package offer

import (
	"context"
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
	for _, o := range next.offers {
		m := r.memory[o.ID]
		if m == nil {
			m = &learned{}
			r.memory[o.ID] = m
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
	for i, o := range next.offers {
		all[i], margins[i] = r.memory[o.ID], o.Margin
	}
	next.sampler = NewSampler(beliefs(all, now), Weights(margins))
	return nil
}

// beliefs are those of the offers of one shop. Its offers are judged by orders; as long as none of them ever brought one (a shop that sends no orders), by clicks, which come at once.
func beliefs(all []*learned, now time.Time) []Beta {
	evidence := make([]Evidence, len(all))
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
			continue
		}
		sum := m.total()
		evidence[i] = Evidence{Trials: float64(max(sum.Subjects, sum.Clicked)), Rewards: float64(sum.Clicked)}
	}
	return Posteriors(evidence)
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
