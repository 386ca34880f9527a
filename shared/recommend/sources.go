package recommend

import (
	"cmp"
	"slices"

	"shopkeeper/shared/locale"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
)

// viewedBefore shows what held the visitor's interest: what was looked at and not bought, the strongest interest first.
func (w *Worker) viewedBefore(limit int) {
	w.top.Reset(limit)
	for _, s := range w.seeds {
		if s.shown && s.kind != profile.Bought && w.allowed(s.item) {
			w.offer(s.item, s.weight)
		}
	}
	w.take(FromHistory, func(item.Ordinal) Reason { return Reason{Key: locale.IsViewed} })
}

// trending shows what many look at now, nudged towards the visitor's categories.
func (w *Worker) trending(limit int) Policy {
	w.lead(w.leading(limit), func(c model.Category) { w.offerList(w.m.Trending(c)) })
	w.top.Reset(2 * limit)
	for _, s := range w.reach(limit, w.m.Trending(model.None)) {
		if w.allowed(s.Item) {
			w.offer(s.Item, s.Score*(1+w.affinity(s.Item)))
		}
	}
	w.scored = w.top.Append(w.scored[:0])
	policy := w.arrange(w.left(limit), false, func(item.Ordinal) Source { return FromTrending }, func(item.Ordinal) Reason { return Reason{Key: locale.IsTrending} })
	w.complete(limit)
	return policy
}

// depth is how far down a list an item may stand and still be lifted to a shelf by taste: enough for what is blocked, few enough to be looked at.
func (w *Worker) depth(limit int) int { return 4*limit + 2*len(w.seeds) }

func (w *Worker) reach(limit int, list []item.Scored) []item.Scored {
	if w.narrow {
		return list
	}
	return list[:min(len(list), w.depth(limit))]
}

// newest shows what arrived last, nudged towards the visitor's categories.
func (w *Worker) newest(limit int) {
	w.lead(w.leading(limit), w.offerNewest)
	w.top.Reset(w.left(limit))
	rank := 0
	for _, list := range [...][]item.Ordinal{w.m.arrivals, w.m.Newest(model.None)} {
		if !w.narrow {
			list = list[:min(len(list), w.depth(limit))]
		}
		for _, i := range list {
			if w.allowed(i) {
				w.offer(i, (1+w.affinity(i))/float32(rank+10))
			}
			rank++
		}
	}
	w.take(FromNewest, func(item.Ordinal) Reason { return Reason{Key: locale.IsNew} })
}

// offerNewest offers what arrived last in a category and below it.
func (w *Worker) offerNewest(c model.Category) {
	rank := 0
	for _, list := range [...][]item.Ordinal{w.m.arrivals, w.m.Newest(c)} {
		for _, i := range list {
			if w.allowed(i) && w.m.Below(w.m.CategoryOf(i), c) {
				w.offer(i, 1/float32(rank+10))
			}
			rank++
		}
	}
}

// similar shows items that the same people care for as for the current one, then its category's best.
func (w *Worker) similar(limit int) {
	if current, ok := w.m.Lookup(string(w.q.Current)); ok {
		w.top.Reset(limit)
		items, weights := w.m.Similar(current)
		for at, i := range items {
			if weights[at] > 0 && w.allowed(i) {
				w.offer(i, weights[at]*(1+w.sameCategory(current, i)))
			}
		}
		w.offerAlike(current)
		about := Reason{Key: locale.IsSimilar, About: current, Named: true}
		w.take(FromItems, func(item.Ordinal) Reason { return about })
		w.byCategory(limit, w.m.CategoryOf(current))
	}
	w.complete(limit)
}

// offerAlike offers the new items that are like an item, on the scale of cosines.
func (w *Worker) offerAlike(to item.Ordinal) {
	for _, i := range w.m.arrivals {
		n := w.m.newcomer(i)
		if at := slices.Index(n.alike, to); at >= 0 && w.allowed(i) {
			w.offer(i, n.likeness[at])
		}
	}
}

func (w *Worker) sameCategory(a, b item.Ordinal) float32 {
	if c := w.m.CategoryOf(a); c != model.None && c == w.m.CategoryOf(b) {
		return 1
	}
	return 0
}

// together shows what is bought with the current item or with what is in the basket.
func (w *Worker) together(limit int) {
	w.newRound()
	anchors, key := w.basket, locale.BecauseBasket
	if current, ok := w.m.Lookup(string(w.q.Current)); ok {
		anchors, key = []item.Ordinal{current}, locale.IsTogether
	}
	for _, a := range anchors {
		items, weights := w.m.Together(a)
		w.addRelated(items, weights, 1, a, true)
	}
	w.selectRelated(limit)
	w.take(FromTogether, func(i item.Ordinal) Reason { return Reason{Key: key, About: w.said(i).because, Named: true} })
	if w.left(limit) > 0 {
		w.relatedTo(anchors, w.left(limit), key)
	}
	w.complete(limit)
}

// relatedTo adds what the item-item weights find for the anchors.
func (w *Worker) relatedTo(anchors []item.Ordinal, limit int, key locale.Key) {
	for _, p := range w.picks {
		w.block(p.Item)
	}
	w.newRound()
	for _, a := range anchors {
		items, weights := w.m.Related(a)
		w.addRelated(items, weights, 1, a, true)
	}
	w.selectRelated(limit)
	w.take(FromItems, func(i item.Ordinal) Reason { return Reason{Key: key, About: w.said(i).because, Named: true} })
}

// selectRelated offers every item with a positive weight.
func (w *Worker) selectRelated(limit int) {
	w.top.Reset(limit)
	for at := range w.found {
		if c := &w.found[at]; c.related > 0 && w.allowed(c.item) {
			w.offer(c.item, c.related)
		}
	}
}

// left is how many places the shelf still has.
func (w *Worker) left(limit int) int { return limit - (len(w.picks) - w.from) }

// newRound forgets what the sources said before.
func (w *Worker) newRound() {
	w.found = w.found[:0]
	if w.round++; w.round == 1<<(32-w.placeBits) {
		clear(w.places)
		w.round = 1
	}
}

// mention is where a source says what it knows of an item.
func (w *Worker) mention(i item.Ordinal) *mention {
	at, known := w.placeOf(i)
	if !known {
		at = uint32(len(w.found))
		w.places[i] = w.round<<w.placeBits | at
		w.found = append(w.found, mention{item: i})
	}
	return &w.found[at]
}

// placeOf is where in found an item stands, false for one that no source named in this round.
func (w *Worker) placeOf(i item.Ordinal) (uint32, bool) {
	place := w.places[i]
	return place & (1<<w.placeBits - 1), place>>w.placeBits == w.round
}

// said is what the sources said of an item; of one that none named nothing.
func (w *Worker) said(i item.Ordinal) mention {
	if at, known := w.placeOf(i); known {
		return w.found[at]
	}
	return mention{item: i}
}

// addRelated lets a seed speak for a row of items, each as loud as its weight times loud. Only a seed that may be named becomes a reason.
func (w *Worker) addRelated(items []item.Ordinal, weights []float32, loud float32, by item.Ordinal, shown bool) {
	weights = weights[:len(items)]
	for at, i := range items {
		w.mention(i).relate(weights[at]*loud, by, shown)
	}
}

// addToNamed is addRelated for the items that a source named before: nobody else can come to the shelf, and most of a row is not looked at.
func (w *Worker) addToNamed(items []item.Ordinal, weights []float32, loud float32, by item.Ordinal, shown bool) {
	weights = weights[:len(items)]
	for at, i := range items {
		if !w.named.may(i) {
			continue
		}
		if place, known := w.placeOf(i); known {
			w.found[place].relate(weights[at]*loud, by, shown)
		}
	}
}

// relate has a seed speak for the item.
func (m *mention) relate(weight float32, by item.Ordinal, shown bool) {
	m.related += weight
	if shown && (weight > m.loudest || weight == m.loudest && by < m.because) {
		m.loudest, m.because = weight, by
	}
}

// take moves the selection to the shelf, with scores scaled so that the best has what the pick before it had: 1 for the first.
func (w *Worker) take(source Source, why func(item.Ordinal) Reason) {
	w.scored = w.top.Append(w.scored[:0])
	ceiling := w.ceiling()
	for _, s := range w.scored {
		score := float32(0)
		if best := w.scored[0].Score; best > 0 && s.Score > 0 {
			score = s.Score / best * ceiling
		}
		w.put(Pick{Item: s.Item, Score: score, Propensity: 1, Source: source, Reason: why(s.Item), Rule: w.ruleOf(s.Item)})
	}
}

// ceiling is the score of the last pick on the shelf, 1 when there is none: scores never rise along a shelf.
func (w *Worker) ceiling() float32 {
	if len(w.picks) > w.from {
		return w.picks[len(w.picks)-1].Score
	}
	return 1
}

// complete fills a shelf that is too short: what a stranger came for, the visitor's categories, then what trends, then what is popular, and where these lists are at their end anything for sale, what
// is new at last. So a shelf has an empty place only when nothing is left that may stand there.
func (w *Worker) complete(limit int) {
	if w.left(limit) <= 0 {
		return
	}
	slices.SortFunc(w.tasted, func(a, b model.Category) int {
		return cmp.Or(cmp.Compare(w.taste[b], w.taste[a]), cmp.Compare(a, b))
	})
	w.lead(limit, func(c model.Category) { w.offerList(w.m.Popular(c)) })
	for _, c := range w.tasted {
		w.byCategory(limit, c)
	}
	w.top.Reset(w.left(limit))
	w.offerList(w.m.Trending(model.None))
	w.take(FromTrending, func(item.Ordinal) Reason { return Reason{Key: locale.IsTrending} })
	w.top.Reset(w.left(limit))
	w.offerList(w.m.Popular(model.None))
	w.take(FromPopular, func(item.Ordinal) Reason { return Reason{Key: locale.IsPopular} })
	w.addAny(limit)
	if w.capped { // better a promoted item too many than an empty place
		w.capped = false
		w.addAny(limit)
	}
}

func (w *Worker) addAny(limit int) {
	if w.left(limit) > 0 {
		w.addRest(limit, w.m.Ranked())
		w.addRest(limit, w.m.arrivals)
	}
}

// addRest puts what is allowed of a list behind the others, in its order.
func (w *Worker) addRest(limit int, list []item.Ordinal) {
	for _, i := range list {
		if w.left(limit) <= 0 {
			return
		}
		if w.allowed(i) && !w.shown(i) && !(w.capped && w.promoted(i)) {
			source, key := FromPopular, locale.IsPopular
			if w.m.New(i) {
				source, key = FromNewest, locale.IsNew
			}
			w.put(Pick{Item: i, Propensity: 1, Source: source, Reason: Reason{Key: key}, Rule: w.ruleOf(i)})
		}
	}
}

// put gives a pick the next place of the shelf.
func (w *Worker) put(p Pick) {
	w.onShelves.add(p.Item)
	w.picks = append(w.picks, p)
}

// shown says whether an item stands on the shelf that is being filled.
func (w *Worker) shown(i item.Ordinal) bool {
	return w.onShelves.may(i) && slices.ContainsFunc(w.picks[w.from:], func(p Pick) bool { return p.Item == i })
}

func (w *Worker) byCategory(limit int, category model.Category) {
	if category == model.None || w.left(limit) <= 0 {
		return
	}
	w.top.Reset(w.left(limit))
	w.offerList(w.m.Popular(category))
	w.take(FromCategory, func(item.Ordinal) Reason { return Reason{Key: locale.BecauseCat} })
}

// offerList offers a list that has its best first, as far as it can matter.
func (w *Worker) offerList(list []item.Scored) {
	for _, s := range list {
		if !w.ruled && s.Score < w.top.Least() {
			return
		}
		if w.allowed(s.Item) && !w.shown(s.Item) && !(w.capped && w.promoted(s.Item)) {
			w.offer(s.Item, s.Score)
		}
	}
}
