// Package page holds what every server of pages does alike: headers that keep scripts and frames of others out, forms of other sites refused, and assets that
// browsers may keep because their address changes with their content.
package page

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
)

// Secure sets the headers that every answer has, with the Content-Security-Policy, and refuses forms that another site sends. A handler may set other
// headers, or set these anew.
func Secure(policy string, next http.Handler) http.Handler {
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	}))
}

// Cached lets browsers keep assets for a year.
func Cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		next.ServeHTTP(w, r)
	})
}

// Fingerprint names the content of all files, in their order, in 12 letters: part of the address of assets.
func Fingerprint(files fs.FS) (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(files, path)
		sum.Write(body)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)[:6]), err
}
