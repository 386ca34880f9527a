package recommend

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/locale"
)

// Placement names a kind of shelf. It is one byte in a token, so the order below is part of the format.
type Placement uint8

// The placements.
const (
	ViewedBefore Placement = iota + 1
	ForYou
	BuyAgain
	Trending
	NewItems
	Similar
	Together
)

var placementNames = [...]string{"", "viewed-before", "for-you", "buy-again", "trending", "new", "similar", "bought-together"}

var shelfTitles = [...]locale.Key{"", locale.ShelfViewed, locale.ShelfForYou, locale.ShelfBuyAgain, locale.ShelfTrending, locale.ShelfNew, locale.ShelfSimilar, locale.ShelfTogether}

// String is the placement's name in URLs and answers.
func (p Placement) String() string {
	if int(p) < len(placementNames) {
		return placementNames[p]
	}
	return "placement-" + strconv.Itoa(int(p))
}

// Placements are the names of all placements.
func Placements() []string { return slices.Clone(placementNames[1:]) }

// Title is the text above the shelf.
func (p Placement) Title() locale.Key { return shelfTitles[p] }

// ParsePlacement finds a placement by name; Invalid names the ones there are.
func ParsePlacement(s string) (Placement, error) {
	for p := ViewedBefore; int(p) < len(placementNames); p++ {
		if placementNames[p] == s {
			return p, nil
		}
	}
	return 0, fault.InvalidField("placement", fmt.Sprintf("%q is none of %s", s, strings.Join(placementNames[1:], ", ")))
}

// Slot is one shelf that is asked for.
type Slot struct {
	Placement Placement
	Limit     int
}

// Limits of a request.
const (
	MaxLimit     = 100 // items a shelf
	MaxSlots     = 10
	DefaultLimit = 8
)

// DefaultSlots is the front page of a caller who asks for nothing in particular.
var DefaultSlots = []Slot{{ViewedBefore, 6}, {ForYou, 12}, {BuyAgain, 6}, {Trending, 8}, {NewItems, 6}}

// ParseSlots reads "for-you:8,trending". Empty means DefaultSlots. A placement may be asked for once.
func ParseSlots(s string) ([]Slot, error) {
	if s == "" {
		return DefaultSlots, nil
	}
	var slots []Slot
	var seen [len(placementNames)]bool
	for part := range strings.SplitSeq(s, ",") {
		name, length, counted := strings.Cut(strings.TrimSpace(part), ":")
		p, err := ParsePlacement(name)
		if err != nil {
			return nil, fault.InvalidField("slots", "a comma-separated list of placements with lengths, such as for-you:8; "+strconv.Quote(name)+" is none of "+strings.Join(placementNames[1:], ", "))
		}
		limit := DefaultLimit
		if counted {
			if limit, err = strconv.Atoi(length); err != nil || limit < 1 || limit > MaxLimit {
				return nil, fault.InvalidField("slots", fmt.Sprintf("%s: length %q is not a number from 1 to %d", name, length, MaxLimit))
			}
		}
		if seen[p] {
			return nil, fault.InvalidField("slots", name+" is asked for twice")
		}
		seen[p] = true
		if slots = append(slots, Slot{p, limit}); len(slots) > MaxSlots {
			return nil, fault.InvalidField("slots", fmt.Sprintf("more than %d placements", MaxSlots))
		}
	}
	return slots, nil
}
