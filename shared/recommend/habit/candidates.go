package habit

import (
	"cmp"
	"context"
	"slices"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/purchase"
	"shopkeeper/shared/recommend/rank"
	"shopkeeper/shared/recommend/upcf"
)

const (
	largeBasket    = 3 // a basket that is learned from has at least so many items
	historyBaskets = 3 // and so many baskets come before it
)

// question is a basket that was taken away, and what came before it.
type question struct {
	customer purchase.Customer
	target   purchase.Basket
}

// hide takes each customer's last large basket away, and what came after.
func hide(customers []purchase.Customer) (past []purchase.Customer, asked []question) {
	for _, c := range customers {
		at := len(c) - 1
		for at > 0 && len(c[at].Items) < largeBasket {
			at--
		}
		if at < 1 {
			continue
		}
		past = append(past, c[:at])
		if at >= historyBaskets {
			asked = append(asked, question{c[:at], c[at]})
		}
	}
	return past, asked
}

// teach adds questions, with what was really bought, to what is learned from.
func (m *Model) teach(ctx context.Context, set *rank.Set, asked []question) error {
	var s Scratch
	for at, q := range asked {
		if at%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		m.gather(&s, q.customer, q.target.Time)
		for _, c := range s.candidates {
			gain := float32(0)
			if slices.Contains(q.target.Items, item.Ordinal(c.item)) {
				gain = 1
			}
			s.ask.row(set.Add(gain), c)
		}
		set.End()
	}
	return nil
}

// candidate is an item that is weighed. near and similar are the shares of what the neighbours say for the item they say most for.
type candidate struct {
	item          uint32
	near, similar float64
}

// Scratch is the working memory of one goroutine. The zero value is ready.
type Scratch struct {
	ask        asker
	neighbours upcf.Scratch
	said       []candidate
	fresh      []candidate
	candidates []candidate
	rows       []float32
	scores     []float32
	top        item.Top
	best       []item.Scored
}

// gather finds what may come: the customer's own items with the highest decayed share, and new ones of similar customers.
func (m *Model) gather(s *Scratch, c purchase.Customer, now int64) {
	s.ask.read(m, c, now)
	own := s.ask.items.traces
	s.said, s.fresh = slices.Grow(s.said[:0], len(own))[:len(own)], s.fresh[:0]
	for at, t := range own {
		s.said[at] = candidate{item: t.thing}
	}
	mostNear, mostSimilar := 1e-300, 1e-300
	m.near.Scores(&s.neighbours, c, sharper, func(i item.Ordinal, similar, near float64) {
		mostNear, mostSimilar = max(mostNear, near), max(mostSimilar, similar)
		if at := s.ask.items.slots[i]; at > 0 {
			s.said[at-1].near, s.said[at-1].similar = near, similar
		} else {
			s.fresh = append(s.fresh, candidate{uint32(i), near, similar})
		}
	})
	s.candidates = s.candidates[:0]
	s.top.Reset(m.settings.Own)
	for at, t := range own {
		s.top.Offer(item.Ordinal(t.thing), t.fading[2]+t.aging[1]+float32(s.said[at].near/mostNear)/5)
	}
	s.best = s.top.Append(s.best[:0])
	for _, b := range s.best {
		s.candidates = append(s.candidates, s.said[s.ask.items.slots[b.Item]-1])
	}
	slices.SortFunc(s.fresh, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.similar, a.similar), cmp.Compare(a.item, b.item))
	})
	s.candidates = append(s.candidates, s.fresh[:min(len(s.fresh), m.settings.New)]...)
	for at := range s.candidates {
		s.candidates[at].near /= mostNear
		s.candidates[at].similar /= mostSimilar
	}
}
