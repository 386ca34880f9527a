// Package offer decides which offer a customer sees: among those the customer may have, by Thompson sampling over what offers have brought so far, under
// dates, caps and budgets, with a control group that never sees them.
package offer

import (
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/table"
)

// Table holds definitions (partition shop, sort "d#<id>") and results.
const Table table.Name = "offers"

// ID names an offer within its shop: 1 to 64 characters of [a-z0-9-].
type ID string

// Status says whether an offer may be shown at all.
type Status string

// The statuses.
const (
	Draft  Status = "draft"
	Active Status = "active"
	Paused Status = "paused"
	Ended  Status = "ended"
)

// Definition is an offer as the marketer made it.
type Definition struct {
	Shop       event.ShopID   `json:"-"`
	ID         ID             `json:"id"`
	Version    int64          `json:"-"` // of the stored item: what If-Match compares
	Status     Status         `json:"status"`
	Title      string         `json:"title"`
	Text       string         `json:"text,omitempty"`
	Image      string         `json:"image,omitempty"` // https address or site path
	URL        string         `json:"url,omitempty"`   // where a click leads; https address or site path
	Code       string         `json:"code,omitempty"`  // coupon code; an order with it counts for the offer
	Items      []event.ItemID `json:"items,omitempty"`
	Category   string         `json:"category,omitempty"`
	Segment    segment.ID     `json:"segment,omitempty"`    // who may have it; empty: everybody
	Placements []string       `json:"placements,omitempty"` // "front-page", "product-page", "mail"; empty: all
	Starts     time.Time      `json:"starts,omitzero"`
	Ends       time.Time      `json:"ends,omitzero"`
	PerPerson  int            `json:"perPerson,omitempty"` // how often one customer may see it; 0: no cap
	Budget     int64          `json:"budget,omitempty"`    // how many impressions in all; 0: no limit
	Even       bool           `json:"even,omitempty"`      // the budget is given out evenly until Ends
	Control    float64        `json:"control,omitempty"`   // share of eligible customers who never see it, 0 to 0.9
	Margin     int64          `json:"margin,omitempty"`    // minor units earned by an order through it; 0: orders count alike
	Created    time.Time      `json:"created"`
	Updated    time.Time      `json:"updated"`
}
