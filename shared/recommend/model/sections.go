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

	rankerShape   kind = 90 // 90 to 95 are there together or not at all
	rankerMeans   kind = 91
	rankerWeights kind = 92
	rankerAsks    kind = 93
	rankerCuts    kind = 94
	rankerValues  kind = 95

	contentTerms   kind = 100 // 100 to 107 are there together or not at all
	contentRarity  kind = 101
	contentVectors kind = 102 // and 103: offsets, 104: values
	contentLists   kind = 105 // and 106, 107

	habitHazard   kind = 110 // 110 to 117 are there together or not at all
	habitInterval kind = 111
	habitShape    kind = 112
	habitMeans    kind = 113
	habitWeights  kind = 114
	habitAsks     kind = 115
	habitCuts     kind = 116
	habitValues   kind = 117

	blendShares kind = 120
)

// The bits of itemFlags.
const (
	flagHidden  = 1
	flagSoldOut = 2
)

// section describes a kind for readers: whoever is told why a file was refused, and of FORMAT.md, which a test makes of this table.
type section struct {
	kind  kind
	name  string
	entry string // type of an entry: text is bytes of UTF-8, pair a uint32 item and a float32 score
	count string // how many entries; "offsets" is what the section of offsets behind it ends with
	means string
}

var sections = []section{
	{itemIDs, "item ids", "text", "offsets", "Ids one behind the other, in ascending byte order. An item's place among them is its ordinal."},
	{itemIDs + 1, "item ids: offsets", "uint32", "items + 1", "Where each begins; the first is 0, none is below the one before."},
	{itemTitles, "titles", "text", "offsets", "Names of the items, empty where the shop gave none."},
	{itemTitles + 1, "titles: offsets", "uint32", "items + 1", "As for item ids."},
	{itemURLs, "addresses", "text", "offsets", "Of the items' pages."},
	{itemURLs + 1, "addresses: offsets", "uint32", "items + 1", "As for item ids."},
	{itemImages, "pictures", "text", "offsets", "Addresses of the items' pictures."},
	{itemImages + 1, "pictures: offsets", "uint32", "items + 1", "As for item ids."},
	{categoryPaths, "categories", "text", "offsets", "Paths such as \"Home > Kitchen\" in ascending byte order, ancestors included. A path's place is its number."},
	{categoryPaths + 1, "categories: offsets", "uint32", "categories + 1", "As for item ids."},
	{brandNames, "brands", "text", "offsets", "Distinct, in ascending byte order."},
	{brandNames + 1, "brands: offsets", "uint32", "brands + 1", "As for item ids."},
	{currencyCodes, "currencies", "text", "offsets", "ISO 4217 codes, distinct, in ascending byte order."},
	{currencyCodes + 1, "currencies: offsets", "uint32", "currencies + 1", "As for item ids."},
	{itemSlots, "the items' hash table", "uint32", "slots", "Open addressing, at most half full, a power of two: ordinal + 1, or 0. An id is looked for from the place of its hash (64-bit FNV-1a, h ^ h>>29, modulo slots) on, until an empty place."},
	{itemPrices, "prices", "int64", "items", "In minor units of the item's currency."},
	{itemCreated, "times of creation", "int64", "items", "Unix seconds; 0 where it is not known."},
	{itemCategories, "the items' categories", "uint32", "items", "Numbers of categories, 4294967295 for none."},
	{itemBrands, "the items' brands", "uint32", "items", "Numbers of brands, 4294967295 for none."},
	{itemCurrencies, "the items' currencies", "uint32", "items", "Numbers of currencies, 4294967295 for none."},
	{itemFlags, "the items' flags", "uint32", "items", "Bit 0: hidden. Bit 1: sold out."},
	{itemPopularity, "popularities", "float32", "items", "Decayed weight of events (package trend)."},
	{categoryAbove, "the categories' parents", "uint32", "categories", "The number of the category above, always smaller; 4294967295 at the top."},
	{sessionSettings, "the sessions' settings", "float64", "12", "Package knn's Newest, Neighbours, Last, IDF, Longest, Position, Vote, HalfLife (nanoseconds), Limit, Until (Unix seconds), Near, Long."},
	{sessionPostings, "the items' sessions", "uint32", "offsets", "Per item the sessions with it, strictly ascending. Session 0 is the newest."},
	{sessionPostings + 1, "the items' sessions: offsets", "uint32", "items + 1", "Where each item's begin."},
	{sessionItems, "the sessions' items", "uint32", "offsets", "Per session its distinct items, in the order of first sight."},
	{sessionItems + 1, "the sessions' items: offsets", "uint32", "sessions + 1", "Where each session's begin."},
	{sessionRarity, "rarities", "float32", "items", "What a vote for the item counts: its idf. Finite."},
	{sessionFreshness, "the sessions' ages", "float32", "sessions, or 0", "What a session's vote counts. Finite. Empty where age does not matter."},
	{relatedItems, "item-item weights", "uint32", "offsets", "Per item those that it speaks for (packages ease and rp3beta)."},
	{relatedItems + 1, "item-item weights: offsets", "uint32", "items + 1", "Where each item's begin."},
	{relatedItems + 2, "item-item weights: values", "float32", "offsets before", "How loud; may be below 0."},
	{similarItems, "similar items", "uint32", "offsets", "Per item those that the same people hold, best first (package cosine)."},
	{similarItems + 1, "similar items: offsets", "uint32", "items + 1", "Where each item's begin."},
	{similarItems + 2, "similar items: values", "float32", "offsets before", "Cosines."},
	{togetherItems, "partners", "uint32", "offsets", "Per item those in the same baskets, best first (package together)."},
	{togetherItems + 1, "partners: offsets", "uint32", "items + 1", "Where each item's begin."},
	{togetherItems + 2, "partners: values", "float32", "partners", "Scores."},
	{togetherSupport, "supports", "uint32", "partners", "Baskets with both."},
	{togetherConfidence, "confidences", "float32", "partners", "Share of the item's baskets that have the partner."},
	{togetherLift, "lifts", "float32", "partners", "How many times as often together as by chance."},
	{popularLists, "popular items", "pair", "offsets", "One list for the whole shop, then one for each category and what is below it; best first, without hidden and sold-out items."},
	{popularLists + 1, "popular items: offsets", "uint32", "categories + 2", "Where each list begins."},
	{trendingLists, "trending items", "pair", "offsets", "As popular items."},
	{trendingLists + 1, "trending items: offsets", "uint32", "categories + 2", "Where each list begins."},
	{newestLists, "newest items", "uint32", "offsets", "As popular items, but items alone, newest first."},
	{newestLists + 1, "newest items: offsets", "uint32", "categories + 2", "Where each list begins."},
	{repeatRate, "repeat rates", "float32", "items", "Share of the item's buyers who came back for it; 0 where nobody did (package buyagain)."},
	{repeatInterval, "repeat intervals", "float32", "items", "Median days between two purchases; 0 where nobody came back."},
	{repeatBuyers, "buyers", "uint32", "items", "People who bought the item."},
	{rankerShape, "the ranker's shape", "uint32", "2", "Optional, as are all sections of the ranker (package rank): the number of the list of features, the depth of the trees, 0 without."},
	{rankerMeans, "the ranker's means", "float32", "features", "What is taken from each feature. Finite."},
	{rankerWeights, "the ranker's weights", "float32", "features", "What a feature then counts. Finite."},
	{rankerAsks, "the ranker's trees: features", "uint32", "nodes", "Tree by tree, breadth first: the feature that a node asks for."},
	{rankerCuts, "the ranker's trees: cuts", "float32", "nodes", "Up to and with it to the left, above it to the right."},
	{rankerValues, "the ranker's trees: values", "float32", "nodes and leaves", "Tree by tree, breadth first: what a leaf adds, and the mean of what is below a node. Finite."},
	{contentTerms, "words", "uint64", "terms", "Optional, as are all sections of content (package content): 64-bit FNV-1a of what is said of items, strictly ascending."},
	{contentRarity, "words: rarities", "float32", "terms", "Their idf. Not below 0."},
	{contentVectors, "the items' words", "uint32", "offsets", "Per item the numbers of its words, ascending."},
	{contentVectors + 1, "the items' words: offsets", "uint32", "items + 1", "Where each item's begin."},
	{contentVectors + 2, "the items' words: weights", "float32", "offsets before", "An item's are a vector of length 1, or shorter where words were left out."},
	{contentLists, "the words' items", "uint32", "offsets", "Per word items in which it weighs most, the heaviest first."},
	{contentLists + 1, "the words' items: offsets", "uint32", "terms + 1", "Where each word's begin."},
	{contentLists + 2, "the words' items: weights", "float32", "offsets before", "What the word weighs in the item."},
	{habitHazard, "habits: chances", "float32", "items", "Optional, as are all sections of habits (package habit): how often the next basket of somebody who bought the item holds it. Above 0."},
	{habitInterval, "habits: intervals", "float32", "items", "Logarithm of 1 + the usual days between two purchases."},
	{habitShape, "habits: the ranker's shape", "uint32", "2", "As the ranker of for-you, here and below; over the features of purchases."},
	{habitMeans, "habits: the ranker's means", "float32", "purchase features", "What is taken from each feature. Finite."},
	{habitWeights, "habits: the ranker's weights", "float32", "purchase features", "What a feature then counts. Finite."},
	{habitAsks, "habits: the trees' features", "uint32", "purchase nodes", "The feature that a node asks for."},
	{habitCuts, "habits: the trees' cuts", "float32", "purchase nodes", "Up to and with it to the left."},
	{habitValues, "habits: the trees' values", "float32", "purchase nodes and leaves", "What a leaf adds, and the mean of what is below a node. Finite."},
	{blendShares, "the blend", "float64", "4", "Optional; by default 0.6, 0.35, 0.3, 14: share of session neighbours during a visit, share of them for who comes back, what the favourite category gains, days in which interest halves."},
}

// String names a section for whoever reads why a file was refused.
func (k kind) String() string {
	for _, s := range sections {
		if s.kind == k {
			return s.name
		}
	}
	return "sections of kind " + strconv.Itoa(int(k))
}
