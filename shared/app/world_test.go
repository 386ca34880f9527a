package app

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"testing"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/disk"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/replay"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/stream"
	"shopkeeper/shared/table"
)

const (
	teaKey    = "wk_tea-0123456789abcdef"
	teaSecret = "sk_tea-0123456789abcdef"
	mugKey    = "wk_mug-0123456789abcdef"
)

// world is a deployment of two shops, tea and mugs, on embedded engines: collect and recommend behind one server, folding on demand.
type world struct {
	t      testing.TB
	store  table.Store
	files  *disk.Store
	keys   *identity.Keyring
	server *httptest.Server
	loop   *stream.Loop
	mux    *http.ServeMux
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// must is for what only a broken test set-up returns.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newWorld(t testing.TB) *world {
	t.Helper()
	db := sqlitetest.Open(t, &sqlite.Options{Logger: quiet(), Feeds: []table.Name{event.Table, profile.Table}})
	return newWorldOn(t, db, db.Feed(event.Table), db.Queue("failures", nil))
}

// newWorldOn is newWorld on any engine.
func newWorldOn(t testing.TB, store table.Store, feed table.Feed, failures queue.Queue) *world {
	t.Helper()
	w := &world{t: t, store: store}
	w.files = must(disk.Open(t.TempDir()))
	w.keys = must(identity.ParseKeyring(identity.NewKeyring()))
	w.found("tea", map[shop.KeyKind]string{shop.WriteKey: teaKey, shop.SecretKey: teaSecret})
	w.found("mugs", map[shop.KeyKind]string{shop.WriteKey: mugKey})
	if err := replay.History(t.Context(), time.Now(), w.store, w.files, "tea", 80, 300); err != nil {
		t.Fatal(err)
	}
	report, err := Train(quiet(), time.Now, w.store, w.files, nil).Shop(t.Context(), "tea", nil)
	if err != nil || !report.Publish {
		t.Fatalf("training: %v, %s", err, report.Reason)
	}
	options := &HTTPOptions{Plain: true, Refresh: time.Millisecond, Offers: Chooser(quiet(), time.Now, w.store, 0)}
	w.mux = http.NewServeMux()
	w.mux.Handle("/", must(Collect(quiet(), time.Now, w.store, w.keys, options)))
	rec := must(Recommend(quiet(), time.Now, w.store, w.files, w.keys, options))
	for _, path := range []string{"/v1/front-page", "/v1/recommendations", "/v1/recommendations:batch", "/v1/items/"} {
		w.mux.Handle(path, rec)
	}
	w.server = httptest.NewServer(w.mux)
	t.Cleanup(w.server.Close)
	fold := must(Profile(quiet(), time.Now, w.store, failures, w.keys))
	w.loop = stream.NewLoop(quiet(), time.Now, "profile", feed, failures, fold, stream.Mapping{BatchSize: 100, MaxAttempts: 3, Bisect: true}, nil)
	return w
}

func (w *world) found(id event.ShopID, keys map[shop.KeyKind]string) {
	w.t.Helper()
	settings := shop.Settings{ID: id, Name: "The " + string(id) + " shop", Currency: "GBP", Consent: consent.Implied}
	if err := replay.Found(w.t.Context(), time.Now, w.store, w.keys, settings, keys); err != nil {
		w.t.Fatal(err)
	}
}

// fold delivers what waits in the events feed.
func (w *world) fold() {
	w.t.Helper()
	for {
		n, err := w.loop.Step(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// browser keeps cookies like one.
type browser struct {
	w      *world
	client *http.Client
	header http.Header

	answered http.Header // of the last answer
}

func (w *world) browser() *browser {
	jar := must(cookiejar.New(nil))
	return &browser{w: w, client: &http.Client{Jar: jar}, header: http.Header{}}
}

// call sends a request and decodes a JSON answer into into, if that is not nil.
func (b *browser) call(method, path string, body any, into any) int {
	b.w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		b.w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(b.w.t.Context(), method, b.w.server.URL+path, bytes.NewReader(text))
	if err != nil {
		b.w.t.Fatal(err)
	}
	for k, v := range b.header {
		req.Header[k] = v
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.w.t.Fatal(err)
	}
	defer res.Body.Close()
	b.answered = res.Header
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		b.w.t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			b.w.t.Fatalf("%s %s answered %d %s: %v", method, path, res.StatusCode, answer, err)
		}
	}
	return res.StatusCode
}

type track struct {
	Type        string         `json:"type"`
	Event       string         `json:"event,omitempty"`
	AnonymousID string         `json:"anonymousId,omitempty"`
	UserID      string         `json:"userId,omitempty"`
	MessageID   string         `json:"messageId,omitempty"`
	Properties  map[string]any `json:"properties,omitempty"`
	Traits      map[string]any `json:"traits,omitempty"`
	Context     map[string]any `json:"context,omitempty"`
}

func (b *browser) send(key string, messages ...track) {
	b.w.t.Helper()
	if status := b.call(http.MethodPost, "/v1/batch", map[string]any{"writeKey": key, "batch": messages}, nil); status != http.StatusOK {
		b.w.t.Fatalf("collect answered %d", status)
	}
}

func view(anonymous, item string) track {
	return track{Type: "track", Event: "Product Viewed", AnonymousID: anonymous, Properties: map[string]any{"product_id": item}}
}

type frontPage struct {
	Visitor struct {
		Known, Returning bool
		Name             string
	}
	Greeting string
	Shelves  []struct {
		Placement, Title, RecommendationID string
		Items                              []struct {
			ID, Title, Source string
			Score, Propensity float64
			Price             struct{ Amount int64 }
			Reason            struct {
				Code, Text string
				Items      []string
			}
		}
	}
	Consent struct {
		Personalization bool
		Source          string
	}
}

func (p frontPage) shelf(placement string) (ids []string) {
	for _, s := range p.Shelves {
		if s.Placement == placement {
			for _, i := range s.Items {
				ids = append(ids, i.ID)
			}
		}
	}
	return ids
}

func (b *browser) frontPage(query string) (p frontPage) {
	b.w.t.Helper()
	if status := b.call(http.MethodGet, "/v1/front-page?writeKey="+teaKey+query, nil, &p); status != http.StatusOK {
		b.w.t.Fatalf("front page answered %d", status)
	}
	return p
}
