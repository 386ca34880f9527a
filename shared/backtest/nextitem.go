package backtest

import (
	"cmp"
	"slices"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/purchase"
)

// nextItem asks after every click of a test session what comes next: history is the clicks so far, repeats and all; hr and mrr look for the very next
// item, precision, recall and ndcg for all of the first thousand clicks that follow in the
// session. The current item is never an answer of a session model; others bar all of the
// history. Without a test log the newest tenth of the sessions is the test.
func nextItem(train Log, test *Log) exam {
	if test != nil {
		return continued(train.histories(), test.histories(), len(train.Items))
	}
	learned, asked := newestTenth(train.histories())
	return continued(learned, asked, len(train.Items))
}

// longestAsked is how many clicks of a test session count: one that is longer is a robot's, and would be asked for everything after everything.
const longestAsked = 1000

// newestTenth keeps the sessions that ended last apart.
func newestTenth(all []history) (before, newest []history) {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b history) int { return cmp.Compare(a.last(), b.last()) })
	cut := len(all) - len(all)/10
	return all[:cut], all[cut:]
}

// continued asks for the next item of the asked sessions. A rehearsal asks for those of the newest tenth of the learned ones.
func continued(learned, asked []history, items int) exam {
	e := exam{depth: 20, main: 1, measures: []string{"hr@20", "mrr@20", "precision@20", "recall@20", "ndcg@20"}, grade: gradeNext}
	all := make([][]item.Ordinal, len(learned))
	sessions := make([]knn.Session, len(learned))
	visits := make([]purchase.Customer, len(learned))
	for u, h := range learned {
		all[u], sessions[u], visits[u] = h.items, h.session(), h.order()
	}
	e.train = newTraining(items, all, sessions, visits)
	e.train.past = learned
	e.train.rehearsal = func(uint64) exam {
		before, newest := newestTenth(learned)
		return continued(before, newest, items)
	}
	for session, h := range asked {
		h = h.until(min(len(h.items), longestAsked))
		for at := 1; at < len(h.items); at++ {
			e.questions = append(e.questions, question{history: History{Live: true, Items: h.items[:at], Times: h.times[:at]}, targets: h.items[at:], unit: session, segment: h.segment})
		}
	}
	return e
}

func (h history) last() int64 {
	if len(h.times) == 0 {
		return 0
	}
	return h.times[len(h.times)-1]
}

func gradeNext(ranked []item.Scored, q question) []float64 {
	first := reciprocal(ranked, q.targets[0], 20)
	hit := 0.0
	if first > 0 {
		hit = 1
	}
	found := float64(hits(ranked, q.targets, 20))
	return []float64{hit, first, found / 20, found / float64(len(q.targets)), ndcg(ranked, q.targets, 20)}
}
