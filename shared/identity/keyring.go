package identity

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"shopkeeper/shared/fault"
)

// The purposes that secrets are derived for. A token made for one purpose is never good for another.
const (
	PurposeCookie         = "cookie"
	PurposeSeal           = "seal"
	PurposeRecommendation = "recommendation"
	PurposeImpression     = "impression"
	PurposeLink           = "link"
	PurposeAddress        = "address" // keyed hashes of e-mail addresses, telephone numbers and other names of persons
	PurposeTrack          = "track"   // clicks and opens of mails
	PurposeForm           = "form"    // unsubscribing, preferences, confirmations
	PurposeStaff          = "staff"   // sessions of the console
)

const (
	minSecret = 32 // bytes of a secret
	maxKeyID  = 12 // bytes of a key id
)

// Keyring is a deployment's secrets by key id: the current one makes tokens, all of them verify, so that keys rotate by adding one, making it
// current, and removing the old one when the last token made with it has ended (for cookies: CookieLife). It is immutable.
type Keyring struct {
	current string
	secrets map[string][]byte
}

type keyringFile struct {
	Current string            `json:"current"`
	Keys    map[string][]byte `json:"keys"`
}

// ParseKeyring reads {"current":"k1","keys":{"k1":"base64 of at least 32 bytes"}}. Key ids are 1 to 12 characters of [a-z0-9]. The fault is Invalid
// and never contains a secret.
func ParseKeyring(text []byte) (*Keyring, error) {
	var file keyringFile
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fault.InvalidField("keyring", `is not {"current": id, "keys": {id: base64}}`)
	}
	if _, ok := file.Keys[file.Current]; !ok {
		return nil, fault.InvalidField("keyring.current", "names none of the keys")
	}
	for id, secret := range file.Keys {
		if !keyID(id) {
			return nil, fault.InvalidField("keyring.keys", "a key id has 1 to 12 characters of a-z and 0-9")
		}
		if len(secret) < minSecret {
			return nil, fault.InvalidField("keyring.keys."+id, "has fewer than 32 bytes")
		}
	}
	return &Keyring{current: file.Current, secrets: file.Keys}, nil
}

// NewKeyring is the text of a keyring with one fresh secret, for the first start of a local shop.
func NewKeyring() []byte {
	secret := make([]byte, minSecret)
	rand.Read(secret) // never fails
	text, err := json.Marshal(keyringFile{Current: "k1", Keys: map[string][]byte{"k1": secret}})
	if err != nil {
		panic("identity: a keyring is always JSON: " + err.Error())
	}
	return text
}

func keyID(id string) bool {
	if id == "" || len(id) > maxKeyID {
		return false
	}
	for i := range len(id) {
		if c := id[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// derive is the secret of every key id for one purpose.
func (k *Keyring) derive(purpose string) (map[string][]byte, error) {
	derived := make(map[string][]byte, len(k.secrets))
	for id, secret := range k.secrets {
		sub, err := hkdf.Key(sha256.New, secret, nil, "shopkeeper/"+purpose, sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("derive %s key %s: %w", purpose, id, err)
		}
		derived[id] = sub
	}
	return derived, nil
}

// KeyIDs are the ids of all secrets, sorted.
func (k *Keyring) KeyIDs() []string {
	ids := make([]string, 0, len(k.secrets))
	for id := range k.secrets {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
