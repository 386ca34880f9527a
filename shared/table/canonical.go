package table

import (
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"shopkeeper/shared/fault"
)

// Canonical is the one form in which both engines store and return a body: compact, members sorted, numbers without needless digits, strings
// with the fewest escapes. Two bodies mean the same exactly when their canonical forms are equal bytes.
//
// It is Invalid unless the body is one JSON object that DynamoDB can hold: valid UTF-8, no member twice or without name, none of the reserved
// ones at the top, numbers of at most 38 digits between 1e-130 and 1e126, no more than MaxDepth lists and objects inside each other.
func Canonical(body []byte) (json.RawMessage, error) {
	out, _, err := canonical(body)
	return out, err
}

func canonical(body []byte) (json.RawMessage, int, error) {
	c := canon{in: body, out: make([]byte, 0, len(body))}
	c.space()
	if c.peek() != '{' {
		return nil, 0, invalidBody("is not a JSON object", c.pos)
	}
	if err := c.value(); err != nil {
		return nil, 0, err
	}
	if c.space(); c.pos != len(c.in) {
		return nil, 0, invalidBody("goes on after the object", c.pos)
	}
	return c.out, c.size - 3, nil // the item itself is no nested object
}

func invalidBody(reason string, at int) error {
	return fault.InvalidField("body", reason+" (byte "+strconv.Itoa(at)+")")
}

func reserved(name []byte) bool {
	switch string(name) {
	case "pk", "sk", "ver", "ttl":
		return true
	}
	return false
}

// canon reads one JSON text and appends its canonical form. size grows as DynamoDB counts.
type canon struct {
	in, out []byte
	pos     int
	depth   int
	size    int
	members []member // of the objects being read, the innermost last
	spare   []byte
}

// member is where a member's name and its whole text ("name":value) stand in out.
type member struct{ from, name, to int }

func (c *canon) space() {
	for c.pos < len(c.in) {
		switch c.in[c.pos] {
		case ' ', '\t', '\n', '\r':
			c.pos++
		default:
			return
		}
	}
}

// peek is the next byte, 0 at the end.
func (c *canon) peek() byte {
	if c.pos < len(c.in) {
		return c.in[c.pos]
	}
	return 0
}

func (c *canon) value() error {
	switch b := c.peek(); {
	case b == '{':
		return c.nested(c.object)
	case b == '[':
		return c.nested(c.list)
	case b == '"':
		n, err := c.text()
		c.size += n
		return err
	case b == '-' || b >= '0' && b <= '9':
		return c.number()
	default:
		return c.word()
	}
}

func (c *canon) nested(read func() error) error {
	if c.depth++; c.depth > MaxDepth+1 {
		return invalidBody("is nested too deeply", c.pos)
	}
	c.size += 3
	err := read()
	c.depth--
	return err
}

func (c *canon) word() error {
	for _, w := range [...]string{"true", "false", "null"} {
		if end := c.pos + len(w); end <= len(c.in) && string(c.in[c.pos:end]) == w {
			c.pos = end
			c.size++
			c.out = append(c.out, w...)
			return nil
		}
	}
	return invalidBody("is not JSON", c.pos)
}

// more reads what follows an element: a comma (true) or the closing byte (false).
func (c *canon) more(closing byte) (bool, error) {
	c.space()
	switch c.peek() {
	case ',':
		c.pos++
		c.out = append(c.out, ',')
		c.space()
		return true, nil
	case closing:
		c.pos++
		c.out = append(c.out, closing)
		return false, nil
	}
	return false, invalidBody("is not JSON", c.pos)
}

func (c *canon) list() error {
	c.pos++
	c.out = append(c.out, '[')
	if c.space(); c.peek() == ']' {
		c.pos++
		c.out = append(c.out, ']')
		return nil
	}
	for again := true; again; {
		c.size++
		if err := c.value(); err != nil {
			return err
		}
		var err error
		if again, err = c.more(']'); err != nil {
			return err
		}
	}
	return nil
}

func (c *canon) object() error {
	c.pos++
	c.out = append(c.out, '{')
	if c.space(); c.peek() == '}' {
		c.pos++
		c.out = append(c.out, '}')
		return nil
	}
	first := len(c.members)
	for again := true; again; {
		m, err := c.member()
		if err != nil {
			return err
		}
		c.members = append(c.members, m)
		if again, err = c.more('}'); err != nil {
			return err
		}
	}
	err := c.sort(c.members[first:])
	c.members = c.members[:first]
	return err
}

func (c *canon) member() (member, error) {
	m := member{from: len(c.out)}
	if c.peek() != '"' {
		return m, invalidBody("is not JSON", c.pos)
	}
	at := c.pos
	n, err := c.text()
	if err != nil {
		return m, err
	}
	m.name = len(c.out)
	switch {
	case n == 0:
		return m, invalidBody("has a member without name", at)
	case c.depth == 1 && reserved(c.out[m.from+1:m.name-1]):
		return m, invalidBody("has the reserved member "+string(c.out[m.from:m.name]), at)
	}
	c.size += n
	if c.depth > 1 {
		c.size++
	}
	if c.space(); c.peek() != ':' {
		return m, invalidBody("is not JSON", c.pos)
	}
	c.pos++
	c.out = append(c.out, ':')
	c.space()
	err = c.value()
	m.to = len(c.out)
	return m, err
}

// sort brings the members that end out into the order of their names.
func (c *canon) sort(ms []member) error {
	byName := func(a, b member) int { return slices.Compare(c.out[a.from+1:a.name-1], c.out[b.from+1:b.name-1]) }
	start := ms[0].from
	if !slices.IsSortedFunc(ms, byName) {
		slices.SortFunc(ms, byName)
		c.spare = append(c.spare[:0], c.out[start:]...)
		at := start
		for i, m := range ms {
			from := at
			at += copy(c.out[at:], c.spare[m.from-start:m.to-start])
			ms[i] = member{from: from, name: from + m.name - m.from, to: at}
			c.out[at] = ','
			at++
		}
		c.out[at-1] = '}'
	}
	for i := 1; i < len(ms); i++ {
		if byName(ms[i-1], ms[i]) == 0 {
			return invalidBody("has the member "+string(c.out[ms[i].from:ms[i].name])+" twice", c.pos)
		}
	}
	return nil
}

// text copies a string and returns its length without quotes and escapes.
func (c *canon) text() (int, error) {
	c.pos++
	c.out = append(c.out, '"')
	n := 0
	for c.pos < len(c.in) {
		b := c.in[c.pos]
		switch {
		case b == '"':
			c.pos++
			c.out = append(c.out, '"')
			return n, nil
		case b == '\\':
			r, err := c.escape()
			if err != nil {
				return 0, err
			}
			c.put(r)
			n += utf8.RuneLen(r)
		case b < ' ':
			return 0, invalidBody("has a control character in a string", c.pos)
		case b < utf8.RuneSelf:
			c.out = append(c.out, b)
			c.pos++
			n++
		default:
			r, size := utf8.DecodeRune(c.in[c.pos:])
			if r == utf8.RuneError && size == 1 {
				return 0, invalidBody("is not valid UTF-8", c.pos)
			}
			c.out = append(c.out, c.in[c.pos:c.pos+size]...)
			c.pos += size
			n += size
		}
	}
	return 0, invalidBody("has a string without end", c.pos)
}

// The short escapes and what they mean, position by position.
const (
	shortEscapes = `"\/bfnrt`
	shortMeaning = "\"\\/\b\f\n\r\t"
)

func (c *canon) escape() (rune, error) {
	at := c.pos
	c.pos++
	b := c.peek()
	for i := range shortEscapes {
		if shortEscapes[i] == b {
			c.pos++
			return rune(shortMeaning[i]), nil
		}
	}
	r, ok := c.hex()
	if ok && utf16.IsSurrogate(r) {
		var low rune
		if ok = c.peek() == '\\'; ok {
			c.pos++
			low, ok = c.hex()
		}
		r = utf16.DecodeRune(r, low)
		ok = ok && r != utf8.RuneError
	}
	if !ok {
		return 0, invalidBody("has a wrong escape", at)
	}
	return r, nil
}

// hex reads u and four hexadecimal digits.
func (c *canon) hex() (rune, bool) {
	if c.peek() != 'u' || c.pos+5 > len(c.in) {
		return 0, false
	}
	var r rune
	for _, b := range c.in[c.pos+1 : c.pos+5] {
		switch {
		case b >= '0' && b <= '9':
			r = r<<4 | rune(b-'0')
		case b >= 'a' && b <= 'f':
			r = r<<4 | rune(b-'a'+10)
		case b >= 'A' && b <= 'F':
			r = r<<4 | rune(b-'A'+10)
		default:
			return 0, false
		}
	}
	c.pos += 5
	return r, true
}

// put appends a character that stood escaped.
func (c *canon) put(r rune) {
	switch {
	case r == '"' || r == '\\':
		c.out = append(c.out, '\\', byte(r))
	case r >= ' ':
		c.out = utf8.AppendRune(c.out, r)
	default:
		for i := range shortMeaning {
			if rune(shortMeaning[i]) == r {
				c.out = append(c.out, '\\', shortEscapes[i])
				return
			}
		}
		const digits = "0123456789abcdef"
		c.out = append(c.out, '\\', 'u', '0', '0', digits[r>>4], digits[r&15])
	}
}
