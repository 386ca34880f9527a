// Package purchase holds what customers bought as plain values: the shape that models of repeat purchase learn from and are asked with.
package purchase

import "shopkeeper/shared/recommend/item"

// Basket is one order: its distinct items, in the order of its lines. Time is in Unix seconds, 0 where the shop does not know it.
type Basket struct {
	Time  int64
	Items []item.Ordinal
}

// Customer is what one customer bought, oldest basket first.
type Customer []Basket

// Items lists the items of all baskets one after another, repeats kept.
func (c Customer) Items() []item.Ordinal {
	var out []item.Ordinal
	for _, b := range c {
		out = append(out, b.Items...)
	}
	return out
}

// Counts is how many baskets of all customers hold each item of a catalog. Unknown items are ignored.
func Counts(customers []Customer, items int) []int {
	counts := make([]int, items)
	for _, c := range customers {
		for _, b := range c {
			for _, i := range b.Items {
				if int(i) < items {
					counts[i]++
				}
			}
		}
	}
	return counts
}
