package catalog

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"shopkeeper/shared/fault"
)

// Limits of an item's parts, in bytes but for MaxText. They keep a front page, whose answer carries titles and addresses, small.
const (
	MaxID       = 100
	MaxTitle    = 500
	MaxURL      = 2000
	MaxCategory = 500
	MaxBrand    = 200
	MaxText     = 2000    // characters
	MaxPrice    = 1 << 43 // minor units; 87 billion of a currency with cents
)

// Validate says whether the item may be stored. The fault is Invalid and names every wrong field, each path beginning with at ("items[3].").
func (it Item) Validate(at string) error {
	var fields []fault.Field
	wrong := func(name, reason string) { fields = append(fields, fault.Field{Path: at + name, Reason: reason}) }
	text := func(name, value string, limit int, needed bool) {
		switch {
		case needed && strings.TrimSpace(value) == "":
			wrong(name, "is missing")
		case len(value) > limit:
			wrong(name, fmt.Sprintf("has %d bytes, at most %d are allowed", len(value), limit))
		case !utf8.ValidString(value):
			wrong(name, "is not valid UTF-8")
		}
	}
	text("id", string(it.ID), MaxID, true)
	text("title", it.Title, MaxTitle, true)
	text("category", it.Category, MaxCategory, false)
	text("brand", it.Brand, MaxBrand, false)
	text("text", it.Text, MaxText*utf8.UTFMax, false)
	if n := utf8.RuneCountInString(it.Text); n > MaxText {
		wrong("text", fmt.Sprintf("has %d characters, at most %d are allowed", n, MaxText))
	}
	for _, address := range []struct{ name, value string }{{"url", it.URL}, {"image", it.Image}} {
		text(address.name, address.value, MaxURL, false)
		if !webAddress(address.value) {
			wrong(address.name, "must be an http or https address, or a path that begins with /")
		}
	}
	if it.Price < 0 || it.Price > MaxPrice {
		wrong("price", fmt.Sprintf("must be between 0 and %d minor units", int64(MaxPrice)))
	}
	if !currencyCode(it.Currency) {
		wrong("currency", "must be an ISO 4217 code such as GBP")
	}
	if len(fields) == 0 {
		return nil
	}
	return fault.InvalidFields(fields...)
}

// webAddress keeps javascript: and other schemes out of links that shops print.
func webAddress(s string) bool {
	if s == "" {
		return true
	}
	u, err := url.Parse(s)
	if err != nil {
		return false
	}
	if u.Scheme == "" {
		return strings.HasPrefix(s, "/")
	}
	return (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func currencyCode(s string) bool {
	if len(s) != 3 {
		return false
	}
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return true
}
