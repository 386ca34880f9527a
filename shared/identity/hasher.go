package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"shopkeeper/shared/event"
)

// Hasher turns what a person is known by into a keyed hash (HMAC-SHA256): equal names of one shop have equal hashes, and without the keyring nobody can tell which name a hash is of, not even by
// trying all likely ones. It is safe for concurrent use.
//
// What is stored under a hash is found for as long as its key is in the keyring: a key that made hashes may be replaced as the current one, but must stay.
type Hasher struct {
	ids  []string // the current first
	keys map[string][]byte
}

// NewHasher derives the keys.
func NewHasher(keys *Keyring) (*Hasher, error) {
	derived, err := keys.derive(PurposeAddress)
	if err != nil {
		return nil, err
	}
	h := &Hasher{ids: []string{keys.current}, keys: derived}
	for _, id := range keys.KeyIDs() {
		if id != keys.current {
			h.ids = append(h.ids, id)
		}
	}
	return h, nil
}

// Hash is the hash of a name by the current key: "<key id>.<22 characters>". kind keeps an address and a userId of equal letters apart.
func (h *Hasher) Hash(shop event.ShopID, kind, name string) string {
	return h.by(h.ids[0], shop, kind, name)
}

// Hashes are the hashes of a name by every key, the current one's first: where to look for what was stored before a key was replaced.
func (h *Hasher) Hashes(shop event.ShopID, kind, name string) []string {
	all := make([]string, len(h.ids))
	for i, id := range h.ids {
		all[i] = h.by(id, shop, kind, name)
	}
	return all
}

func (h *Hasher) by(id string, shop event.ShopID, kind, name string) string {
	m := hmac.New(sha256.New, h.keys[id])
	m.Write([]byte(string(shop) + "\x00" + kind + "\x00" + name))
	return id + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:macBytes])
}

// The kinds of names that are hashed.
const (
	KindEmail   = "email"
	KindPhone   = "phone"
	KindUser    = "user"
	KindDevice  = "device" // an anonymousId, as DeviceAlias names it
	KindVisitor = "visitor"
	KindPerson  = "person"
	KindMessage = "message"
)

// Address is the keyed hash of an e-mail address, however it is written: see NormalEmail.
func (h *Hasher) Address(shop event.ShopID, email string) string {
	return h.Hash(shop, KindEmail, NormalEmail(email))
}

// NormalEmail is the one form of an address under which it is looked up: no space around, small letters. No provider in use tells capital letters apart.
func NormalEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// NormalPhone is a telephone number by its digits, with the + before the country's code if it has one.
func NormalPhone(phone string) string {
	digits := strings.Map(func(r rune) rune {
		if r == '+' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, phone)
	if i := strings.LastIndexByte(digits, '+'); i > 0 {
		digits = digits[:1] + strings.ReplaceAll(digits[1:], "+", "")
	}
	return digits
}
