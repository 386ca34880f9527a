// Package event holds what happened at a shop: one Event per message, in the words of the Segment specification (ecommerce v2).
//
// An Event is what is stored, folded, archived and trained on. It carries no personal data: traits, addresses, user ids and network addresses are taken out
// before (see Scrub) and live in the people table only. Its identity is the message id within its visitor: storing it twice is storing it once.
package event

import (
	"encoding/json"
	"time"
)

// ShopID names a shop within a deployment: 1 to 40 characters of [a-z0-9-].
type ShopID string

// VisitorID is one browser, device or offline channel of one shop, opaque. A person's offline channel (imports, server events without a device) has the
// person's id as its visitor id.
type VisitorID string

// PersonID is a person known to a shop, opaque; it never contains a user id or an address. It begins with "p_".
type PersonID string

// ItemID is the shop's own number of a product (product_id, else sku): 1 to 100 bytes.
type ItemID string

// ID is a message id, as the client made it or made from the content: 1 to 100 bytes.
type ID string

// Type is the Segment call.
type Type string

// The calls of the Segment specification.
const (
	Track    Type = "track"
	Page     Type = "page"
	Screen   Type = "screen"
	Identify Type = "identify"
	Group    Type = "group"
	Alias    Type = "alias"
)

// Name is the canonical name of an understood event (v1 aliases are translated), or any other name as it came, at most 200 bytes.
type Name string

// The understood names. Everything else is kept, counted and open to conditions, but moves nothing.
const (
	ProductListViewed    Name = "Product List Viewed"
	ProductListFiltered  Name = "Product List Filtered"
	ProductViewed        Name = "Product Viewed"
	ProductClicked       Name = "Product Clicked"
	ProductAdded         Name = "Product Added"
	ProductRemoved       Name = "Product Removed"
	CartViewed           Name = "Cart Viewed"
	CheckoutStarted      Name = "Checkout Started"
	CheckoutStepViewed   Name = "Checkout Step Viewed"
	CheckoutStepComplete Name = "Checkout Step Completed"
	PaymentInfoEntered   Name = "Payment Info Entered"
	OrderCompleted       Name = "Order Completed"
	OrderUpdated         Name = "Order Updated"
	OrderRefunded        Name = "Order Refunded"
	OrderCancelled       Name = "Order Cancelled"
	CouponApplied        Name = "Coupon Applied"
	PromotionViewed      Name = "Promotion Viewed"
	PromotionClicked     Name = "Promotion Clicked"
	ProductsSearched     Name = "Products Searched"
	AddedToWishlist      Name = "Product Added to Wishlist"
	RemovedFromWishlist  Name = "Product Removed from Wishlist"
	ProductShared        Name = "Product Shared"
	ProductReviewed      Name = "Product Reviewed"
	ItemDismissed        Name = "Item Dismissed"        // ours: do not show me this again
	RecommendationShown  Name = "Recommendation Viewed" // ours: a shelf was seen
	RecommendationClick  Name = "Recommendation Clicked"
)

// Line is one product in an event. Amounts are minor units of the event's currency, per piece.
type Line struct {
	Item     ItemID `json:"item"`
	Quantity int64  `json:"qty,omitempty"` // 0 means 1 where a quantity makes sense
	Price    int64  `json:"price,omitempty"`
	Category string `json:"cat,omitempty"`
	Brand    string `json:"brand,omitempty"`
}

// Order is what an order event says of the whole order.
type Order struct {
	ID       string `json:"id"`
	Total    int64  `json:"total,omitempty"` // minor units, what the customer pays; refunds positive
	Currency string `json:"cur,omitempty"`   // ISO 4217
	Coupon   string `json:"coupon,omitempty"`
}

// Verdict says who probably sent an event; the evidence (address, user agent) is not kept.
type Verdict string

// The verdicts. Bots are stored for the count but fold into no profile and train no model.
const (
	Human Verdict = ""
	Bot   Verdict = "bot"
)

// Event is one thing that happened. Shop, Visitor and ID are in the key, not in the body.
type Event struct {
	Shop           ShopID          `json:"-"`
	Visitor        VisitorID       `json:"-"`
	ID             ID              `json:"-"`
	Person         PersonID        `json:"person,omitempty"`  // whom the event's userId, or its identify, stands for
	Trusted        bool            `json:"trusted,omitempty"` // the shop vouched for the person (secret key or signature)
	Type           Type            `json:"type"`
	Name           Name            `json:"name,omitempty"`
	At             time.Time       `json:"at"`       // when it happened, corrected for the client's clock, UTC, milliseconds
	ReceivedAt     time.Time       `json:"received"` // when we accepted it, UTC, milliseconds
	Session        string          `json:"session,omitempty"`
	Lines          []Line          `json:"lines,omitempty"`
	Order          *Order          `json:"order,omitempty"`
	Query          string          `json:"query,omitempty"` // what was searched for
	Category       string          `json:"cat,omitempty"`   // of a list or page
	Path           string          `json:"path,omitempty"`  // page path without query
	Recommendation string          `json:"rec,omitempty"`   // recommendationId or impressionId that led here
	Verdict        Verdict         `json:"verdict,omitempty"`
	Properties     json.RawMessage `json:"props,omitempty"` // the rest, scrubbed, one JSON object
}
