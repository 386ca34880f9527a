package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/event"
)

// peopleMaker makes identify events: one for each user and set of traits in a file.
type peopleMaker struct {
	shop event.ShopID
	told map[string]bool // what has been emitted along with other rows: users and their traits
}

func newPeople(shop event.ShopID) *peopleMaker {
	return &peopleMaker{shop: shop, told: map[string]bool{}}
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
	e := event.Event{Shop: p.shop, ID: event.ID("cu-" + hex.EncodeToString(hash.Sum(nil)[:16])), Type: event.Identify, At: at, Trusted: true}
	return emit(unit{rows: rows, event: &e, user: user, traits: encoded})
}

// customers reads one person per row.
type customers struct {
	people   *peopleMaker
	contacts bool
}

var personTraits = []string{"email", "phone", "name", "firstName", "lastName", "country"}

func (c *customers) add(r *reader, emit func(unit) error) (bool, error) {
	traits := map[string]string{}
	for _, name := range personTraits {
		if s := r.optional(name, 300); s != "" {
			traits[name] = s
		}
	}
	for trait, bound := range r.bound.traits {
		if s := r.optional(bound, 1000); s != "" {
			traits[trait] = s
		}
	}
	if mail := traits["email"]; mail != "" && !looksLikeMail(mail) {
		r.reject("email", "must be an e-mail address", mail)
	}
	user := ""
	if c.contacts {
		user = contactID(r, traits)
	} else {
		user = r.needed("user", 200)
	}
	at := r.moment("time", false)
	if r.rejected() {
		return true, nil
	}
	return true, c.people.identify(user, traits, at, 1, emit)
}

func (c *customers) end(func(unit) error) error { return nil }

// contactID is the user id of somebody whom the shop has no number for: the address itself. The person has it in the people table alone.
func contactID(r *reader, traits map[string]string) string {
	switch {
	case traits["email"] != "":
		return "mailto:" + strings.ToLower(traits["email"])
	case traits["phone"] != "":
		return "tel:" + strings.Map(func(c rune) rune {
			if c == '+' || c >= '0' && c <= '9' {
				return c
			}
			return -1
		}, traits["phone"])
	}
	r.reject("email", "a contact needs an e-mail address or a telephone number", "")
	return ""
}

func looksLikeMail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && domain != "" && !strings.ContainsAny(s, " \t,;<>") && !strings.Contains(domain, "@")
}
