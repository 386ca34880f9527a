package backtest

import (
	"math"
	"math/rand/v2"
	"slices"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/purchase"
)

// fewest is how many distinct items a customer needs to be split.
const fewest = 5

// strong is strong generalisation (Liang et al., WWW 2018): customers with at least five distinct items are shuffled; a tenth is kept for choosing settings
// and unused here, a tenth is the test, all others are the training. Of a test customer's items, drawn at random, 80 % are given and 20 % (at least one)
// are hidden. Given items are never answers.
func strong(log Log, o Options) exam {
	var customers []history
	for _, h := range log.histories() {
		if h = h.first(); len(h.items) >= fewest {
			customers = append(customers, h)
		}
	}
	random := rand.New(rand.NewPCG(o.Seed, 1))
	random.Shuffle(len(customers), func(i, j int) { customers[i], customers[j] = customers[j], customers[i] })
	tenth := len(customers) / 10
	test := customers[:tenth]
	if o.Users > 0 {
		test = test[:min(o.Users, len(test))]
	}
	return generalise(customers[2*tenth:], test, len(log.Items), random)
}

// generalise asks the test's customers. A rehearsal keeps a fifth of the training's for its test.
func generalise(train, test []history, items int, random *rand.Rand) exam {
	e := sets(train, items)
	e.train.rehearsal = func(seed uint64) exam {
		random := rand.New(rand.NewPCG(seed, 11))
		again := slices.Clone(train)
		random.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		return generalise(again[len(again)/5:], again[:len(again)/5], items, random)
	}
	for _, h := range test {
		hidden := max(1, int(math.Round(.2*float64(len(h.items)))))
		order := random.Perm(len(h.items))
		q := question{unit: len(e.questions), segment: h.segment}
		for at, i := range h.items {
			if slices.Contains(order[:hidden], at) {
				q.targets = append(q.targets, i)
			} else {
				q.history.Items, q.history.Times = append(q.history.Items, i), append(q.history.Times, h.times[at])
			}
		}
		e.questions = append(e.questions, q)
	}
	return e
}

// sets is an exam on sets of items: recall, and gain of the whole ranking.
func sets(train []history, items int) exam {
	e := exam{depth: 100, main: 2, measures: []string{"recall@20", "recall@50", "ndcg@100", "hr@20", "mrr@20"}, grade: gradeSet}
	all := make([][]item.Ordinal, len(train))
	sessions := make([]knn.Session, len(train))
	customers := make([]purchase.Customer, len(train))
	for u, h := range train {
		all[u], sessions[u], customers[u] = h.items, h.session(), h.order()
	}
	e.train = newTraining(items, all, sessions, customers)
	e.train.past = train
	return e
}

func gradeSet(ranked []item.Scored, q question) []float64 {
	first, hit := 0.0, 0.0
	for at, r := range ranked[:min(20, len(ranked))] {
		if slices.Contains(q.targets, r.Item) {
			first, hit = 1/float64(at+1), 1
			break
		}
	}
	return []float64{recall(ranked, q.targets, 20), recall(ranked, q.targets, 50), ndcg(ranked, q.targets, 100), hit, first}
}
