// Package rules is what the shop's own people demand of recommendations, whatever a model learned: items that stand at a place, that are lifted, pushed down or never
// shown, with dates, and how varied and how new a shelf should be.
//
// A shop's rules are one document of one stored item, so that a change of any of them is one conditional write, and warm processes learn of it by one small read. For a model
// they are compiled into flat arrays (see Compiled): an answer pays one array access an item.
//
// Of rules that speak for one item at one placement, an exclusion wins over everything; else the rule of the highest priority decides, of equal ones the
// smaller id. A pin yields only to what must never be shown: hidden, sold out, excluded, dismissed, bought before, already on the page.
package rules

import (
	"time"

	"shopkeeper/shared/event"
)

// ID names a rule within its shop: 1 to 64 characters of [a-z0-9-].
type ID string

// Kind is what a rule does.
type Kind string

// The kinds.
const (
	Pin     Kind = "pin"     // the items stand at Place and after it, in their order
	Boost   Kind = "boost"   // scores are multiplied by Strength
	Bury    Kind = "bury"    // scores are divided by Strength
	Exclude Kind = "exclude" // never shown
)

// Rule is one demand. Its target is every item that all of Items, Category, Brand, the price bounds and Filter, as far as they are stated, let through.
type Rule struct {
	ID       ID             `json:"id"`
	Version  int64          `json:"version"` // of the document at its last change: what If-Match compares
	Name     string         `json:"name"`
	Kind     Kind           `json:"kind"`
	Items    []event.ItemID `json:"items,omitempty"`
	Category string         `json:"category,omitempty"` // path: this category and all below it
	Brand    string         `json:"brand,omitempty"`
	MinPrice int64          `json:"minPrice,omitempty"` // minor units
	MaxPrice int64          `json:"maxPrice,omitempty"` // minor units; 0 is no bound
	Filter   string         `json:"filter,omitempty"`   // expression, see package filter; ages count to the time of training

	Placements []string  `json:"placements,omitempty"` // without it all; a pin needs them
	Place      int       `json:"place,omitempty"`      // of a pin: the first place, from 1
	Count      int       `json:"count,omitempty"`      // of a pin: how many of its items; 0: all of Items, or 1
	Strength   float64   `json:"strength,omitempty"`   // of boost and bury, above 1
	Priority   int       `json:"priority,omitempty"`
	Paused     bool      `json:"paused,omitempty"`
	Starts     time.Time `json:"starts,omitzero"`
	Ends       time.Time `json:"ends,omitzero"`
	Created    time.Time `json:"created"`
	Updated    time.Time `json:"updated"`
}

// Open says whether the rule holds at a time.
func (r Rule) Open(at time.Time) bool {
	return !r.Paused && !at.Before(r.Starts) && (r.Ends.IsZero() || at.Before(r.Ends))
}

// Settings are how a shop wants its shelves.
type Settings struct {
	Diversity     float64 `json:"diversity"`     // 0: by relevance alone, 1: as varied as possible
	Rotation      float64 `json:"rotation"`      // 0: a visitor who comes back sees the same order until something happens, 1: another one at every visit
	NewShare      float64 `json:"newShare"`      // of the places of for-you and trending that go to new items that hardly anybody met yet
	PromotedShare float64 `json:"promotedShare"` // at least this share of these places goes to items that a rule boosts, as far as there are any
	PromotedMost  float64 `json:"promotedMost"`  // and at most this
}

// Standard are the settings of a shop that chose none.
var Standard = Settings{
	Diversity:    0.2,  // an item of a category already shown needs a score that is a seventh of the best higher
	Rotation:     0.25, // neighbours change places, the far end stays there
	NewShare:     0.08, // one place of twelve
	PromotedMost: 1,
}

// Document is all that a shop demands.
type Document struct {
	Version  int64    `json:"-"` // of the stored item; 0: nothing is stored
	Settings Settings `json:"settings"`
	Rules    []Rule   `json:"rules"` // by id
}
