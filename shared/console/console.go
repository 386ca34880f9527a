// Package console is the staff's pages: what is going on, who the customers are, segments, offers, campaigns and their results, and how the product is.
//
// Pages are made on the server and work without JavaScript; the script adds what is live (counts while a condition is typed, progress of a campaign) and the
// completion of names. Everything is done by the use cases of package admin, which ask for permission and keep the audit log; a page only leaves out what its
// reader may not do. Forms carry the session's CSRF token, and the policy allows nothing inline and nothing from elsewhere.
package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/chart"
	"shopkeeper/shared/event"
	"shopkeeper/shared/page"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/staff"
)

// Path is where the console is. Everything below it belongs to it.
const Path = "/console/"

// Deps is what the console stands on.
type Deps struct {
	Admin *admin.Service
	Staff *staff.Store
	Shops shop.Directory
	Shop  event.ShopID // whose staff log in here; empty where several shops share the console: then the login asks for it
	Plain bool         // plain http on localhost: the cookie has no __Host- prefix and is not Secure
}

//go:embed pages/*.html
var pageFiles embed.FS

// assets holds the style and script; assets/vendor has what the build fetches from the npm registry, and may be absent: pages then are not live.
//
//go:embed assets
var assetFiles embed.FS

// Console serves the pages. It is safe for concurrent use.
type Console struct {
	Deps
	log    *slog.Logger
	now    func() time.Time
	pages  map[string]*template.Template
	assets string // version of the assets, in their address
	live   bool   // the library for live parts was there when the program was built
}

// New makes the handler of everything below Path.
func New(log *slog.Logger, now func() time.Time, deps Deps) (http.Handler, error) {
	c := &Console{Deps: deps, log: log, now: now}
	var err error
	if c.assets, err = page.Fingerprint(assetFiles); err != nil {
		return nil, err
	}
	c.assets += fingerprintOf(chart.CSS)
	if c.pages, err = parsePages(pageFiles); err != nil {
		return nil, err
	}
	_, missing := fs.Stat(assetFiles, "assets/vendor/htmx.min.js")
	c.live = missing == nil
	return page.Secure(policy, framed(c.routes())), nil
}

// signed are the pages that need a session.
var signed = []map[string]handler{home, customerPages, segmentPages, offerPages, rulePages, campaignPages, letterPages, previewPages, importPages, privacyPages, healthPages, modelPages, staffPages}

func (c *Console) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range public {
		mux.Handle(at(pattern), c.serve(h))
	}
	for _, group := range signed {
		for pattern, h := range group {
			mux.Handle(at(pattern), c.serve(c.signedIn(h)))
		}
	}
	mux.Handle(Path, c.serve(c.signedIn((*view).nothingHere)))
	mux.Handle("GET "+Path+"assets/charts.css", page.Cached(http.HandlerFunc(chartStyle)))
	mux.Handle("GET "+Path+"assets/", page.Cached(http.StripPrefix(Path, http.FileServerFS(assetFiles))))
	return mux
}

// at is a pattern of the mux for one that is relative to Path: "GET segments" becomes "GET /console/segments".
func at(pattern string) string {
	for i := range pattern {
		if pattern[i] == ' ' {
			return pattern[:i+1] + Path + pattern[i+1:]
		}
	}
	return Path + pattern
}

// policy allows what comes from the console itself and nothing inline; a letter is shown in a frame without scripts (see letterPolicy).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'; object-src 'none'"

// framed are the headers that the console adds to those of every page: it shows letters in frames of its own, and nothing of it is kept.
func framed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Frame-Options", "SAMEORIGIN")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "private, no-store")
		next.ServeHTTP(w, r)
	})
}

func fingerprintOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:3])
}

// errNothingHere makes the page that says so.
var errNothingHere = errors.New("no such page")
