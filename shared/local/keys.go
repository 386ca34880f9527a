package local

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/staff"
)

// Keys are a folder's secrets, in keys.json.
type Keys struct {
	Write   string          `json:"writeKey"`
	Secret  string          `json:"secretKey"`
	Console string          `json:"consolePassword,omitempty"` // what the owner's account was made with; folders of old get one when they are served
	Keyring json.RawMessage `json:"keyring"`                   // what signs cookies and seals names, see identity.ParseKeyring
}

// loadKeys reads the file, or makes it with fresh keys, readable by its owner alone. Two processes that make it at once end up with the same keys.
func loadKeys(path string) (Keys, error) {
	keys, err := readKeys(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	text, err := json.MarshalIndent(Keys{Write: randomKey("wk_"), Secret: randomKey("sk_"), Console: staff.NewPassword(), Keyring: identity.NewKeyring()}, "", "  ")
	if err != nil {
		return Keys{}, fmt.Errorf("make keys: %w", err)
	}
	if err := createWhole(path, append(text, '\n')); err != nil && !errors.Is(err, fs.ErrExist) {
		return Keys{}, fault.Wrap(fault.Unavailable, err, "the keys cannot be stored")
	}
	return readKeys(path)
}

func readKeys(path string) (Keys, error) {
	var keys Keys
	text, err := os.ReadFile(path)
	if err != nil {
		return keys, fmt.Errorf("read keys: %w", err)
	}
	if err := json.Unmarshal(text, &keys); err != nil || keys.Write == "" || keys.Secret == "" {
		return Keys{}, fault.Wrap(fault.Invalid, err, path+" is not a file of keys")
	}
	return keys, nil
}

func randomKey(prefix string) string {
	var b [24]byte
	rand.Read(b[:]) // never fails
	return prefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// createWhole makes a file that appears with all of its content or not at all, and only when there is none (fs.ErrExist).
func createWhole(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Link(f.Name(), path)
	}
	return errors.Join(err, os.Remove(f.Name()))
}
