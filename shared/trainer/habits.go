package trainer

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"shopkeeper/shared/backtest"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/recommend/habit"
	"shopkeeper/shared/recommend/interaction"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/purchase"
	"shopkeeper/shared/recommend/rank"
)

// again is the name of what is bought again in reports.
const again = "buy again"

// shelf is how many places of the buy-again shelf are examined.
const shelf = 10

// habitRank is how habits are learned: some shallow trees, because an item is due neither before its time nor long after.
var habitRank = rank.Settings{L2: 1e-3, Trees: 60, Depth: 3, Shrink: 0.1, Least: 5}

// repeat is an order of somebody who bought some of it before.
type repeat struct {
	at     int64
	person uint32
	before profile.Profile // orders and purchases up to then
	bought []item.Ordinal
}

// allOrders are the orders of people, in order of time; a purchase that names no order is one of its own.
func (h history) allOrders() []order {
	all := slices.DeleteFunc(slices.Clone(h.orders), func(o order) bool { return o.person == nobody })
	for _, e := range h.events {
		if e.kind == interaction.Order {
			all = append(all, order{e.time, e.person, []item.Ordinal{e.item}})
		}
	}
	slices.SortStableFunc(all, func(a, b order) int { return cmp.Compare(a.time, b.time) })
	return all
}

// customers are everybody's orders, oldest first.
func (h history) customers() []purchase.Customer {
	out := make([]purchase.Customer, h.people)
	for _, o := range h.allOrders() {
		out[o.person] = append(out[o.person], purchase.Basket{Time: o.time, Items: o.items})
	}
	return out
}

// repeats are the orders after a moment that hold something their customer bought before, with the profile that a visitor would have had.
func (t *training) repeats(h history, from int64) []repeat {
	profiles := make([]profile.Profile, h.people)
	var out []repeat
	for _, o := range h.allOrders() {
		p := &profiles[o.person]
		ids := make([]event.ItemID, len(o.items))
		known := false
		for n, i := range o.items {
			ids[n] = event.ItemID(t.catalog.Items[i].ID)
			known = known || slices.ContainsFunc(p.Purchases, func(b profile.Purchase) bool { return b.Item == ids[n] })
		}
		if o.time >= from && known {
			out = append(out, repeat{o.time, o.person, profile.Profile{Orders: p.Orders, Purchases: slices.Clone(p.Purchases)}, o.items})
		}
		p.Ordered(time.Unix(o.time, 0).UTC(), ids...)
	}
	return out
}

func (r *repeat) query() *recommend.Query {
	return &recommend.Query{Viewer: recommend.Viewer{Profile: &r.before}, Now: time.Unix(r.at, 0).UTC()}
}

// fitHabits learns what the next order of somebody who bought before holds, from the orders after the rehearsal's history; four fifths teach, the last fifth asks. Where the ranking is better beyond
// chance than the one by what is due, it goes into both files. The check is nil where too few come back.
func (t *training) fitHabits(ctx context.Context, h history, p plan, previous *model.Model, rehearsal, final *built) (*Check, error) {
	if !p.unseen {
		return nil, t.keepHabits(h, previous, rehearsal, final)
	}
	all := t.repeats(h, p.from)
	cut := len(all) * 4 / 5
	taught, asked := spread(all[:cut], mostLessons), spread(all[cut:], mostQuestions)
	if len(taught)+len(asked) < enoughLessons {
		return nil, nil //nolint:nilnil // nothing to learn
	}
	rhythm := habit.Measure(h.before(p.from).customers(), h.items)
	rhythm.Ranker = &rank.Model{}
	if err := rehearsal.change(func(c *model.Contents) { c.Habits = rhythm }); err != nil {
		return nil, err
	}
	m, err := recommend.Open(rehearsal.file)
	if err != nil {
		return nil, err
	}
	ranker, err := learnHabits(ctx, m, taught)
	if err != nil || ranker == nil {
		return nil, cmp.Or(err, rehearsal.change(func(c *model.Contents) { c.Habits = nil }))
	}
	due, learned := t.repeatGains(m, nil, asked), t.repeatGains(m, ranker, asked)
	people := make([]int, len(asked))
	for n, r := range asked {
		people[n] = int(r.person)
	}
	gain := backtest.PairedClusters(due, learned, people, t.settings.Seed)
	check := &Check{Model: again, Metric: fmt.Sprintf("ndcg@%d", shelf), Questions: len(asked), After: mean(learned), Popularity: mean(t.repeatGains(m, byPopular(), asked)),
		Alone: map[string]float64{"what is due": mean(due)}, Gain: &gain, Note: "habits are used"}
	if !gain.Better() {
		check.After, check.Note = mean(due), fmt.Sprintf("the shelf goes by what is due: habits reached %.4f, not better beyond chance", mean(learned))
		return check, rehearsal.change(func(c *model.Contents) { c.Habits = nil })
	}
	whole := habit.Measure(h.customers(), h.items)
	rhythm.Ranker, whole.Ranker = ranker, ranker
	if err := rehearsal.change(func(c *model.Contents) { c.Habits = rhythm }); err != nil {
		return nil, err
	}
	return check, final.change(func(c *model.Contents) { c.Habits = whole })
}

// keepHabits counts anew and ranks as the model in use does.
func (t *training) keepHabits(h history, previous *model.Model, rehearsal, final *built) error {
	if previous == nil || previous.Habits() == nil {
		return nil
	}
	rhythm := habit.Measure(h.customers(), h.items)
	rhythm.Ranker = previous.Habits().Ranker
	err := final.change(func(c *model.Contents) { c.Habits = rhythm })
	*rehearsal = *final
	return err
}

// learnHabits is nil where nobody could choose.
func learnHabits(ctx context.Context, m *recommend.Model, taught []repeat) (*rank.Model, error) {
	set := rank.NewSet(recommend.PurchaseWidth)
	var w recommend.Worker
	for n := range taught {
		items, rows := w.Purchases(m, taught[n].query())
		for at, i := range items {
			gain := float32(0)
			if slices.Contains(taught[n].bought, i) {
				gain = 1
			}
			copy(set.Add(gain), rows[at*recommend.PurchaseWidth:])
		}
		set.End()
	}
	if set.Len() == 0 {
		return nil, nil //nolint:nilnil // nothing was chosen
	}
	r, err := rank.Fit(ctx, set, habitRank)
	if fault.Is(err, fault.Invalid) { // a clock that ran wild must not keep a shop from a model
		return nil, nil //nolint:nilnil // as above
	}
	if err == nil {
		r.Kind = recommend.PurchaseFeatures
	}
	return r, err
}

// byPopular ranks purchases by what everybody buys.
func byPopular() *rank.Model {
	m := &rank.Model{Kind: recommend.PurchaseFeatures, Mean: make([]float32, recommend.PurchaseWidth), Weights: make([]float32, recommend.PurchaseWidth)}
	m.Weights[recommend.FeaturePurchasePopular] = 1
	return m
}

// repeatGains are the NDCG of a shelf of what each customer bought before, nil: by what is due. What the shelf did not hold counts against it as far as there was room.
func (t *training) repeatGains(m *recommend.Model, r *rank.Model, asked []repeat) []float64 {
	out := make([]float64, len(asked))
	var w recommend.Worker
	var ranked []item.Scored
	for n := range asked {
		q := &asked[n]
		ranked = w.Again(ranked[:0], m, q.query(), r, shelf)
		sum, best, wanted := 0.0, 0.0, 0
		for _, b := range q.before.Purchases {
			if i, ok := m.Lookup(string(b.Item)); ok && slices.Contains(q.bought, i) && wanted < shelf {
				best += 1 / math.Log2(float64(wanted+2))
				wanted++
			}
		}
		for at, s := range ranked {
			if slices.Contains(q.bought, s.Item) {
				sum += 1 / math.Log2(float64(at+2))
			}
		}
		if best > 0 {
			out[n] = sum / best
		}
	}
	return out
}
