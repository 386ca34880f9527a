package liquid

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// Where a value stands in HTML decides what makes it harmless. settle reads the whole template as one document, each output as a mark, and finds the place of each: in text
// and in quoted attributes a value is escaped; at the beginning of an attribute that holds an address it is an address; everywhere else it is refused, and so is what runs
// programs. Branches are read one after the other, as if all were taken: so each must leave the document as it found it, which a mail that closes its tags does.

// Marks around the number of an output; templates that have them are refused.
const markOpen, markClose = '\uE0F0', '\uE0F1'

// addresses are the attributes that hold one.
var addresses = []string{"href", "src", "action", "formaction", "background", "poster", "cite", "longdesc", "xlink:href", "data"}

// forbidden are the elements that run or fetch programs, or ask for what mail must not ask.
var forbidden = []string{"script", "iframe", "frame", "frameset", "object", "embed", "applet", "base", "form", "input", "button", "textarea", "select", "link", "svg", "math", "noscript", "plaintext", "xmp", "template"}

type settler struct {
	source  string
	starts  []int // of each piece in the document
	pieces  []piece
	outputs map[int]*output
}

func settle(source string, pieces []piece, outputs map[int]*output) error {
	s := &settler{source: source, pieces: pieces, outputs: outputs}
	var doc strings.Builder
	for i, p := range pieces {
		s.starts = append(s.starts, doc.Len())
		switch p.kind {
		case textPiece:
			if at := strings.IndexAny(p.text, string(markOpen)+string(markClose)); at >= 0 {
				return place(source, p.open, "this text has a character that mail cannot have")
			}
			doc.WriteString(p.text)
		case outputPiece:
			doc.WriteRune(markOpen)
			doc.WriteString(strconv.Itoa(i))
			doc.WriteRune(markClose)
		}
	}
	return s.walk(doc.String())
}

// at is the place in the source of an offset in the document.
func (s *settler) at(offset int) int {
	i, found := slices.BinarySearch(s.starts, offset)
	if !found {
		i--
	}
	for i < len(s.starts)-1 && s.starts[i+1] == s.starts[i] {
		i++
	}
	if i < 0 {
		return 0
	}
	return min(s.pieces[i].open+offset-s.starts[i], len(s.source))
}

// refuse is the error for an offset in the document.
func (s *settler) refuse(offset int, format string, args ...any) error {
	return place(s.source, s.at(offset), format, args...)
}

func (s *settler) walk(doc string) error {
	z := html.NewTokenizer(strings.NewReader(doc))
	inside := "" // style or title: the element whose text is no HTML
	for offset := 0; ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return nil
		}
		raw := string(z.Raw())
		marked := strings.IndexRune(raw, markOpen)
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			name, err := s.tag(z, raw, offset)
			if err != nil {
				return err
			}
			if inside = ""; kind == html.StartTagToken && name == "style" {
				inside = name
			}
		case html.TextToken:
			if marked >= 0 && inside != "" {
				return s.refuse(offset+marked, "a value cannot stand in a style sheet")
			}
		case html.EndTagToken:
			if inside = ""; marked >= 0 {
				return s.refuse(offset+marked, "a value cannot stand here: put it into text or between the quotes of an attribute")
			}
		case html.CommentToken, html.DoctypeToken:
			if marked >= 0 {
				return s.refuse(offset+marked, "a value cannot stand in a comment; {%% comment %%} hides a part of a template")
			}
		}
		offset += len(raw)
	}
}

// tag looks at a start tag and the values in it, and returns its name.
func (s *settler) tag(z *html.Tokenizer, raw string, offset int) (string, error) {
	token := z.Token()
	if strings.ContainsRune(token.Data, markOpen) {
		return "", s.refuse(offset+strings.IndexRune(raw, markOpen), "a value cannot be the name of a tag")
	}
	if slices.Contains(forbidden, token.Data) {
		return "", s.refuse(offset, "mail has no <%s>", token.Data)
	}
	if token.Data == "meta" && strings.Contains(strings.ToLower(raw), "refresh") {
		return "", s.refuse(offset, "mail leads nowhere by itself")
	}
	for _, a := range token.Attr {
		if err := s.attribute(a, raw, offset); err != nil {
			return "", err
		}
	}
	if at := unquoted(raw); at >= 0 {
		return "", s.refuse(offset+at, "a value in a tag stands between quotes: name=\"{{ … }}\"")
	}
	return token.Data, nil
}

func (s *settler) attribute(a html.Attribute, raw string, offset int) error {
	at := offset + max(0, strings.IndexRune(raw, markOpen))
	if strings.ContainsRune(a.Key, markOpen) {
		return s.refuse(at, "a value cannot be the name of an attribute")
	}
	if strings.HasPrefix(a.Key, "on") {
		return s.refuse(offset, "mail runs no programs: the attribute %s has to go", a.Key)
	}
	marked := strings.IndexRune(a.Val, markOpen)
	holds := slices.Contains(addresses, a.Key)
	if marked < 0 {
		if holds && SafeAddress(a.Val) == "#" && strings.TrimSpace(a.Val) != "#" {
			return s.refuse(offset, "%s does not lead anywhere safe: http, https, mailto and tel do", a.Key)
		}
		return nil
	}
	switch {
	case a.Key == "style" || a.Key == "srcset" || a.Key == "srcdoc":
		return s.refuse(at, "a value cannot stand in %s", a.Key)
	case holds && marked == 0:
		s.lead(a.Val)
	case holds && (!strings.ContainsAny(a.Val[:marked], ":/?#") || SafeAddress(a.Val[:marked]) == "#" && !strings.HasPrefix(a.Val, "#")):
		return s.refuse(at, "the address begins with what is none: http, https, mailto and tel are")
	}
	return nil
}

// lead marks the outputs that an address begins with: more than one, when each stands in a branch of its own.
func (s *settler) lead(value string) {
	for strings.HasPrefix(value, string(markOpen)) {
		var number string
		number, value, _ = strings.Cut(value[len(string(markOpen)):], string(markClose))
		if i, err := strconv.Atoi(number); err == nil {
			s.outputs[s.pieces[i].open].address = true
		}
	}
}

// unquoted is where a mark stands outside quotes in a tag, -1 for nowhere.
func unquoted(tag string) int {
	var quote rune
	for i, c := range tag {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == markOpen:
			return i
		}
	}
	return -1
}
