package recommend

import (
	"math"
	"slices"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/rank"
)

// ForYouFeatures is the number of the list of features below: a ranker of another list is not used. Changing the list means a new number.
const ForYouFeatures = 1

// The features of a candidate of for-you, as the learned ranker sees it. Those of the visit alone are crossed with a candidate's: what is the same for all
// candidates says nothing.
const (
	rankSession      = iota // score of the session neighbours, as a share of their best
	rankSessionPlace        // minus the logarithm of its place among them
	rankSessionLive         // the share, while a visit is under way
	rankRelated             // score of the item-item weights, as a share of the best
	rankRelatedPlace
	rankRelatedLive
	rankBoth            // both name it: the product of the shares
	rankTaste           // the visitor's interest in its category
	rankTasteLive       //
	rankPopular         // logarithm of its popularity
	rankPopularLive     //
	rankPrice           // how far its price is from what the visitor looks at, as a ratio's logarithm
	rankNew             // 1 / (1 + weeks in the catalog)
	forYouWidth         // how many features there are
	furthestPlace   = 7 // place of a candidate that a source does not name, as a logarithm
)

// ForYouFeatureNames are the features in words, in their order.
var ForYouFeatureNames = [forYouWidth]string{"visits like this one", "place among visits like this one", "visits like this one, during a visit", "what the same people like",
	"place in what the same people like", "what the same people like, during a visit", "both agree", "category", "category, during a visit", "popularity",
	"popularity, during a visit", "price", "new in the shop"}

// ranker is the model's learned ranker if it knows this list of features.
func (w *Worker) ranker() *rank.Model {
	if r := w.m.Ranker(); r != nil && r.Kind == ForYouFeatures && r.Width() == forYouWidth {
		return r
	}
	return nil
}

// rankedDepth is how many candidates the ranker weighs at least: the best by fixed shares. It bounds what an answer costs in shops where everything goes with everything.
const rankedDepth = 100

// rankCandidates lets the ranker weigh the best candidates. Scores become shares of the best: 1 / (1 + how far below it).
func (w *Worker) rankCandidates(r *rank.Model, live bool, keep int) {
	if looksAtSourcesAlone(r) {
		w.top.Reset(keep)
		w.weighSources(r.Weights[rankSession], r.Weights[rankRelated])
		return
	}
	w.describe(live, max(rankedDepth, keep))
	w.scores = r.Score(w.scores[:0], w.rows)
	best := float32(math.Inf(-1))
	for _, s := range w.scores {
		best = max(best, s)
	}
	w.top.Reset(keep)
	for at, i := range w.able {
		w.offer(i, 1/(1+best-w.scores[at]))
	}
}

// looksAtSourcesAlone says whether a ranker asks only for the shares of the sources, as the one does that goes by a single source.
func looksAtSourcesAlone(r *rank.Model) bool {
	for f, weight := range r.Weights {
		if weight != 0 && f != rankSession && f != rankRelated {
			return false
		}
	}
	return r.Depth == 0 && r.Weights[rankSession] >= 0 && r.Weights[rankRelated] >= 0
}

// goesBySessions says whether the best n are all among what the session neighbours named, whatever the item-item weights say: these then only say why an item is there, and decide
// between equals. So it is for a ranker that goes by the sessions, once so many have more of its score than the item-item weights can give.
func (w *Worker) goesBySessions(n int) bool {
	r := w.ranker()
	if r == nil || w.ruled || !looksAtSourcesAlone(r) || r.Weights[rankSession] == 0 {
		return false
	}
	mostSession, _ := w.mostSaid()
	enough := mostSession * r.Weights[rankRelated] / r.Weights[rankSession]
	for at := range w.found {
		if c := &w.found[at]; c.session > enough && w.allowed(c.item) {
			n--
		}
	}
	return n <= 0
}

// weighSources is rankCandidates for a ranker that asks for nothing else: no other feature is made, and all that the sources name is weighed.
func (w *Worker) weighSources(session, related float32) {
	mostSession, mostRelated := w.mostSaid()
	sessionScale, relatedScale := scaled(session, mostSession), scaled(related, mostRelated)
	best := float32(0)
	for at := range w.found {
		c := &w.found[at]
		best = max(best, max(c.session, 0)*sessionScale+max(c.related, 0)*relatedScale)
	}
	least := w.top.Least()
	for at := range w.found {
		c := &w.found[at]
		said := max(c.session, 0)*sessionScale + max(c.related, 0)*relatedScale
		score := 1 / (1 + best - said)
		if said <= 0 || !w.ruled && score < least || !w.allowed(c.item) {
			continue
		}
		w.offer(c.item, score)
		least = w.top.Least()
	}
}

// describe fills able with the best, by fixed shares, of the items named that may be shown, and rows with their features.
func (w *Worker) describe(live bool, depth int) {
	w.top.Reset(depth)
	w.mixShares(live)
	w.scored = w.top.Append(w.scored[:0])
	w.able = w.able[:0]
	for _, s := range w.scored {
		w.able = append(w.able, s.Item)
	}
	n := len(w.able) * forYouWidth
	w.rows = slices.Grow(w.rows[:0], n)[:n]
	clear(w.rows)
	w.describeSource(rankSession, live, func(c *mention) float32 { return c.session })
	w.describeSource(rankRelated, live, func(c *mention) float32 { return c.related })
	usual := w.usualPrice()
	for at, i := range w.able {
		row := w.rows[at*forYouWidth : (at+1)*forYouWidth]
		row[rankBoth] = row[rankSession] * row[rankRelated]
		row[rankTaste] = w.affinity(i)
		row[rankPopular] = log1p(w.m.Popularity(i))
		if price := w.m.Price(i); price > 0 && usual > 0 {
			row[rankPrice] = min(3, float32(math.Abs(math.Log(float64(price))-usual)))
		}
		if created := w.m.Created(i); !created.IsZero() {
			row[rankNew] = 1 / (1 + float32(max(0, w.q.Now.Sub(created).Hours()/24/7)))
		}
		if live {
			row[rankTasteLive], row[rankPopularLive] = row[rankTaste], row[rankPopular]
		}
	}
}

// describeSource fills the three features of a source: share, place, share while a visit is under way.
func (w *Worker) describeSource(first int, live bool, of func(*mention) float32) {
	w.top.Reset(len(w.able))
	for at, i := range w.able {
		w.rows[at*forYouWidth+first+1] = -furthestPlace
		said := w.said(i)
		if score := of(&said); score > 0 {
			w.top.Offer(item.Ordinal(at), score)
		}
	}
	w.placed = w.top.Append(w.placed[:0])
	for place, s := range w.placed {
		row := w.rows[int(s.Item)*forYouWidth+first:]
		row[0], row[1] = s.Score/w.placed[0].Score, -placeLog(place)
		if live {
			row[2] = row[0]
		}
	}
}

// placeLogs are the logarithms of the first places.
var placeLogs = func() (logs [2 * rankedDepth]float32) {
	for place := range logs {
		logs[place] = float32(math.Log(float64(place + 1)))
	}
	return logs
}()

func placeLog(place int) float32 {
	if place < len(placeLogs) {
		return placeLogs[place]
	}
	return float32(math.Log(float64(place + 1)))
}

// usualPrice is the mean logarithm of the prices of what the visitor looked at, 0 where none has one.
func (w *Worker) usualPrice() float64 {
	sum, weights := 0.0, 0.0
	for _, s := range w.seeds {
		if price := w.m.Price(s.item); price > 1 {
			sum += float64(s.weight) * math.Log(float64(price))
			weights += float64(s.weight)
		}
	}
	if weights == 0 {
		return 0
	}
	return sum / weights
}

func log1p(x float32) float32 { return float32(math.Log1p(max(0, float64(x)))) }

// Candidates are what for-you would choose from for a query: the items that the sources name and that may be shown, with the features of each, ForYouWidth
// numbers a candidate. Both slices belong to the worker and hold until its next answer. It is what the ranker is trained from: the training sees exactly
// what an answer sees.
func (w *Worker) Candidates(m *Model, q *Query) (items []item.Ordinal, rows []float32) {
	w.describe(w.ask(m, q), rankedDepth)
	return w.able, w.rows
}

// What a training needs to know of the list: how many features a candidate has, and where the sources alone and popularity stand.
const (
	ForYouWidth    = forYouWidth
	FeatureSession = rankSession
	FeatureRelated = rankRelated
	FeaturePopular = rankPopular
)

// Ranking ranks a query's candidates as for-you does, the best n first, before anything is drawn or spread: by a ranker, or with nil by shares that nobody learned, which is what a model without a ranker
// does.
func (w *Worker) Ranking(dst []item.Scored, m *Model, q *Query, r *rank.Model, n int) []item.Scored {
	live := w.ask(m, q)
	if r != nil && r.Kind == ForYouFeatures && r.Width() == forYouWidth {
		w.rankCandidates(r, live, n)
		return w.top.Append(dst)
	}
	w.top.Reset(n)
	w.mixShares(live)
	return w.top.Append(dst)
}

// ask has the sources of for-you name what they know for a query.
func (w *Worker) ask(m *Model, q *Query) (live bool) {
	w.begin(m, q)
	w.placement = ForYou
	w.newRound()
	live = w.addNeighbours()
	w.addItemItem(false)
	for _, s := range w.seeds {
		w.block(s.item)
	}
	return live
}
