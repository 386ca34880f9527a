package letter

import (
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

var (
	brackets  = regexp.MustCompile(`(?s)\{\{.*?\}\}|\{%.*?%\}`)
	marks     = regexp.MustCompile("\uE0F0([0-9]+)\uE0F1")
	blanks    = regexp.MustCompile(`[ \t\r\n\f]+`)
	manyLines = regexp.MustCompile(`\n[ \t]*(?:\n[ \t]*)+`)
)

// SuggestText makes a text part of an HTML part: the same words and links, with what is in Liquid as it was. It is a beginning for the marketer to go over.
func SuggestText(page string) string {
	var kept []string
	page = brackets.ReplaceAllStringFunc(strings.NewReplacer("\uE0F0", "", "\uE0F1", "").Replace(page), func(s string) string {
		kept = append(kept, s)
		return "\uE0F0" + strconv.Itoa(len(kept)-1) + "\uE0F1"
	})
	w := plainWriter{}
	w.walk(html.NewTokenizer(strings.NewReader(page)))
	out := marks.ReplaceAllStringFunc(w.b.String(), func(s string) string {
		i, err := strconv.Atoi(strings.Trim(s, "\uE0F0\uE0F1"))
		if err != nil || i >= len(kept) {
			return ""
		}
		return kept[i]
	})
	lines := strings.Split(out, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSpace(l)
	}
	return strings.TrimSpace(manyLines.ReplaceAllString(strings.Join(lines, "\n"), "\n\n")) + "\n"
}

// plainWriter writes what HTML says without it.
type plainWriter struct {
	b     strings.Builder
	links []string // of the open <a>, innermost last
	skip  string   // the element whose content is not read
}

// lineBreaks are what elements put before and behind themselves.
var lineBreaks = map[string]string{
	"p": "\n\n", "h1": "\n\n", "h2": "\n\n", "h3": "\n\n", "h4": "\n\n", "ul": "\n\n", "ol": "\n\n", "table": "\n", "tr": "\n", "td": "\n", "div": "\n", "li": "\n", "hr": "\n\n", "blockquote": "\n\n",
}

func (w *plainWriter) walk(z *html.Tokenizer) {
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return
		}
		token := z.Token()
		if w.skip != "" {
			if kind == html.EndTagToken && token.Data == w.skip {
				w.skip = ""
			}
			continue
		}
		switch kind {
		case html.TextToken:
			w.b.WriteString(blanks.ReplaceAllString(token.Data, " "))
		case html.StartTagToken, html.SelfClosingTagToken:
			w.open(token)
		case html.EndTagToken:
			w.close(token.Data)
		}
	}
}

func (w *plainWriter) open(t html.Token) {
	switch t.Data {
	case "style", "title", "head":
		w.skip = t.Data
	case "br":
		w.b.WriteByte('\n')
	case "img":
		w.b.WriteString(valueOf(t, "alt"))
	case "a":
		w.links = append(w.links, valueOf(t, "href"))
	}
	if w.b.WriteString(lineBreaks[t.Data]); t.Data == "li" {
		w.b.WriteString("- ")
	}
}

func (w *plainWriter) close(name string) {
	if name == "a" && len(w.links) > 0 {
		link := w.links[len(w.links)-1]
		w.links = w.links[:len(w.links)-1]
		if link != "" && link != "#" {
			w.b.WriteString(" " + link + " ")
		}
	}
	w.b.WriteString(lineBreaks[name])
}

func valueOf(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}
