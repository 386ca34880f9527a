package event

import (
	"strings"
	"unicode/utf8"
)

// maxName is the longest name in bytes; longer ones are cut.
const maxName = 200

// understood are the names that something moves on.
var understood = []Name{
	ProductListViewed, ProductListFiltered, ProductViewed, ProductClicked, ProductAdded, ProductRemoved, CartViewed, CheckoutStarted, CheckoutStepViewed,
	CheckoutStepComplete, PaymentInfoEntered, OrderCompleted, OrderUpdated, OrderRefunded, OrderCancelled, CouponApplied, PromotionViewed, PromotionClicked,
	ProductsSearched, AddedToWishlist, RemovedFromWishlist, ProductShared, ProductReviewed, ItemDismissed, RecommendationShown, RecommendationClick,
}

// aliases are other names for them: those of the ecommerce specification v1 (verb first) and those that v2 renamed or that shops mix up.
var aliases = map[string]Name{
	"Viewed Product Category":        ProductListViewed,
	"Product Category Viewed":        ProductListViewed,
	"Viewed Product List":            ProductListViewed,
	"Filtered Product List":          ProductListFiltered,
	"Viewed Product":                 ProductViewed,
	"Viewed Product Detail":          ProductViewed,
	"Viewed Product Details":         ProductViewed,
	"Product Details Viewed":         ProductViewed,
	"Clicked Product":                ProductClicked,
	"Added Product":                  ProductAdded,
	"Added to Cart":                  ProductAdded,
	"Product Added to Cart":          ProductAdded,
	"Wishlist Product Added to Cart": ProductAdded,
	"Removed Product":                ProductRemoved,
	"Product Removed from Cart":      ProductRemoved,
	"Viewed Cart":                    CartViewed,
	"Started Checkout":               CheckoutStarted,
	"Started Order":                  CheckoutStarted,
	"Order Started":                  CheckoutStarted,
	"Viewed Checkout Step":           CheckoutStepViewed,
	"Completed Checkout Step":        CheckoutStepComplete,
	"Entered Payment Info":           PaymentInfoEntered,
	"Payment Info Added":             PaymentInfoEntered,
	"Added Payment Info":             PaymentInfoEntered,
	"Completed Order":                OrderCompleted,
	"Updated Order":                  OrderUpdated,
	"Refunded Order":                 OrderRefunded,
	"Refund Order":                   OrderRefunded,
	"Cancelled Order":                OrderCancelled,
	"Canceled Order":                 OrderCancelled,
	"Order Canceled":                 OrderCancelled,
	"Applied Coupon":                 CouponApplied,
	"Viewed Promotion":               PromotionViewed,
	"Clicked Promotion":              PromotionClicked,
	"Searched Products":              ProductsSearched,
	"Product Searched":               ProductsSearched,
	"Added Product to Wishlist":      AddedToWishlist,
	"Wishlist Product Added":         AddedToWishlist,
	"Removed Product from Wishlist":  RemovedFromWishlist,
	"Wishlist Product Removed":       RemovedFromWishlist,
	"Shared Product":                 ProductShared,
	"Reviewed Product":               ProductReviewed,
	"Recommendation Shown":           RecommendationShown,
}

var canonical = func() map[string]Name {
	all := make(map[string]Name, len(understood)+len(aliases))
	for _, n := range understood {
		all[fold(string(n))] = n
	}
	for alias, n := range aliases {
		all[fold(alias)] = n
	}
	return all
}()

// Canonical is the understood name that a client's name stands for, whatever its case, spaces, underscores or hyphens ("product_viewed", "Viewed Product"); any other name as
// it came, cut to 200 bytes and without anything that looks like an address. Understood says which it is.
func Canonical(name string) (n Name, understood bool) {
	if n, ok := canonical[fold(name)]; ok {
		return n, true
	}
	if LooksLikeEmail(name) {
		return "Unnamed", false
	}
	return Name(Cut(strings.TrimSpace(name), maxName)), false
}

// fold takes out what spellings of one name differ in.
func fold(name string) string {
	if len(name) > 2*maxName {
		name = name[:2*maxName]
	}
	var space [64]byte
	out := space[:0]
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'A' && c <= 'Z':
			out = append(out, c+'a'-'A')
		case c == ' ' || c == '_' || c == '-':
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

// Cut is text with at most limit bytes, never in the middle of a character.
func Cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}
