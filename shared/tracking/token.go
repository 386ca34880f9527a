// Package tracking knows what people do with mail: who clicked and who opened, and whether it was a person at all.
//
// Every link of a mail is a signed token that says all there is to know of it: shop, campaign, person, step, and where it leads. So a link leads nowhere that the shop did not
// write, names nobody who reads it, and cannot be made up, counted through, or used for another purpose: links that count are signed with one key, those of forms with another,
// and the kind is part of what is signed.
//
// A token is "<shop>.<key id>.<base64url>", which needs no escaping in an address.
package tracking

import (
	"encoding/binary"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/shop"
)

// Kind is what a token is for.
type Kind uint8

// The kinds. They are part of the format.
const (
	Click Kind = iota + 1
	Open
	Unsubscribe
	Preferences
	Confirm
	Erase
)

// How long the links of forms are good for. Links that count never end: an old mail still leads to the shop.
const (
	UnsubscribeLife = 400 * 24 * time.Hour // longer than anybody keeps looking for the link
	PreferencesLife = 90 * 24 * time.Hour  // it shows what a person decided
	ConfirmLife     = 7 * 24 * time.Hour
	EraseLife       = 24 * time.Hour // it destroys
)

var lives = map[Kind]time.Duration{Unsubscribe: UnsubscribeLife, Preferences: PreferencesLife, Confirm: ConfirmLife, Erase: EraseLife}

// Mark says which mail a token is of. A confirmation is of none.
type Mark struct {
	Shop     event.ShopID
	Campaign ledger.CampaignID
	Person   event.PersonID
	Step     int
	At       time.Time // when the mail was made, second precision
	Test     bool      // of a test mail: nothing is counted and nothing changed
}

// Token is what a good token says. Extra is where a click leads, or the sealed words of a confirmation.
type Token struct {
	Kind Kind
	Mark
	Impression string // of the offer that the link belongs to, if any: an offer's impression id
	Extra      string
}

// Limits of a token.
const (
	MaxURL   = 2000
	maxToken = 4096
	version  = 1
	headSize = 7 // version, kind, flags, time
)

// Tokens makes and checks tokens. It is safe for concurrent use.
type Tokens struct{ track, form *identity.Signer }

// NewTokens derives the keys.
func NewTokens(keys *identity.Keyring) (*Tokens, error) {
	track, err := identity.NewSigner(keys, identity.PurposeTrack)
	if err != nil {
		return nil, err
	}
	form, err := identity.NewSigner(keys, identity.PurposeForm)
	if err != nil {
		return nil, err
	}
	return &Tokens{track, form}, nil
}

func (t *Tokens) signer(k Kind) *identity.Signer {
	if k == Click || k == Open {
		return t.track
	}
	return t.form
}

// Make is the token's text.
func (t *Tokens) Make(k Token) string {
	raw := make([]byte, headSize, headSize+16+len(k.Campaign)+len(k.Person)+len(k.Extra))
	raw[0], raw[1] = version, byte(k.Kind)
	if k.Test {
		raw[2] = 1
	}
	binary.BigEndian.PutUint32(raw[3:], uint32(k.At.Unix()))
	raw = binary.AppendUvarint(raw, uint64(k.Step))
	for _, s := range [...]string{string(k.Campaign), string(k.Person), k.Impression} {
		raw = binary.AppendUvarint(raw, uint64(len(s)))
		raw = append(raw, s...)
	}
	raw = append(raw, k.Extra...)
	out := append([]byte(k.Shop), '.')
	return string(t.signer(k.Kind).Append(out, string(k.Shop), raw))
}

// errLink is the one answer to every link that is none of ours: it does not say what is wrong with it.
func errLink() error {
	return fault.New(fault.NotFound, "this link does not work: it is incomplete or too old")
}

// Parse reads a token of one kind. NotFound: it is none, of another kind, changed, or its time is over.
func (t *Tokens) Parse(kind Kind, text string, now time.Time) (Token, error) {
	id, rest, ok := strings.Cut(text, ".")
	if !ok || len(text) > maxToken || !shop.ValidID(event.ShopID(id)) {
		return Token{}, errLink()
	}
	raw, err := t.signer(kind).Open(nil, id, rest)
	if err != nil || len(raw) < headSize || raw[0] != version || Kind(raw[1]) != kind {
		return Token{}, errLink()
	}
	k := Token{Kind: kind, Mark: Mark{Shop: event.ShopID(id), Test: raw[2] == 1, At: time.Unix(int64(binary.BigEndian.Uint32(raw[3:])), 0).UTC()}}
	if life, ends := lives[kind]; ends && now.Sub(k.At) > life {
		return Token{}, errLink()
	}
	if !k.body(raw[headSize:]) {
		return Token{}, errLink()
	}
	return k, nil
}

// body reads what follows the head.
func (k *Token) body(raw []byte) bool {
	step, n := binary.Uvarint(raw)
	if n <= 0 || step > 1<<20 {
		return false
	}
	raw = raw[n:]
	var words [3]string
	for i := range words {
		length, n := binary.Uvarint(raw)
		if n <= 0 || length > uint64(len(raw)-n) {
			return false
		}
		words[i] = string(raw[n : n+int(length)])
		raw = raw[n+int(length):]
	}
	k.Step, k.Campaign, k.Person, k.Extra = int(step), ledger.CampaignID(words[0]), event.PersonID(words[1]), string(raw)
	k.Impression = words[2]
	return true
}

// Links are the addresses of one mail's links.
type Links struct {
	Base   string // of the deployment, such as https://t.shop.example, without a slash at the end
	Tokens *Tokens
	Mark   Mark
}

// Click leads an address through the counter; impression is of the offer that it belongs to, if any. An address that is too long for a link, or that is not http or https, stays as it is.
func (l Links) Click(address, impression string) string {
	if len(address) > MaxURL || !Leads(address) {
		return address
	}
	return l.Base + "/c/" + l.Tokens.Make(Token{Click, l.Mark, impression, address})
}

// Open is the address of the picture that tells of an opening.
func (l Links) Open() string { return l.Base + "/o/" + l.Tokens.Make(Token{Kind: Open, Mark: l.Mark}) }

// Unsubscribe is the address that RFC 8058 posts to, and that shows a page to people.
func (l Links) Unsubscribe() string {
	return l.Base + "/p/unsubscribe/" + l.Tokens.Make(Token{Kind: Unsubscribe, Mark: l.Mark})
}

// Preferences is the address where a person chooses what to get.
func (l Links) Preferences() string {
	return l.Base + "/p/preferences/" + l.Tokens.Make(Token{Kind: Preferences, Mark: l.Mark})
}

// Leads says whether an address is one that a click may lead to.
func Leads(address string) bool {
	lower := strings.ToLower(address[:min(len(address), 8)])
	rest, ok := strings.CutPrefix(lower, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(lower, "http://")
	}
	return ok && (rest != "" || len(address) > 8) && !strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' })
}
