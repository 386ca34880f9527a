// Package snippet holds the script that a shop puts on its pages: one tag, no dependency, under 3 KB compressed, and never an error on the page.
//
// It sends what happens in small batches (a beacon as the page is left), keeps its anonymousId in the browser only where consent allows, is silent under Global Privacy Control and after a no, and
// fetches the front page. The visitor's identity is the server's HttpOnly cookie; the script never sees it.
package snippet

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
)

// JS is the script. It must not be changed.
//
//go:embed sk.js
var JS []byte

// MaxAge is how long, in seconds, a browser uses the script without asking again.
const MaxAge = 3600

// ETag names this version of the script, with quotes as the header has it.
func ETag() string {
	sum := sha256.Sum256(JS)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}
