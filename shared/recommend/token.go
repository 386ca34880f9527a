package recommend

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
)

// Token is what a recommendation id says: with the profile of that time, the answer can be given again. Its wire form is 32 bytes in URL-safe base64
// without padding:
//
//	version(1) key(1) shop(4, FNV-1a) placement(1) policy(1) model(8) seed(4) time(4, Unix seconds) mac(8, HMAC-SHA256 cut)
type Token struct {
	Shop      event.ShopID // only its hash travels; Parse checks it against the shop that asks
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
	LastSlot               // the last place is drawn, see explore
)

const (
	tokenVersion = 1
	tokenBody    = 24
	tokenBytes   = tokenBody + 8
	tokenText    = (tokenBytes*8 + 5) / 6
)

// Signer makes and checks recommendation ids. Number is the id of Key; the keys of Old are still good for checking.
type Signer struct {
	Number byte
	Key    []byte
	Old    map[byte][]byte
}

func shopHash(shop event.ShopID) uint32 {
	h := fnv.New32a()
	h.Write([]byte(shop))
	return h.Sum32()
}

// Append adds the token's text to dst.
func (s *Signer) Append(dst []byte, t Token) []byte {
	var raw [tokenBytes]byte
	raw[0], raw[1] = tokenVersion, s.Number
	binary.BigEndian.PutUint32(raw[2:], shopHash(t.Shop))
	raw[6], raw[7] = byte(t.Placement), byte(t.Policy)
	binary.BigEndian.PutUint64(raw[8:], t.Model)
	binary.BigEndian.PutUint32(raw[16:], t.Seed)
	binary.BigEndian.PutUint32(raw[20:], uint32(t.At.Unix()))
	mac := sum(s.Key, raw[:tokenBody])
	copy(raw[tokenBody:], mac[:])
	return base64.RawURLEncoding.AppendEncode(dst, raw[:])
}

// Parse checks a token that a shop's visitor sent back. Anything else than an own, untouched token of that shop is Invalid.
func (s *Signer) Parse(shop event.ShopID, text string) (Token, error) {
	bad := fault.InvalidField("recommendationId", "not an id of this shop")
	if len(text) != tokenText {
		return Token{}, bad
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != tokenBytes || raw[0] != tokenVersion {
		return Token{}, bad
	}
	key := s.Key
	if raw[1] != s.Number {
		key = s.Old[raw[1]]
	}
	want := sum(key, raw[:tokenBody])
	if key == nil || !hmac.Equal(raw[tokenBody:], want[:]) || binary.BigEndian.Uint32(raw[2:]) != shopHash(shop) {
		return Token{}, bad
	}
	return Token{
		Shop: shop, Placement: Placement(raw[6]), Policy: Policy(raw[7]),
		Model: binary.BigEndian.Uint64(raw[8:]), Seed: binary.BigEndian.Uint32(raw[16:]),
		At: time.Unix(int64(binary.BigEndian.Uint32(raw[20:])), 0).UTC(),
	}, nil
}

func sum(key, body []byte) (out [8]byte) {
	h := hmac.New(sha256.New, key)
	h.Write(body)
	var full [sha256.Size]byte
	copy(out[:], h.Sum(full[:0]))
	return out
}
