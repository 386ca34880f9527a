package profile

import (
	"math"
	"slices"
	"time"
)

// HalfLife is how long it takes until an interest counts half: about a shopping season's memory, long enough for a monthly visitor.
const HalfLife = 30 * 24 * time.Hour

// Weights say how much interest a deed shows. View < Click < Wish < Cart < Order; Dismiss and Refund are negative.
type Weights struct {
	View, Click, Wish, Cart, Order, Dismiss, Refund float64
}

// DefaultWeights are used where a shop sets none. A dismissal outweighs the ten views that may have led to it; a refund takes back most of an order.
var DefaultWeights = Weights{View: 1, Click: 2, Wish: 4, Cart: 5, Order: 10, Dismiss: -10, Refund: -8}

// WeightsOf are the defaults with a shop's settings over them: "view", "click", "wish", "cart", "order", "dismiss", "refund". Other names are ignored.
func WeightsOf(settings map[string]float64) Weights {
	w := DefaultWeights
	for name, field := range map[string]*float64{
		"view": &w.View, "click": &w.Click, "wish": &w.Wish, "cart": &w.Cart, "order": &w.Order, "dismiss": &w.Dismiss, "refund": &w.Refund,
	} {
		if v, ok := settings[name]; ok {
			*field = v
		}
	}
	return w
}

const maxWeight = 1e6

// Now is the weight at a time: halved for every HalfLife since, doubled for every one before.
func (x Interest) Now(t time.Time) float64 {
	return x.Weight * math.Exp2(-float64(t.Sub(x.At))/float64(HalfLife))
}

// plus is x after another deed, which may have happened before x.At. Weights are cut to thousandths, so that storing changes nothing.
func (x Interest) plus(w float64, at time.Time) Interest {
	if at.After(x.At) {
		x.Weight, x.At = x.Now(at), at
	} else {
		w = Interest{Weight: w, At: at}.Now(x.At)
	}
	sum := min(max(x.Weight+w, -maxWeight), maxWeight)
	x.Weight = math.Round(sum*grain) / grain
	return x
}

// compareInterest orders the stronger first, whatever the time: as all interests decay alike their order never changes by waiting. Keys decide ties.
func compareInterest(a, b Interest) int {
	strength := a.Now(b.At)
	switch {
	case strength > b.Weight:
		return -1
	case strength < b.Weight:
		return 1
	case a.Key < b.Key:
		return -1
	case a.Key > b.Key:
		return 1
	}
	return 0
}

// faintest is the index of the interest that says least, for or against.
func faintest(list []Interest) int {
	weakest := 0
	for i := range list {
		a, b := list[weakest], list[i]
		a.Weight, b.Weight = math.Abs(a.Weight), math.Abs(b.Weight)
		if compareInterest(a, b) < 0 {
			weakest = i
		}
	}
	return weakest
}

// addInterest adds a deed to a list that is ordered by compareInterest and holds at most limit.
func addInterest(list []Interest, key string, w float64, at time.Time, limit int) []Interest {
	if key == "" || w == 0 {
		return list
	}
	x := Interest{Key: key, At: at}
	if i := slices.IndexFunc(list, func(y Interest) bool { return y.Key == key }); i >= 0 {
		x = list[i]
		list = slices.Delete(list, i, i+1)
	}
	if x = x.plus(w, at); x.Weight == 0 {
		return list
	}
	list = insert(list, x, compareInterest)
	if len(list) > limit {
		i := faintest(list)
		list = slices.Delete(list, i, i+1)
	}
	return list
}

// insert puts x before the first that comes after it.
func insert[T any](list []T, x T, compare func(a, b T) int) []T {
	at := len(list)
	for i := range list {
		if compare(x, list[i]) < 0 {
			at = i
			break
		}
	}
	return slices.Insert(list, at, x)
}
