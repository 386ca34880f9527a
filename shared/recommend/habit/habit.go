// Package habit predicts a customer's next basket: what of their own is due again, what their neighbours have, and what everybody buys this week.
//
// A grocery's next basket is mostly repetition, and repetition has a clock. Counting alone (GP-TopFreq) forgets the clock, and neighbours of the last r baskets (package
// upcf) only cut it off. Here every item that may come is described by numbers, and a ranker learns from what customers really bought next how loud each of them speaks:
//
//	share(w)      = share of the customer's last w baskets that hold the item, w = 2, 5, 10, 25, 50, all
//	fading(f)     = sum of f^k over the baskets that hold it, k baskets ago, over the same sum of all baskets: the decayed frequency of TIFU-KNN (Hu, He, Gao, Zhang,
//	                "Modeling personalized item frequency information for next-basket recommendation", SIGIR 2020), f = 0.8, 0.9, 0.97; aging(h) the same by days, 2^(-age/h)
//	due           = ln(days since the last time) - usual,  usual = (sum of the customer's ln(gap) + 3 ln(everybody's gap)) / (number of gaps + 3)
//	rate          = (times bought again + 6 hazard) / (baskets since the first time + 6)
//	hazard        = chance that a basket of somebody who bought the item before holds it, over all customers, drawn to that of all items where few did
//	near, similar = scores of UP-CF under a high and a low locality: what breaks ties, and what brings new items
//	now           = baskets of the last 7 and 28 days that hold the item, and the rate of the last 7 against that of the last 91: offers and seasons
//
// the same again for the item's group, where items have groups (type of product, category): whoever bought one milk needs no other. What is the same for all items of a
// question (how large and how frequent the customer's baskets are) tells the trees of the ranker which of the others to believe.
//
// The weights are learned from the past alone: each customer's last large basket is taken away and asked for, everything is counted without it and without what came after,
// and the ranker (package rank) is fitted on who bought what; then the one before that, and so on for Lessons baskets. Then everything is counted again on the whole history.
//
// An answer weighs the customer's own items with the highest decayed share and the new items that similar customers have, and ranks them by score, then ordinal. It knows the moment it
// is asked at; what happened later than that moment is used only in counts over all customers.
//
// Complexity: a fit costs Lessons+1 passes over the purchases and Lessons answers a customer, then the ranker's; an answer reads the customer's history, the rows of at
// most Neighbours.Neighbours customers, and (Own + New) x 43 features. Memory: 36 bytes per (customer, item) and purchase.
package habit

import (
	"context"
	"math"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/purchase"
	"shopkeeper/shared/recommend/rank"
	"shopkeeper/shared/recommend/upcf"
)

// NoGroup is the group of an item that has none.
const NoGroup = math.MaxUint32

// Settings are what a backtest may vary.
type Settings struct {
	Neighbours upcf.Settings // its locality is the one of similar customers; the nearest have five times as high a one
	Own        int           // items of the customer's own that are weighed
	New        int           // new items that are weighed
	Lessons    int           // baskets of each customer that the weights are learned from, the newest first
	Rank       rank.Settings
}

// DefaultSettings were chosen on the baskets before the last of a grocery chain's year.
var DefaultSettings = Settings{
	Neighbours: upcf.Settings{Recent: 25, Locality: 2, Alpha: 0.5, Neighbours: 300}, Own: 60, New: 20, Lessons: 3,
	Rank: rank.Settings{L2: 1e-3, Trees: 100, Depth: 4, Shrink: 0.1, Least: 5},
}

// sharper is how many times the locality of similar customers that of the nearest is.
const sharper = 5

// Check refuses settings that mean nothing (Invalid); the ranker's are checked by its fit.
func (s Settings) Check() error {
	switch {
	case s.Own < 1 || s.Own > 10_000:
		return fault.InvalidField("own", "from 1 to 10000 items")
	case s.New < 0 || s.New > 10_000:
		return fault.InvalidField("new", "from 0 to 10000 items")
	case s.Lessons < 1 || s.Lessons > 20:
		return fault.InvalidField("lessons", "from 1 to 20 baskets")
	}
	return s.Neighbours.Check()
}

// Model answers. Read-only and safe for concurrent use, each goroutine with its own Scratch.
type Model struct {
	settings      Settings
	groupOf       []uint32 // per item
	items, groups *crowd
	near          *upcf.Index
	ranker        *rank.Model
}

// Fit learns from customers. groups gives the group of each item, NoGroup where it has none; nil where items have no groups. Items at or above items are ignored. Invalid for
// settings that mean nothing and for groups that do not fit. Where no customer has baskets enough to learn from, the weights are those of the customer's own rate alone.
func Fit(ctx context.Context, customers []purchase.Customer, items int, groups []uint32, s Settings) (*Model, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	groups, err := fill(groups, items)
	if err != nil {
		return nil, err
	}
	set := rank.NewSet(width)
	past := customers
	for range s.Lessons {
		var asked []question
		if past, asked = hide(past); len(asked) == 0 {
			break
		}
		before, err := count(ctx, past, groups, s)
		if err != nil {
			return nil, err
		}
		if err := before.teach(ctx, set, asked); err != nil {
			return nil, err
		}
	}
	m, err := count(ctx, customers, groups, s)
	if err != nil {
		return nil, err
	}
	if set.Len() == 0 {
		m.ranker = unlearned()
		return m, nil
	}
	m.ranker, err = rank.Fit(ctx, set, s.Rank)
	return m, err
}

func fill(groups []uint32, items int) ([]uint32, error) {
	if groups != nil && len(groups) != items {
		return nil, fault.Newf(fault.Invalid, "habits: groups of %d items in a catalog of %d", len(groups), items)
	}
	out := make([]uint32, items)
	for i := range out {
		if out[i] = NoGroup; groups != nil {
			out[i] = groups[i]
		}
		if out[i] != NoGroup && int(out[i]) >= items {
			return nil, fault.Newf(fault.Invalid, "habits: group %d in a catalog of %d items", out[i], items)
		}
	}
	return out, nil
}

// unlearned goes by the customer's own rate, then by what similar customers have.
func unlearned() *rank.Model {
	m := &rank.Model{Mean: make([]float32, width), Weights: make([]float32, width)}
	m.Weights[ownRate], m.Weights[boughtBefore], m.Weights[similarHave] = 1, 0.1, 0.01
	return m
}

// count is a model without weights.
func count(ctx context.Context, customers []purchase.Customer, groups []uint32, s Settings) (*Model, error) {
	m := &Model{settings: s, groupOf: groups}
	kinds := 0
	for _, g := range groups {
		if g != NoGroup {
			kinds = max(kinds, int(g)+1)
		}
	}
	var err error
	if m.near, err = upcf.Fit(ctx, customers, len(groups), s.Neighbours); err != nil {
		return nil, err
	}
	view := view{groupOf: groups, marks: make([]uint32, kinds)}
	m.items = newCrowd(customers, len(groups), view.items)
	m.groups = newCrowd(customers, kinds, view.groups)
	return m, nil
}

// Answer appends to dst the n items likeliest in the basket that a customer with this history buys now (Unix seconds), best first. Scores compare within one answer.
func (m *Model) Answer(dst []item.Scored, s *Scratch, c purchase.Customer, now int64, n int) []item.Scored {
	m.gather(s, c, now)
	s.rows = s.rows[:0]
	for _, c := range s.candidates {
		s.rows = append(s.rows, make([]float32, width)...)
		s.ask.row(s.rows[len(s.rows)-width:], c)
	}
	s.scores = m.ranker.Score(s.scores[:0], s.rows)
	s.top.Reset(n)
	for at, c := range s.candidates {
		s.top.Offer(item.Ordinal(c.item), s.scores[at])
	}
	return s.top.Append(dst)
}

// Ranker is what was learned, over rows of Features; its Explain takes a score apart.
func (m *Model) Ranker() *rank.Model { return m.ranker }
