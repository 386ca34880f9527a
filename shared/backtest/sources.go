package backtest

import (
	"context"

	"shopkeeper/shared/recommend/buyagain"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/sparse"
	pairs "shopkeeper/shared/recommend/together"
	"shopkeeper/shared/recommend/trend"
)

const secondsADay = 86400

// trending answers everybody with what is moving at the end of the log.
type trending struct {
	heat   []float32
	barred map[item.Ordinal]bool
	top    item.Top
}

func fitTrending(_ context.Context, t Training, p Params) (Model, error) {
	s := trend.DefaultSettings
	if err := p.read(field{"near", &s.Near}, field{"popular", &s.Popular}, field{"prior", &s.Prior}); err != nil {
		return nil, err
	}
	var events []trend.Event
	now := int64(0)
	for _, c := range t.Customers {
		for _, b := range c {
			now = max(now, b.Time)
			for _, i := range b.Items {
				events = append(events, trend.Event{Item: i, Time: b.Time, Weight: 1})
			}
		}
	}
	return &trending{heat: trend.Measure(events, t.Items, now, s).Trending, barred: map[item.Ordinal]bool{}}, nil
}

func (m *trending) Answer(dst []item.Scored, h History, n int) []item.Scored {
	clear(m.barred)
	if !h.Repeats {
		for _, i := range h.Items {
			m.barred[i] = true
		}
	}
	m.top.Reset(n)
	for i, heat := range m.heat {
		if heat > 0 && !m.barred[item.Ordinal(i)] {
			m.top.Offer(item.Ordinal(i), heat)
		}
	}
	return m.top.Append(dst)
}

func fitTogether(ctx context.Context, t Training, p Params) (Model, error) {
	s := pairs.DefaultSettings
	if err := p.read(field{"least", &s.Least}, field{"top", &s.Top}); err != nil {
		return nil, err
	}
	found, err := pairs.Find(ctx, t.baskets(), t.Items, s)
	if err != nil {
		return nil, err
	}
	return &related{weights: found.Partners}, nil
}

// baskets are those of all customers, each a set.
func (t Training) baskets() sparse.Rows {
	var all [][]item.Ordinal
	for _, c := range t.Customers {
		for _, b := range c {
			all = append(all, b.Items)
		}
	}
	return matrix(all)
}

// again answers with the customer's own items that are due.
type again struct {
	stats  *buyagain.Stats
	habits map[item.Ordinal]buyagain.Habit
	top    item.Top
}

func fitBuyAgain(_ context.Context, t Training, _ Params) (Model, error) {
	var purchases []buyagain.Purchase
	for person, c := range t.Customers {
		for _, b := range c {
			for _, i := range b.Items {
				purchases = append(purchases, buyagain.Purchase{Person: uint32(person), Item: i, Day: int32(b.Time / secondsADay)})
			}
		}
	}
	return &again{stats: buyagain.Measure(purchases, t.Items), habits: map[item.Ordinal]buyagain.Habit{}}, nil
}

// Answer has nothing to say where what was bought is never an answer.
func (m *again) Answer(dst []item.Scored, h History, n int) []item.Scored {
	if !h.Repeats {
		return dst
	}
	clear(m.habits)
	today := int32(h.Now / secondsADay)
	for _, b := range h.Baskets {
		day := int32(b.Time / secondsADay)
		for _, i := range b.Items {
			one, known := m.habits[i]
			if !known {
				one = buyagain.Habit{Item: i, First: day}
			}
			one.Times, one.Last = one.Times+1, day
			m.habits[i] = one
		}
	}
	m.top.Reset(n)
	for i, one := range m.habits {
		m.top.Offer(i, m.stats.Score(one, today))
	}
	return m.top.Append(dst)
}
