package backtest

import (
	"math/rand/v2"

	"shopkeeper/shared/fault"
)

const (
	// DefaultSplits is how many moments sliding looks from.
	DefaultSplits = 4
	// slidingUsers is how many test users each split draws.
	slidingUsers = 500
	// maxSplits bounds how often every model is fitted.
	maxSplits = 50
)

// sliding asks again and again as time goes by, as a shop does that trains every night: a single cut-off may fall on Christmas. The second half of the log's time is cut into equal
// windows. For each, everything before it is the training (the past grows, nothing is forgotten), and what known customers first met within it is hidden; items they had before are never
// answers. 500 random customers a window are asked. Metrics are means over all questions, drawn by customer, who may be asked in several windows; every window is also told apart. What
// is after a window leaks into nothing.
func sliding(log Log, o Options) ([]exam, error) {
	splits := o.Splits
	if splits == 0 {
		splits = DefaultSplits
	}
	if splits < 1 || splits > maxSplits {
		return nil, fault.InvalidField("splits", "from 1 to 50")
	}
	first, last := log.span()
	window := (last - first) / int64(2*splits)
	if window == 0 {
		return nil, fault.New(fault.Invalid, "sliding needs a log with times, spread over more than a moment")
	}
	histories := log.histories()
	for u := range histories {
		histories[u] = histories[u].first()
	}
	var parts []exam
	for s := range splits {
		from := last + 1 - window*int64(splits-s)
		e := slide(histories, len(log.Items), from, from+window)
		e.questions = draw(rand.New(rand.NewPCG(o.Seed, 4+uint64(s))), e.questions, o.Users, slidingUsers)
		parts = append(parts, e)
	}
	return parts, nil
}

// slide is the exam of one window.
func slide(histories []history, items int, from, to int64) exam {
	var past []history
	var asked []question
	for u, h := range histories {
		known, hidden := h.before(from), h.before(to)
		if known == 0 {
			continue
		}
		past = append(past, h.until(known))
		if hidden > known {
			asked = append(asked, question{history: History{Items: h.items[:known], Times: h.times[:known]}, targets: h.items[known:hidden], unit: u, segment: h.segment})
		}
	}
	e := sets(past, items)
	e.questions, e.from, e.to = asked, from, to
	e.train.rehearsal = func(uint64) exam { return slide(past, items, 2*from-to, from) }
	return e
}

// span is the first and last moment of the log.
func (l Log) span() (first, last int64) {
	for at, r := range l.rows {
		if at == 0 || r.time < first {
			first = r.time
		}
		last = max(last, r.time)
	}
	return first, last
}

// before is how many items came before a moment.
func (h history) before(moment int64) int {
	n := 0
	for n < len(h.times) && h.times[n] < moment {
		n++
	}
	return n
}

// until is the first n entries.
func (h history) until(n int) history {
	return history{items: h.items[:n], times: h.times[:n], baskets: h.baskets[:n], segment: h.segment}
}
