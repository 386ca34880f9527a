package console_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/app"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/console"
	"shopkeeper/shared/disk"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/staff"
	"shopkeeper/shared/stream"
	"shopkeeper/shared/table"
)

const password = "correct horse battery"

// world is the console over a real store, with two shops and an account for each role. The console is that of lamps.
type world struct {
	*app.Office
	t        *testing.T
	pages    http.Handler
	imports  func(context.Context, string) error
	fold     *stream.Loop
	sessions map[staff.Role]staff.Session
	stranger staff.Session // the owner of rugs
	kept     kept
	ahead    atomic.Int64 // how far the clock is ahead
}

// kept is an outbox of letters that are there from the beginning.
type kept map[string]string

func (k kept) Letters(_ context.Context, _ event.ShopID, _ string, _ int) ([]admin.Letter, error) {
	var all []admin.Letter
	for id := range k {
		all = append(all, admin.Letter{ID: id, From: hostile, To: hostile, Subject: hostile, Campaign: "c"})
	}
	return all, nil
}

func (k kept) Letter(_ context.Context, _ event.ShopID, id string) ([]byte, error) {
	if text, ok := k[id]; ok {
		return []byte(text), nil
	}
	return nil, fault.New(fault.NotFound, "there is no such letter")
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, sessions: map[staff.Role]staff.Session{}, kept: kept{"l1": letterText}}
	db := sqlitetest.Open(t, &sqlite.Options{Now: w.now, Feeds: []table.Name{event.Table, profile.Table}})
	files, err := disk.Open(t.TempDir())
	w.must(err)
	ring, err := identity.ParseKeyring(identity.NewKeyring())
	w.must(err)
	quiet := slog.New(slog.DiscardHandler)
	w.Office, err = app.NewOffice(quiet, w.now, db, files, ring, &app.OfficeOptions{Plain: true, Only: "lamps", Base: "https://lamps.example", Outbox: w.kept})
	w.must(err)
	w.pages, err = w.Console()
	w.must(err)
	w.imports, err = app.Ingest(quiet, w.now, db, files, ring, consent.Implied)
	w.must(err)
	failures := db.Queue("failures", nil)
	folder, err := app.Profile(quiet, w.now, db, failures, ring)
	w.must(err)
	w.fold = stream.NewLoop(quiet, w.now, "profile", db.Feed(event.Table), failures, folder, stream.Mapping{BatchSize: 100, MaxAttempts: 3}, nil)
	for _, id := range []event.ShopID{"lamps", "rugs"} {
		w.must(w.Service.Shops.Put(t.Context(), shop.Settings{ID: id, Name: "Lamps & <i>more</i>", Currency: "EUR", Consent: consent.Implied}))
		w.must(w.Service.Deps.Segments.Found(t.Context(), id))
	}
	_, err = w.Service.Deps.Items.Put(t.Context(), "lamps", catalog.Item{ID: "A1", Title: hostile, Price: 100, Currency: "EUR"})
	w.must(err)
	for _, role := range staff.Roles() {
		w.account("lamps", string(role), role)
		w.sessions[role] = w.session("lamps", string(role))
	}
	w.account("rugs", "stranger", staff.Owner)
	w.stranger = w.session("rugs", "stranger")
	return w
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) account(id event.ShopID, login string, role staff.Role) {
	w.t.Helper()
	_, err := w.Staff.Add(w.t.Context(), staff.User{Shop: id, Login: login, Role: role}, password)
	w.must(err)
}

func (w *world) session(id event.ShopID, login string) staff.Session {
	w.t.Helper()
	s, err := w.Staff.Login(w.t.Context(), id, login, password, "")
	w.must(err)
	return s
}

// answer is what a browser got.
type answer struct {
	status int
	to     string // where it is sent
	body   string
	header http.Header
}

// ask sends a request with a session's cookie; an empty token sends none.
func (w *world) ask(token, method, path, kind string, body io.Reader, change ...func(*http.Request)) answer {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, "http://127.0.0.1"+console.Path+path, body)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if token != "" {
		r.AddCookie(&http.Cookie{Name: staff.LocalCookieName, Value: token})
	}
	for _, c := range change {
		c(r)
	}
	rec := httptest.NewRecorder()
	w.pages.ServeHTTP(rec, r)
	return answer{rec.Code, rec.Header().Get("Location"), rec.Body.String(), rec.Header()}
}

func (w *world) get(in staff.Session, path string) answer {
	w.t.Helper()
	return w.ask(in.Token, http.MethodGet, path, "", nil)
}

// post sends a form as the session's own page would.
func (w *world) post(in staff.Session, path string, form url.Values) answer {
	w.t.Helper()
	return w.postAs(in, in.CSRF, path, form)
}

const formType = "application/x-www-form-urlencoded"

func (w *world) postAs(in staff.Session, csrf, path string, form url.Values) answer {
	w.t.Helper()
	sent := url.Values{"csrf": {csrf}}
	for name, values := range form {
		sent[name] = values
	}
	return w.ask(in.Token, http.MethodPost, path, formType, strings.NewReader(sent.Encode()))
}

// send uploads a file.
func (w *world) send(in staff.Session, csrf, kind, name, content string) answer {
	w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	w.must(form.WriteField("csrf", csrf))
	w.must(form.WriteField("kind", kind))
	if name != "" {
		file, err := form.CreateFormFile("file", name)
		w.must(err)
		_, err = io.WriteString(file, content)
		w.must(err)
	}
	w.must(form.Close())
	return w.ask(in.Token, http.MethodPost, "imports", form.FormDataContentType(), &body)
}

// contacts imports people, the way a marketer does, and returns the id of the first that a search finds.
func (w *world) contacts(csv, search string) string {
	w.t.Helper()
	owner := w.sessions[staff.Owner]
	if a := w.send(owner, owner.CSRF, "contacts", "list.csv", csv); a.status != http.StatusSeeOther {
		w.t.Fatalf("the upload answered %d %s", a.status, a.body)
	}
	list, err := w.Service.Imports(w.t.Context(), owner.Actor)
	w.must(err)
	w.must(w.imports(w.t.Context(), "imports/lamps/"+list[0].ID))
	for n := 1; n > 0; {
		n, err = w.fold.Step(w.t.Context())
		w.must(err)
	}
	hits, err := w.Service.Search(w.t.Context(), owner.Actor, search, 1)
	w.must(err)
	if len(hits) == 0 {
		list, _ = w.Service.Imports(w.t.Context(), owner.Actor)
		w.t.Fatalf("nobody is called %q after the import: %+v", search, *list[0].Result)
	}
	return hits[0].ID
}
