package backtest

import (
	"math"
	"math/rand/v2"
	"slices"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/purchase"
)

const (
	targetItems     = 3 // a hidden basket has at least so many items
	historyBaskets  = 3 // and so many baskets come before it
	nextBasketDepth = 10
)

// nextBasket hides, of every customer, the last basket with at least three distinct items and what came after it. All earlier baskets are the history: they train the
// models, and customers with at least three of them are asked, at the moment of the hidden basket. What was bought before may be bought again, so nothing is barred.
// Baskets are in order of time, then of their names; the items of a log are in the byte order of their names, which decides ties of ties.
//
// recall@10 divides by the size of the basket. repeat-recall@10 counts only the hidden items that the customer bought before, explore-recall@10 only the others; customers
// without such an item are left out of the mean.
func nextBasket(log Log, o Options) exam {
	e := hideBasket(log.histories(), len(log.Items))
	e.questions = draw(rand.New(rand.NewPCG(o.Seed, 3)), e.questions, o.Users, len(e.questions))
	return e
}

// hideBasket asks every customer with baskets enough.
func hideBasket(histories []history, items int) exam {
	var (
		all       [][]item.Ordinal
		sessions  []knn.Session
		customers []purchase.Customer
		asked     []question
		past      []history
	)
	for _, h := range histories {
		orders := h.order()
		at := lastLarge(orders)
		if at < 1 {
			continue
		}
		before, n := orders[:at], 0
		for _, b := range before {
			n += len(b.Items)
			sessions = append(sessions, knn.Session(b))
		}
		past = append(past, h.until(n))
		all, customers = append(all, h.items[:n]), append(customers, before)
		if at >= historyBaskets {
			asked = append(asked, question{history: History{Items: h.items[:n], Times: h.times[:n], Baskets: before, Repeats: true, Now: orders[at].Time}, targets: orders[at].Items, unit: len(asked), segment: h.segment})
		}
	}
	e := exam{depth: nextBasketDepth, main: 1, measures: []string{"recall@10", "ndcg@10", "hr@10", "repeat-recall@10", "explore-recall@10"}, grade: gradeBasket}
	e.train = newTraining(items, all, sessions, customers)
	e.train.past, e.questions = past, asked
	e.train.rehearsal = func(uint64) exam { return hideBasket(past, items) }
	return e
}

// lastLarge is the place of the last basket that is large enough to be hidden, -1 when there is none.
func lastLarge(orders purchase.Customer) int {
	for at, b := range slices.Backward(orders) {
		if len(b.Items) >= targetItems {
			return at
		}
	}
	return -1
}

func gradeBasket(ranked []item.Scored, q question) []float64 {
	var again, fresh []item.Ordinal
	for _, i := range q.targets {
		if slices.Contains(q.history.Items, i) {
			again = append(again, i)
		} else {
			fresh = append(fresh, i)
		}
	}
	found := float64(hits(ranked, q.targets, nextBasketDepth))
	return []float64{found / float64(len(q.targets)), ndcg(ranked, q.targets, nextBasketDepth), min(found, 1), shareFound(ranked, again), shareFound(ranked, fresh)}
}

// shareFound is not a number where there is nothing to find.
func shareFound(ranked []item.Scored, targets []item.Ordinal) float64 {
	if len(targets) == 0 {
		return math.NaN()
	}
	return float64(hits(ranked, targets, nextBasketDepth)) / float64(len(targets))
}
