package shop

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
)

const (
	maxShopID = 40
	maxWeight = 100
)

// ValidID says whether text may name a shop: 1 to 40 characters of [a-z0-9-].
func ValidID(id event.ShopID) bool {
	if id == "" || len(id) > maxShopID {
		return false
	}
	for i := range len(id) {
		if c := id[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// Kinds are the kinds of events that have a weight: profiles use all of them, training all but click and wish. By default a look says 1, an order 10, a dismissal -10.
var Kinds = []string{"view", "click", "wish", "cart", "order", "dismiss", "refund"}

// Validate names everything that is wrong with the settings in one Invalid fault. The consent mode has no default: who runs a shop decides it.
func (s Settings) Validate() error {
	var fields []fault.Field
	wrong := func(path, reason string) { fields = append(fields, fault.Field{Path: path, Reason: reason}) }
	if !ValidID(s.ID) {
		wrong("id", "has 1 to 40 characters of a-z, 0-9 and -")
	}
	if s.Name == "" || len(s.Name) > 200 {
		wrong("name", "has 1 to 200 bytes")
	}
	if event.Currency(s.Currency) != s.Currency || s.Currency == "" {
		wrong("currency", "is an ISO 4217 code such as GBP")
	}
	if _, err := time.LoadLocation(s.TimeZone); err != nil {
		wrong("tz", "is an IANA time zone such as Europe/Paris")
	}
	if s.Consent != consent.Required && s.Consent != consent.Implied {
		wrong("consent", "must be chosen: required or implied")
	}
	if !(s.Margin >= 0 && s.Margin <= 1) {
		wrong("margin", "lies between 0 and 1")
	}
	if u, err := url.Parse(s.URL); err != nil || s.URL != "" && (u.Host == "" || u.Scheme != "https" && u.Scheme != "http") || len(s.URL) > 500 {
		wrong("url", "is an address such as https://shop.example")
	}
	if len(s.Address) > 500 {
		wrong("address", "has at most 500 bytes")
	}
	if s.From.Email != "" && !event.LooksLikeEmail(s.From.Email) {
		wrong("from.email", "is an e-mail address")
	}
	for kind, w := range s.Weights {
		if !slices.Contains(Kinds, kind) {
			wrong("weights."+kind, "is none of "+strings.Join(Kinds, ", "))
		}
		if !(w >= -maxWeight && w <= maxWeight) {
			wrong("weights."+kind, "lies between -100 and 100")
		}
	}
	for name, v := range s.Training {
		bounds, known := TrainingSettings[name]
		if !known {
			wrong("training."+name, "is none of "+strings.Join(TrainingNames(), ", "))
		} else if !(v >= bounds.Least && v <= bounds.Most) {
			wrong("training."+name, fmt.Sprintf("lies between %v and %v", bounds.Least, bounds.Most))
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return fault.InvalidFields(fields...)
}
