package backtest

import (
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/sparse"
)

// Training is what a model may learn from, in the shapes that models want. Shared between models: read-only.
type Training struct {
	Items    int
	Users    sparse.Rows // users x items, without values
	Sessions []knn.Session
	Counts   []int // baskets, or sessions, that hold the item

	past      []history // what the above was made of
	rehearsal func(seed uint64) exam
}

// rehearse plays the protocol once more on the training alone: what a model learns from it about itself, it learns without having seen an answer.
func (t Training) rehearse(seed uint64) exam { return t.rehearsal(seed) }

// History is who asks: all items oldest first, repeats kept, and the baskets they came in where the protocol has them. Repeats says that items of the
// history may be answered.
type History struct {
	Items   []item.Ordinal
	Times   []int64 // of each item, Unix milliseconds; 0 where the log has none
	Baskets [][]item.Ordinal
	Repeats bool
}

// Model answers a question: it appends the n best items to dst, best first, in a total order. It may reuse memory between calls: one goroutine only.
type Model interface {
	Answer(dst []item.Scored, h History, n int) []item.Scored
}

func newTraining(items int, users [][]item.Ordinal, sessions []knn.Session, baskets [][][]item.Ordinal) Training {
	t := Training{Items: items, Users: matrix(users), Sessions: sessions, Counts: make([]int, items)}
	for _, one := range baskets {
		for _, basket := range one {
			for _, i := range basket {
				t.Counts[i]++
			}
		}
	}
	return t
}
