package recommend

import (
	"slices"
	"time"

	"shopkeeper/shared/locale"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
)

// The blend of for-you. While a visit is under way its own direction counts more; a visitor who comes back is known by history. Both shares were set by a
// time split on the demonstration shop and are what the learned ranker is measured against.
const (
	liveShare   = 0.6 // of session neighbours while the visit is under way
	returnShare = 0.35
	tasteLift   = 0.3 // how much an item of the favourite category gains
	visitGap    = 30 * time.Minute
	sessionLen  = 10 // items of history that session neighbours see
	neighbours  = 80 // candidates they give
)

// Exploration of for-you: with probability exploreShare the last place goes to one of the next exploreWidth candidates, each equally likely.
const (
	exploreShare = 0.1
	exploreWidth = 10
)

// forYou blends session neighbours and item-item weights over the visitor's history, spreads categories, explores in the last place, and is completed from
// the visitor's categories and from what everybody likes.
func (w *Worker) forYou(limit int) Policy {
	round := w.newRound()
	live := w.addNeighbours(round)
	w.addItemItem(round)
	w.selectBlend(live, limit)
	w.scored = w.top.Append(w.scored[:0])
	w.spread(limit)
	policy := w.place(limit)
	w.complete(limit)
	return policy
}

// addNeighbours continues the visit, or what is remembered as if it were one, and says whether a visit is under way.
func (w *Worker) addNeighbours(round uint32) (live bool) {
	w.session = w.session[:0]
	for _, s := range w.seeds[:min(len(w.seeds), sessionLen)] {
		w.session = append(w.session, s.item)
		live = live || w.q.Now.Sub(s.at) < visitGap
	}
	slices.Reverse(w.session)
	if i, ok := w.m.Lookup(string(w.q.Current)); ok {
		w.session, live = append(w.session, i), true
	}
	w.scored = w.m.Sessions().Continue(w.scored[:0], &w.neighbours, w.session, neighbours)
	for _, s := range w.scored {
		w.touch(round, s.Item).session = s.Score
	}
	return live
}

func (w *Worker) addItemItem(round uint32) {
	for _, s := range w.seeds {
		items, weights := w.m.Related(s.item)
		for at, i := range items {
			w.addRelated(round, i, weights[at]*s.weight, s.item, s.shown)
		}
	}
	for _, b := range w.basket {
		items, weights := w.m.Related(b)
		for at, i := range items {
			w.addRelated(round, i, weights[at], b, true)
		}
	}
	if i, ok := w.m.Lookup(string(w.q.Current)); ok {
		items, weights := w.m.Related(i)
		for at, j := range items {
			w.addRelated(round, j, weights[at], i, true)
		}
	}
}

// selectBlend ranks the touched items: each source scaled to 1 for its best, mixed, lifted by taste. What the visitor looked at already is viewed-before's.
func (w *Worker) selectBlend(live bool, limit int) {
	var mostSession, mostRelated float32
	for _, i := range w.touched {
		c := w.at(i)
		mostSession, mostRelated = max(mostSession, c.session), max(mostRelated, c.related)
	}
	share := float32(returnShare)
	if live {
		share = liveShare
	}
	for _, s := range w.seeds {
		w.block(s.item)
	}
	w.top.Reset(2*limit + exploreWidth)
	for _, i := range w.touched {
		if !w.allowed(i) {
			continue
		}
		c := w.at(i)
		score := float32(0)
		if c.session > 0 {
			score += share * c.session / mostSession
		}
		if c.related > 0 {
			score += (1 - share) * c.related / mostRelated
		}
		if score > 0 {
			w.top.Offer(i, score*(1+tasteLift*w.affinity(i)))
		}
	}
}

// spread moves items of a category that already has half of the shelf behind the others, keeping their order.
func (w *Worker) spread(limit int) {
	if len(w.scored) <= limit {
		return
	}
	most := (limit + 1) / 2
	later := w.later[:0]
	kept := w.scored[:0]
	for at, s := range w.scored {
		c := w.m.CategoryOf(s.Item)
		same := 0
		for _, k := range kept {
			if c != model.None && w.m.CategoryOf(k.Item) == c {
				same++
			}
		}
		if same >= most && len(kept) < limit {
			later = append(later, w.scored[at])
		} else {
			kept = append(kept, s)
		}
	}
	w.later = later
	w.scored = append(kept, later...)
}

// place puts the candidates on the shelf. The last place is drawn when there are candidates enough to draw from.
func (w *Worker) place(limit int) Policy {
	n := min(limit, len(w.scored))
	if n == 0 {
		return Fixed
	}
	best := w.scored[0].Score
	for _, s := range w.scored {
		best = max(best, s.Score)
	}
	width := min(exploreWidth, len(w.scored)-n)
	policy, last, chance := Fixed, n-1, float32(1)
	if n == limit && limit > 1 && width > 0 {
		policy, chance = LastSlot, 1-exploreShare
		if draw := unit(w.q.Seed); draw < exploreShare {
			last = n + min(int(draw/exploreShare*float64(width)), width-1)
			chance = exploreShare / float32(width)
		}
	}
	ceiling := float32(1)
	for at := range n {
		s, propensity := w.scored[at], float32(1)
		if at == n-1 {
			s, propensity = w.scored[last], chance
		}
		pick := Pick{s.Item, min(s.Score/best, ceiling), propensity, w.sourceOf(s.Item), w.because(s.Item)}
		if at == n-1 && last != n-1 {
			pick.Source = FromExploring
		}
		ceiling = pick.Score
		w.picks = append(w.picks, pick)
	}
	return policy
}

// unit is a number in [0, 1) that the seed decides (SplitMix64).
func unit(seed uint32) float64 {
	z := uint64(seed)*0x9e3779b97f4a7c15 + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	return float64(z>>11) / (1 << 53)
}

func (w *Worker) sourceOf(i item.Ordinal) Source {
	if c := w.at(i); c.session > 0 && c.related <= 0 || c.session > 0 && len(w.seeds) > 0 && w.q.Now.Sub(w.seeds[0].at) < visitGap {
		return FromSession
	}
	return FromItems
}

// because names the seed that spoke loudest among those that may be named.
func (w *Worker) because(i item.Ordinal) Reason {
	c := w.at(i)
	if c.loudest <= 0 {
		if c.session > 0 {
			return Reason{Key: locale.BecauseSession}
		}
		return Reason{Key: locale.BecauseTaste}
	}
	key := locale.BecauseViewed
	if slices.Contains(w.basket, c.because) {
		key = locale.BecauseBasket
	}
	for _, s := range w.seeds {
		if s.item == c.because && s.kind == profile.Bought {
			key = locale.BecauseBought
		}
	}
	return Reason{Key: key, About: c.because, Named: true}
}
