// Package impression is the id of one showing of an offer: a signed token that comes back with the events "Promotion Viewed" and "Promotion Clicked".
//
// An impression is (offer, subject, ordinal): the how-manieth showing of the offer to the subject it is. Serving the same ordinal twice, from two processes or for a page that
// was loaded again before it was seen, is the same impression. That makes caps hold without a lock, and counting it twice impossible.
package impression

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
)

// Impression is what the token says. Its payload is
//
//	version(1) situation(high 4 bits of 1) placement(low 4) ordinal(2) propensity(2, of 65535) time(4, Unix seconds) length(1) offer subject
type Impression struct {
	Offer      string    // 1 to 64 bytes
	Subject    string    // person or visitor; empty for somebody of whom nothing may be kept
	Ordinal    int       // 1 for the first showing
	Placement  byte      // below 16
	Situation  byte      // in which the subject met the offer, below 16; see package offer
	Propensity float32   // with which the policy put the offer there
	At         time.Time // when it was served, second precision
}

const (
	version   = 1
	headBytes = 11
	macBytes  = 16
)

// Bounds of what an id says.
const (
	MaxOffer   = 64  // bytes of an offer's id
	MaxSubject = 100 // bytes of a subject's
	// MaxOrdinal is the largest ordinal that a token can say.
	MaxOrdinal = math.MaxUint16
)

// Signer makes and checks impression ids. Safe for concurrent use.
type Signer struct{ signer *identity.Signer }

// NewSigner derives the signing keys.
func NewSigner(keys *identity.Keyring) (*Signer, error) {
	s, err := identity.NewSigner(keys, identity.PurposeImpression)
	if err != nil {
		return nil, err
	}
	return &Signer{s}, nil
}

// Append adds the id's text to dst; it needs no escaping in JSON or URLs. Offer and subject must be within their bounds.
func (s *Signer) Append(dst []byte, shop event.ShopID, im *Impression) []byte {
	var space [headBytes + MaxOffer + MaxSubject]byte
	raw := space[:headBytes]
	raw[0], raw[1] = version, im.Placement&0xf|im.Situation<<4
	binary.BigEndian.PutUint16(raw[2:], uint16(min(max(im.Ordinal, 0), MaxOrdinal)))
	binary.BigEndian.PutUint16(raw[4:], uint16(math.Round(float64(min(max(im.Propensity, 0), 1))*math.MaxUint16)))
	binary.BigEndian.PutUint32(raw[6:], uint32(im.At.Unix()))
	raw[10] = byte(len(im.Offer))
	raw = append(append(raw, im.Offer...), im.Subject...)
	return s.signer.Append(dst, string(shop), raw)
}

// Parse checks an id that a shop's visitor sent back. Anything else than an own, untouched id of that shop is Invalid.
func (s *Signer) Parse(shop event.ShopID, text string) (Impression, error) {
	raw, err := s.signer.Open(nil, string(shop), text)
	if err != nil {
		return Impression{}, errForeign
	}
	return decode(raw)
}

// Peek reads an id without checking who made it: good for what harms nobody but the sender when it is made up, such as the sender's own cap.
func Peek(text string) (Impression, error) {
	dot := strings.IndexByte(text, '.')
	if dot < 0 || len(text) > 400 {
		return Impression{}, errForeign
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text[dot+1:])
	if err != nil || len(raw) < macBytes {
		return Impression{}, errForeign
	}
	return decode(raw[:len(raw)-macBytes])
}

var errForeign = fault.InvalidField("impressionId", "not an id of this shop")

func decode(raw []byte) (Impression, error) {
	if len(raw) < headBytes || raw[0] != version {
		return Impression{}, errForeign
	}
	n, rest := int(raw[10]), raw[headBytes:]
	if n < 1 || n > MaxOffer || len(rest) < n || len(rest)-n > MaxSubject {
		return Impression{}, errForeign
	}
	im := Impression{
		Offer: string(rest[:n]), Subject: string(rest[n:]), Placement: raw[1] & 0xf, Situation: raw[1] >> 4,
		Ordinal:    int(binary.BigEndian.Uint16(raw[2:])),
		Propensity: float32(binary.BigEndian.Uint16(raw[4:])) / math.MaxUint16,
		At:         time.Unix(int64(binary.BigEndian.Uint32(raw[6:])), 0).UTC(),
	}
	if im.Ordinal < 1 || !sound(im.Offer) {
		return Impression{}, errForeign
	}
	return im, nil
}

// sound says whether the text may be an offer's id: [a-z0-9-].
func sound(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != ""
}
