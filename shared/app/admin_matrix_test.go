package app

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/disk"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/staff"
	"shopkeeper/shared/table"
	"shopkeeper/shared/web"
)

// office is the admin API over a real store, with two shops and one account for each role.
type office struct {
	*Office
	t        *testing.T
	sessions map[staff.Role]staff.Session // of lamps
	stranger staff.Session                // the owner of rugs
	keys     map[event.ShopID]string      // secret keys
	writeKey string
	count    int
	db       *sqlite.DB
}

// dump is everything that the database holds.
func (o *office) dump() []string {
	o.t.Helper()
	var all []string
	o.must(o.db.Dump(o.t.Context(), func(where string, values []byte) error {
		all = append(all, where+" "+string(values))
		return nil
	}))
	return all
}

const staffPassword = "correct horse battery"

func newOffice(t *testing.T) *office {
	t.Helper()
	db := sqlitetest.Open(t, &sqlite.Options{Feeds: []table.Name{event.Table, profile.Table}})
	files, err := disk.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ring, err := identity.ParseKeyring(identity.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	wired, err := NewOffice(slog.New(slog.DiscardHandler), time.Now, db, files, ring, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{Office: wired, t: t, db: db, sessions: map[staff.Role]staff.Session{}, keys: map[event.ShopID]string{}}
	for _, id := range []event.ShopID{"lamps", "rugs"} {
		o.must(wired.Service.Shops.Put(t.Context(), shop.Settings{ID: id, Name: string(id), Currency: "EUR", Consent: consent.Implied}))
		o.keys[id], err = wired.Service.Shops.NewKey(t.Context(), id, shop.SecretKey, "")
		o.must(err)
		o.must(wired.Service.Deps.Segments.Found(t.Context(), id))
	}
	o.writeKey, err = wired.Service.Shops.NewKey(t.Context(), "lamps", shop.WriteKey, "")
	o.must(err)
	_, err = wired.Service.Deps.Items.Put(t.Context(), "lamps", catalog.Item{ID: "A1", Title: "Lamp", Price: 100, Currency: "EUR"})
	o.must(err)
	for _, role := range staff.Roles() {
		o.account("lamps", string(role), role)
		o.sessions[role] = o.login("lamps", string(role))
	}
	o.account("rugs", "stranger", staff.Owner)
	o.stranger = o.login("rugs", "stranger")
	return o
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) account(id event.ShopID, login string, role staff.Role) {
	o.t.Helper()
	_, err := o.Staff.Add(o.t.Context(), staff.User{Shop: id, Login: login, Role: role}, staffPassword)
	o.must(err)
}

func (o *office) login(id event.ShopID, login string) staff.Session {
	o.t.Helper()
	s, err := o.Staff.Login(o.t.Context(), id, login, staffPassword, "")
	o.must(err)
	return s
}

// asked is one request and what is sent along.
type asked struct {
	method, path, body string
	cookie, csrf       string
	auth               string
	header             map[string]string
	claims             staff.Claims
}

func (o *office) do(a asked) (int, string) {
	o.t.Helper()
	r := httptest.NewRequestWithContext(staff.WithClaims(o.t.Context(), a.claims), a.method, "https://admin.example"+a.path, strings.NewReader(a.body))
	if a.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if a.cookie != "" {
		r.AddCookie(&http.Cookie{Name: staff.CookieName, Value: a.cookie})
	}
	if a.csrf != "" {
		r.Header.Set(web.CSRFHeader, a.csrf)
	}
	if a.auth != "" {
		r.Header.Set("Authorization", a.auth)
	}
	for name, value := range a.header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	o.Admin().ServeHTTP(w, r)
	body, err := io.ReadAll(w.Body)
	o.must(err)
	return w.Code, string(body)
}

// sample is a request that a role with the permission gets want for. Things named nope do not exist, so that one run leaves the next as it was; # stands for a number.
type sample struct {
	body string
	want int
}

var samples = map[string]sample{
	"who-am-i": {"", 200}, "logout": {"", 204}, "change-password": {`{"old":"wrong","new":"another long password"}`, 400},
	"users": {"", 200}, "user": {"", 404}, "invite-user": {`{"login":"new#","role":"analyst"}`, 201}, "change-user": {`{"role":"analyst","disabled":false}`, 404}, "reset-password": {"", 404},
	"audit": {"", 200}, "keys": {"", 200}, "new-key": {`{"kind":"write"}`, 201}, "revoke-key": {"", 404},
	"search-customers": {"", 200}, "customer": {"", 404}, "customer-timeline": {"", 404}, "customer-orders": {"", 404}, "customer-segments": {"", 200}, "customer-recommendations": {"", 404},
	"training-settings": {"", 200}, "change-training-settings": {`{"settings":{"interest-days":7}}`, 200}, "merge": {"", 404}, "unmerge": {"", 404},
	"items": {"", 200}, "item": {"", 404}, "hide-item": {`{"hidden":true}`, 404}, "delete-item": {"", 404},
	"segments": {"", 200}, "segment": {"", 404}, "new-segment": {`{"id":"s#","name":"S","condition":"visits > 1"}`, 201}, "change-segment": {`{"name":"S","condition":"visits > 1"}`, 404},
	"delete-segment": {"", 404}, "segment-members": {"", 404}, "preview-segment": {`{"condition":"visits > 1"}`, 200}, "segment-attributes": {"", 200},
	"offers": {"", 200}, "offer": {"", 404}, "new-offer": {`{"id":"o#","status":"draft","title":"O"}`, 201}, "change-offer": {`{"status":"draft","title":"O"}`, 404}, "delete-offer": {"", 404}, "offer-results": {"", 404},
	"rules": {"", 200}, "rule": {"", 404}, "new-rule": {`{"id":"r#","name":"R","kind":"exclude","brand":"B"}`, 201}, "change-rule": {`{"name":"R","kind":"exclude","brand":"B"}`, 404}, "delete-rule": {"", 404},
	"preview-rule": {`{"name":"R","kind":"exclude","brand":"B"}`, 404}, "shelves": {"", 200}, "change-shelves": {`{"diversity":0.3,"rotation":0,"newShare":0,"promotedShare":0,"promotedMost":1}`, 200},
	"campaigns": {"", 200}, "campaign": {"", 404}, "new-campaign": {`{"id":"c#","name":"C"}`, 201}, "change-campaign": {`{"name":"C"}`, 404}, "delete-campaign": {"", 404}, "plan-campaign": {"", 404},
	"start-campaign": {"", 404}, "pause-campaign": {"", 404}, "resume-campaign": {"", 404}, "stop-campaign": {"", 404}, "withdraw-campaign": {"", 404},
	"campaign-sums": {"", 404}, "campaign-ledger": {"", 404}, "campaign-report": {"", 404}, "evaluate-campaign": {"", 404},
	"preview-campaign": {`{}`, 404}, "test-campaign": {`{"to":"a@lamps.example"}`, 404}, "outbox": {"", 404}, "letter": {"", 404}, "imports": {"", 200}, "upload-import": {"id,title\n", 202},
	"rejected-rows": {"", 404}, "export-customer": {"", 404}, "erase-customer": {"", 404}, "erasures": {"", 200}, "health": {"", 200}, "export-segment": {"", 404}, "export-ledger": {"", 404},
	"models": {"", 200}, "use-model": {`{"version":"0000000000000001"}`, 404},
	"trial": {"", 404}, "start-trial": {`{"version":"0000000000000001"}`, 404}, "stop-trial": {"", 404}, "promote-trial": {"", 404},
	"overview": {"", 200}, "latest-events": {"", 200}, "segment-report": {"", 404},
}

// described is an operation as the document tells it.
type described struct {
	ID         string `json:"operationId"`
	Permission string `json:"x-permission"`
	method     string
	path       string
}

func (d described) changes() bool { return !staff.Action(d.Permission).Reads() }

func (o *office) operations() []described {
	o.t.Helper()
	_, text := o.do(asked{method: http.MethodGet, path: "/admin/v1/openapi.json"})
	var doc struct {
		Paths map[string]map[string]described
	}
	o.must(json.Unmarshal([]byte(text), &doc))
	var all []described
	for path, methods := range doc.Paths {
		for method, d := range methods {
			d.method, d.path = strings.ToUpper(method), path
			all = append(all, d)
		}
	}
	slices.SortFunc(all, func(a, b described) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// request is the sample of an operation, without credentials.
func (o *office) request(d described) asked {
	o.count++
	path := d.path
	for strings.Contains(path, "{") {
		before, rest, _ := strings.Cut(path, "{")
		_, after, _ := strings.Cut(rest, "}")
		path = before + "nope" + after
	}
	switch d.ID {
	case "search-customers":
		path += "?q=a"
	case "upload-import":
		path += "?kind=items"
	}
	return asked{method: d.method, path: path, body: strings.ReplaceAll(samples[d.ID].body, "#", fmt.Sprint(o.count)), header: map[string]string{"If-Match": "*"}}
}

// newest is the latest entry of the shop's log.
func (o *office) newest() staff.Entry {
	o.t.Helper()
	page, _, err := o.Staff.Audit(o.t.Context(), "lamps", "", 1)
	o.must(err)
	if len(page) == 0 {
		return staff.Entry{}
	}
	return page[0]
}

// TestEveryRouteForEveryRole derives what must be answered from the table of permissions, and asks the real handler.
func TestEveryRouteForEveryRole(t *testing.T) {
	o := newOffice(t)
	all := o.operations()
	if len(all) < 40 {
		t.Fatalf("the document has %d operations", len(all))
	}
	for _, d := range all {
		if d.ID == "login" {
			continue
		}
		s, ok := samples[d.ID]
		if !ok || d.Permission == "" || !slices.Contains(staff.Actions(), staff.Action(d.Permission)) {
			t.Errorf("%s has no sample here, or no permission (%q)", d.ID, d.Permission)
			continue
		}
		for _, role := range staff.Roles() {
			t.Run(d.ID+" by the "+string(role), func(t *testing.T) {
				in := o.sessions[role]
				r := o.request(d)
				r.cookie, r.csrf = in.Token, in.CSRF
				before := o.newest()
				want := http.StatusForbidden
				if role.May(staff.Action(d.Permission)) {
					want = s.want
				}
				if got, body := o.do(r); got != want {
					t.Errorf("%d %s, want %d", got, body, want)
				}
				o.checkLog(t, d, in.Actor, before, want)
				if d.ID == "logout" {
					o.sessions[role] = o.login("lamps", string(role))
				}
			})
		}
		t.Run(d.ID+" by the shop's server", func(t *testing.T) {
			r := o.request(d)
			r.auth = "Bearer " + o.keys["lamps"]
			want := s.want
			if d.ID == "change-password" {
				want = http.StatusConflict // it has none
			}
			if got, body := o.do(r); got != want {
				t.Errorf("%d %s, want %d", got, body, want)
			}
		})
		t.Run(d.ID+" with claims", func(t *testing.T) {
			r := o.request(d)
			r.claims = staff.Claims{"sub": "1", "custom:shop": "lamps", "custom:role": "analyst"}
			want := http.StatusForbidden
			if staff.Analyst.May(staff.Action(d.Permission)) {
				if want = s.want; d.ID == "change-password" {
					want = http.StatusConflict
				}
			}
			if got, body := o.do(r); got != want {
				t.Errorf("%d %s, want %d", got, body, want)
			}
		})
		t.Run(d.ID+" without credentials, or with bad ones", func(t *testing.T) { o.refuses(t, d) })
	}
}

// checkLog holds the log to this: a change stands in it with what became of it, a look does not.
func (o *office) checkLog(t *testing.T, d described, a staff.Actor, before staff.Entry, status int) {
	t.Helper()
	entry := o.newest()
	if !d.changes() {
		if entry.ID != before.ID {
			t.Errorf("reading was noted: %+v", entry)
		}
		return
	}
	if d.ID == "logout" {
		if entry.Action != staff.LoggedOut || entry.Actor != a.ID {
			t.Errorf("the log has %+v", entry)
		}
		return
	}
	want := staff.Entry{Shop: "lamps", Actor: a.ID, Role: a.Role, Via: staff.BySession, Action: staff.Action(d.Permission), Outcome: staff.Done}
	if status >= 400 {
		want.Outcome = staff.Refused
		want.Why = map[int]string{400: "invalid", 403: "forbidden", 404: "not found", 409: "conflict"}[status]
	}
	entry.ID, entry.At, entry.Target, entry.Changes = "", time.Time{}, "", nil
	if diff := cmp.Diff(want, entry); diff != "" {
		t.Errorf("entry (-want +got):\n%s", diff)
	}
}

// refuses tries every way in that is none.
func (o *office) refuses(t *testing.T, d described) {
	in := o.sessions[staff.Owner]
	forged := in.Token[:len(in.Token)-1] + string(in.Token[len(in.Token)-1]^1)
	ended := o.ended(t)
	tries := map[string]struct {
		with func(*asked)
		want int
	}{
		"nothing":                        {func(*asked) {}, 401},
		"a forged cookie":                {func(r *asked) { r.cookie, r.csrf = forged, in.CSRF }, 401},
		"the cookie of an ended session": {func(r *asked) { r.cookie, r.csrf = ended.Token, ended.CSRF }, 401},
		"the CSRF token as cookie":       {func(r *asked) { r.cookie = in.CSRF }, 401},
		"a token of nobody":              {func(r *asked) { r.auth = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIiwiY3VzdG9tOnJvbGUiOiJvd25lciJ9." }, 401},
		"a wrong key":                    {func(r *asked) { r.auth = "Bearer sk_0123456789abcdef0123456789abcdef" }, 401},
		"another scheme":                 {func(r *asked) { r.auth = "Digest x" }, 401},
		"claims in headers":              {func(r *asked) { r.header["X-Amzn-Claims"], r.header["Custom:role"] = `{"sub":"1"}`, "owner" }, 401},
		"claims of nobody":               {func(r *asked) { r.claims = staff.Claims{"custom:role": "owner", "custom:shop": "lamps"} }, 401},
		"claims without a shop":          {func(r *asked) { r.claims = staff.Claims{"sub": "1", "custom:role": "owner"} }, 403},
		"the public key":                 {func(r *asked) { r.auth = "Bearer " + o.writeKey }, 403},
	}
	if d.method != http.MethodGet {
		tries["no CSRF token"] = struct {
			with func(*asked)
			want int
		}{func(r *asked) { r.cookie = in.Token }, 403}
		tries["the CSRF token of another session"] = struct {
			with func(*asked)
			want int
		}{func(r *asked) { r.cookie, r.csrf = in.Token, o.sessions[staff.Marketer].CSRF }, 403}
		tries["a page of another site"] = struct {
			with func(*asked)
			want int
		}{func(r *asked) { r.cookie, r.csrf, r.header["Sec-Fetch-Site"] = in.Token, in.CSRF, "cross-site" }, 403}
	}
	for name, try := range tries {
		r := o.request(d)
		try.with(&r)
		if got, body := o.do(r); got != try.want {
			t.Errorf("%s: %d %s, want %d", name, got, body, try.want)
		}
	}
}

// ended is a session that was logged out of. Its account is not the one that the other tries use.
func (o *office) ended(t *testing.T) staff.Session {
	t.Helper()
	s, err := o.Staff.LoginClaims(t.Context(), staff.Actor{Shop: "lamps", ID: "sub-2", Role: staff.Owner, Via: staff.ByClaims}, "")
	o.must(err)
	o.must(o.Staff.End(t.Context(), s.Token))
	return s
}

// TestAnotherShopIsOutOfReach makes things in one shop and reaches for them with everything that the other shop's owner has.
func TestAnotherShopIsOutOfReach(t *testing.T) {
	o := newOffice(t)
	lamps := func(method, path, body string) string {
		t.Helper()
		status, text := o.do(asked{method: method, path: path, body: body, auth: "Bearer " + o.keys["lamps"]})
		if status >= 300 {
			t.Fatalf("%s %s: %d %s", method, path, status, text)
		}
		return text
	}
	lamps("POST", "/admin/v1/segments", `{"id":"mine","name":"Mine","condition":"visits > 1"}`)
	lamps("POST", "/admin/v1/offers", `{"id":"mine","status":"draft","title":"Mine"}`)
	lamps("POST", "/admin/v1/campaigns", `{"id":"mine","name":"Mine"}`)
	var made struct {
		User struct{ ID string }
	}
	o.must(json.Unmarshal([]byte(lamps("POST", "/admin/v1/users", `{"login":"mine","role":"analyst"}`)), &made))
	var keys struct{ Items []struct{ ID string } }
	o.must(json.Unmarshal([]byte(lamps("GET", "/admin/v1/keys", "")), &keys))
	ids := map[string]string{"segments": "mine", "offers": "mine", "campaigns": "mine", "users": made.User.ID, "keys": keys.Items[0].ID, "items": "A1", "customers": "p_mine"}
	before := lamps("GET", "/admin/v1/segments/mine", "") + lamps("GET", "/admin/v1/offers/mine", "") + lamps("GET", "/admin/v1/campaigns/mine", "") + lamps("GET", "/admin/v1/items/A1", "") +
		lamps("GET", "/admin/v1/users", "") + lamps("GET", "/admin/v1/keys", "")
	reached := 0
	for _, d := range o.operations() {
		kind, rest, ok := strings.Cut(strings.TrimPrefix(d.path, "/admin/v1/"), "/{id}")
		if !ok {
			continue
		}
		reached++
		r := o.request(d)
		r.path = "/admin/v1/" + kind + "/" + ids[kind] + strings.ReplaceAll(rest, "{visitor}", "v_mine")
		r.cookie, r.csrf = o.stranger.Token, o.stranger.CSRF
		status, text := o.do(r)
		if status != http.StatusNotFound && (status != http.StatusOK || text != `{"items":[]}`+"\n") {
			t.Errorf("%s of another shop: %d %s", d.ID, status, text)
		}
	}
	if reached < 20 {
		t.Errorf("only %d operations name a thing", reached)
	}
	after := lamps("GET", "/admin/v1/segments/mine", "") + lamps("GET", "/admin/v1/offers/mine", "") + lamps("GET", "/admin/v1/campaigns/mine", "") + lamps("GET", "/admin/v1/items/A1", "") +
		lamps("GET", "/admin/v1/users", "") + lamps("GET", "/admin/v1/keys", "")
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("another shop's owner changed it (-before +after):\n%s", diff)
	}
	for _, kind := range []string{"offers", "campaigns", "items"} {
		if status, text := o.do(asked{method: "GET", path: "/admin/v1/" + kind, cookie: o.stranger.Token}); status != 200 || strings.TrimSpace(text) != `{"items":[]}` {
			t.Errorf("the other shop's %s: %d %s", kind, status, text)
		}
	}
}
