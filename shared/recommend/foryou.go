package recommend

import (
	"slices"
	"time"

	"shopkeeper/shared/locale"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend/item"
)

// The blend of for-you. While a visit is under way its own direction counts more; a visitor who comes back is known by history. Both shares were set by a
// time split on the demonstration shop. They answer where the model has no ranker, and are what a ranker must beat to get into a model (see ranked.go).
const (
	visitGap   = 30 * time.Minute
	sessionLen = 10 // items of history that session neighbours see
	neighbours = 80 // candidates they give
)

// forYou blends session neighbours and item-item weights over the visitor's history, explores in the last place, and is completed from the visitor's categories and
// from what everybody likes.
func (w *Worker) forYou(limit int) Policy {
	w.newRound()
	live := w.addNeighbours()
	w.addItemItem(w.goesBySessions(2*limit + exploreWidth))
	w.selectBlend(live, limit)
	w.scored = w.top.Append(w.scored[:0])
	policy := w.arrange(limit, !w.drafting.on, w.sourceOf, w.because)
	w.complete(limit)
	return policy
}

// addNeighbours continues the visit, or what is remembered as if it were one, and says whether a visit is under way.
func (w *Worker) addNeighbours() (live bool) {
	w.session, w.visiting = w.session[:0], len(w.seeds) > 0 && w.q.Now.Sub(w.seeds[0].at) < visitGap
	for _, s := range w.seeds[:min(len(w.seeds), sessionLen)] {
		w.session = append(w.session, s.item)
		live = live || w.q.Now.Sub(s.at) < visitGap
	}
	slices.Reverse(w.session)
	if i, ok := w.m.Lookup(string(w.q.Current)); ok {
		w.session, live = append(w.session, i), true
	}
	w.scored = w.m.Continue(w.scored[:0], &w.neighbours, w.session, neighbours)
	for _, s := range w.scored {
		w.mention(s.Item).session = s.Score
	}
	return live
}

// addItemItem lets seeds, basket and the current item speak for what they go with, or with namedAlone for that of it which the session neighbours named.
func (w *Worker) addItemItem(namedAlone bool) {
	add := w.addRelated
	if namedAlone {
		w.named = sieve{}
		for at := range w.found {
			w.named.add(w.found[at].item)
		}
		add = w.addToNamed
	}
	for _, s := range w.seeds {
		items, weights := w.m.Related(s.item)
		add(items, weights, s.weight, s.item, s.shown)
	}
	for _, b := range w.basket {
		items, weights := w.m.Related(b)
		add(items, weights, 1, b, true)
	}
	if i, ok := w.m.Lookup(string(w.q.Current)); ok {
		items, weights := w.m.Related(i)
		add(items, weights, 1, i, true)
	}
}

// selectBlend ranks the items that the sources named, by the learned ranker where the model has one. What the visitor looked at already is viewed-before's.
func (w *Worker) selectBlend(live bool, limit int) {
	for _, s := range w.seeds {
		w.block(s.item)
	}
	keep := 2*limit + exploreWidth
	if r := w.ranker(); r != nil {
		w.rankCandidates(r, live, keep)
		return
	}
	w.top.Reset(keep)
	w.mixShares(live)
}

// mixShares ranks without a ranker: each source scaled to 1 for its best, mixed, lifted by taste.
func (w *Worker) mixShares(live bool) {
	mostSession, mostRelated := w.mostSaid()
	share, tasteLift := float32(w.blend.Return), float32(w.blend.Taste)
	if live {
		share = float32(w.blend.Live)
	}
	sessionScale, relatedScale := scaled(share, mostSession), scaled(1-share, mostRelated)
	least, most := w.top.Least(), 1+tasteLift
	for at := range w.found {
		c := &w.found[at]
		score := max(c.session, 0)*sessionScale + max(c.related, 0)*relatedScale
		if score <= 0 || !w.ruled && score*most < least || !w.allowed(c.item) { // not even taste could lift it among the best
			continue
		}
		w.offer(c.item, score*(1+tasteLift*w.affinity(c.item)))
		least = w.top.Least()
	}
}

// mostSaid is the best score that each source gave.
func (w *Worker) mostSaid() (session, related float32) {
	for at := range w.found {
		c := &w.found[at]
		session, related = max(session, c.session), max(related, c.related)
	}
	return session, related
}

// scaled is what a source's score is multiplied by, so that its best has its share.
func scaled(share, best float32) float32 {
	if best <= 0 {
		return 0
	}
	return share / best
}

func (w *Worker) sourceOf(i item.Ordinal) Source {
	if c := w.said(i); c.session > 0 && (c.related <= 0 || w.visiting) {
		return FromSession
	}
	return FromItems
}

// because names the seed that spoke loudest among those that may be named.
func (w *Worker) because(i item.Ordinal) Reason {
	c := w.said(i)
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
