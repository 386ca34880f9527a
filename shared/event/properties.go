package event

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"

	"shopkeeper/shared/fault"
)

// Properties are a message's properties while they are read. Reading a member for a field of the Event takes it out; what stays is scrubbed and kept.
type Properties struct {
	members map[string]any
}

// ParseProperties reads one JSON object; nothing and null are empty. Any other value is Invalid.
func ParseProperties(raw json.RawMessage) (Properties, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return Properties{}, nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var p Properties
	if err := dec.Decode(&p.members); err != nil {
		return Properties{}, fault.InvalidField("properties", "is not a JSON object")
	}
	return p, nil
}

// Text takes out the members and returns the first of them that is text or a number, as text, cut to limit bytes.
func (p Properties) Text(limit int, names ...string) string {
	return takeText(p.members, limit, names...)
}

func takeText(m map[string]any, limit int, names ...string) string {
	text := ""
	for _, name := range names {
		v, ok := m[name]
		if !ok {
			continue
		}
		delete(m, name)
		if text == "" {
			text = Cut(scalar(v), limit)
		}
	}
	return text
}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// Longest texts of fields, in bytes.
const (
	maxItem     = 100
	maxCategory = 200
	maxBrand    = 100
	maxOrderID  = 100
	maxCoupon   = 60
	maxQuantity = 1_000_000
)

// takesProduct are the events whose own properties describe one product.
var takesProduct = map[Name]bool{
	ProductViewed: true, ProductClicked: true, ProductAdded: true, ProductRemoved: true, AddedToWishlist: true, RemovedFromWishlist: true, ProductShared: true,
	ProductReviewed: true, ItemDismissed: true, RecommendationClick: true,
}

// Lines takes out the products: the list "products" ("items"), or for an event about one product the properties themselves. A product is named by product_id, else sku, productId or id; one
// without a name, or with one over 100 bytes, is left out.
func (p Properties) Lines(name Name, currency string) []Line {
	var lines []Line
	for _, key := range [...]string{"products", "items"} {
		list, ok := p.members[key].([]any)
		if !ok {
			continue
		}
		delete(p.members, key)
		for _, v := range list {
			if product, ok := v.(map[string]any); ok {
				lines = appendLine(lines, product, currency)
			}
		}
	}
	if len(lines) == 0 && takesProduct[name] {
		lines = appendLine(lines, p.members, currency)
	}
	return lines
}

func appendLine(lines []Line, product map[string]any, currency string) []Line {
	item := takeText(product, maxItem+1, "product_id", "sku", "productId", "id")
	if item == "" || len(item) > maxItem || LooksLikeEmail(item) {
		return lines
	}
	line := Line{Item: ItemID(item)}
	if minor, ok := Minor(takeText(product, maxAmount+1, "price"), currency); ok && minor > 0 {
		line.Price = minor
	}
	if q, err := strconv.ParseFloat(takeText(product, maxAmount, "quantity"), 64); err == nil && q >= 0.5 && q <= maxQuantity {
		line.Quantity = int64(math.Round(q))
	}
	line.Category = harmless(takeText(product, maxCategory, "category"))
	line.Brand = harmless(takeText(product, maxBrand, "brand"))
	return append(lines, line)
}

// ordering are the events that tell of an order.
var ordering = map[Name]bool{CheckoutStarted: true, OrderCompleted: true, OrderUpdated: true, OrderRefunded: true, OrderCancelled: true}

// Order takes out what is said of the whole order; nil for events that tell of none. The total is total, else revenue, else value.
func (p Properties) Order(name Name, currency string) *Order {
	if !ordering[name] {
		return nil
	}
	o := Order{
		ID:       harmless(p.Text(maxOrderID, "order_id", "orderId", "checkout_id")),
		Currency: currency,
		Coupon:   harmless(p.Text(maxCoupon, "coupon")),
	}
	for _, key := range [...]string{"total", "revenue", "value"} {
		minor, ok := Minor(p.Text(maxAmount+1, key), currency)
		if ok && o.Total == 0 {
			o.Total = max(minor, -minor)
		}
	}
	return &o
}

// harmless is text, or nothing when it looks like somebody's address.
func harmless(text string) string {
	if LooksLikeEmail(text) {
		return ""
	}
	return text
}
