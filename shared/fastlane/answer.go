package fastlane

import (
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// answer is the http.ResponseWriter of one request after the other. The whole answer is put together in one buffer: the body after a gap, the head at the gap's
// end, as its length is known last.
type answer struct {
	header http.Header
	names  []string
	head   []byte
	out    *[]byte
	status int
	typed  bool // the handler said what the body is
	dated  bool
	closes bool
}

const (
	headGap = 1 << 10
	keepOut = 64 << 10 // a buffer that grew beyond is not used again
)

var outs = sync.Pool{New: func() any { b := make([]byte, headGap, 16<<10); return &b }}

func (a *answer) begin() {
	if a.header == nil {
		a.header = make(http.Header, 8)
	}
	clear(a.header)
	a.out = outs.Get().(*[]byte)
	*a.out = (*a.out)[:headGap]
	a.head, a.status, a.typed, a.dated, a.closes = a.head[:0], 0, false, false, false
}

func (a *answer) release() {
	if cap(*a.out) <= keepOut {
		outs.Put(a.out)
	}
	a.out = nil
}

// Header is what WriteHeader sends.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader fixes status and headers. Interim answers (1xx) are left out: nobody has to send them.
func (a *answer) WriteHeader(status int) {
	if a.status != 0 || status < 200 {
		return
	}
	a.status = status
	a.head = append(a.head, "HTTP/1.1 "...)
	a.head = strconv.AppendInt(a.head, int64(status), 10)
	a.head = append(append(append(a.head, ' '), http.StatusText(status)...), "\r\n"...)
	a.names = a.names[:0]
	for name := range a.header {
		a.names = append(a.names, name)
	}
	slices.Sort(a.names) // answers to the same request are the same
	for _, name := range a.names {
		a.appendHeader(name, a.header[name])
	}
}

func (a *answer) appendHeader(name string, values []string) {
	switch name {
	case "Content-Length", "Transfer-Encoding", "Trailer":
		return // the length is counted, and nothing is sent in parts
	case "Content-Type":
		a.typed = true
	case "Date":
		a.dated = true
	case "Connection":
		a.closes = len(values) > 0 && strings.EqualFold(values[0], "close")
	}
	if name == "" || !all(name, inName) {
		return // as net/http does
	}
	for _, v := range values {
		a.head = append(append(a.head, name...), ": "...)
		a.head = append(appendLine(a.head, textproto.TrimString(v)), "\r\n"...)
	}
}

// appendLine writes a text with its line ends as spaces.
func appendLine(dst []byte, text string) []byte {
	from := len(dst)
	dst = append(dst, text...)
	if strings.IndexByte(text, '\r') < 0 && strings.IndexByte(text, '\n') < 0 {
		return dst
	}
	for i, c := range dst[from:] {
		if c == '\r' || c == '\n' {
			dst[from+i] = ' '
		}
	}
	return dst
}

// Write appends to the body.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	if !bodied(a.status) {
		return 0, http.ErrBodyNotAllowed
	}
	*a.out = append(*a.out, b...)
	return len(b), nil
}

// WriteString appends to the body.
func (a *answer) WriteString(s string) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	if !bodied(a.status) {
		return 0, http.ErrBodyNotAllowed
	}
	*a.out = append(*a.out, s...)
	return len(s), nil
}

// bodied says whether an answer of the status has a body.
func bodied(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}

// finish is the whole answer.
func (a *answer) finish(date string, last bool) []byte {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	body := (*a.out)[headGap:]
	head := a.head
	if !a.dated {
		head = append(append(append(head, "Date: "...), date...), "\r\n"...)
	}
	if bodied(a.status) {
		head = append(head, "Content-Length: "...)
		head = strconv.AppendInt(head, int64(len(body)), 10)
		head = append(head, "\r\n"...)
		if !a.typed && len(body) > 0 && a.header.Get("Content-Encoding") == "" {
			head = append(append(append(head, "Content-Type: "...), http.DetectContentType(body)...), "\r\n"...)
		}
	}
	if last && !a.closes {
		head = append(head, "Connection: close\r\n"...)
	}
	a.head = append(head, "\r\n"...)
	if len(a.head) > headGap {
		return slices.Concat(a.head, body)
	}
	start := headGap - len(a.head)
	copy((*a.out)[start:], a.head)
	return (*a.out)[start:]
}
