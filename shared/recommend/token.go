package recommend

import (
	"encoding/binary"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
)

// Token is what a recommendation id says: with the profile of that time, the answer can be given again. Signed by identity.Signer for its shop, its payload is
//
//	version(1) placement(1) policy(1) model(8) seed(4) time(4, Unix seconds)
type Token struct {
	Placement Placement
	Policy    Policy
	Model     uint64 // version of the model file
	Seed      uint32
	At        time.Time // second precision
}

// Policy numbers the way a ranking was made, explorations included.
type Policy uint8

// The policies.
const (
	Fixed    Policy = iota // no draw: every propensity is 1
	LastSlot               // the last place of the shelf is drawn, see exploreShare
	Drawn                  // several places are drawn, each given those before it, see Worker.arrange
	Drafted                // two models picked in turn, see Worker.draft
)

const (
	tokenVersion = 1
	tokenBytes   = 19
)

// Signer makes and checks recommendation ids. Safe for concurrent use.
type Signer struct{ signer *identity.Signer }

// NewSigner derives the signing keys.
func NewSigner(keys *identity.Keyring) (*Signer, error) {
	s, err := identity.NewSigner(keys, identity.PurposeRecommendation)
	if err != nil {
		return nil, err
	}
	return &Signer{s}, nil
}

// Append adds the id's text to dst; it needs no escaping in JSON or URLs.
func (s *Signer) Append(dst []byte, shop event.ShopID, t Token) []byte {
	var raw [tokenBytes]byte
	raw[0], raw[1], raw[2] = tokenVersion, byte(t.Placement), byte(t.Policy)
	binary.BigEndian.PutUint64(raw[3:], t.Model)
	binary.BigEndian.PutUint32(raw[11:], t.Seed)
	binary.BigEndian.PutUint32(raw[15:], uint32(t.At.Unix()))
	return s.signer.Append(dst, string(shop), raw[:])
}

// Parse checks an id that a shop's visitor sent back. Anything else than an own, untouched id of that shop is Invalid.
func (s *Signer) Parse(shop event.ShopID, text string) (Token, error) {
	raw, err := s.signer.Open(nil, string(shop), text)
	if err != nil || len(raw) != tokenBytes || raw[0] != tokenVersion {
		return Token{}, fault.InvalidField("recommendationId", "not an id of this shop")
	}
	return Token{
		Placement: Placement(raw[1]), Policy: Policy(raw[2]),
		Model: binary.BigEndian.Uint64(raw[3:]), Seed: binary.BigEndian.Uint32(raw[11:]),
		At: time.Unix(int64(binary.BigEndian.Uint32(raw[15:])), 0).UTC(),
	}, nil
}
