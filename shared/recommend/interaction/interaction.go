// Package interaction is what models are trained from, as plain values: who met which item when, what was in which order.
package interaction

import (
	"math"
	"time"

	"shopkeeper/shared/fault"
)

// Kind is what somebody did with an item.
type Kind uint8

// The kinds.
const (
	View      Kind = iota
	Cart           // put in the basket
	Order          // bought, in a log that has no orders; where there are orders, give them as Baskets and not here
	Return         // sent back
	Dismissal      // "not for me"
)

// Interaction is one event. Person is whoever the shop takes for one human being: a person where known, else the visitor. Session may be empty: then events of
// one person without a gap of half an hour are one visit.
type Interaction struct {
	Person  string
	Session string
	Item    string
	Time    time.Time
	Kind    Kind
}

// Basket is one order. Person is empty where nobody is known: such a basket still tells what goes together.
type Basket struct {
	ID     string
	Person string
	Time   time.Time
	Items  []string // in the order of the lines; repeats count once
}

// Weights say how much each kind of event tells of what somebody wants. A person's strength for an item is their sum, between 0 and 1.
type Weights struct {
	View, Cart, Order, Return, Dismissal float64
}

// DefaultWeights let one order say as much as ten looks.
var DefaultWeights = Weights{View: 0.1, Cart: 0.3, Order: 1, Return: -1, Dismissal: -1}

// Of is the weight of a kind; 0 for an unknown one.
func (w Weights) Of(k Kind) float64 {
	switch k {
	case View:
		return w.View
	case Cart:
		return w.Cart
	case Order:
		return w.Order
	case Return:
		return w.Return
	case Dismissal:
		return w.Dismissal
	}
	return 0
}

// Unit is how many parts of an order's weight strengths are counted in. Sums and products of whole parts are exact, so that they are the same in any order and
// on any engine.
const Unit = 1 << 12

// Units is the weight of a kind in parts of an order's.
func (w Weights) Units(k Kind) int64 { return int64(math.Round(w.Of(k) / w.Order * Unit)) }

// Check refuses weights in which a stronger sign does not count more (Invalid): 0 <= View <= Cart <= Order, and Return and Dismissal not above 0.
func (w Weights) Check() error {
	if !(0 <= w.View && w.View <= w.Cart && w.Cart <= w.Order && 0 < w.Order && w.Order <= 1e6) {
		return fault.InvalidField("weights", "0 <= view <= cart <= order, and order above 0")
	}
	if !(w.Return <= 0 && w.Dismissal <= 0 && w.Return >= -1e6 && w.Dismissal >= -1e6) {
		return fault.InvalidField("weights", "return and dismissal are not above 0")
	}
	return nil
}
