package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/people"
)

// peopleMaker makes identify events: one for each user and set of traits in a file.
type peopleMaker struct {
	shop event.ShopID
	told map[string]bool // what has been emitted along with other rows: users and their traits
}

func newPeople(shop event.ShopID) *peopleMaker {
	return &peopleMaker{shop: shop, told: map[string]bool{}}
}

// said is what a row tells of a person.
type said struct {
	traits     map[string]string
	tags       []string
	permission *people.Permission
}

// identify emits who a user is; for rows of something else (rows is 0), only when user, country or address are new. The message id derives from the content, so that the same words are stored once, from whatever file.
func (p *peopleMaker) identify(user string, traits map[string]string, at time.Time, rows int, emit func(unit) error) error {
	if rows == 0 {
		key := user + "\x00" + traits["country"] + "\x00" + traits["email"]
		if p.told[key] {
			return nil
		}
		p.told[key] = true
	}
	return p.tell(user, said{traits: traits}, at, rows, emit)
}

// tell emits what is said of a user.
func (p *peopleMaker) tell(user string, s said, at time.Time, rows int, emit func(unit) error) error {
	traits := s.traits
	hash := sha256.New()
	hash.Write([]byte(user))
	encoded := make(map[string]json.RawMessage, len(traits))
	for _, name := range slices.Sorted(maps.Keys(traits)) {
		value, err := json.Marshal(traits[name])
		if err != nil {
			return err
		}
		encoded[name] = value
		hash.Write([]byte("\x00" + name + "\x00"))
		hash.Write(value)
	}
	if len(s.tags) > 0 {
		value, err := json.Marshal(s.tags)
		if err != nil {
			return err
		}
		encoded["tags"] = value
		fmt.Fprintf(hash, "\x00tags\x00%s", value)
	}
	if s.permission != nil {
		fmt.Fprintf(hash, "\x00permission\x00%d %q %q %d", s.permission.Choice, s.permission.Text, s.permission.Source, s.permission.At.UnixMilli())
	}
	e := event.Event{Shop: p.shop, ID: event.ID("cu-" + hex.EncodeToString(hash.Sum(nil)[:16])), Type: event.Identify, At: at, Trusted: true}
	return emit(unit{rows: rows, event: &e, user: user, traits: encoded, permission: s.permission})
}

// customers reads one person per row.
type customers struct {
	people   *peopleMaker
	contacts bool
}

var personTraits = []string{"email", "phone", "name", "firstName", "lastName", "country", "timezone", "locale"}

func (c *customers) add(r *reader, emit func(unit) error) (bool, error) {
	s := said{traits: map[string]string{}}
	for _, name := range personTraits {
		if text := r.optional(name, 300); text != "" {
			s.traits[name] = text
		}
	}
	for trait, bound := range r.bound.traits {
		if text := r.optional(bound, 1000); text != "" {
			s.traits[trait] = text
		}
	}
	s.tags = tags(r.optional("tags", 1000))
	user := ""
	if c.contacts {
		user = contactID(r, s.traits)
	} else {
		user = r.needed("user", 200)
	}
	at := r.moment("time", false)
	s.permission = permission(r, at)
	if r.rejected() {
		return true, nil
	}
	return true, c.people.tell(user, s, at, 1, emit)
}

func (c *customers) end(func(unit) error) error { return nil }

// tags are the words of a cell, with commas, semicolons or bars between.
func tags(cell string) []string {
	var list []string
	for tag := range strings.FieldsFuncSeq(cell, func(r rune) bool { return r == ',' || r == ';' || r == '|' }) {
		if tag = strings.TrimSpace(tag); tag != "" && !slices.Contains(list, tag) {
			list = append(list, tag)
		}
	}
	return list
}

// undated is when a yes without a time counts as said: before everything, so that a list of last year's subscribers takes back nobody's no.
var undated = earliest

// permission is what the row says of writing to the address; nil for nothing. A no without a time counts from when it is stored.
func permission(r *reader, at time.Time) *people.Permission {
	p := people.Permission{Channel: people.Email, Text: r.optional("consentText", 200), Source: r.optional("consentSource", 200), At: r.moment("consentAt", false)}
	if p.At.IsZero() {
		p.At = at
	}
	switch word := r.text("consent"); strings.ToLower(word) {
	case "":
		return nil
	case "yes", "y", "true", "1", "subscribed", "granted":
		p.Choice = consent.Granted
		if p.At.IsZero() {
			p.At = undated
		}
	case "no", "n", "false", "0", "unsubscribed", "denied":
		p.Choice = consent.Denied
	default:
		r.reject("consent", "must be yes or no", word)
		return nil
	}
	if p.Source == "" {
		p.Source = "import"
	}
	return &p
}

// mailUser begins the user of somebody whom the shop has no number for but an address. It stands for the address within an import alone: the person is found by the address, and has no user id.
const mailUser = "mailto:"

// contactID is the user of a contact: the shop's number, else the address, else the telephone number.
func contactID(r *reader, traits map[string]string) string {
	user := r.optional("user", 200)
	switch {
	case user != "":
		return user
	case identity.NormalEmail(traits["email"]) != "":
		return mailUser + identity.NormalEmail(traits["email"])
	case identity.NormalPhone(traits["phone"]) != "":
		return "tel:" + identity.NormalPhone(traits["phone"])
	}
	r.reject("email", "a contact needs an e-mail address, a telephone number or a user id", "")
	return ""
}

func looksLikeMail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && domain != "" && !strings.ContainsAny(s, " \t,;<>") && !strings.Contains(domain, "@")
}
