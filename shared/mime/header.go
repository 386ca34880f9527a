package mime

import (
	"mime"
	netmail "net/mail"
	"strings"
	"unicode"

	"golang.org/x/net/idna"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/mail"
)

// The limits of RFC 5321 and 5322.
const (
	maxLine   = 76  // of a header, where it can be folded
	maxLink   = 900 // a link cannot be folded, and no line is longer than 998
	maxName   = 100 // characters; what is longer is cut
	maxLocal  = 64
	maxDomain = 253
	maxLabel  = 63
	maxID     = 200
	maxTag    = 256
)

type headers struct{ dst []byte }

// add writes a header whose value has no line ends, folded before spaces.
func (h *headers) add(name, value string) {
	h.dst = append(h.dst, name...)
	h.dst = append(h.dst, ':')
	used := len(name) + 1
	for rest := value; ; {
		word, after, more := strings.Cut(rest, " ")
		if used+1+len(word) > maxLine && word != "" && used > len(name)+1 {
			h.dst = append(h.dst, "\r\n"...)
			used = 0
		}
		h.dst = append(h.dst, ' ')
		h.dst = append(h.dst, word...)
		used += 1 + len(word)
		if !more {
			break
		}
		rest = after
	}
	h.dst = append(h.dst, "\r\n"...)
}

// Text is words for people as a header's value: encoded (RFC 2047) where they are not plain ASCII or could not be folded. Control characters, line ends among them, become spaces.
func Text(s string) string {
	s = Line(s)
	if longest(s) > maxLine {
		return mime.BEncoding.Encode("utf-8", s+"\u200b") // BEncoding leaves plain ASCII alone, however long: the invisible end makes it encode
	}
	return mime.QEncoding.Encode("utf-8", s)
}

// Line is a text on one line, without control characters: for providers that encode headers themselves.
func Line(s string) string { return strings.TrimSpace(clean(s)) }

func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

func longest(s string) int {
	n := 0
	for word := range strings.FieldsSeq(s) {
		n = max(n, len(word))
	}
	return n
}

// Mailbox is an address as a header's value: the name quoted or encoded, a domain of any script in its ASCII form. Invalid: an address that cannot be sent to.
func Mailbox(a mail.Address) (string, error) {
	email, err := Email(a.Email)
	if err != nil {
		return "", err
	}
	name := Line(a.Name)
	if name == "" {
		return email, nil
	}
	if r := []rune(name); len(r) > maxName {
		name = strings.TrimSpace(string(r[:maxName]))
	}
	return (&netmail.Address{Name: name, Address: email}).String(), nil
}

// Email is an address as SMTP takes it: a dot-atom before the @, a domain of letters, digits and hyphens behind it. What it refuses as Invalid few servers deliver: quoted local parts,
// local parts in other scripts, address literals. The fault does not repeat the address.
func Email(s string) (string, error) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > maxLocal || !dotAtom(s[:at]) {
		return "", noAddress()
	}
	domain := s[at+1:]
	if !ascii(domain) {
		var err error
		if domain, err = idna.Lookup.ToASCII(domain); err != nil {
			return "", noAddress()
		}
		s = s[:at+1] + domain
	}
	if !hostName(domain) {
		return "", noAddress()
	}
	return s, nil
}

func noAddress() error {
	return fault.InvalidField("email", "is no address that mail can be sent to")
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func dotAtom(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.' && (i == 0 || i == len(s)-1 || s[i-1] == '.'):
			return false
		case c != '.' && !alphanumeric(c) && strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) < 0:
			return false
		}
	}
	return true
}

func hostName(s string) bool {
	if len(s) > maxDomain {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if !alphanumeric(label[i]) && label[i] != '-' {
				return false
			}
		}
	}
	return true
}

func domainOf(email string) string {
	domain := email[strings.LastIndexByte(email, '@')+1:]
	if a, err := idna.Lookup.ToASCII(domain); err == nil {
		return a
	}
	return domain
}

// Check says whether a message keeps the rules of its contract, but for the recipient's address, and returns its From as a header's value. The fault is Invalid and names the field.
func Check(m mail.Message) (from string, err error) {
	if from, err = Mailbox(m.From); err != nil {
		return "", fault.InvalidField("from.email", "is no address")
	}
	switch {
	case m.ID == "" || len(m.ID) > maxID || !only(m.ID, "._-") || strings.Trim(m.ID, ".") != m.ID || strings.Contains(m.ID, ".."):
		return "", fault.InvalidField("id", "must be 1 to 200 letters, digits, dots, underscores and hyphens, no dot beside another or at an end")
	case strings.TrimSpace(m.Text) == "":
		return "", fault.InvalidField("text", "is needed")
	case m.Unsubscribe != "" && !link(m.Unsubscribe):
		return "", fault.InvalidField("unsubscribe", "must be an https address")
	}
	for _, t := range [...]struct{ name, value string }{{"shop", m.Tags.Shop}, {"campaign", m.Tags.Campaign}, {"person", m.Tags.Person}, {"step", m.Tags.Step}} {
		if len(t.value) > maxTag || !only(t.value, "_-") {
			return "", fault.InvalidField("tags."+t.name, "must be at most 256 letters, digits, underscores and hyphens")
		}
	}
	return from, nil
}

func only(s, others string) bool {
	for i := range len(s) {
		if !alphanumeric(s[i]) && strings.IndexByte(others, s[i]) < 0 {
			return false
		}
	}
	return true
}

// link takes http too where it names this machine: the local product has no certificate.
func link(s string) bool {
	if len(s) > maxLink || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("<>,\"\\", r) }) {
		return false
	}
	return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://127.0.0.1") || strings.HasPrefix(s, "http://localhost")
}
