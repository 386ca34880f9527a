package people

import (
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The bounds of an address (RFC 5321).
const (
	maxAddress   = 254
	maxLocalPart = 64
	maxLabel     = 63
)

// EmailProblem says why no mail can reach the person's address, in words for staff: empty when nothing is known against it. Such an address is kept and shown, and never written to.
func (p Person) EmailProblem() string {
	if p.Email == "" {
		return "there is no address"
	}
	return AddressProblem(p.Email)
}

// AddressProblem says what makes an address undeliverable by its form alone; empty when the form is good. Letters of every script may stand in it.
func AddressProblem(address string) string {
	local, domain, ok := cutLast(address, '@')
	switch {
	case !utf8.ValidString(address):
		return "is not valid text"
	case !ok || local == "" || domain == "":
		return "is not of the form name@domain"
	case len(address) > maxAddress || len(local) > maxLocalPart:
		return "is longer than any address"
	case strings.IndexFunc(address, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) >= 0:
		return "has a space in it"
	case strings.ContainsAny(local, `@,;:<>()[]\"`):
		return "has a character before the @ that no mailbox has"
	case local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, ".."):
		return "has a dot where none may stand"
	}
	return domainProblem(domain)
}

func domainProblem(domain string) string {
	labels := strings.Split(domain, ".")
	last := strings.ToLower(labels[len(labels)-1])
	if len(labels) < 2 {
		return "has a domain without a dot"
	}
	for _, l := range labels {
		if l == "" || len(l) > maxLabel || l[0] == '-' || l[len(l)-1] == '-' || strings.ContainsFunc(l, notInLabel) {
			return "has a domain that cannot exist"
		}
	}
	if _, err := netip.ParseAddr(domain); err == nil || strings.IndexFunc(last, unicode.IsLetter) < 0 {
		return "has a number for a domain"
	}
	if last == "invalid" || last == "localhost" {
		return "has a domain that receives no mail"
	}
	return ""
}

func notInLabel(r rune) bool {
	return r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
}

func cutLast(s string, at byte) (before, after string, found bool) {
	if i := strings.LastIndexByte(s, at); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// TimeZone is where the person's day is: by the trait timezone (an IANA name), else the shop's zone.
func (p Person) TimeZone(shop *time.Location) *time.Location {
	for _, name := range [...]string{"timezone", "timeZone", "time_zone"} {
		zone := textOf(p.Traits[name])
		if zone == "" || strings.EqualFold(zone, "local") {
			continue
		}
		if at, err := time.LoadLocation(zone); err == nil {
			return at
		}
	}
	return shop
}

// Locale is the language to write to the person in (BCP 47), by the trait locale or language; else the shop's.
func (p Person) Locale(shop string) string {
	for _, name := range [...]string{"locale", "language", "lang"} {
		tag := strings.ReplaceAll(textOf(p.Traits[name]), "_", "-")
		if tag != "" && len(tag) <= maxLabel && strings.IndexFunc(tag, func(r rune) bool {
			return r != '-' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
		}) < 0 {
			return tag
		}
	}
	return shop
}
