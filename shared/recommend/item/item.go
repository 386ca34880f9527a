// Package item names the items of one model and ranks them.
//
// Inside a model an item is its Ordinal: its place in the catalog when the catalog is sorted by id. Ordinals make flat arrays possible and
// give every ranking the same last word: of two items with the same score the smaller ordinal, that is the smaller id, comes first. An ordinal
// means nothing outside the model it was taken from.
package item

// Ordinal is an item's place in its model's catalog. One that is not below the catalog's size is an unknown item: every model ignores it.
type Ordinal uint32

// Scored is an item with what a model gave it. Scores of different models are not comparable.
type Scored struct {
	Item  Ordinal
	Score float32
}
