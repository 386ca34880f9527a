package recommend

import (
	"cmp"
	"slices"

	"shopkeeper/shared/locale"
)

// reserved is a pick that has a place before the others are chosen.
type reserved struct {
	at   int // place, from 0
	pick Pick
}

// fill makes one shelf: first the places that rules pin and those kept for new and promoted items, then the placement's own pipeline for the others.
func (w *Worker) fill(slot Slot) Policy {
	w.placement = slot.Placement
	w.pinned, w.reserved = w.pinned[:0], w.reserved[:0]
	w.pin(slot.Limit)
	drawn := false
	w.capped = false
	if slot.Placement == ForYou || slot.Placement == Trending {
		w.capped = w.ruled && w.m.page.PromotedMost < 1
		drawn = w.reserve(slot.Limit)
	}
	policy := w.pipeline(Slot{slot.Placement, slot.Limit - len(w.pinned) - len(w.reserved)})
	if len(w.pinned)+len(w.reserved) > 0 {
		w.merge(slot.Limit)
	}
	if drawn && policy != Drafted {
		return Drawn
	}
	return policy
}

func (w *Worker) pipeline(slot Slot) Policy {
	if slot.Limit <= 0 {
		return Fixed
	}
	switch slot.Placement {
	case ViewedBefore:
		w.viewedBefore(slot.Limit)
	case ForYou:
		if w.q.Against != nil {
			return w.draft(slot.Limit)
		}
		return w.forYou(slot.Limit)
	case BuyAgain:
		w.buyAgain(slot.Limit)
	case Trending:
		return w.trending(slot.Limit)
	case NewItems:
		w.newest(slot.Limit)
	case Similar:
		w.similar(slot.Limit)
	case Together:
		w.together(slot.Limit)
	}
	return Fixed
}

// pin finds the items that rules put at a place. What must not be shown is passed over for the rule's next item; a taken place for the next free one.
func (w *Worker) pin(limit int) {
	if w.m.rules == nil {
		return
	}
	for _, p := range w.m.rules.Pins[w.placement] {
		at, count := p.Place, p.Count
		for _, i := range p.Items {
			for at < limit && slices.ContainsFunc(w.pinned, func(r reserved) bool { return r.at == at }) {
				at++
			}
			if count == 0 || at >= limit {
				break
			}
			if w.placement == BuyAgain && w.allowedAgain(i) || w.allowed(i) {
				w.block(i)
				w.pinned = append(w.pinned, reserved{at, Pick{Item: i, Propensity: 1, Source: FromRule, Reason: Reason{Key: locale.IsFeatured}, Rule: p.By}})
				count--
			}
		}
	}
	slices.SortFunc(w.pinned, func(a, b reserved) int { return cmp.Compare(a.at, b.at) })
}

// newChoice is among how many new items a place is drawn.
const newChoice = 16

// reserve keeps places for new and for promoted items, as the shop wants it, and says whether it drew.
func (w *Worker) reserve(limit int) (drawn bool) {
	free := limit - len(w.pinned)
	if n := min(places(w.m.page.NewShare, limit), free); n > 0 && len(w.m.cold) > 0 {
		drawn = w.reserveNew(n)
	}
	if n := min(places(w.m.page.PromotedShare, limit), free-len(w.reserved)); n > 0 && w.ruled {
		w.reservePromoted(n)
	}
	for n := range w.reserved { // spread over what is behind the first third
		from := limit / 3
		w.reserved[n].at = from + (2*n+1)*(limit-from)/(2*len(w.reserved))
	}
	return drawn
}

// places is a share of a shelf, rounded.
func places(share float64, limit int) int { return int(share*float64(limit) + 0.5) }

// reserveNew draws new items, each with chances by how near its category is to the visitor, among the nearest. Nobody's clicks speak for them: only being shown will tell.
func (w *Worker) reserveNew(n int) (drawn bool) {
	w.top.Reset(newChoice + n)
	for _, i := range w.m.cold {
		if w.allowed(i) {
			w.offer(i, 0.1+w.affinity(i))
		}
	}
	w.scored = w.top.Append(w.scored[:0])
	for place := range min(n, len(w.scored)) {
		sum := float32(0)
		for _, s := range w.scored {
			sum += s.Score
		}
		at, u := 0, float32(w.unit(uint32(place)+1<<20))*sum
		for u -= w.scored[0].Score; u >= 0 && at < len(w.scored)-1; u -= w.scored[at].Score {
			at++
		}
		s := w.scored[at]
		w.block(s.Item)
		chance := s.Score / sum
		w.reserved = append(w.reserved, reserved{pick: Pick{Item: s.Item, Propensity: chance, Source: FromNew, Reason: Reason{Key: locale.IsNew}, Rule: w.ruleOf(s.Item)}})
		drawn = drawn || chance < 1
		w.scored = slices.Delete(w.scored, at, at+1)
	}
	return drawn
}

func (w *Worker) reservePromoted(n int) {
	w.top.Reset(n)
	for rank, i := range w.m.rules.Promoted() {
		if w.allowed(i) && w.promoted(i) {
			w.offer(i, (1+w.affinity(i))/float32(rank+10))
		}
	}
	w.scored = w.top.Append(w.scored[:0])
	for _, s := range w.scored {
		w.block(s.Item)
		w.reserved = append(w.reserved, reserved{pick: Pick{Item: s.Item, Propensity: 1, Source: FromRule, Reason: Reason{Key: locale.IsFeatured}, Rule: w.ruleOf(s.Item)}})
	}
}

// merge puts pinned and reserved picks at their places among the others. Where there are too few others, they close up: a shelf has no holes.
func (w *Worker) merge(limit int) {
	w.rest = append(w.rest[:0], w.picks[w.from:]...)
	w.picks = w.picks[:w.from]
	rest, pinned, kept := w.rest, w.pinned, w.reserved
	score := float32(1)
	for at := range limit {
		var p Pick
		switch {
		case len(pinned) > 0 && pinned[0].at == at:
			p, pinned = pinned[0].pick, pinned[1:]
			p.Score = score
		case len(kept) > 0 && (kept[0].at <= at || len(rest) == 0):
			p, kept = kept[0].pick, kept[1:]
			p.Score = score
		case len(rest) > 0:
			p, rest = rest[0], rest[1:]
			score = p.Score
		case len(pinned) > 0:
			p, pinned = pinned[0].pick, pinned[1:]
			p.Score = score
		default:
			return
		}
		w.picks = append(w.picks, p)
	}
}
