package rules

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/filter"
)

// Limits of rules.
const (
	MaxRules    = 200 // of a shop
	MaxItems    = 100 // of a rule
	MaxName     = 100 // characters
	MaxPlace    = 100
	MaxStrength = 100
	MaxPriority = 1000
)

// Validate says whether the rule may be stored; placements are those that there are. The fault is Invalid and names every wrong field.
func (r Rule) Validate(placements []string) error {
	var c checks
	c.refuse(!validID(r.ID), "id", "1 to 64 characters of a-z, 0-9 and -")
	c.refuse(strings.TrimSpace(r.Name) == "" || utf8.RuneCountInString(r.Name) > MaxName || !readable(r.Name), "name", fmt.Sprintf("1 to %d characters", MaxName))
	c.refuse(!slices.Contains([]Kind{Pin, Boost, Bury, Exclude}, r.Kind), "kind", "one of pin, boost, bury, exclude")
	r.checkTarget(&c)
	r.checkKind(&c)
	for i, p := range r.Placements {
		path := fmt.Sprintf("placements[%d]", i)
		c.refuse(!slices.Contains(placements, p), path, "one of "+strings.Join(placements, ", "))
		c.refuse(slices.Index(r.Placements, p) < i, path, "is there twice")
	}
	c.refuse(r.Priority < -MaxPriority || r.Priority > MaxPriority, "priority", fmt.Sprintf("from -%d to %d", MaxPriority, MaxPriority))
	c.refuse(!r.Starts.IsZero() && !r.Ends.IsZero() && !r.Starts.Before(r.Ends), "ends", "later than starts")
	return c.fault()
}

func (r Rule) checkTarget(c *checks) {
	c.refuse(len(r.Items) == 0 && r.Category == "" && r.Brand == "" && r.MinPrice == 0 && r.MaxPrice == 0 && r.Filter == "", "items", "say for which: items, a category, a brand, prices or a filter")
	c.refuse(len(r.Items) > MaxItems, "items", fmt.Sprintf("at most %d", MaxItems))
	for i, id := range r.Items {
		path := fmt.Sprintf("items[%d]", i)
		c.refuse(id == "" || len(id) > catalog.MaxID || !readable(string(id)), path, fmt.Sprintf("an item's id of 1 to %d bytes", catalog.MaxID))
		c.refuse(slices.Index(r.Items, id) < i, path, "is there twice")
	}
	c.refuse(len(r.Category) > catalog.MaxCategory || !readable(r.Category), "category", fmt.Sprintf("at most %d bytes", catalog.MaxCategory))
	c.refuse(len(r.Brand) > catalog.MaxBrand || !readable(r.Brand), "brand", fmt.Sprintf("at most %d bytes", catalog.MaxBrand))
	c.refuse(r.MinPrice < 0 || r.MinPrice > catalog.MaxPrice, "minPrice", "minor units, not below 0")
	c.refuse(r.MaxPrice < 0 || r.MaxPrice > catalog.MaxPrice, "maxPrice", "minor units, not below 0")
	if _, err := filter.Compile("filter", r.Filter); r.Filter != "" && err != nil {
		if f, ok := errors.AsType[*fault.Error](err); ok {
			c.wrong = append(c.wrong, f.Fields...)
		}
	}
	c.refuse(r.MaxPrice > 0 && r.MaxPrice < r.MinPrice, "maxPrice", "not below minPrice")
}

func (r Rule) checkKind(c *checks) {
	pin, weighs := r.Kind == Pin, r.Kind == Boost || r.Kind == Bury
	c.refuse(pin && len(r.Placements) == 0, "placements", "say where to pin")
	c.refuse(pin && (r.Place < 1 || r.Place > MaxPlace), "place", fmt.Sprintf("from 1 to %d", MaxPlace))
	c.refuse(!pin && r.Place != 0, "place", "is of pins alone")
	c.refuse(pin && (r.Count < 0 || r.Count > MaxPlace), "count", fmt.Sprintf("at most %d", MaxPlace))
	c.refuse(!pin && r.Count != 0, "count", "is of pins alone")
	c.refuse(weighs && !(r.Strength > 1 && r.Strength <= MaxStrength), "strength", fmt.Sprintf("above 1, at most %d", MaxStrength))
	c.refuse(!weighs && r.Strength != 0, "strength", "is of boost and bury alone")
}

// Validate says whether the settings may be stored. The fault is Invalid and names every wrong field.
func (s Settings) Validate() error {
	var c checks
	for _, share := range []struct {
		name  string
		value float64
		most  float64
	}{{"diversity", s.Diversity, 1}, {"rotation", s.Rotation, 1}, {"newShare", s.NewShare, 0.5}, {"promotedShare", s.PromotedShare, 0.5}, {"promotedMost", s.PromotedMost, 1}} {
		c.refuse(math.IsNaN(share.value) || share.value < 0 || share.value > share.most, share.name, fmt.Sprintf("from 0 to %g", share.most))
	}
	c.refuse(s.PromotedMost < s.PromotedShare, "promotedMost", "not below promotedShare")
	return c.fault()
}

// checks gathers what is wrong.
type checks struct{ wrong []fault.Field }

func (c *checks) refuse(bad bool, path, reason string) {
	if bad {
		c.wrong = append(c.wrong, fault.Field{Path: path, Reason: reason})
	}
}

func (c *checks) fault() error {
	if len(c.wrong) == 0 {
		return nil
	}
	return fault.InvalidFields(c.wrong...)
}

func validID(id ID) bool {
	return len(id) >= 1 && len(id) <= 64 && strings.Trim(string(id), "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func readable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
