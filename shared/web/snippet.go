package web

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"

	"shopkeeper/shared/snippet"
)

// packedSnippet is the snippet as most browsers take it; made once.
func packedSnippet() []byte {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(snippet.JS) // a buffer takes everything
	_ = z.Close()
	return packed.Bytes()
}

// serveSnippet answers GET /sk.js; a browser that has this version gets 304.
func serveSnippet() HandlerFunc {
	packed, etag := packedSnippet(), snippet.ETag()
	return func(w http.ResponseWriter, r *http.Request) error {
		h := w.Header()
		h.Set("Content-Type", "text/javascript; charset=utf-8")
		h.Set("Cache-Control", "public, max-age="+strconv.Itoa(snippet.MaxAge))
		h.Set("ETag", etag)
		h.Add("Vary", "Accept-Encoding")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		if strings.Contains(r.Header.Get("If-None-Match"), etag) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
		body := snippet.JS
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			body = packed
			h.Set("Content-Encoding", "gzip")
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(body) // the client is gone when this fails
		return nil
	}
}
