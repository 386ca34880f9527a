package event

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"shopkeeper/shared/fault"
)

// Bounds of what is kept of properties.
const (
	maxNested = 8    // lists and objects inside each other
	maxText   = 2000 // bytes of one text
)

// Scrub is what may be kept of the properties that are left: no member that names personal data (see personal), no e-mail address wherever it stands, no query, fragment or password of a URL,
// texts cut to 2,000 bytes, nothing nested deeper than eight. It is nil when nothing is left.
func (p Properties) Scrub() (json.RawMessage, error) {
	kept, _ := clean(p.members, 0, true)
	if m, ok := kept.(map[string]any); !ok || len(m) == 0 {
		return nil, nil
	}
	out, err := json.Marshal(kept)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "")
	}
	return out, nil
}

// Storable is a JSON value with only what every engine can store: no members without name, no numbers out of range, texts and nesting bounded as in Scrub. Nothing personal is removed: it is for the people
// table. False when nothing is left.
func Storable(raw json.RawMessage) (json.RawMessage, bool) {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return nil, false
	}
	kept, ok := clean(v, 0, false)
	if !ok {
		return nil, false
	}
	out, err := json.Marshal(kept)
	return out, err == nil
}

// clean returns what may be kept of v, changing it in place; false when it is to be left out.
func clean(v any, depth int, scrub bool) (any, bool) {
	if depth > maxNested {
		return nil, false
	}
	switch v := v.(type) {
	case map[string]any:
		cleanMembers(v, depth, scrub)
		return v, true
	case []any:
		kept := v[:0]
		for _, e := range v {
			if e, ok := clean(e, depth+1, scrub); ok {
				kept = append(kept, e)
			}
		}
		return kept, true
	case string:
		if !scrub {
			return Cut(v, maxText), true
		}
		if v = WithoutQuery(v); LooksLikeEmail(v) {
			return nil, false
		}
		return Cut(v, maxText), true
	case json.Number:
		return v, storableNumber(v.String())
	}
	return v, true
}

func cleanMembers(m map[string]any, depth int, scrub bool) {
	for name, v := range m {
		if name == "" || len(name) > maxName || scrub && (personal(name, v) || LooksLikeEmail(name)) {
			delete(m, name)
			continue
		}
		kept, ok := clean(v, depth+1, scrub)
		if !ok {
			delete(m, name)
			continue
		}
		m[name] = kept
	}
}

// storableNumber says whether both engines can hold the number: at most 38 digits, between 1e-120 and 1e120.
func storableNumber(text string) bool {
	f, err := strconv.ParseFloat(text, 64)
	size := math.Abs(f)
	return err == nil && len(text) <= 38 && (size == 0 || size > 1e-120 && size < 1e120)
}

// A member is personal when its name (lower case, letters and digits only) contains one of these ...
var personalParts = [...]string{
	"email", "phone", "address", "firstname", "lastname", "fullname", "middlename", "surname", "nickname", "username", "customername", "birth", "password", "passwd", "token", "secret",
	"apikey", "authorization", "useragent", "cookie", "creditcard", "cardnumber", "iban", "userid", "anonymousid", "customerid", "contactname", "recipient",
	"vorname", "nachname", "telefon", "adresse", "prenom", "postcode", "postalcode", "zipcode",
}

// ... or is one of these.
var personalNames = map[string]bool{
	"mail": true, "ip": true, "ipaddr": true, "remoteaddr": true, "tel": true, "mobile": true, "fax": true, "street": true, "zip": true, "plz": true, "dob": true, "lat": true, "latitude": true, "lon": true,
	"lng": true, "longitude": true, "ssn": true, "passport": true, "cvv": true, "cvc": true, "bic": true, "pan": true, "user": true, "customer": true, "traits": true, "contact": true, "search": true, "querystring": true,
	"ua": true, "auth": true, "jwt": true, "sid": true,
}

// personal says whether a member tells who somebody is. shipping and billing are amounts as numbers and addresses as objects.
func personal(name string, v any) bool {
	plain := plainName(name)
	if plain == "shipping" || plain == "billing" {
		_, object := v.(map[string]any)
		return object
	}
	if personalNames[plain] {
		return true
	}
	for _, part := range personalParts {
		if strings.Contains(plain, part) {
			return true
		}
	}
	return false
}

func plainName(name string) string {
	var space [64]byte
	out := space[:0]
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'A' && c <= 'Z':
			out = append(out, c+'a'-'A')
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= 0x80:
			out = append(out, c)
		}
	}
	return string(out)
}

// LooksLikeEmail says whether an e-mail address stands anywhere in the text, also percent-encoded.
func LooksLikeEmail(text string) bool {
	for _, at := range [...]string{"@", "%40"} {
		for rest := text; ; {
			i := strings.Index(rest, at)
			if i < 0 {
				break
			}
			after := rest[i+len(at):]
			if i > 0 && mailByte(rest[i-1]) && domainAhead(after) {
				return true
			}
			rest = after
		}
	}
	return false
}

func mailByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._%+-", c) >= 0 || c >= 0x80
}

// domainAhead says whether text begins with something like "example.org".
func domainAhead(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c == '.':
			return i > 0 && i+1 < len(text) && mailByte(text[i+1])
		case c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80:
		default:
			return false
		}
	}
	return false
}

// WithoutQuery cuts query, fragment and user name off a URL or path; other text stays as it is.
func WithoutQuery(text string) string {
	scheme := strings.Index(text, "://")
	if scheme < 0 && !strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "?") && !strings.HasPrefix(text, "#") {
		return text
	}
	if scheme >= 0 && strings.ContainsAny(text[:scheme], " ?#") {
		scheme = -1
	}
	if i := strings.IndexAny(text, "?#"); i >= 0 {
		text = text[:i]
	}
	if scheme < 0 {
		return text
	}
	host := text[scheme+3:]
	if slash := strings.IndexByte(host, '/'); slash >= 0 {
		host = host[:slash]
	}
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		return text[:scheme+3] + text[scheme+3+at+1:]
	}
	return text
}

// PagePath is the path of a page's URL (or the path itself), without query, at most 500 bytes; empty when it names somebody's address.
func PagePath(urlOrPath string) string {
	path := WithoutQuery(strings.TrimSpace(urlOrPath))
	if i := strings.Index(path, "://"); i >= 0 {
		path = path[i+3:]
		slash := strings.IndexByte(path, '/')
		if slash < 0 {
			return "/"
		}
		path = path[slash:]
	}
	if !strings.HasPrefix(path, "/") {
		return ""
	}
	return harmless(Cut(path, 500))
}
