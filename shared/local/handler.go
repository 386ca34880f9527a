package local

import (
	"context"
	"embed"
	"fmt"
	"html/template"
	"net/http"

	"shopkeeper/shared/app"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/console"
	"shopkeeper/shared/demo"
	"shopkeeper/shared/simulate"
)

// api is what one gateway answers on AWS: the recommending routes go to one function, all others to the other. recommend is the first of them alone.
func (l *Local) api(seen *exposures, base string) (all, recommend http.Handler, err error) {
	mailer, err := l.Mailer()
	if err != nil {
		return nil, nil, err
	}
	opts := &app.HTTPOptions{Plain: true, Exposures: seen, Offers: l.chooser(), Models: l.models, Sender: mailer, Base: base}
	collect, err := app.Collect(l.Log, l.Now, l.DB, l.Ring, opts)
	if err != nil {
		return nil, nil, err
	}
	if recommend, err = app.Recommend(l.Log, l.Now, l.DB, l.Blobs, l.Ring, opts); err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	for _, path := range apiPaths {
		mux.Handle(path, collect)
	}
	for _, path := range recommendPaths {
		mux.Handle(path, recommend)
	}
	return mux, recommend, nil
}

// fastPaths are what pages wait for: GET of exactly these goes by the fast lane.
var fastPaths = []string{"/v1/front-page", "/v1/recommendations", "/v1/offers"}

var (
	apiPaths       = []string{"/v1/", "/sk.js", "/beacon/", "/pixel/", "/sourceConfig", "/sourceConfig/", "/healthz"}
	recommendPaths = []string{"/v1/front-page", "/v1/recommendations", "/v1/recommendations:batch", "/v1/items/", "/v1/offers"}
)

// site is the API, the staff's part under /admin/ and /console/, and beside them the pages for people: the demonstration shop or, without it, one page that says how to begin.
func (l *Local) site(api, office, pages http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/admin/", office)
	mux.Handle(console.Path, office)
	for _, path := range apiPaths {
		mux.Handle(path, api)
	}
	mux.Handle("/", pages)
	return mux
}

// shopCatalog is the folder's catalog as the demonstration shop reads it.
type shopCatalog struct{ store *catalog.Store }

// Items are all items of the shop.
func (c shopCatalog) Items(ctx context.Context) ([]catalog.Item, error) {
	return c.store.All(ctx, ShopID)
}

// demonstration is the demonstration shop over the API.
func (l *Local) demonstration(ctx context.Context, api http.Handler, made simulate.Made) (http.Handler, error) {
	settings, err := l.Shops.Settings(ctx, ShopID)
	if err != nil {
		return nil, err
	}
	return demo.New(l.Log, l.Now, api, shopCatalog{l.Items}, demo.Options{
		Name: settings.Name, Locale: settings.Locale, WriteKey: l.Keys.Write, SecretKey: l.Keys.Secret, Consent: settings.Consent,
		Customers: regulars(made), Picture: simulate.Picture,
	})
}

// regularsShown is how many customers a newcomer may try the shop as.
const regularsShown = 8

//go:embed status.html
var statusFile embed.FS

// status is the page of a shop without pages: that it runs, and the first calls.
func (l *Local) status(url string) (http.Handler, error) {
	page, err := template.ParseFS(statusFile, "status.html")
	if err != nil {
		return nil, fmt.Errorf("status page: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		items := 0
		if err := l.Items.List(r.Context(), ShopID, func(catalog.Item) error { items++; return nil }); err != nil {
			l.Log.Warn("status page without the catalog", "err", err)
		}
		if err := page.Execute(w, struct {
			URL, WriteKey, Dir string
			Items              int
		}{url, l.Keys.Write, l.Dir, items}); err != nil {
			l.Log.Debug("status page not sent", "err", err)
		}
	})
	return mux, nil
}
