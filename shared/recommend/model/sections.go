package model

import "strconv"

// kind says what a section holds. The numbers are part of the format: they are never used again for something else.
type kind uint32

const (
	itemIDs        kind = 1  // and 2: offsets
	itemTitles     kind = 3  // and 4
	itemURLs       kind = 5  // and 6
	itemImages     kind = 7  // and 8
	categoryPaths  kind = 9  // and 10
	brandNames     kind = 11 // and 12
	currencyCodes  kind = 13 // and 14
	itemSlots      kind = 20
	itemPrices     kind = 21
	itemCreated    kind = 22
	itemCategories kind = 23
	itemBrands     kind = 24
	itemCurrencies kind = 25
	itemFlags      kind = 26
	itemPopularity kind = 27
	categoryAbove  kind = 28

	sessionSettings  kind = 40
	sessionPostings  kind = 41 // and 42: offsets
	sessionItems     kind = 43 // and 44: offsets
	sessionRarity    kind = 45
	sessionFreshness kind = 46

	relatedItems  kind = 50 // and 51: offsets, 52: values
	similarItems  kind = 53 // and 54, 55
	togetherItems kind = 56 // and 57, 58

	togetherSupport    kind = 60
	togetherConfidence kind = 61
	togetherLift       kind = 62

	popularLists  kind = 70 // and 71: offsets
	trendingLists kind = 72 // and 73
	newestLists   kind = 74 // and 75

	repeatRate     kind = 80
	repeatInterval kind = 81
	repeatBuyers   kind = 82
)

// The bits of itemFlags.
const (
	flagHidden  = 1
	flagSoldOut = 2
)

var kindNames = map[kind]string{
	itemIDs: "item ids", itemTitles: "titles", itemURLs: "addresses", itemImages: "pictures", categoryPaths: "categories", brandNames: "brands",
	currencyCodes: "currencies", itemSlots: "the items' hash table", itemPrices: "prices", itemCreated: "times of creation", itemCategories: "the items' categories",
	itemBrands: "the items' brands", itemCurrencies: "the items' currencies", itemFlags: "the items' flags", itemPopularity: "popularities",
	categoryAbove: "the categories' parents", sessionSettings: "the sessions' settings", sessionPostings: "the items' sessions", sessionItems: "the sessions' items",
	sessionRarity: "rarities", sessionFreshness: "the sessions' ages", relatedItems: "item-item weights", similarItems: "similar items",
	togetherItems: "partners", togetherSupport: "supports", togetherConfidence: "confidences", togetherLift: "lifts", popularLists: "popular items",
	trendingLists: "trending items", newestLists: "newest items", repeatRate: "repeat rates", repeatInterval: "repeat intervals", repeatBuyers: "buyers",
}

// String names a section for whoever reads why a file was refused.
func (k kind) String() string {
	for base := k; base+3 > k && base > 0; base-- { // offsets and values are named after what they belong to
		if name, ok := kindNames[base]; ok {
			return name
		}
	}
	return "sections of kind " + strconv.Itoa(int(k))
}
