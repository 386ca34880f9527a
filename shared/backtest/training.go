package backtest

import (
	"slices"

	"shopkeeper/shared/recommend/content"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/purchase"
	"shopkeeper/shared/recommend/sparse"
)

// Training is what a model may learn from, in the shapes that models want. Shared between models: read-only.
type Training struct {
	Items     int
	Users     sparse.Rows // users x items, without values
	Sessions  []knn.Session
	Customers []purchase.Customer // with the baskets, or sessions, of each
	Groups    []uint32            // the group of each item, NoGroup where it has none; nil for a log without groups
	Described []content.Item      // what the shop says of each item; nil for a log without
	Counts    []int               // baskets, or sessions, that hold the item

	past      []history // what the above was made of
	rehearsal func(seed uint64) exam
}

// rehearse plays the protocol once more on the training alone: what a model learns from it about itself, it learns without having seen an answer.
func (t Training) rehearse(seed uint64) exam {
	e := t.rehearsal(seed)
	e.train.Groups, e.train.Described = t.Groups, t.Described
	return e
}

// History is who asks: all items oldest first, repeats kept, and the baskets they came in where the protocol has them. Repeats says that items of the
// history may be answered. Now is the moment of asking in Unix seconds, 0 where the protocol has none.
type History struct {
	Items   []item.Ordinal
	Times   []int64 // of each item, Unix milliseconds; 0 where the log has none
	Baskets purchase.Customer
	Repeats bool
	Now     int64
	Live    bool // a visit under way: its last item is never an answer, what came before may be
}

// Model answers a question: it appends the n best items to dst, best first, in a total order. It may reuse memory between calls: one goroutine only.
type Model interface {
	Answer(dst []item.Scored, h History, n int) []item.Scored
}

func newTraining(items int, users [][]item.Ordinal, sessions []knn.Session, customers []purchase.Customer) Training {
	return Training{Items: items, Users: matrix(users), Sessions: sessions, Customers: customers, Counts: purchase.Counts(customers, items)}
}

// baskets are the history's; where the protocol has none, all of it is one.
func (h History) baskets() purchase.Customer {
	if h.Baskets == nil && len(h.Items) > 0 {
		return purchase.Customer{{Items: h.Items}}
	}
	return h.Baskets
}

// withoutOwn asks a model that answers with what was bought before for so many more that n are left without the history.
func withoutOwn(dst []item.Scored, h History, n int, answer func(dst []item.Scored, n int) []item.Scored) []item.Scored {
	from := len(dst)
	dst = answer(dst, n+len(h.Items))
	left := slices.DeleteFunc(dst[from:], func(s item.Scored) bool { return slices.Contains(h.Items, s.Item) })
	return dst[:from+min(n, len(left))]
}
