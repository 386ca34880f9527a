// Package demo is the demonstration shop: a home, kitchen and tea shop with the pages a real one has.
//
// It is written the way a shop's own server would be. It knows its range, its baskets and its customers itself, and everything personal it asks of
// the product through the HTTP API, with the visitor's cookies forwarded and the API's cookies passed back. Every page works without
// JavaScript; where the API does not answer, the page shows the shop's own goods instead.
//
// Who sends which event: this server sends everything it can see (pages, products viewed, clicks on recommendations, basket, orders), so it is counted with
// and without JavaScript. The script sends the one thing a server cannot see: that a shelf or an offer was really on the screen.
package demo

import (
	"cmp"
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/page"
)

// Catalog is where the shop keeps what it sells.
type Catalog interface {
	// Items are all items in any order, hidden ones included.
	Items(ctx context.Context) ([]catalog.Item, error)
}

// Customer is somebody a newcomer may try the shop as. The demonstration asks for no password.
type Customer struct {
	UserID string
	Name   string
	Email  string
	Note   string // what is interesting about them: "buys tea, twelve orders"
}

// Options are the shop's own facts. WriteKey and SecretKey are needed; the secret key signs user ids and the shop's cookies and never reaches a page.
type Options struct {
	Name      string // default "Juniper & Hob"
	Locale    string // BCP 47, for prices; default "en-GB"
	WriteKey  string
	SecretKey string
	Consent   consent.Mode // of the shop, for the script; default required
	Customers []Customer
	Picture   func(catalog.Item) []byte // an SVG; nil when the catalog's images are served elsewhere
}

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed assets
var assetFiles embed.FS

// Shop serves the pages. It is safe for concurrent use and keeps no visitor's state: baskets live in signed cookies.
type Shop struct {
	log    *slog.Logger
	now    func() time.Time
	api    http.Handler
	goods  *goods
	opts   Options
	money  money
	pages  map[string]*template.Template
	assets string // version of the assets, in their address
}

// New makes the shop over the product's API (in process or a proxy to it).
func New(log *slog.Logger, now func() time.Time, api http.Handler, items Catalog, opts Options) (http.Handler, error) {
	opts.Name = cmp.Or(opts.Name, "Juniper & Hob")
	opts.Locale, opts.Consent = cmp.Or(opts.Locale, "en-GB"), cmp.Or(opts.Consent, consent.Required)
	s := &Shop{log: log, now: now, api: api, goods: newGoods(items, now), opts: opts, money: newMoney(opts.Locale)}
	var err error
	if s.assets, err = page.Fingerprint(assetFiles); err != nil {
		return nil, err
	}
	if s.pages, err = parsePages(pageFiles); err != nil {
		return nil, err
	}
	return page.Secure(policy, s.routes()), nil
}

func (s *Shop) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range map[string]handler{
		"GET /{$}":               (*visit).frontPage,
		"GET /department/{slug}": (*visit).category,
		"GET /product/{id}":      (*visit).product,
		"GET /search":            (*visit).search,
		"GET /basket":            (*visit).basketPage,
		"POST /basket/add":       (*visit).addToBasket,
		"POST /basket/change":    (*visit).changeBasket,
		"GET /checkout":          (*visit).checkoutPage,
		"POST /checkout":         (*visit).placeOrder,
		"GET /thank-you":         (*visit).thankYou,
		"GET /sign-in":           (*visit).signInPage,
		"POST /sign-in":          (*visit).signIn,
		"POST /sign-out":         (*visit).signOut,
		"POST /privacy/consent":  (*visit).decideConsent,
		"POST /privacy/dismiss":  (*visit).dismiss,
		"POST /privacy/offer":    (*visit).dismissOffer,
		"POST /privacy/forget":   (*visit).forget,
		"/":                      (*visit).nothingHere,
	} {
		mux.Handle(pattern, s.serve(h))
	}
	mux.HandleFunc("GET /demo/img/{file}", s.picture)
	mux.Handle("GET /demo/assets/", page.Cached(http.StripPrefix("/demo/", http.FileServerFS(assetFiles))))
	return mux
}

// policy allows what comes from the shop itself and nothing inline.
const policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
