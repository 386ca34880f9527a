package letter

import (
	"html"
	"slices"
	"strings"

	"shopkeeper/shared/letter/liquid"
)

// Follow leads the links of a mail's HTML through the counter and says where they led. Links to unsubscribe and to choose stay what they are, and so do mailto, tel and places
// on the same page; what leads nowhere safe leads nowhere. Paths become addresses of the shop.
func Follow(page string, d Data) (string, []string) {
	f := follower{data: d}
	f.b.Grow(len(page) + len(page)/4)
	f.write(page)
	return f.b.String(), f.links
}

// follower writes HTML with its links led through the counter.
type follower struct {
	data  Data
	b     strings.Builder
	links []string
}

func (f *follower) write(rest string) {
	for {
		at, value := nextLink(rest)
		if at < 0 {
			f.b.WriteString(rest)
			return
		}
		f.b.WriteString(rest[:at])
		led := f.data.lead(html.UnescapeString(strings.TrimSpace(value.text)))
		if led.counted && !slices.Contains(f.links, led.before) {
			f.links = append(f.links, led.before)
		}
		if value.quoted {
			f.b.WriteString(html.EscapeString(led.after))
		} else {
			f.b.WriteString(`"` + html.EscapeString(led.after) + `"`)
		}
		rest = rest[at+len(value.text):]
	}
}

// finish makes the page that leaves: links led through the counter, the preheader at the beginning of the body, the picture that tells of an opening at its end.
func finish(page, preheader string, d Data) (string, []string) {
	f := follower{data: d}
	f.b.Grow(len(page) + len(page)/2 + len(hiding))
	begin := bodyStart(page)
	end := begin + bodyEnd(page[begin:])
	f.write(page[:begin])
	if preheader != "" {
		f.b.WriteString(`<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">` + html.EscapeString(preheader) + hiding + `</div>`)
	}
	f.write(page[begin:end])
	if d.Pixel != "" {
		f.b.WriteString(`<img src="` + html.EscapeString(d.Pixel) + `" alt="" width="1" height="1" style="display:block;border:0;width:1px;height:1px">`)
	}
	f.b.WriteString(page[end:])
	return f.b.String(), f.links
}

// hiding is space that is not seen: what mail programs show beside the subject ends before the words of the mail.
var hiding = strings.Repeat("&#847;&zwnj;&nbsp;", 40)

// led is a link before and after it was led through the counter.
type led struct {
	before, after string
	counted       bool
}

func (d Data) lead(link string) led {
	if known, ok := d.known[link]; ok {
		return known
	}
	found := d.find(link)
	if d.known != nil {
		d.known[link] = found
	}
	return found
}

func (d Data) find(link string) led {
	safe := liquid.SafeAddress(link)
	scheme, _, has := strings.Cut(safe, ":")
	scheme = strings.ToLower(scheme)
	switch {
	case safe == "" || safe[0] == '#' || safe == d.UnsubscribeURL || safe == d.PreferencesURL || has && (scheme == "mailto" || scheme == "tel"):
		return led{safe, safe, false}
	case !has || scheme != "http" && scheme != "https":
		if safe = Absolute(d.Shop.URL, safe); safe == "" {
			return led{"#", "#", false}
		}
	}
	if d.Follow == nil {
		return led{safe, safe, true}
	}
	return led{safe, d.Follow(safe), true}
}

// attribute is an attribute's value as it stands in the source.
type attribute struct {
	text   string
	quoted bool
}

// nextLink finds the value of the href of the next <a> or <area>, and where it begins; -1 when there is none. Comments are passed over: what Outlook reads in them stays.
func nextLink(s string) (int, attribute) {
	for at := 0; ; {
		i := strings.IndexByte(s[at:], '<')
		if i < 0 {
			return -1, attribute{}
		}
		at += i
		if strings.HasPrefix(s[at:], "<!--") {
			end := strings.Index(s[at:], "-->")
			if end < 0 {
				return -1, attribute{}
			}
			at += end + 3
			continue
		}
		after := afterName(s, at)
		if after < 0 {
			at++
			continue
		}
		value, end, ok := href(s, after)
		if ok {
			return value, attributeAt(s, value)
		}
		at = end
	}
}

// afterName is where the name of an <a> or <area> ends, -1 for any other tag.
func afterName(s string, at int) int {
	for _, name := range [...]string{"a", "area"} {
		end := at + 1 + len(name)
		if end < len(s) && strings.EqualFold(s[at+1:end], name) && isSpaceOrSlash(s[end]) {
			return end
		}
	}
	return -1
}

func isSpaceOrSlash(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '/'
}

// href finds where the value of href begins among the attributes of a tag, behind its quote; else where the tag ends.
func href(s string, at int) (value, end int, ok bool) {
	for at < len(s) && s[at] != '>' {
		if isSpaceOrSlash(s[at]) {
			at++
			continue
		}
		from := at
		for at++; at < len(s) && s[at] != '=' && s[at] != '>' && !isSpaceOrSlash(s[at]); at++ {
		}
		name := s[from:at]
		eq := at
		for eq < len(s) && isSpaceOrSlash(s[eq]) && s[eq] != '/' {
			eq++
		}
		if eq >= len(s) || s[eq] != '=' {
			continue
		}
		at = eq + 1
		for at < len(s) && isSpaceOrSlash(s[at]) && s[at] != '/' {
			at++
		}
		begin := at
		if at < len(s) && (s[at] == '"' || s[at] == '\'') {
			begin++
		}
		if begin >= len(s) {
			return 0, len(s), false
		}
		if strings.EqualFold(name, "href") {
			return begin, 0, true
		}
		at = begin + len(attributeAt(s, begin).text)
		if at < len(s) && (s[begin-1] == '"' || s[begin-1] == '\'') {
			at++
		}
	}
	return 0, at, false
}

// attributeAt is the value that begins there.
func attributeAt(s string, begin int) attribute {
	if quote := s[begin-1]; quote == '"' || quote == '\'' {
		if n := strings.IndexByte(s[begin:], quote); n >= 0 {
			return attribute{s[begin : begin+n], true}
		}
		return attribute{s[begin:], true}
	}
	n := strings.IndexAny(s[begin:], " \t\r\n\f>")
	if n < 0 {
		n = len(s) - begin
	}
	return attribute{s[begin : begin+n], false}
}

// FollowText leads the addresses in a text part through the counter.
func FollowText(s string, d Data) string {
	if d.Follow == nil {
		return s
	}
	var b strings.Builder
	for {
		i := nextAddress(s)
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		n := strings.IndexFunc(s[i:], func(r rune) bool { return r <= ' ' || r == '<' || r == '>' || r == '"' || r == '\u00a0' })
		if n < 0 {
			n = len(s) - i
		}
		link := strings.TrimRight(s[i:i+n], ".,;:!?)]'")
		b.WriteString(d.lead(link).after)
		s = s[i+len(link):]
	}
}

// nextAddress is where the next http or https address begins, -1 for nowhere.
func nextAddress(s string) int {
	for at := 0; ; {
		i := strings.Index(s[at:], "://")
		if i < 0 {
			return -1
		}
		at += i
		for _, scheme := range [...]string{"https", "http"} {
			if from := at - len(scheme); from >= 0 && strings.EqualFold(s[from:at], scheme) {
				return from
			}
		}
		at += 3
	}
}

// bodyEnd is where the body's end tag begins; the end of a page without one.
func bodyEnd(page string) int {
	for at := len(page); at > 0; {
		if at = strings.LastIndex(page[:at], "</"); at >= 0 && len(page)-at > 6 && strings.EqualFold(page[at+2:at+6], "body") {
			return at
		}
	}
	return len(page)
}

// bodyStart is where the content of the body begins: 0 for a page without a body tag.
func bodyStart(page string) int {
	for at := 0; ; {
		i := strings.IndexByte(page[at:], '<')
		if i < 0 || at+i+6 > len(page) {
			return 0
		}
		at += i
		if strings.EqualFold(page[at:at+5], "<body") {
			if end := strings.IndexByte(page[at:], '>'); end >= 0 {
				return at + end + 1
			}
		}
		at++
	}
}
