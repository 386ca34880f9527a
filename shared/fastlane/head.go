package fastlane

import (
	"bytes"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

// Bounds of what is recognised. What is larger is net/http's, which has bounds of its own.
const (
	maxHead    = 4 << 10 // bytes
	maxHeaders = 48
)

// head is a request's head in memory that is used again. Its strings share one copy of the bytes, which stays good for whoever keeps one.
type head struct {
	url    url.URL
	header http.Header
	values [maxHeaders]string
	count  int
	target string
	host   string
}

const (
	method  = "GET "
	version = " HTTP/1.1"
)

var blankLine = []byte("\r\n\r\n")

// read recognises the head that data begins with and returns its length. 0 says that it is net/http's business, whatever it is.
func (h *head) read(data []byte, known func(path string) bool) int {
	if len(data) < len(method) || string(data[:len(method)]) != method {
		return 0
	}
	end := bytes.Index(data, blankLine)
	if end < 0 {
		return 0
	}
	text := string(data[:end+2])
	line, rest, _ := strings.Cut(text, "\r\n")
	target, ok := strings.CutSuffix(line[len(method):], version)
	if !ok || !h.readTarget(target, known) {
		return 0
	}
	if h.header == nil {
		h.header = make(http.Header, 16)
	}
	clear(h.header)
	h.count, h.host = 0, ""
	for rest != "" {
		line, rest, _ = strings.Cut(rest, "\r\n")
		if !h.readHeader(line) {
			return 0
		}
	}
	if h.host == "" {
		return 0
	}
	return end + len(blankLine)
}

// readTarget takes a known path with or without a query.
func (h *head) readTarget(target string, known func(path string) bool) bool {
	path, query, asked := strings.Cut(target, "?")
	if asked && query == "" || !known(path) || !all(query, inTarget) {
		return false
	}
	h.target = target
	h.url = url.URL{Path: path, RawQuery: query}
	return true
}

// readHeader takes a line that changes nothing about the connection or the body.
func (h *head) readHeader(line string) bool {
	name, value, ok := strings.Cut(line, ":")
	if !ok || name == "" || h.count == maxHeaders {
		return false
	}
	name, ok = canonical(name)
	value = strings.Trim(value, " \t")
	if !ok || !all(value, inValue) {
		return false
	}
	switch name {
	case "Host":
		if h.host != "" || !all(value, inHost) {
			return false
		}
		h.host = value // empty, it is refused in the end
		return true
	case "Connection":
		if !strings.EqualFold(value, "keep-alive") {
			return false
		}
	case "Content-Length", "Transfer-Encoding", "Trailer", "Expect", "Upgrade", "Te", "Pragma", "Http2-Settings":
		return false
	}
	h.values[h.count] = value
	if before, ok := h.header[name]; ok {
		h.header[name] = append(before, value)
	} else {
		h.header[name] = h.values[h.count : h.count+1 : h.count+1]
	}
	h.count++
	return true
}

// fill makes the request what the head says, all else as in template.
func (h *head) fill(r *http.Request, template *http.Request) {
	*r = *template
	r.URL, r.Header, r.Host, r.RequestURI = &h.url, h.header, h.host, h.target
}

// canonical is the header's name as net/http spells it; false when it is no name.
func canonical(name string) (string, bool) {
	if spelt, ok := spellings[name]; ok {
		return spelt, true
	}
	if !all(name, inName) {
		return "", false
	}
	return textproto.CanonicalMIMEHeaderKey(name), true
}

// spellings are the names that most requests have, as clients write them.
var spellings = func() map[string]string {
	m := map[string]string{}
	for _, name := range []string{
		"Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cache-Control", "Connection", "Cookie", "Host", "Origin", "Priority", "Referer",
		"Sec-Ch-Ua", "Sec-Ch-Ua-Mobile", "Sec-Ch-Ua-Platform", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Gpc", "User-Agent",
		"X-Forwarded-For", "X-Forwarded-Proto", "X-Request-Id",
	} {
		m[name], m[strings.ToLower(name)] = name, name
	}
	return m
}()

// class says which bytes belong.
type class [256]bool

var (
	inName   = classOf("!#$%&'*+-.^_`|~" + digits + letters)
	inHost   = classOf(".:-[]" + digits + letters)
	inTarget = classBetween('!', '~', "#")
	inValue  = classBetween(' ', '~', "").with('\t')
)

const (
	digits  = "0123456789"
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

func classOf(chars string) *class {
	var c class
	for i := range len(chars) {
		c[chars[i]] = true
	}
	return &c
}

func classBetween(from, to byte, but string) *class {
	var c class
	for b := int(from); b <= int(to); b++ {
		c[b] = !strings.Contains(but, string(rune(b)))
	}
	return &c
}

func (c *class) with(b byte) *class {
	c[b] = true
	return c
}

func all(s string, in *class) bool {
	for i := range len(s) {
		if !in[s[i]] {
			return false
		}
	}
	return true
}
