package offer

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/offer/impression"
)

// The placements that offers may be limited to.
const (
	FrontPage   = "front-page"
	ProductPage = "product-page"
	Mail        = "mail"
)

// Placements are all of them; a position is one byte of an impression id, so the order is part of the format. Append only.
var Placements = []string{FrontPage, ProductPage, Mail}

// Limits of a definition.
const (
	MaxTitle   = 200
	MaxText    = 2000
	MaxCode    = 64
	MaxItems   = 50
	MaxCap     = 1000
	MaxBudget  = 1_000_000_000
	MaxControl = 0.9
	MaxMargin  = 1 << 43
)

// ValidID says whether the text may name an offer.
func ValidID(id ID) bool {
	if len(id) < 1 || len(id) > impression.MaxOffer {
		return false
	}
	return strings.Trim(string(id), "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// Validate says whether the definition may be stored. The fault is Invalid and names every wrong field.
func (d Definition) Validate() error {
	var wrong []fault.Field
	refuse := func(bad bool, path, reason string) {
		if bad {
			wrong = append(wrong, fault.Field{Path: path, Reason: reason})
		}
	}
	refuse(!ValidID(d.ID), "id", "1 to 64 characters of a-z, 0-9 and -")
	refuse(!slices.Contains([]Status{Draft, Active, Paused, Ended}, d.Status), "status", "one of draft, active, paused, ended")
	refuse(strings.TrimSpace(d.Title) == "" || !text(d.Title, MaxTitle), "title", fmt.Sprintf("1 to %d characters", MaxTitle))
	refuse(!text(d.Text, MaxText), "text", fmt.Sprintf("at most %d characters", MaxText))
	refuse(!address(d.Image), "image", "an https address or a path of the site that begins with /")
	refuse(!address(d.URL), "url", "an https address or a path of the site that begins with /")
	refuse(!text(d.Code, MaxCode) || strings.ContainsAny(d.Code, " \t\r\n"), "code", fmt.Sprintf("at most %d characters without spaces", MaxCode))
	refuse(len(d.Items) > MaxItems, "items", fmt.Sprintf("at most %d", MaxItems))
	for i, it := range d.Items {
		path := fmt.Sprintf("items[%d]", i)
		refuse(it == "" || !text(string(it), catalog.MaxID), path, fmt.Sprintf("an item's id of 1 to %d bytes", catalog.MaxID))
		refuse(slices.Index(d.Items, it) < i, path, "is there twice")
	}
	refuse(!text(d.Category, catalog.MaxCategory), "category", fmt.Sprintf("at most %d bytes", catalog.MaxCategory))
	refuse(d.Segment != "" && !ValidID(ID(d.Segment)), "segment", "the id of a segment")
	for i, p := range d.Placements {
		path := fmt.Sprintf("placements[%d]", i)
		refuse(!slices.Contains(Placements, p), path, "one of "+strings.Join(Placements, ", "))
		refuse(slices.Index(d.Placements, p) < i, path, "is there twice")
	}
	refuse(!d.Starts.IsZero() && !d.Ends.IsZero() && !d.Starts.Before(d.Ends), "ends", "later than starts")
	refuse(d.PerPerson < 0 || d.PerPerson > MaxCap, "perPerson", fmt.Sprintf("from 0, no cap, to %d", MaxCap))
	refuse(d.Budget < 0 || d.Budget > MaxBudget, "budget", fmt.Sprintf("from 0, no limit, to %d", MaxBudget))
	refuse(d.Even && (d.Budget == 0 || d.Ends.IsZero()), "even", "only a budget can be spread, and only up to a date: set budget and ends")
	refuse(math.IsNaN(d.Control) || d.Control < 0 || d.Control > MaxControl, "control", "a share from 0 to 0.9")
	refuse(d.Margin < 0 || d.Margin > MaxMargin, "margin", "not below 0")
	if len(wrong) > 0 {
		return fault.InvalidFields(wrong...)
	}
	return nil
}

// text says whether s is readable text within the limit, which counts bytes.
func text(s string, limit int) bool {
	return len(s) <= limit && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f })
}

// address says whether a page may lead there or show it: nothing, an https address, or a path of the site itself.
func address(s string) bool {
	if len(s) > catalog.MaxURL || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return false
	}
	host, absolute := strings.CutPrefix(s, "https://")
	return s == "" || absolute && host != "" && host[0] != '/' || strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//")
}

// Open says whether the offer may be shown at a time, as far as its status and dates go.
func (d Definition) Open(at time.Time) bool {
	return d.Status == Active && !at.Before(d.Starts) && (d.Ends.IsZero() || at.Before(d.Ends))
}

// At says whether the offer may stand at a placement.
func (d Definition) At(placement string) bool {
	return len(d.Placements) == 0 || slices.Contains(d.Placements, placement)
}

// Controlled says whether the subject belongs to the group that never sees the offer. It follows from shop, offer and subject alone.
func (d Definition) Controlled(subject string) bool {
	return d.Control > 0 && share(d.Shop, d.ID, subject) < d.Control
}

// share is a number in [0, 1) that follows from shop, offer and subject: FNV-1a with a finalizer over the parts, each ended by a byte that no UTF-8 has.
func share(shop event.ShopID, id ID, subject string) float64 {
	return unit(mixed(string(shop), string(id), subject))
}

func mixed(parts ...string) uint64 {
	h := uint64(14695981039346656037)
	for _, p := range parts {
		for i := range len(p) {
			h = (h ^ uint64(p[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	return scramble(h)
}

// scramble is the finalizer of splitmix64: every bit of the input moves every bit of the output.
func scramble(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

func unit(h uint64) float64 { return float64(h>>11) / (1 << 53) }
