// Package catalog holds a shop's items: what a recommendation shows of them, and the one small delta item that tells warm processes what
// changed since their model was built.
package catalog

import (
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/table"
)

// Table holds items: partition shop#items, sort key the item id; and partition shop#delta, sort key "delta".
const Table table.Name = "catalog"

// Item is one product as the shop describes it. Price is in minor units of Currency.
type Item struct {
	ID        event.ItemID `json:"id"`
	Title     string       `json:"title"`
	URL       string       `json:"url,omitempty"`
	Image     string       `json:"image,omitempty"`
	Price     int64        `json:"price"`
	Currency  string       `json:"currency"`
	Category  string       `json:"category,omitempty"` // path, "Home > Kitchen"
	Brand     string       `json:"brand,omitempty"`
	Text      string       `json:"text,omitempty"` // description, at most 2,000 characters
	Hidden    bool         `json:"hidden,omitempty"`
	SoldOut   bool         `json:"soldOut,omitempty"`
	Created   time.Time    `json:"created,omitzero"`
	UpdatedAt time.Time    `json:"updatedAt"`
}

// Change is what a warm process must know of an item that changed since the model in its memory was built.
type Change struct {
	Price   int64     `json:"p"`
	Hidden  bool      `json:"h,omitempty"`
	SoldOut bool      `json:"s,omitempty"`
	New     bool      `json:"n,omitempty"` // the item entered the catalog: a process that does not know it reads it once
	Gone    bool      `json:"g,omitempty"` // the item was deleted
	At      time.Time `json:"at"`
}

// Delta lists changes by item. It is bounded: when it would outgrow its item, the oldest go, new items before others, and a training run is due.
type Delta struct {
	Changes map[event.ItemID]Change `json:"c"`
}
