package event

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCanonical(t *testing.T) {
	tests := map[string]struct {
		want       Name
		understood bool
	}{
		"Product Viewed":                 {ProductViewed, true},
		"product viewed":                 {ProductViewed, true},
		"product_viewed":                 {ProductViewed, true},
		"ProductViewed":                  {ProductViewed, true},
		"Viewed Product":                 {ProductViewed, true},
		"viewed_product_category":        {ProductListViewed, true},
		"Viewed Product Details":         {ProductViewed, true},
		"Clicked Product":                {ProductClicked, true},
		"Added Product":                  {ProductAdded, true},
		"Wishlist Product Added to Cart": {ProductAdded, true},
		"Removed Product":                {ProductRemoved, true},
		"Viewed Cart":                    {CartViewed, true},
		"Started Order":                  {CheckoutStarted, true},
		"Viewed Checkout Step":           {CheckoutStepViewed, true},
		"Completed Checkout Step":        {CheckoutStepComplete, true},
		"Payment Info Added":             {PaymentInfoEntered, true},
		"Completed Order":                {OrderCompleted, true},
		"Updated Order":                  {OrderUpdated, true},
		"Refunded Order":                 {OrderRefunded, true},
		"Canceled Order":                 {OrderCancelled, true},
		"Viewed Promotion":               {PromotionViewed, true},
		"Clicked Promotion":              {PromotionClicked, true},
		"Wishlist Product Removed":       {RemovedFromWishlist, true},
		"item dismissed":                 {ItemDismissed, true},
		" Newsletter Read ":              {"Newsletter Read", false},
		"mail to jane@example.org":       {"Unnamed", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got, understood := Canonical(name); got != tt.want || understood != tt.understood {
				t.Errorf("Canonical = %q, %v; want %q, %v", got, understood, tt.want, tt.understood)
			}
		})
	}
	for _, n := range understood {
		if got, ok := Canonical(string(n)); got != n || !ok {
			t.Errorf("Canonical(%q) = %q, %v", n, got, ok)
		}
	}
	long, _ := Canonical(strings.Repeat("é", 300))
	if len(long) > maxName || !utf8.ValidString(string(long)) {
		t.Errorf("a long name is kept as %d bytes", len(long))
	}
}
