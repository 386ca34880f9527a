package recommend

import (
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/experiment/interleave"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend/arrival"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
)

// Source says which method found an item.
type Source string

// The sources.
const (
	FromHistory   Source = "viewed-before"
	FromSession   Source = "session-neighbours"
	FromItems     Source = "item-item"
	FromTogether  Source = "bought-together"
	FromRepeat    Source = "buy-again"
	FromTrending  Source = "trending"
	FromPopular   Source = "popular"
	FromNewest    Source = "newest"
	FromCategory  Source = "category"
	FromExploring Source = "exploration"
	FromNew       Source = "new"  // an item that hardly anybody met yet, shown so that it is met
	FromRule      Source = "rule" // a rule put it there
)

// Viewer is who looks: a profile (nil for a stranger), the device, and whether the shop vouched for the person on it.
type Viewer struct {
	Profile *profile.Profile
	Device  event.VisitorID
	Trusted bool
}

// Shows says whether an entry of the profile may be shown or named on this device. Entries of other devices may only move rankings unless
// the shop vouched for the person here.
func (v Viewer) Shows(by uint8) bool {
	p := v.Profile
	if p == nil || len(p.Members) == 0 || v.Trusted {
		return true
	}
	return int(by) < len(p.Members) && p.Members[by].Visitor == v.Device
}

// Query is what is asked. Items the model does not know are passed over.
type Query struct {
	Shop     event.ShopID
	Viewer   Viewer
	Slots    []Slot
	Current  event.ItemID   // the product page's item, if any
	Basket   []event.ItemID // as the caller knows it
	Exclude  []event.ItemID
	Category string // candidates come from here and below
	Filter   Filter
	Varied   Share           // how varied the shelves are; without it as the shop wants them
	Arrival  arrival.Arrival // what the request tells of how a visitor without history came
	Seed     uint32
	Now      time.Time

	Against *Model // shares for-you with the model that is asked, see package interleave; nil: none does
	Coin    uint64 // what the picks of the shared shelf follow from
}

// Share is a number from 0 to 1, or none.
type Share struct {
	Set   bool
	Value float32
}

// Pick is one place of a shelf. Score lies in [0, 1] and compares within the shelf. Propensity is the probability with which the policy puts this item
// at this place for this visitor, given the places before it. Rule is the business rule that put it there or weighed it (see Model.Rule), 0 for none.
type Pick struct {
	Item       item.Ordinal
	Score      float32
	Propensity float32
	Source     Source
	Reason     Reason
	Rule       uint16
	Team       interleave.Team // the model that put it there, of a shelf that two share: A is the one that was asked
}

// Reason says why, in words: a text and the item it names, if any.
type Reason struct {
	Key      locale.Key
	About    item.Ordinal
	Named    bool           // About is an item; else a text with a place for a name takes the category of the pick itself
	Category model.Category // what the visitor came for, of BecauseCame alone
}

// Shelf is one placement's answer. Picks is empty when nothing fits.
type Shelf struct {
	Placement Placement
	Policy    Policy
	Picks     []Pick
	Among     []item.Ordinal // what exploration chose the last pick from, itself included, each as likely; nil when it chose nothing
}

// Answer fills the slots in their order; an item appears once on the page. The shelves and picks belong to the worker and hold until its next answer.
func (w *Worker) Answer(m *Model, q *Query) []Shelf {
	w.begin(m, q)
	for _, slot := range q.Slots {
		w.from = len(w.picks)
		among := len(w.among)
		policy := w.fill(slot)
		w.shelves = append(w.shelves, Shelf{slot.Placement, policy, nil, w.among[among:]})
		w.bounds = append(w.bounds, [2]int{w.from, len(w.picks)})
		for _, p := range w.picks[w.from:] {
			w.block(p.Item)
		}
	}
	for i, b := range w.bounds {
		w.shelves[i].Picks = w.picks[b[0]:b[1]:b[1]]
	}
	w.m, w.q = nil, nil // a worker that waits in a pool must not keep a model that is gone
	return w.shelves
}
