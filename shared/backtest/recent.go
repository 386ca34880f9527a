package backtest

import (
	"cmp"
	"context"
	"slices"

	"shopkeeper/shared/recommend/item"
)

// recent answers with what most histories met in the days before the question's last event: what is on the shelves now. A log without times is one moment.
type recent struct {
	events []stamped // ascending
	days   int64
	counts sums
}

type stamped struct {
	time int64
	item item.Ordinal
}

func fitRecent(_ context.Context, t Training, p Params) (Model, error) {
	var days int
	if err := p.read(field{"days", &days}); err != nil {
		return nil, err
	}
	return newRecent(t, int64(days)), nil
}

func newRecent(t Training, days int64) *recent {
	r := &recent{days: days}
	r.counts.reset(t.Items)
	for _, h := range t.past {
		for at, i := range h.items {
			r.events = append(r.events, stamped{h.times[at], i})
		}
	}
	slices.SortStableFunc(r.events, func(a, b stamped) int { return cmp.Compare(a.time, b.time) })
	return r
}

func (r *recent) Answer(dst []item.Scored, h History, n int) []item.Scored {
	now := int64(0)
	if len(h.Times) > 0 {
		now = h.Times[len(h.Times)-1]
	}
	r.counts.reset(len(r.counts.score))
	from, _ := slices.BinarySearchFunc(r.events, now-r.days*day, func(s stamped, t int64) int { return cmp.Compare(s.time, t) })
	for _, e := range r.events[from:] {
		if e.time > now {
			break
		}
		r.counts.add(e.item, 1)
	}
	return r.counts.best(dst, h, n)
}

// own answers a visit with what it met already, the newest first.
type own struct{ scratch sums }

func newOwn(t Training) *own {
	o := &own{}
	o.scratch.reset(t.Items)
	return o
}

func (o *own) Answer(dst []item.Scored, h History, n int) []item.Scored {
	o.scratch.reset(len(o.scratch.score))
	for at, i := range slices.Backward(h.Items) {
		if int(i) < len(o.scratch.score) && o.scratch.score[i] == 0 {
			o.scratch.add(i, 1/float32(len(h.Items)-at))
		}
	}
	return o.scratch.best(dst, h, n)
}
