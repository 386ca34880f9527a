package web

import (
	"net/http"
	"slices"
	"strings"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/shop"
)

// preflightAge is how long a browser may remember a preflight, in seconds: two hours is the most that Chromium keeps.
const preflightAge = "7200"

var varyOrigin = []string{"Origin"}

// allowOrigin echoes the page's origin. The visitor cookie is SameSite=Lax, so that a page of another site never brings it along.
func allowOrigin(w http.ResponseWriter, r *http.Request) bool {
	h := w.Header()
	if len(h["Vary"]) == 0 {
		h["Vary"] = varyOrigin
	} else {
		h.Add("Vary", "Origin")
	}
	origin := header(r, "Origin")
	if !strings.HasPrefix(origin, "https://") && !strings.HasPrefix(origin, "http://") {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After")
	return true
}

// preflight answers OPTIONS with 204: with the rules for the page's origin when the path has a route that takes calls from pages.
func (m methods) preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Allow", m.allow())
	wanted := m[r.Header.Get("Access-Control-Request-Method")]
	if wanted.CORS && allowOrigin(w, r) {
		h.Set("Access-Control-Allow-Methods", m.allow())
		h.Set("Access-Control-Max-Age", preflightAge)
		if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
			h.Set("Access-Control-Allow-Headers", asked)
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// checkOrigin refuses a page that the shop did not name, when it named any. Servers send no Origin.
func checkOrigin(r *http.Request, s shop.Settings) error {
	origin := header(r, "Origin")
	if origin == "" || len(s.Origins) == 0 || slices.Contains(s.Origins, origin) {
		return nil
	}
	return fault.New(fault.Forbidden, "this shop does not take calls from this page's origin")
}
