package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/console"
	"shopkeeper/shared/staff"
)

// page is what a route needs, a request to it, and what who may is answered. Things named nope do not exist; nothing that is asked here changes what the next request meets.
type page struct {
	needs staff.Action // none: everybody who is logged in
	path  string       // the route's own where it is empty
	form  string
	want  int
}

var segmentForm, offerFields, ruleFields, campaignFields = "name=Some&condition=visits+%3E+1", "title=Some", "name=Some&kind=exclude&brand=B", "name=Some&html.0=x&text.0=x&subject.0=x"

var allPages = map[string]page{
	"GET {$}": {staff.OverviewRead, "", "", 200}, "GET live": {staff.OverviewRead, "", "", 200}, "GET account": {"", "", "", 200}, "POST account": {"", "", "old=wrong&password=a&again=b", 422}, "POST logout": {"", "", "", 303},
	"GET customers": {staff.CustomersRead, "", "", 200}, "GET customers/{id}": {staff.CustomersRead, "", "", 404}, "POST customers/{id}/merge": {staff.CustomersEdit, "", "visitor=v", 404},
	"POST customers/{id}/unmerge": {staff.CustomersEdit, "", "visitor=v", 404}, "POST customers/{id}/export": {staff.CustomersTake, "", "", 404}, "GET customers/{id}/erase": {staff.CustomersDrop, "", "", 404},
	"POST customers/{id}/erase": {staff.CustomersDrop, "", "sure=yes", 404}, "GET erasures": {staff.AuditRead, "", "", 200},
	"GET segments": {staff.SegmentsRead, "", "", 200}, "GET segments/new": {staff.SegmentsEdit, "", "", 200}, "POST segments/new": {staff.SegmentsEdit, "", segmentForm, 303}, "GET segments/preview": {staff.SegmentsRead, "segments/preview?condition=known", "", 200},
	"GET segments/{id}": {staff.SegmentsRead, "segments/loyal", "", 200}, "GET segments/{id}/edit": {staff.SegmentsEdit, "segments/loyal/edit", "", 200}, "POST segments/{id}/edit": {staff.SegmentsEdit, "", segmentForm + "&version=1", 404},
	"POST segments/{id}/delete": {staff.SegmentsEdit, "", "version=1", 404}, "GET segments/{id}/members.csv": {staff.ExportsRead, "segments/loyal/members.csv", "", 200},
	"GET offers": {staff.OffersRead, "", "", 200}, "GET offers/new": {staff.OffersEdit, "", "", 200}, "POST offers/new": {staff.OffersEdit, "", offerFields, 303}, "GET offers/{id}": {staff.OffersRead, "", "", 404}, "GET offers/{id}/edit": {staff.OffersEdit, "", "", 404},
	"POST offers/{id}/edit": {staff.OffersEdit, "offers/kept/edit", offerFields + "&version=99", 409}, "POST offers/{id}/status": {staff.OffersEdit, "offers/kept/status", "status=draft", 303}, "POST offers/{id}/delete": {staff.OffersEdit, "", "version=1", 404},
	"GET rules": {staff.RulesRead, "", "", 200}, "POST rules/shelves": {staff.RulesEdit, "", "version=99", 409}, "GET rules/new": {staff.RulesEdit, "", "", 200}, "POST rules/new": {staff.RulesEdit, "", ruleFields, 303},
	"GET rules/{id}": {staff.RulesRead, "rules/kept", "", 200}, "GET rules/{id}/edit": {staff.RulesEdit, "rules/kept/edit", "", 200}, "POST rules/{id}/edit": {staff.RulesEdit, "rules/kept/edit", ruleFields + "&version=99", 409},
	"POST rules/{id}/pause": {staff.RulesEdit, "rules/kept/pause", "paused=no", 303}, "POST rules/{id}/delete": {staff.RulesEdit, "", "version=1", 404},
	"GET campaigns": {staff.CampaignsRead, "", "", 200}, "GET campaigns/new": {staff.CampaignsEdit, "", "", 200}, "POST campaigns/new": {staff.CampaignsEdit, "", campaignFields, 303}, "GET campaigns/{id}": {staff.CampaignsRead, "campaigns/kept", "", 200},
	"GET campaigns/{id}/edit": {staff.CampaignsEdit, "campaigns/kept/edit", "", 200}, "POST campaigns/{id}/edit": {staff.CampaignsEdit, "campaigns/kept/edit", campaignFields + "&version=99", 409},
	"GET campaigns/{id}/progress": {staff.CampaignsRead, "campaigns/kept/progress", "", 200}, "GET campaigns/{id}/messages": {staff.CampaignsRead, "campaigns/kept/messages", "", 200}, "GET campaigns/{id}/result": {staff.CampaignsRead, "campaigns/kept/result", "", 200},
	"GET campaigns/{id}/messages.csv": {staff.ExportsRead, "campaigns/kept/messages.csv", "", 200}, "POST campaigns/{id}/evaluate": {staff.CampaignsRead, "", "", 404}, "POST campaigns/{id}/move": {staff.CampaignsSend, "campaigns/kept/move", "move=start", 422},
	"POST campaigns/{id}/delete": {staff.CampaignsEdit, "", "", 404}, "GET campaigns/{id}/preview": {staff.CampaignsRead, "campaigns/kept/preview", "", 200}, "GET campaigns/{id}/letter": {staff.CampaignsRead, "campaigns/kept/letter?variant=a", "", 200},
	"POST campaigns/{id}/test": {staff.CampaignsSend, "campaigns/kept/test?variant=a", "to=nowhere", 422},
	"GET outbox":               {staff.OutboxRead, "", "", 200}, "GET outbox/{id}": {staff.OutboxRead, "outbox/l1", "", 200}, "GET outbox/{id}/letter": {staff.OutboxRead, "outbox/l1/letter", "", 200}, "GET outbox/{id}/source": {staff.OutboxRead, "outbox/l1/source", "", 200},
	"GET imports": {staff.ImportsRead, "", "", 200}, "POST imports": {staff.ImportsEdit, "", "", 303}, "GET imports/{kind}/{file}/rejected": {staff.RejectedRead, "imports/items/nope/rejected", "", 404}, "GET health": {staff.HealthRead, "", "", 200},
	"GET models": {staff.ModelsRead, "", "", 200}, "POST models/use": {staff.ModelsEdit, "", "version=0000000000000001", 404},
	"POST models/compare": {staff.ModelsEdit, "", "version=0000000000000001&share=0", 422}, "POST models/end": {staff.ModelsEdit, "", "use=a", 404},
	"GET keys": {staff.KeysRead, "", "", 200}, "POST keys": {staff.KeysEdit, "", "kind=nope", 422}, "POST keys/{id}/revoke": {staff.KeysEdit, "", "", 404}, "GET users": {staff.UsersRead, "", "", 200}, "POST users": {staff.UsersEdit, "", "login=x&role=nope", 422},
	"GET users/{id}": {staff.UsersRead, "", "", 404}, "POST users/{id}": {staff.UsersEdit, "", "version=1&role=analyst", 404}, "POST users/{id}/password": {staff.UsersEdit, "", "", 404}, "GET audit": {staff.AuditRead, "", "", 200},
}

// publicPages are asked by who has no session.
var publicPages = []string{"GET login", "POST login", "POST token"}

// address is the method and the path of a route.
func (p page) address(route string) (method, path string) {
	method, path, _ = strings.Cut(route, " ")
	if p.path != "" {
		return method, p.path
	}
	return method, strings.NewReplacer("{id}", "nope", "{$}", "").Replace(path)
}

func (w *world) request(in staff.Session, csrf, route string, p page) answer {
	w.t.Helper()
	method, path := p.address(route)
	if method == http.MethodGet {
		return w.get(in, path)
	}
	if route == "POST imports" {
		return w.send(in, csrf, "items", "list.csv", "id,title\n")
	}
	form, err := url.ParseQuery(p.form)
	w.must(err)
	return w.postAs(in, csrf, path, form)
}

// keep makes what the requests are about.
func (w *world) keep() {
	w.t.Helper()
	marketer := w.sessions[staff.Marketer]
	for path, form := range map[string]url.Values{"offers/new": {"title": {"Kept"}}, "rules/new": {"name": {"Kept"}, "kind": {"exclude"}, "brand": {"B"}}, "campaigns/new": {"name": {"Kept"}, "html.0": {`<p>Hello <a href="{{ unsubscribe_url }}">no more</a></p>`}, "text.0": {"Hello {{ unsubscribe_url }}"}, "subject.0": {"Hello"}}} {
		if a := w.post(marketer, path, form); a.status != http.StatusSeeOther {
			w.t.Fatalf("%s answered %d %s", path, a.status, a.body)
		}
	}
}

// forget takes away what a request made, so that the next meets what it met.
func (w *world) forget(in *staff.Session, role staff.Role, route string) {
	w.t.Helper()
	switch route {
	case "POST logout":
		w.sessions[role] = w.session("lamps", string(role))
		*in = w.sessions[role]
	case "POST segments/new":
		w.must(w.Service.DeleteSegment(w.t.Context(), w.sessions[staff.Owner].Actor, "some", 0))
	case "POST offers/new":
		w.must(w.Service.DeleteOffer(w.t.Context(), w.sessions[staff.Owner].Actor, "some", 0))
	case "POST rules/new":
		w.must(w.Service.DeleteRule(w.t.Context(), w.sessions[staff.Owner].Actor, "some", 0))
	case "POST campaigns/new":
		w.must(w.Service.DeleteCampaign(w.t.Context(), w.sessions[staff.Owner].Actor, "some", 0))
	}
}

// TestEveryPageForEveryRole asks for every page as everybody: the table of permissions says what must be answered.
func TestEveryPageForEveryRole(t *testing.T) {
	w := newWorld(t)
	w.keep()
	var known []string
	for route := range allPages {
		known = append(known, route)
	}
	known = append(known, publicPages...)
	slices.Sort(known)
	if diff := cmp.Diff(console.Routes(), known); diff != "" {
		t.Fatalf("pages without a test (-routes +tested):\n%s", diff)
	}
	for route, p := range allPages {
		for _, role := range staff.Roles() {
			t.Run(route+" by the "+string(role), func(t *testing.T) {
				in, want := w.sessions[role], http.StatusForbidden
				if p.needs == "" || role.May(p.needs) {
					want = p.want
				}
				a := w.request(in, in.CSRF, route, p)
				if a.status != want {
					t.Errorf("%d to %q, want %d\n%s", a.status, a.to, want, problemOf(a.body))
				}
				if a.status == http.StatusSeeOther {
					w.forget(&in, role, route)
				}
				w.guarded(t, a)
			})
		}
		t.Run(route+" by who may not", func(t *testing.T) { w.refuses(t, route, p) })
	}
}

// guarded holds every answer to the headers that keep a page to itself.
func (w *world) guarded(t *testing.T, a answer) {
	t.Helper()
	policy := a.header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe-inline") && !strings.Contains(policy, "sandbox") || strings.Contains(policy, "unsafe-eval") {
		t.Errorf("the policy is %q", policy)
	}
	if a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("headers are %v", a.header)
	}
}

// refuses: no login, a forged, a foreign and an expired session, and a form without its token.
func (w *world) refuses(t *testing.T, route string, p page) {
	t.Helper()
	for who, in := range map[string]staff.Session{"nobody": {}, "a forged session": {Token: "st_" + strings.Repeat("A", 43)}, "nonsense": {Token: "'<!--"}, "another shop": w.stranger} {
		a := w.request(in, in.CSRF, route, p)
		if a.status != http.StatusSeeOther || !strings.HasPrefix(a.to, "/console/login") {
			t.Errorf("%s got %d, to %q", who, a.status, a.to)
		}
	}
	if method, _ := p.address(route); method == http.MethodGet {
		return
	}
	owner := w.sessions[staff.Owner]
	for which, csrf := range map[string]string{"no": "", "another session's": w.stranger.CSRF, "a colleague's": w.sessions[staff.Marketer].CSRF} {
		if a := w.request(owner, csrf, route, p); a.status != http.StatusForbidden {
			t.Errorf("with %s token: %d, to %q", which, a.status, a.to)
		}
	}
	method, path := p.address(route)
	a := w.ask(owner.Token, method, path, formType, strings.NewReader(url.Values{"csrf": {owner.CSRF}}.Encode()), func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
	if a.status != http.StatusForbidden {
		t.Errorf("from another site: %d, to %q", a.status, a.to)
	}
}

// problemOf is what an error page says, for messages.
func problemOf(body string) string {
	if i := strings.Index(body, "<main"); i >= 0 {
		body = body[i:]
	}
	return body[:min(len(body), 1500)]
}

func TestTheRailHasWhatItsReaderMaySee(t *testing.T) {
	w := newWorld(t)
	for _, role := range staff.Roles() {
		t.Run(string(role), func(t *testing.T) {
			body := w.get(w.sessions[role], "account").body
			for path, needs := range console.Rail() {
				if shown := strings.Contains(body, `href="/console/`+path+`"`); path != "" && shown != role.May(staff.Action(needs)) {
					t.Errorf("%q is shown: %v", path, shown)
				}
			}
		})
	}
}

func TestASessionEnds(t *testing.T) {
	w := newWorld(t)
	owner := w.sessions[staff.Owner]
	if a := w.get(owner, ""); a.status != http.StatusOK {
		t.Fatalf("a fresh session got %d", a.status)
	}
	w.ahead.Store(int64(staff.SessionLife + time.Minute))
	if a := w.get(owner, ""); a.status != http.StatusSeeOther {
		t.Errorf("an expired session got %d", a.status)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/console/live", nil)
	r.Header.Set("HX-Request", "true")
	rec := httptest.NewRecorder()
	w.pages.ServeHTTP(rec, r)
	if rec.Code != http.StatusUnauthorized || rec.Header().Get("HX-Refresh") != "true" {
		t.Errorf("a live part without a session: %d, %v", rec.Code, rec.Header())
	}
}

// TestACampaignThatIsDueIsWatched: between the click and the next look of what runs campaigns a campaign is scheduled, and its page must not stand still.
func TestACampaignThatIsDueIsWatched(t *testing.T) {
	w := newWorld(t)
	w.keep()
	in := w.sessions[staff.Marketer]
	w.contacts("email,name\nada@lamps.example,Ada Lovelace\n", "ada@lamps.example")
	form := url.Values{"name": {"Due"}, "segment": {"loyal"}, "fromEmail": {"shop@lamps.example"}, "subject.0": {"Hello"}, "html.0": {`<a href="{{ unsubscribe_url }}">no more</a>`}, "text.0": {"{{ unsubscribe_url }}"}}
	if a := w.post(in, "campaigns/new", form); a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, problemOf(a.body))
	}
	if a := w.post(in, "campaigns/due/move", url.Values{"move": {"start"}}); a.to != "/console/campaigns/due?said=started" {
		t.Fatalf("started: %d to %q\n%s", a.status, a.to, problemOf(a.body))
	}
	if body := w.get(in, "campaigns/due").body; !strings.Contains(body, "It begins within a minute") {
		t.Errorf("the page stands still:\n%s", problemOf(body))
	}
}
