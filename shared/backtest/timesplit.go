package backtest

import (
	"math"
	"math/rand/v2"
)

// timeSplitUsers is how many test users a time split draws.
const timeSplitUsers = 500

// timeSplit hides the future of customers the model knows: of each customer's distinct items, by the time of the first purchase, the last ceil(20 %) are
// hidden from customers with at least five; everything before, and customers with fewer, is the training. 500 random customers are asked. Items they had are never answers.
func timeSplit(log Log, o Options) exam {
	var all []history
	for _, h := range log.histories() {
		all = append(all, h.first())
	}
	e := hideFuture(all, len(log.Items))
	e.questions = draw(rand.New(rand.NewPCG(o.Seed, 2)), e.questions, o.Users, timeSplitUsers)
	return e
}

// hideFuture asks every customer that can be split.
func hideFuture(all []history, items int) exam {
	var past []history
	var asked []question
	for _, h := range all {
		if len(h.items) < fewest {
			past = append(past, h)
			continue
		}
		cut := len(h.items) - int(math.Ceil(.2*float64(len(h.items))))
		past = append(past, h.until(cut))
		asked = append(asked, question{history: History{Items: h.items[:cut], Times: h.times[:cut]}, targets: h.items[cut:], unit: len(asked), segment: h.segment})
	}
	e := sets(past, items)
	e.questions = asked
	e.train.rehearsal = func(uint64) exam { return hideFuture(past, items) }
	return e
}

// draw picks some questions at random, in their order.
func draw(random *rand.Rand, all []question, wanted, usual int) []question {
	if wanted == 0 {
		wanted = usual
	}
	if wanted >= len(all) {
		return all
	}
	left := wanted
	var out []question
	for at, q := range all { // selection sampling: each subset is equally likely
		if random.IntN(len(all)-at) < left {
			out = append(out, q)
			left--
		}
	}
	return out
}
