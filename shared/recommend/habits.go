package recommend

import (
	"math"
	"slices"
	"time"

	"shopkeeper/shared/locale"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend/habit"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/rank"
)

// PurchaseFeatures is the number of the list of features below: a ranker of another list is not used. Changing the list means a new number.
const PurchaseFeatures = 1

// The features of an item that the visitor bought before: what package habit knows of a customer, as far as a profile tells it.
const (
	againTimes   = iota // logarithm of 1 + times bought
	againShare          // of the visitor's orders that held it
	againRecent         // days since the last time
	againDue            // the same less the item's usual interval
	againOwnDue         // the same less the visitor's own interval for it
	againOrders         // days between the last time and the last order: 0 when it was in that
	againHazard         // how often everybody's next basket holds it
	againRate           // the visitor's own rate, drawn to everybody's
	againPopular        // logarithm of its popularity
	againFirst          // days since the first time
	againPace           // days between the visitor's orders
	againIdle           // days since the visitor's last order, less those between orders
	purchaseWidth
)

// PurchaseFeatureNames are the features in words, in their order.
var PurchaseFeatureNames = [purchaseWidth]string{"times bought", "share of orders", "days since the last time", "due", "due by own interval", "orders since", "how often everybody buys it again",
	"how often it was bought again", "popularity", "days since the first time", "days between orders", "days since the last order"}

// What a training needs to know of the list: how many features a purchase has, and where popularity stands.
const (
	PurchaseWidth          = purchaseWidth
	FeaturePurchasePopular = againPopular
)

// drawn is how many orders a visitor's own rate or interval needs before it counts as much as everybody's.
const drawn = 3

// rhythm is what the model knows of habits, if it knows this list of features.
func (m *Model) rhythm() *habit.Rhythm {
	if r := m.Habits(); r != nil && r.Ranker.Kind == PurchaseFeatures && r.Ranker.Width() == purchaseWidth {
		return r
	}
	return nil
}

// buyAgain shows what this visitor buys from time to time, the likeliest in the next order first: by what the shop's customers taught, and in a model without that by how due it is, times bought x how much
// of the item's usual interval has passed.
func (w *Worker) buyAgain(limit int) {
	w.top.Reset(limit)
	var ranker *rank.Model
	if r := w.m.rhythm(); r != nil {
		ranker = r.Ranker
	}
	w.rankPurchases(ranker)
	w.take(FromRepeat, func(item.Ordinal) Reason { return Reason{Key: locale.IsBuyAgain} })
}

// rankPurchases offers what may be bought again, nil: by how due it is. Scores of a ranker become shares of the best, so that rules weigh them as they do others.
func (w *Worker) rankPurchases(r *rank.Model) {
	w.describePurchases()
	if r == nil {
		for at, i := range w.able {
			b := w.q.Viewer.Profile.Purchases[w.order[at]]
			w.offer(i, w.m.Due(i, b.Times, b.Last, w.q.Now))
		}
		return
	}
	w.scores = r.Score(w.scores[:0], w.rows)
	best := float32(math.Inf(-1))
	for _, s := range w.scores {
		best = max(best, s)
	}
	for at, i := range w.able {
		w.offer(i, 1/(1+best-w.scores[at]))
	}
}

// describePurchases fills able with what of the visitor's purchases may be shown again, order with where it stands among them, and rows with its features.
func (w *Worker) describePurchases() {
	w.able, w.order, w.rows = w.able[:0], w.order[:0], w.rows[:0]
	p := w.q.Viewer.Profile
	if p == nil {
		return
	}
	for at := range p.Purchases {
		b := &p.Purchases[at]
		i, ok := w.m.Lookup(string(b.Item))
		if !ok || !w.q.Viewer.Shows(b.By) || !w.allowedAgain(i) || b.Times < 2 && !w.m.Repeats().Repeated(i) {
			continue
		}
		n := len(w.rows)
		w.able, w.order, w.rows = append(w.able, i), append(w.order, uint32(at)), slices.Grow(w.rows, purchaseWidth)[:n+purchaseWidth]
		w.describePurchase(w.rows[n:], i, b, p)
	}
}

// describePurchase fills a row with the features of a purchase.
func (w *Worker) describePurchase(row []float32, i item.Ordinal, b *profile.Purchase, p *profile.Profile) {
	clear(row)
	now := w.q.Now
	times, orders := float32(max(b.Times, 1)), float32(max(p.Orders.Count, 1))
	hazard, usual := float32(0.05), float32(math.Log(30)) // of an item that the file does not have
	if r := w.m.Habits(); r != nil && int(i) < len(r.Hazard) {
		hazard, usual = r.Hazard[i], r.Interval[i]
	}
	since := logDays(b.Last, now)
	row[againTimes], row[againShare], row[againRecent] = log1p(times), min(1, times/orders), since
	row[againDue], row[againOrders] = since-usual, logDays(b.Last, p.Orders.Last)
	row[againHazard], row[againRate] = float32(math.Log(float64(hazard))), (times-1+2*drawn*hazard)/(max(orders-1, times-1)+2*drawn)
	row[againPopular] = log1p(w.m.Popularity(i))
	row[againOwnDue], row[againFirst] = row[againDue], log1p(float32(now.Sub(b.Last).Hours()/24)+float32(b.Over))
	if gaps := times - 1; b.Over > 0 && gaps > 0 {
		row[againOwnDue] = since - (gaps*log1p(float32(b.Over)/gaps)+drawn*usual)/(gaps+drawn)
	}
	if gaps := orders - 1; gaps > 0 {
		pace := logDays(p.Orders.First, p.Orders.First.Add(time.Duration(float64(p.Orders.Last.Sub(p.Orders.First))/float64(gaps))))
		row[againPace], row[againIdle] = pace, logDays(p.Orders.Last, now)-pace
	}
}

// logDays is the logarithm of 1 + the days from one time to another; none when they run backwards.
func logDays(from, to time.Time) float32 { return log1p(float32(to.Sub(from).Hours() / 24)) }

// Purchases are what the buy-again shelf would choose from for a query, with PurchaseWidth features each. Both slices belong to the worker and hold until its next answer: what a training
// learns from.
func (w *Worker) Purchases(m *Model, q *Query) (items []item.Ordinal, rows []float32) {
	w.begin(m, q)
	w.placement = BuyAgain
	w.describePurchases()
	return w.able, w.rows
}

// Again ranks what a query's visitor bought as the buy-again shelf does, the best n first: by a ranker, or with nil by how due it is.
func (w *Worker) Again(dst []item.Scored, m *Model, q *Query, r *rank.Model, n int) []item.Scored {
	w.begin(m, q)
	w.placement = BuyAgain
	w.top.Reset(n)
	w.rankPurchases(r)
	return w.top.Append(dst)
}
