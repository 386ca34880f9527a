package profile

import (
	"cmp"
	"math"
	"slices"
	"time"

	"shopkeeper/shared/event"
)

// How long the lists may become. With usual ids all of them fit into MaxBytes; with long ones trim makes them shorter.
const (
	maxRecent     = 24
	maxItems      = 24
	maxCategories = 12
	maxBrands     = 10
	maxCounters   = 40
	maxCart       = 20
	maxPurchases  = 24
	maxDismissed  = 24
	maxLatest     = 12 // orders
	maxQuantity   = 9999
)

// compareRecent orders the newest first; of one second the stronger deed, then the item.
func compareRecent(a, b Recent) int {
	return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Kind, a.Kind), cmp.Compare(a.Item, b.Item))
}

func addRecent(list []Recent, x Recent) []Recent {
	if i := slices.IndexFunc(list, func(y Recent) bool { return y.Item == x.Item }); i >= 0 {
		old := list[i]
		list = slices.Delete(list, i, i+1)
		x.Kind = max(x.Kind, old.Kind)
		if !x.At.After(old.At) {
			x.At, x.By = old.At, old.By
		}
	}
	list = insert(list, x, compareRecent)
	return list[:min(len(list), maxRecent)]
}

// comparePurchase orders the latest first.
func comparePurchase(a, b Purchase) int {
	return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(b.Times, a.Times), cmp.Compare(a.Item, b.Item))
}

// with is both purchases of one item as one.
func (p Purchase) with(x Purchase) Purchase {
	last, first := p, min(p.firstDay(), x.firstDay())
	if x.Last.After(p.Last) {
		last = x
	}
	if last.Times = p.Times + x.Times; !p.Last.IsZero() && !x.Last.IsZero() {
		last.Over = int(dayOf(last.Last) - first)
	}
	return last
}

func (p Purchase) firstDay() int64 { return dayOf(p.Last) - int64(p.Over) }

func dayOf(t time.Time) int64 { return t.Unix() / (24 * 3600) }

// forgetting is the time in which a purchase counts half when the list is full: what was bought once a moment ago stays before what was bought twice half a year ago.
const forgetting = 60 * 24 * time.Hour

// seldomest is the index of the purchase to forget first: the fewest times, those long ago counting less.
func seldomest(list []Purchase) int {
	var latest time.Time
	for _, x := range list {
		if x.Last.After(latest) {
			latest = x.Last
		}
	}
	worth := func(x Purchase) float64 {
		return math.Log2(float64(x.Times)) - float64(latest.Sub(x.Last))/float64(forgetting)
	}
	weakest := 0
	for i, x := range list {
		y := list[weakest]
		if cmp.Or(cmp.Compare(worth(x), worth(y)), x.Last.Compare(y.Last), cmp.Compare(y.Item, x.Item)) < 0 {
			weakest = i
		}
	}
	return weakest
}

// addPurchase changes how often an item was bought; at 0 it is as if it never was.
func addPurchase(list []Purchase, x Purchase) []Purchase {
	if i := slices.IndexFunc(list, func(y Purchase) bool { return y.Item == x.Item }); i >= 0 {
		old := list[i]
		list = slices.Delete(list, i, i+1)
		x = old.with(x)
	}
	if x.Times <= 0 {
		return list
	}
	list = insert(list, x, comparePurchase)
	if len(list) > maxPurchases {
		i := seldomest(list)
		list = slices.Delete(list, i, i+1)
	}
	return list
}

// compareCounter orders the latest day first.
func compareCounter(a, b Counter) int {
	return cmp.Or(cmp.Compare(b.Day, a.Day), cmp.Compare(a.Name, b.Name))
}

func addCounter(list []Counter, x Counter) []Counter {
	if i := slices.IndexFunc(list, func(y Counter) bool { return y.Day == x.Day && y.Name == x.Name }); i >= 0 {
		list[i].Count += x.Count
		return list
	}
	list = insert(list, x, compareCounter)
	return list[:min(len(list), maxCounters)]
}

// addCart changes a quantity; the oldest line goes when there are too many.
func addCart(list []CartLine, item event.ItemID, quantity int64) []CartLine {
	i := slices.IndexFunc(list, func(y CartLine) bool { return y.Item == item })
	if i < 0 {
		if quantity <= 0 {
			return list
		}
		list = append(list, CartLine{Item: item})
		if len(list) > maxCart {
			list = slices.Delete(list, 0, 1)
		}
		i = len(list) - 1
	}
	list[i].Quantity = min(list[i].Quantity+quantity, maxQuantity)
	if list[i].Quantity <= 0 {
		list = slices.Delete(list, i, i+1)
	}
	return list
}

func addDismissed(list []event.ItemID, item event.ItemID) []event.ItemID {
	list = slices.Insert(dropDismissed(list, item), 0, item)
	return list[:min(len(list), maxDismissed)]
}

func dropDismissed(list []event.ItemID, item event.ItemID) []event.ItemID {
	return slices.DeleteFunc(list, func(y event.ItemID) bool { return y == item })
}

func day(t time.Time) int32 { return int32(floorDiv(t.Unix(), 24*60*60)) }
