package content

import (
	"cmp"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What the fields weigh: the leaf of the category and the title say most.
const (
	categoryWeight = 1.5
	aboveShare     = 0.6 // of a category's weight that the one above it has
	brandWeight    = 1
	priceWeight    = 0.7
	titleWeight    = 2
	textWeight     = 0.6
)

// Bounds of one item.
const (
	mostLevels = 8 // categories, from the leaf up
	titleWords = 32
	textWords  = 128
	longestRun = 48 // bytes of a word that count
)

// mention is a term of an item.
type mention struct {
	term  uint64
	field float32
	times float32
}

// weight is without the rarity.
func (m mention) weight() float32 { return 2 * m.field * m.times / (m.times + 1) }

// mentions are an item's terms in order, each once.
func mentions(one Item) []mention {
	var out []mention
	add := func(kind byte, text string, field, times float32) {
		h := fnv.New64a()
		h.Write([]byte{kind})
		h.Write([]byte(text))
		out = append(out, mention{h.Sum64(), field, times})
	}
	path, weight := strings.TrimSpace(one.Category), float32(categoryWeight)
	for range mostLevels {
		if path == "" {
			break
		}
		add('c', path, weight, 1)
		path, weight = strings.TrimSpace(path[:max(0, strings.LastIndexByte(path, '>'))]), weight*aboveShare
	}
	if one.Brand != "" {
		add('b', strings.ToLower(one.Brand), brandWeight, 1)
	}
	if one.Price > 0 {
		band := math.Log2(float64(one.Price))
		near, side := math.Floor(band), 1.
		if band-near < .5 {
			side = -1
		}
		add('p', one.Currency+string(rune('0'+int(near))), priceWeight, 1)
		add('p', one.Currency+string(rune('0'+int(near+side))), priceWeight/2, 1)
	}
	words(one.Title, titleWords, func(w string) { add('w', w, titleWeight, 1) })
	words(one.Text, textWords, func(w string) { add('w', w, textWeight, 1) })
	return merge(out)
}

// merge adds up repeated terms; the heaviest field counts.
func merge(all []mention) []mention {
	slices.SortFunc(all, func(a, b mention) int { return cmp.Or(cmp.Compare(a.term, b.term), cmp.Compare(b.field, a.field)) })
	out := all[:0]
	for _, m := range all {
		if last := len(out) - 1; last >= 0 && out[last].term == m.term {
			out[last].times += m.times * m.field / out[last].field
			continue
		}
		out = append(out, m)
	}
	return out
}

// words yields the first words of a text in small letters: runs of letters and digits with two or more of them.
func words(text string, most int, yield func(string)) {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if utf8.RuneCountInString(word) < 2 {
			continue
		}
		if most--; most < 0 {
			return
		}
		yield(strings.ToLower(strings.ToValidUTF8(word[:min(len(word), longestRun)], "")))
	}
}
