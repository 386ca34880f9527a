package privacy

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"

	"shopkeeper/shared/table"
)

// minNeedle is the shortest word that is looked for: a shorter one stands everywhere by chance.
const minNeedle = 6

// finder looks for words in bytes, in every form in which the product or an engine may write them: as they are, in small letters, escaped for JSON, keys and addresses, in UTF-16, in base64.
type finder struct {
	words   []string
	exact   []form
	folded  []form // of small letters, for bytes in small letters
	longest int
}

type form struct {
	word int
	text []byte
}

func newFinder(words []string) *finder {
	f := &finder{}
	for _, w := range words {
		w = strings.TrimSpace(w)
		if len(w) < minNeedle || slices.Contains(f.words, w) {
			continue
		}
		f.words = append(f.words, w)
		i := len(f.words) - 1
		small := lower([]byte(w))
		f.add(&f.folded, i, small)
		for _, text := range [...]string{jsonText(w, true), jsonText(w, false), table.Partition(w), url.QueryEscape(w), url.PathEscape(w)} {
			f.add(&f.folded, i, lower([]byte(text)))
		}
		for _, text := range [...]string{w, string(small)} {
			for _, order := range [...]bool{false, true} {
				f.add(&f.exact, i, wide(text, order))
			}
			for skip := range 3 {
				for _, enc := range [...]*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
					f.add(&f.exact, i, based(enc, text, skip))
				}
			}
		}
	}
	return f
}

func (f *finder) add(to *[]form, word int, text []byte) {
	if len(text) < minNeedle || slices.ContainsFunc(*to, func(x form) bool { return bytes.Equal(x.text, text) }) {
		return
	}
	*to = append(*to, form{word, text})
	f.longest = max(f.longest, len(text))
}

// find are the indices of the words that stand in the bytes. scratch is grown as needed and may be used again.
func (f *finder) find(in []byte, scratch *[]byte) []int {
	var found []int
	*scratch = append((*scratch)[:0], in...)
	small := lower(*scratch)
	for _, x := range f.folded {
		if !slices.Contains(found, x.word) && bytes.Contains(small, x.text) {
			found = append(found, x.word)
		}
	}
	for _, x := range f.exact {
		if !slices.Contains(found, x.word) && bytes.Contains(in, x.text) {
			found = append(found, x.word)
		}
	}
	return found
}

// lower changes ASCII letters in place.
func lower(b []byte) []byte {
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return b
}

func jsonText(w string, html bool) string {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(html)
	if enc.Encode(w) != nil {
		return ""
	}
	return strings.Trim(out.String(), "\"\n")
}

func wide(w string, big bool) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(w)) {
		if big {
			out = append(out, byte(unit>>8), byte(unit))
		} else {
			out = append(out, byte(unit), byte(unit>>8))
		}
	}
	return out
}

// based is the part of the word's base64 that does not depend on its neighbours when skip bytes stand before it in its group of three.
func based(enc *base64.Encoding, w string, skip int) []byte {
	text := enc.EncodeToString(append(make([]byte, skip), w...))
	from := (skip*8 + 5) / 6
	to := (skip + len(w)) * 8 / 6
	if to <= from {
		return nil
	}
	return []byte(text[from:to])
}
