package web

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"shopkeeper/shared/collect"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/privacy"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/table"
)

// CollectDeps is what the collecting routes stand on.
type CollectDeps struct {
	Service *collect.Service
	Shops   shop.Directory
	Cookies *Cookies
	Store   table.Store                 // what GET /v1/me reads
	Privacy *privacy.Requests           // exports and erases known persons, whom it asks by mail if it has a Sender; nil: they ask the shop
	Ready   func(context.Context) error // what GET /healthz asks; nil: answering is enough
}

// NewCollect answers the routes of CollectRoutes.
func NewCollect(log *slog.Logger, now func() time.Time, deps CollectDeps) http.Handler {
	return NewHandler(log, now, CollectRoutes(now, deps)...)
}

// letters are the one-letter routes of Segment's browser SDK.
var letters = map[string]event.Type{
	"t": event.Track, "i": event.Identify, "p": event.Page, "g": event.Group, "a": event.Alias, "s": event.Screen,
}

// CollectRoutes is the table of what collecting answers, with who calls it and what a retry does. Everything that stores events may be repeated with the same bytes:
// a message is counted once. A 503 asks for that.
func CollectRoutes(now func() time.Time, deps CollectDeps) []Route {
	c := &collector{CollectDeps: deps, now: now}
	post := func(path string, h HandlerFunc) Route { return Route{http.MethodPost, path, h, true} }
	get := func(path string, h HandlerFunc) Route { return Route{http.MethodGet, path, h, true} }
	routes := []Route{
		post("/v1/batch", c.batch),         // our snippet, Segment's and RudderStack's SDKs; a repeated batch changes nothing
		post("/v1/b", c.batch),             // Segment's browser SDK with batching
		post("/beacon/v1/batch", c.beacon), // RudderStack's browser SDK as a page is left; never repeated by it
		get("/pixel/v1/track", c.pixel(event.Track)),
		get("/pixel/v1/page", c.pixel(event.Page)),        // an image in a mail or a page without scripts; each fetch is one event
		get("/sourceConfig", c.sourceConfig),              // RudderStack's SDKs as they start; reads only
		get("/sourceConfig/{$}", c.sourceConfig),          // the same: the browser SDK ends it with a slash
		get("/v1/projects/{key}/settings", c.cdnSettings), // Segment's browser SDK as it starts, when its cdnURL is this host; reads only
		post("/v1/consent", c.consent),                    // the page's banner; a repeated decision is recorded again and changes nothing
		get("/v1/me", c.me),                               // a visitor who wants to know; reads only
		get("/v1/me/export", c.export),                    // the same, everything, as a file
		{http.MethodDelete, "/v1/me", c.forget, true},     // a visitor who wants to be forgotten; forgetting twice is forgetting once
		post("/v1/reset", c.reset),                        // a page at logout; each call makes another fresh visitor
		get("/sk.js", serveSnippet()),                     // a page, once a day
		get("/v1/openapi.json", openAPI),                  // whoever writes a client; reads only
		{http.MethodGet, "/healthz", c.healthz, false},    // whoever watches the process
	}
	for letter, t := range letters {
		single := c.single(t)
		routes = append(routes, post("/v1/"+letter, single), post("/v1/"+string(t), single)) // Segment's and RudderStack's SDKs, one message
	}
	return routes
}

// collector is the edge of collect.Service.
type collector struct {
	CollectDeps
	now func() time.Time
}

// batch takes {"batch": [...]}.
func (c *collector) batch(w http.ResponseWriter, r *http.Request) error {
	p, from, err := c.read(w, r, collect.MaxRudderBytes, collect.Batch)
	if err != nil {
		return err
	}
	if err := c.accept(w, r, from, p); err != nil {
		return err
	}
	return c.success(w, p)
}

func (c *collector) beacon(w http.ResponseWriter, r *http.Request) error {
	p, from, err := c.read(w, r, collect.MaxRudderBytes, func(body []byte) (collect.Payload, error) {
		p, err := collect.Batch(body)
		p.Rudder = true
		return p, err
	})
	if err != nil {
		return err
	}
	if err := c.accept(w, r, from, p); err != nil {
		return err
	}
	return c.success(w, p)
}

// single takes one message of the route's type.
func (c *collector) single(t event.Type) HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, from, err := c.read(w, r, collect.MaxBatchBytes, func(body []byte) (collect.Payload, error) { return collect.Single(t, body) })
		if err != nil {
			return err
		}
		if err := c.accept(w, r, from, p); err != nil {
			return err
		}
		return c.success(w, p)
	}
}

// read authenticates and reads the payload. A key in the head is checked before the body is looked at.
func (c *collector) read(w http.ResponseWriter, r *http.Request, limit int64, parse func([]byte) (collect.Payload, error)) (collect.Payload, caller, error) {
	if keyOf(r) != "" {
		if _, err := authenticate(r, c.Shops, ""); err != nil {
			return collect.Payload{}, caller{}, err
		}
	}
	body, err := readBody(w, r, limit)
	if err != nil {
		return collect.Payload{}, caller{}, err
	}
	p, err := parse(body)
	if err != nil {
		return collect.Payload{}, caller{}, err
	}
	if len(body) > collect.MaxBatchBytes && !p.Rudder {
		return collect.Payload{}, caller{}, tooLarge(collect.MaxBatchBytes)
	}
	from, err := authenticate(r, c.Shops, p.Key)
	return p, from, err
}

// accept stores the messages, then sets the visitor's cookie.
func (c *collector) accept(w http.ResponseWriter, r *http.Request, from caller, p collect.Payload) error {
	visitor, _ := c.Cookies.Visitor(r, from.ID)
	out, err := c.Service.Accept(r.Context(), collect.Request{
		Shop: from.Settings, Secret: from.secret(), Cookie: visitor, Consent: c.Cookies.Consent(r, from.ID), GPC: GPC(r), UserAgent: r.UserAgent(), Payload: p,
	})
	if err != nil {
		return err
	}
	if out.Issue {
		c.Cookies.Issue(w, from.ID, out.Visitor)
	}
	return nil
}

// success answers as the client expects it: RudderStack's with OK, the others with {"success":true}.
func (c *collector) success(w http.ResponseWriter, p collect.Payload) error {
	if !p.Rudder {
		return respond(w, struct {
			Success bool `json:"success"`
		}{true})
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte("OK")) // the client is gone when this fails
	return nil
}

// dot is a transparent image of one pixel.
var dot = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")

func (c *collector) pixel(t event.Type) HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		from, err := authenticate(r, c.Shops, "")
		if err != nil {
			return err
		}
		query := r.URL.Query()
		query.Del("writeKey")
		query.Del("key")
		p, err := collect.Query(t, query, c.now())
		if err != nil {
			return err
		}
		if err := c.accept(w, r, from, p); err != nil {
			return err
		}
		w.Header().Set("Content-Type", "image/gif")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(dot) // the client is gone when this fails
		return nil
	}
}

// sourceConfig is what RudderStack's SDKs need to start: one source, no destinations.
func (c *collector) sourceConfig(w http.ResponseWriter, r *http.Request) error {
	from, err := authenticate(r, c.Shops, "")
	if err != nil {
		return err
	}
	updated := time.Unix(0, 0).UTC().Format(time.RFC3339)
	type source struct {
		ID           string            `json:"id"`
		Name         string            `json:"name"`
		WriteKey     string            `json:"writeKey"`
		Enabled      bool              `json:"enabled"`
		Config       struct{}          `json:"config"`
		WorkspaceID  string            `json:"workspaceId"`
		Dataplanes   struct{}          `json:"dataplanes"`
		Destinations []json.RawMessage `json:"destinations"`
		UpdatedAt    string            `json:"updatedAt"`
	}
	return respond(w, struct {
		Source    source `json:"source"`
		UpdatedAt string `json:"updatedAt"`
	}{source{
		ID: string(from.ID), Name: from.Name, WriteKey: keyOf(r), Enabled: true, WorkspaceID: string(from.ID), Destinations: []json.RawMessage{}, UpdatedAt: updated,
	}, updated})
}

// cdnSettings is what Segment's browser SDK needs to start: where to send to.
func (c *collector) cdnSettings(w http.ResponseWriter, r *http.Request) error {
	key := r.PathValue("key")
	if _, err := c.Shops.Key(r.Context(), key); err != nil {
		return err
	}
	type segment struct {
		APIKey   string `json:"apiKey"`
		APIHost  string `json:"apiHost"`
		Protocol string `json:"protocol"`
	}
	protocol := "https"
	if c.Cookies.plain {
		protocol = "http"
	}
	type integrations struct {
		Segment segment `json:"Segment.io"`
	}
	return respond(w, struct {
		Integrations integrations `json:"integrations"`
	}{integrations{segment{APIKey: key, APIHost: r.Host + "/v1", Protocol: protocol}}})
}

func (c *collector) healthz(w http.ResponseWriter, r *http.Request) error {
	if c.Ready != nil {
		if err := c.Ready(r.Context()); err != nil {
			return fault.Wrap(fault.Unavailable, err, "")
		}
	}
	return respond(w, struct {
		Status string `json:"status"`
	}{"ok"})
}

// consentView is a visitor's consent as pages read it.
type consentView struct {
	Personalization bool           `json:"personalization"`
	Marketing       bool           `json:"marketing"`
	Source          consent.Source `json:"source"`
}

// viewConsent says what follows from the shop's mode, the visitor's decisions and the browser's signal.
func viewConsent(mode consent.Mode, s consent.State, gpc bool) consentView {
	v := consentView{Personalization: consent.Allows(mode, s, gpc), Marketing: consent.AllowsMarketing(s, gpc), Source: consent.FromDefault}
	switch {
	case gpc:
		v.Source = consent.FromGPC
	case s.Personalization != consent.Undecided || s.Marketing != consent.Undecided:
		v.Source = consent.FromCookie
	}
	return v
}
