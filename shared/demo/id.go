package demo

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// newID is a fresh unguessable id; the prefix says of what.
func newID(prefix string) string { return prefix + "-" + rand.Text() }

// idOf is the same id for the same parts, so that a page that is loaded again sends an event that counts once.
func idOf(prefix string, parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return prefix + "-" + hex.EncodeToString(h.Sum(nil)[:12])
}
