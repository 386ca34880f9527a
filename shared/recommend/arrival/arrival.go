// Package arrival finds what a stranger came for in what the request itself tells: the address of the page with its utm parameters, the page before it, the words of a
// campaign or a search. Nothing is kept, so it needs nobody's consent: the same request has the same answer, whoever sends it.
//
// What is looked for is an item or up to MaxCategories categories of the shop. The sources are asked in the order of how much they say, and the first that names something
// is believed alone:
//
//	the page's address      an item's address; else the categories that its path names
//	utm_term                the words of the advertisement that was clicked
//	utm_campaign            the name of the campaign
//	the page's own search   q=, query=, search=, text=
//	the page before         its search, then its path
//
// A category is named by the last part of its path, word by word: "/c/home/loose-teas?page=2", "Loose Tea" and "spring_loose+tea" all name "Tea > Loose Tea". Words are lower
// case, without the s at their end and without "and" in the languages of the shop's words. The longest name wins where several begin at a word; a category below another that
// was named takes its place. One that holds more than half of the items says nothing and has no name.
//
// Not read, because nothing ties them to what somebody wants: utm_source, utm_medium and utm_content. Neither are the hour, the weekday and the country: see ARCHITECTURE.
//
// An Index takes one pass over items and categories, 4 to 8 bytes an item and a few dozen a category. Read looks at maxText bytes and maxWords words of each source, so it is
// O(maxText + maxWords x maxRun) and allocates nothing once its Scratch has grown. A text that is longer or badly escaped is passed over: a page must not fail for how somebody wrote a link.
package arrival

import (
	"slices"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
)

// Bounds of what is read.
const (
	MaxCategories = 4    // that an arrival may name
	maxText       = 2048 // bytes of one address or text
	maxWords      = 16   // of one text
	maxRun        = 4    // words of a category's name
	maxNamesakes  = 64   // categories of one name
)

// Arrival is what a request tells of how a visitor came, each empty when it does not. URL and Referrer are addresses as browsers write them, Term and Campaign plain texts.
type Arrival struct {
	URL      string // of the page that asks
	Referrer string // of the page before it
	Term     string // utm_term
	Campaign string // utm_campaign
}

// Found is what an arrival names: an item, or categories, or nothing. Categories belong to the Scratch until its next use.
type Found struct {
	Item       item.Ordinal
	Landed     bool // Item is one
	Categories []model.Category
}

// Scratch is the working memory of one goroutine. The zero value is ready.
type Scratch struct {
	address []byte
	other   []byte
	text    []byte
	words   []byte // with one space between
	ends    []int  // of each word in words
	starts  []int
	found   []model.Category
}

// Index knows the addresses of a model's items and the names of its categories. Safe for concurrent use.
type Index struct {
	m     *model.Model
	slots []uint32 // by hash of the address: 1 + item, 0 for none; a power of two
	names map[string][]model.Category
}

// NewIndex reads a model's items and categories.
func NewIndex(m *model.Model) *Index {
	x := &Index{m: m, names: map[string][]model.Category{}}
	size := 4
	for size < 2*m.Len() {
		size *= 2
	}
	x.slots = make([]uint32, size)
	var s Scratch
	held := make([]int, m.Categories())
	for i := range item.Ordinal(m.Len()) {
		x.addItem(i, &s)
		for c := m.CategoryOf(i); c != model.None; c = m.Parent(c) {
			held[c]++
		}
	}
	for c := range model.Category(m.Categories()) {
		if 2*held[c] <= m.Len() {
			x.addName(c, &s)
		}
	}
	return x
}

// addItem gives the item's address to it, unless one before it has the same.
func (x *Index) addItem(i item.Ordinal, s *Scratch) {
	key := Address(s.address[:0], x.m.URL(i))
	if s.address = key; len(key) == 0 {
		return
	}
	if at, taken := x.slot(key, s); !taken {
		x.slots[at] = uint32(i) + 1
	}
}

func (x *Index) addName(c model.Category, s *Scratch) {
	if !s.split(Name(x.m.Path(c)), false) || len(s.ends) == 0 || len(s.ends) > maxRun {
		return
	}
	if of := x.names[string(s.words)]; len(of) < maxNamesakes {
		x.names[string(s.words)] = append(of, c)
	}
}

// slot is where an address stands or would stand.
func (x *Index) slot(key []byte, s *Scratch) (at int, taken bool) {
	mask := len(x.slots) - 1
	for at = int(hash(key)) & mask; x.slots[at] != 0; at = (at + 1) & mask {
		s.other = Address(s.other[:0], x.m.URL(item.Ordinal(x.slots[at]-1)))
		if string(s.other) == string(key) {
			return at, true
		}
	}
	return at, false
}

// Item finds the item of an address made by Address.
func (x *Index) Item(address []byte, s *Scratch) (item.Ordinal, bool) {
	at, ok := x.slot(address, s)
	if !ok || len(address) == 0 {
		return 0, false
	}
	return item.Ordinal(x.slots[at] - 1), true
}

// Read finds what an arrival names. fresh knows items by address that the model does not; nil is none.
func (x *Index) Read(a Arrival, fresh map[string]item.Ordinal, s *Scratch) Found {
	page, before := cut(a.URL), cut(a.Referrer)
	if i, ok := x.landing(a.URL, fresh, s); ok {
		return Found{Item: i, Landed: true}
	}
	term, campaign := a.Term, a.Campaign
	escaped := term == "" && campaign == ""
	if escaped {
		term, campaign = page.value("utm_term"), page.value("utm_campaign")
	}
	for _, source := range [...]struct {
		text    string
		escaped bool
	}{{page.path, true}, {term, escaped}, {campaign, escaped}, {page.search(), true}, {before.search(), true}, {before.path, true}} {
		if source.text == "" || !s.split(source.text, source.escaped) {
			continue
		}
		if found := x.named(s); len(found) > 0 {
			return Found{Categories: found}
		}
	}
	return Found{}
}

// landing finds the item whose page it is: by path and query, else by the path alone.
func (x *Index) landing(url string, fresh map[string]item.Ordinal, s *Scratch) (item.Ordinal, bool) {
	s.address = Address(s.address[:0], url)
	for key := s.address; len(key) > 0; {
		if i, ok := x.Item(key, s); ok {
			return i, true
		}
		if i, ok := fresh[string(key)]; ok {
			return i, true
		}
		key = key[:max(slices.Index(key, '?'), 0)]
	}
	return 0, false
}

// named are the categories that the words of s name, the longest names first where several begin at a word.
func (x *Index) named(s *Scratch) []model.Category {
	s.found = s.found[:0]
	for at := 0; at < len(s.ends); {
		taken := 1
		for n := min(maxRun, len(s.ends)-at); n > 0; n-- {
			if of := x.names[string(s.words[s.starts[at]:s.ends[at+n-1]])]; len(of) > 0 {
				s.found = x.add(s.found, of)
				taken = n
				break
			}
		}
		at += taken
	}
	return s.found
}

// add takes namesakes in: those below a category that was named before, in its place, else all.
func (x *Index) add(found, of []model.Category) []model.Category {
	for at, c := range found {
		for _, n := range of {
			if n != c && x.m.Below(n, c) && !slices.Contains(found, n) {
				found[at] = n
				return found
			}
		}
	}
	for _, n := range of {
		if len(found) < MaxCategories && !slices.ContainsFunc(found, func(c model.Category) bool { return x.m.Below(c, n) }) {
			found = append(found, n)
		}
	}
	return found
}

// hash is FNV-1a.
func hash(key []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range key {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}
