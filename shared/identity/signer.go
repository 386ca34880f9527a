package identity

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"slices"
	"sync"

	"shopkeeper/shared/fault"
)

// macBytes is how much of the HMAC-SHA256 a token carries: 128 bits, beyond any guessing.
const macBytes = 16

// maxToken bounds a token before any work is done on it.
const maxToken = 1024

// Signer makes and checks tokens of one purpose: "<key id>.<base64url of payload and MAC>". A token says its payload openly; the MAC covers purpose, key
// id, scope and payload. It is safe for concurrent use.
type Signer struct {
	current string
	macs    map[string]*sync.Pool // of *mac
}

// mac is a keyed hash with its scratch space.
type mac struct {
	h   hash.Hash
	sum [sha256.Size]byte
	tmp []byte
}

// NewSigner derives the secrets of a purpose.
func NewSigner(keys *Keyring, purpose string) (*Signer, error) {
	derived, err := keys.derive(purpose)
	if err != nil {
		return nil, err
	}
	s := &Signer{current: keys.current, macs: make(map[string]*sync.Pool, len(derived))}
	for id, secret := range derived {
		s.macs[id] = &sync.Pool{New: func() any { return &mac{h: hmac.New(sha256.New, secret)} }}
	}
	return s, nil
}

// sign is the MAC; it is good until m is put back.
func (m *mac) sign(scope string, payload []byte) []byte {
	m.h.Reset()
	m.tmp = append(m.tmp[:0], byte(len(scope)>>8), byte(len(scope)))
	m.tmp = append(m.tmp, scope...)
	m.tmp = append(m.tmp, payload...)
	m.h.Write(m.tmp)
	return m.h.Sum(m.sum[:0])[:macBytes]
}

// Append appends a token for the payload. A token is good for its scope alone (such as a shop's id).
func (s *Signer) Append(dst []byte, scope string, payload []byte) []byte {
	pool := s.macs[s.current]
	m := pool.Get().(*mac)
	defer pool.Put(m)
	dst = append(append(dst, s.current...), '.')
	sum := m.sign(scope, payload)
	m.tmp = append(append(m.tmp[:0], payload...), sum...)
	return base64.RawURLEncoding.AppendEncode(dst, m.tmp)
}

// Open appends the payload of a good token to dst. Any other token is Unauthenticated: forged, cut, of an unknown key, of another scope or purpose.
func (s *Signer) Open(dst []byte, scope, token string) ([]byte, error) {
	if len(token) > maxToken {
		return dst, errToken
	}
	var space [maxToken]byte
	raw := append(space[:0], token...)
	dot := bytes.IndexByte(raw, '.')
	if dot < 0 {
		return dst, errToken
	}
	pool, ok := s.macs[string(raw[:dot])]
	if !ok {
		return dst, errToken
	}
	start := len(dst)
	dst = slices.Grow(dst, base64.RawURLEncoding.DecodedLen(len(raw)-dot-1))
	out, err := strictURL.AppendDecode(dst, raw[dot+1:])
	if err != nil || len(out)-start < macBytes {
		return dst[:start], errToken
	}
	payload, sum := out[start:len(out)-macBytes], out[len(out)-macBytes:]
	m := pool.Get().(*mac)
	defer pool.Put(m)
	if !hmac.Equal(sum, m.sign(scope, payload)) {
		return dst[:start], errToken
	}
	return out[:len(out)-macBytes], nil
}

// strictURL refuses a second spelling of the same bytes.
var strictURL = base64.RawURLEncoding.Strict()

var errToken = fault.New(fault.Unauthenticated, "the token is not good")
