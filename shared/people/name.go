package people

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"shopkeeper/shared/event"
)

// MaxGreetingBytes bounds the name of a greeting.
const MaxGreetingBytes = 80

// familyFirst are countries where the first word of a full name is usually the family's.
var familyFirst = map[string]bool{"CN": true, "HK": true, "HU": true, "JP": true, "KH": true, "KP": true, "KR": true, "MO": true, "SG": true, "TW": true, "VN": true}

// Greeting is what to call the person, and the device that told it, empty when the shop did: the first name as it was told; else, of a full name, the first word
// where that is surely the given name; else the full name, which is never wrong. It is empty when no name is known, or when what was told is none (an address, a
// number, markup).
func (p Person) Greeting() (name string, by event.VisitorID) {
	if n := clean(p.FirstName); n != "" {
		return n, p.FirstBy
	}
	return p.given(), p.NameBy
}

// GreetingBy is what to call the person by what one device told itself.
func (p Person) GreetingBy(v event.VisitorID) string {
	n := p.Told[v]
	name, _ := Person{FirstName: n["firstName"].Text, Name: n["name"].Text, LastName: n["lastName"].Text, Country: n["country"].Text}.Greeting()
	return name
}

func (p Person) given() string {
	full := clean(p.Name)
	first, rest, several := strings.Cut(full, " ")
	if !several || familyFirst[strings.ToUpper(p.Country)] || !alphabetic(full) {
		return full
	}
	last := clean(p.LastName)
	if last != "" && strings.EqualFold(first, last) {
		return rest // written family first
	}
	if strings.ContainsAny(full, ".,") || utf8.RuneCountInString(first) < 2 {
		return full // "Dr. Ada Lovelace", "Lovelace, Ada", "J Smith"
	}
	return first
}

// alphabetic: only scripts whose writers put a space between given and family name, and mostly the given name first.
func alphabetic(s string) bool {
	for _, r := range s {
		if unicode.IsLetter(r) && !unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Armenian, unicode.Georgian, unicode.Hebrew) {
			return false
		}
	}
	return true
}

// clean is a name in one line without what no name has; empty when nothing is left to trust.
func clean(s string) string {
	s = strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " ")
	if s == "" || len(s) > MaxGreetingBytes || !utf8.ValidString(s) {
		return ""
	}
	letters := false
	for _, r := range s {
		joiner := r == '\u200c' || r == '\u200d' // Persian and Indian names have them
		if unicode.IsDigit(r) || !unicode.IsPrint(r) && !joiner || strings.ContainsRune(`@<>{}[]\/|"`, r) {
			return ""
		}
		letters = letters || unicode.IsLetter(r)
	}
	if !letters {
		return ""
	}
	return s
}
