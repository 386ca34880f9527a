package arrival

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"shopkeeper/shared/recommend/model"
)

// Name is the last part of a category's path.
func Name(path string) string {
	if at := strings.LastIndex(path, model.Separator); at >= 0 {
		return path[at+len(model.Separator):]
	}
	return path
}

// parts of an address, as they are written. Neither is kept of what is no address.
type parts struct{ path, query string }

// cut drops scheme, host and fragment. What is too long, or neither http nor a path, is none.
func cut(url string) parts {
	if len(url) > maxText {
		return parts{}
	}
	url, _, _ = strings.Cut(url, "#")
	if scheme, rest, ok := strings.Cut(url, "://"); ok && (scheme == "https" || scheme == "http") {
		at := strings.IndexAny(rest, "/?")
		if at < 0 {
			return parts{}
		}
		url = rest[at:]
	}
	if url == "" || url[0] != '/' && url[0] != '?' {
		return parts{}
	}
	path, query, _ := strings.Cut(url, "?")
	return parts{path, query}
}

// value is a parameter of the query as it is written, empty when there is none.
func (p parts) value(name string) string {
	for rest := p.query; rest != ""; {
		var part string
		part, rest, _ = strings.Cut(rest, "&")
		if key, value, _ := strings.Cut(part, "="); key == name {
			return value
		}
	}
	return ""
}

// search is what was searched for on the page.
func (p parts) search() string {
	if p.query == "" {
		return ""
	}
	for _, name := range [...]string{"q", "query", "search", "text"} {
		if value := p.value(name); value != "" {
			return value
		}
	}
	return ""
}

// Address is what two ways to write the address of one page have in common, added to dst: path and query without scheme, host, fragment, the slash at the end, escapes of the
// path, and parameters that only say where a visitor came from. Nothing is added for the shop's root, or for what is no address.
func Address(dst []byte, url string) []byte {
	from := len(dst)
	p := cut(url)
	dst, ok := unescape(dst, p.path, false)
	if !ok {
		return dst[:from]
	}
	for len(dst) > from && dst[len(dst)-1] == '/' {
		dst = dst[:len(dst)-1]
	}
	mark := byte('?')
	for rest := p.query; rest != ""; {
		var part string
		if part, rest, _ = strings.Cut(rest, "&"); part != "" && !tracks(part) {
			dst = append(append(dst, mark), part...)
			mark = '&'
		}
	}
	return dst
}

// tracks says whether a parameter only says where a visitor came from.
func tracks(part string) bool {
	key, _, _ := strings.Cut(part, "=")
	switch key {
	case "gclid", "gbraid", "wbraid", "fbclid", "msclkid", "yclid", "srsltid", "_ga", "_gl", "mc_cid", "mc_eid":
		return true
	}
	return strings.HasPrefix(key, "utm_")
}

// unescape adds a text without its escapes; a plus sign is a space in queries alone. False for an escape that is none.
func unescape(dst []byte, text string, query bool) ([]byte, bool) {
	for at := 0; at < len(text); at++ {
		b := text[at]
		switch {
		case b == '%':
			if at+2 >= len(text) {
				return dst, false
			}
			high, low := digit(text[at+1]), digit(text[at+2])
			if high > 15 || low > 15 {
				return dst, false
			}
			b, at = high<<4|low, at+2
		case b == '+' && query:
			b = ' '
		}
		dst = append(dst, b)
	}
	return dst, true
}

// digit is the value of a hexadecimal digit, more than 15 for what is none.
func digit(b byte) byte {
	switch {
	case '0' <= b && b <= '9':
		return b - '0'
	case 'a' <= b|0x20 && b|0x20 <= 'f':
		return b | 0x20 - 'a' + 10
	}
	return 255
}

// split makes words of a text, the first maxWords of them. False for one that is too long or badly escaped.
func (s *Scratch) split(text string, escaped bool) bool {
	s.words, s.starts, s.ends, s.text = s.words[:0], s.starts[:0], s.ends[:0], s.text[:0]
	if len(text) > maxText {
		return false
	}
	ok := true
	if s.text = append(s.text, text...); escaped {
		s.text, ok = unescape(s.text[:0], text, true)
	}
	if !ok {
		return false
	}
	from := 0
	for at := 0; at < len(s.text) && len(s.ends) < maxWords; {
		r, width := utf8.DecodeRune(s.text[at:])
		at += width
		if r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) {
			s.words = utf8.AppendRune(s.words, unicode.ToLower(r))
			continue
		}
		from = s.end(from)
	}
	if s.end(from); len(s.ends) > 0 { // a maxWords-th word may be followed by the begin of another
		s.words = s.words[:s.ends[len(s.ends)-1]]
	}
	return true
}

// end ends the word that began at from, if there is one, and says where the next one begins.
func (s *Scratch) end(from int) int {
	word := s.words[from:]
	switch string(word) {
	case "", "and", "et", "und", "и":
		s.words = s.words[:from]
		return from
	}
	if len(word) > 3 && word[len(word)-1] == 's' {
		s.words = s.words[:len(s.words)-1]
	}
	s.starts, s.ends = append(s.starts, from), append(s.ends, len(s.words))
	s.words = append(s.words, ' ')
	return len(s.words)
}
