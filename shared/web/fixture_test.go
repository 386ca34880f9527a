package web

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"shopkeeper/shared/collect"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/people"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/table"
)

// Keys of the two shops of every test.
const (
	lampsKey    = "wk_lamps_0123456789"
	lampsSecret = "sk_lamps_0123456789"
	rugsKey     = "wk_rugs_0123456789"
	strictKey   = "wk_strict_0123456789"
)

// gateway is the collecting routes over a real store.
type gateway struct {
	http.Handler
	t        testing.TB
	db       *sqlite.DB
	store    *broken
	shops    *shop.Store
	profiles *profiles
	now      time.Time
	clock    sync.Mutex // held to change now: the store's own loops read it
	log      *strings.Builder
}

// advance lets time pass.
func (g *gateway) advance(d time.Duration) {
	g.clock.Lock()
	defer g.clock.Unlock()
	g.now = g.now.Add(d)
}

// broken is a store whose writes can fail.
type broken struct {
	table.Store
	fail error
}

func (b *broken) PutAll(ctx context.Context, items ...table.Item) error {
	if b.fail != nil {
		return b.fail
	}
	return b.Store.PutAll(ctx, items...)
}

// profiles keeps decisions in memory and does what is promised of Forget to the events.
type profiles struct {
	mu     sync.Mutex
	states map[event.VisitorID]consent.State
	gone   []event.VisitorID
}

func (p *profiles) Consents(_ context.Context, _ event.ShopID, v event.VisitorID) (consent.State, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.states[v], nil
}

func (p *profiles) Decide(_ context.Context, _ event.ShopID, v event.VisitorID, s consent.State) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.states[v] = s
	return nil
}

func (p *profiles) Forget(_ context.Context, _ event.ShopID, v event.VisitorID, _ time.Time, s consent.State) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.states[v] = s
	p.gone = append(p.gone, v)
	return nil
}

func newGateway(t testing.TB) *gateway {
	t.Helper()
	g := &gateway{t: t, profiles: &profiles{states: map[event.VisitorID]consent.State{}}, now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), log: &strings.Builder{}}
	clock := func() time.Time {
		g.clock.Lock()
		defer g.clock.Unlock()
		return g.now
	}
	db := sqlitetest.Open(t, &sqlite.Options{Now: clock, Feeds: []table.Name{event.Table, people.Table}})
	g.db, g.store = db, &broken{Store: db}
	keys, err := identity.ParseKeyring(identity.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := identity.NewSealer(keys)
	if err != nil {
		t.Fatal(err)
	}
	codec, err := identity.NewCodec(keys)
	if err != nil {
		t.Fatal(err)
	}
	g.shops = shop.NewStore(clock, db, sealer)
	for _, s := range []shop.Settings{
		{ID: "lamps", Name: "Lamps", Currency: "GBP", Consent: consent.Implied},
		{ID: "rugs", Name: "Rugs", Currency: "EUR", Consent: consent.Implied, Origins: []string{"https://rugs.example"}},
		{ID: "strict", Name: "Strict", Currency: "EUR", Consent: consent.Required},
	} {
		if err := g.shops.Put(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	for key, of := range map[string]shop.KeyInfo{
		lampsKey: {Shop: "lamps", Kind: shop.WriteKey}, lampsSecret: {Shop: "lamps", Kind: shop.SecretKey}, rugsKey: {Shop: "rugs", Kind: shop.WriteKey}, strictKey: {Shop: "strict", Kind: shop.WriteKey},
	} {
		if err := g.shops.AddKey(t.Context(), of.Shop, of.Kind, "", key); err != nil {
			t.Fatal(err)
		}
	}
	service := collect.New(clock, g.store, g.shops, identity.NewAliases(db), g.profiles)
	log := slog.New(slog.NewTextHandler(g.log, nil))
	g.Handler = NewCollect(log, clock, CollectDeps{Service: service, Shops: g.shops, Cookies: NewCookies(codec, clock, false), Store: db})
	return g
}

// call is one request; cookies are sent along and kept like a browser does.
type call struct {
	method, path, body string
	header             map[string]string
	jar                map[string]string
}

func (g *gateway) do(c call) *httptest.ResponseRecorder {
	g.t.Helper()
	if c.method == "" {
		c.method = http.MethodPost
	}
	r := httptest.NewRequestWithContext(g.t.Context(), c.method, "https://collect.example"+c.path, strings.NewReader(c.body))
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	for name, value := range c.jar {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	for _, cookie := range w.Result().Cookies() {
		if c.jar == nil {
			continue
		}
		if cookie.MaxAge < 0 {
			delete(c.jar, cookie.Name)
		} else {
			c.jar[cookie.Name] = cookie.Value
		}
	}
	return w
}

// send posts a batch with the shop's write key and wants 200.
func (g *gateway) send(key string, jar map[string]string, messages ...string) {
	g.t.Helper()
	w := g.do(call{path: "/v1/batch", jar: jar, body: `{"writeKey":"` + key + `","batch":[` + strings.Join(messages, ",") + `]}`})
	if w.Code != http.StatusOK {
		g.t.Fatalf("batch: %d %s", w.Code, w.Body)
	}
}

// changes are all changes of a table so far, oldest first.
func (g *gateway) changes(name table.Name) []table.Change {
	g.t.Helper()
	var all []table.Change
	feed := g.db.Feed(name)
	for {
		batch, err := feed.Read(g.t.Context(), "test", 1000)
		if err != nil {
			g.t.Fatal(err)
		}
		if len(batch) == 0 {
			return all
		}
		all = append(all, batch...)
		if err := feed.Commit(g.t.Context(), "test", batch[len(batch)-1].Seq); err != nil {
			g.t.Fatal(err)
		}
	}
}

// stored are the events that were inserted since the last call, oldest first.
func (g *gateway) stored() []event.Event {
	g.t.Helper()
	var all []event.Event
	for _, c := range g.changes(event.Table) {
		if c.Old != nil || c.New == nil {
			continue
		}
		e, err := event.FromItem(*c.New)
		if err != nil {
			g.t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// pending are the traits that were stored since the last call, oldest first.
func (g *gateway) pending() []people.Pending {
	g.t.Helper()
	var all []people.Pending
	for _, c := range g.changes(people.Table) {
		if c.New == nil {
			continue
		}
		var p people.Pending
		if err := json.Unmarshal(c.New.Body, &p); err != nil {
			g.t.Fatal(err)
		}
		parts := table.Split(c.Key.Partition)
		p.Person = event.PersonID(parts[1])
		all = append(all, p)
	}
	return all
}

func problemOf(t testing.TB, w *httptest.ResponseRecorder) problem {
	t.Helper()
	var p problem
	body, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatalf("%d %q is no problem document: %v", w.Code, body, err)
	}
	if ct := w.Header().Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("Content-Type = %q", ct)
	}
	if p.Status != w.Code || p.Title == "" || p.Type == "" || p.RequestID == "" || p.RequestID != w.Header().Get("X-Request-Id") {
		t.Errorf("problem %+v does not go with %d, %v", p, w.Code, w.Header())
	}
	return p
}

func basic(key string) map[string]string {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.SetBasicAuth(key, "")
	return map[string]string{"Authorization": r.Header.Get("Authorization")}
}

var unavailable = fault.New(fault.Unavailable, "the disk is full")

var discard = slog.New(slog.DiscardHandler)
