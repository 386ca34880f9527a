package habit

import (
	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/purchase"
	"shopkeeper/shared/recommend/rank"
)

// Rhythm is what a shop's customers together say about coming back for each item, and how an own list of purchases is ranked by it: small enough for a model file, and enough where the asker's
// baskets are not at hand but only how often and when each item was bought. The arrays may be views into a file.
type Rhythm struct {
	Hazard   []float32   // per item: chance that a basket of somebody who bought it before holds it
	Interval []float32   // per item: usual days between two purchases by one customer, as a logarithm of 1 + days
	Ranker   *rank.Model // over the features of whoever asks
}

// Measure counts rhythms; an item that few bought is like all others. The ranker is left out.
func Measure(customers []purchase.Customer, items int) *Rhythm {
	groups := make([]uint32, items)
	for i := range groups {
		groups[i] = NoGroup
	}
	v := view{groupOf: groups}
	c := newCrowd(customers, items, v.items)
	return &Rhythm{Hazard: c.hazard, Interval: c.interval}
}

// Check refuses arrays that do not fit a catalog of that size, and numbers that are none (Invalid).
func (r *Rhythm) Check(items int) error {
	if len(r.Hazard) != items || len(r.Interval) != items {
		return fault.Newf(fault.Invalid, "habits: %d and %d entries for %d items", len(r.Hazard), len(r.Interval), items)
	}
	for i := range items {
		if !(r.Hazard[i] > 0 && r.Hazard[i] <= 1e9) || !(r.Interval[i] >= 0 && r.Interval[i] <= 1e9) {
			return fault.Newf(fault.Invalid, "habits: item %d comes back with chance %v after %v", i, r.Hazard[i], r.Interval[i])
		}
	}
	if r.Ranker == nil {
		return fault.New(fault.Invalid, "habits: there is no ranker")
	}
	return r.Ranker.Check()
}
