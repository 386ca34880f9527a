package interaction

import (
	"math"
	"testing"

	"shopkeeper/shared/fault"
)

func TestWeights(t *testing.T) {
	if err := DefaultWeights.Check(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
	tests := map[string]Weights{
		"a look that counts more than an order": {View: 2, Cart: 3, Order: 1},
		"a look that counts more than a basket": {View: 2, Cart: 1, Order: 3},
		"a look that counts against":            {View: -1, Order: 1},
		"orders that count for nothing":         {},
		"a return that counts for":              {Order: 1, Return: 1},
		"a dismissal that counts for":           {Order: 1, Dismissal: 1},
		"a weight that is not a number":         {Order: math.NaN()},
		"a return that is not a number":         {Order: 1, Return: math.NaN()},
	}
	for name, w := range tests {
		t.Run(name, func(t *testing.T) {
			if err := w.Check(); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an invalid fault", err)
			}
		})
	}
}

func TestOf(t *testing.T) {
	w := Weights{1, 2, 3, -4, -5}
	for kind, want := range map[Kind]float64{View: 1, Cart: 2, Order: 3, Return: -4, Dismissal: -5, 99: 0} {
		if got := w.Of(kind); got != want {
			t.Errorf("kind %d weighs %v, want %v", kind, got, want)
		}
	}
}
