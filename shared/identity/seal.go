package identity

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
)

// Sealer encrypts the few personal bytes that live outside the people table, such as the first name of the greeting: AES-256-GCM with a random nonce, bound to shop and owner, so
// that a sealed value copied to another profile does not open. It is safe for concurrent use.
type Sealer struct {
	current string
	aeads   map[string]cipher.AEAD
}

// NewSealer derives the sealing keys.
func NewSealer(keys *Keyring) (*Sealer, error) {
	derived, err := keys.derive(PurposeSeal)
	if err != nil {
		return nil, err
	}
	s := &Sealer{current: keys.current, aeads: make(map[string]cipher.AEAD, len(derived))}
	for id, secret := range derived {
		block, err := aes.NewCipher(secret)
		if err != nil {
			return nil, fmt.Errorf("sealing key %s: %w", id, err)
		}
		if s.aeads[id], err = cipher.NewGCM(block); err != nil {
			return nil, fmt.Errorf("sealing key %s: %w", id, err)
		}
	}
	return s, nil
}

// Seal encrypts text for an owner: the person (or, for a secret key, the key's hash) that it belongs to. The layout is length of key id, key id, nonce, ciphertext.
func (s *Sealer) Seal(shop event.ShopID, owner string, text []byte) []byte {
	aead := s.aeads[s.current]
	out := append([]byte{byte(len(s.current))}, s.current...)
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce) // never fails
	out = append(out, nonce...)
	return aead.Seal(out, nonce, text, sealScope(shop, owner))
}

// Open decrypts what Seal made for the same shop and owner; anything else is Invalid.
func (s *Sealer) Open(shop event.ShopID, owner string, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 || len(sealed) < 1+int(sealed[0]) {
		return nil, errSealed
	}
	n := 1 + int(sealed[0])
	aead, ok := s.aeads[string(sealed[1:n])]
	if !ok || len(sealed) < n+aead.NonceSize() {
		return nil, errSealed
	}
	nonce := sealed[n : n+aead.NonceSize()]
	text, err := aead.Open(nil, nonce, sealed[n+aead.NonceSize():], sealScope(shop, owner))
	if err != nil {
		return nil, errSealed
	}
	return text, nil
}

var errSealed = fault.New(fault.Invalid, "the sealed value does not open")

func sealScope(shop event.ShopID, owner string) []byte {
	return append(append([]byte(shop), 0), owner...)
}
