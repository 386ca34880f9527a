package backtest

import (
	"math/rand/v2"
	"slices"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
)

const (
	targetItems     = 3 // a hidden basket has at least so many items
	historyBaskets  = 3 // and so many baskets come before it
	nextBasketDepth = 10
)

// nextBasket hides, of every customer, the last basket with at least three items and what came after it. All earlier baskets are the history: they train the
// models, and customers with at least three of them are asked. What was bought before may be bought again, so nothing is barred. recall@10 divides by the size of
// the basket.
func nextBasket(log Log, o Options) exam {
	e := hideBasket(log.histories(), len(log.Items))
	e.questions = draw(rand.New(rand.NewPCG(o.Seed, 3)), e.questions, o.Users, len(e.questions))
	return e
}

// hideBasket asks every customer with baskets enough.
func hideBasket(histories []history, items int) exam {
	var (
		all      [][]item.Ordinal
		sessions []knn.Session
		baskets  [][][]item.Ordinal
		asked    []question
		past     []history
	)
	for _, h := range histories {
		orders := h.order()
		at := lastLarge(orders)
		if at < 1 {
			continue
		}
		n := 0
		for _, b := range orders[:at] {
			sessions = append(sessions, knn.Session{Time: h.times[n] / 1000, Items: b})
			n += len(b)
		}
		past = append(past, history{items: h.items[:n], times: h.times[:n], baskets: h.baskets[:n]})
		all, baskets = append(all, h.items[:n]), append(baskets, orders[:at])
		if at >= historyBaskets {
			asked = append(asked, question{history: History{Items: h.items[:n], Times: h.times[:n], Baskets: orders[:at], Repeats: true}, targets: orders[at]})
		}
	}
	e := exam{depth: nextBasketDepth, measures: []string{"recall@10", "ndcg@10", "hr@10"}, grade: gradeBasket}
	e.train = newTraining(items, all, sessions, baskets)
	e.train.past, e.questions = past, asked
	e.train.rehearsal = func(uint64) exam { return hideBasket(past, items) }
	return e
}

// lastLarge is the place of the last basket that is large enough to be hidden, -1 when there is none.
func lastLarge(orders [][]item.Ordinal) int {
	for at, b := range slices.Backward(orders) {
		if len(b) >= targetItems {
			return at
		}
	}
	return -1
}

func gradeBasket(ranked []item.Scored, q question) []float64 {
	found := float64(hits(ranked, q.targets, nextBasketDepth))
	return []float64{found / float64(len(q.targets)), ndcg(ranked, q.targets, nextBasketDepth), min(found, 1)}
}
