package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"shopkeeper/shared/staff"
)

func (w *world) logIn(login, secret, next string) answer {
	w.t.Helper()
	return w.ask("", http.MethodPost, "login", formType, strings.NewReader(url.Values{"login": {login}, "password": {secret}, "next": {next}}.Encode()))
}

// cookie is the session that an answer began or ended.
func (a answer) cookie() *http.Cookie {
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == staff.LocalCookieName {
			return c
		}
	}
	return nil
}

func TestTheLoginLeadsBackAndNowhereElse(t *testing.T) {
	w := newWorld(t)
	if a := w.ask("", http.MethodGet, "segments/loyal", "", nil); a.status != http.StatusSeeOther || a.to != "/console/login?next=segments/loyal" {
		t.Errorf("without a login: %d to %q", a.status, a.to)
	}
	for next, want := range map[string]string{
		"segments/loyal": "/console/segments/loyal", "": "/console/", "https://evil.example/": "/console/", "//evil.example": "/console/", "/evil": "/console/", `\\evil.example`: "/console/", "../v1/me": "/console/", "a//evil.example": "/console/",
		"javascript:alert(1)": "/console/", "segments?x=1": "/console/", "a\r\nSet-Cookie: x=y": "/console/", "%2f%2fevil.example": "/console/",
	} {
		t.Run(next, func(t *testing.T) {
			a := w.logIn("marketer", password, next)
			c := a.cookie()
			if a.status != http.StatusSeeOther || a.to != want {
				t.Errorf("%d to %q, want %q", a.status, a.to, want)
			}
			if c == nil || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" {
				t.Errorf("the cookie is %v", c)
			}
			if form := w.ask("", http.MethodGet, "login?next="+url.QueryEscape(next), "", nil).body; want == "/console/" && next != "" && strings.Contains(form, "evil") {
				t.Error("the form carries the address on")
			}
		})
	}
}

func TestARefusedLoginSaysTheSameToEverybody(t *testing.T) {
	w := newWorld(t)
	wrong, unknown := w.logIn("owner", "not the password", ""), w.logIn("nobody", "not the password", "")
	if wrong.status != http.StatusUnauthorized || unknown.status != http.StatusUnauthorized || wrong.cookie() != nil {
		t.Errorf("a wrong password got %d, an unknown name %d", wrong.status, unknown.status)
	}
	if same := strings.ReplaceAll(unknown.body, "nobody", "owner"); same != wrong.body {
		t.Error("the two pages differ")
	}
	if !strings.Contains(wrong.body, `value="owner"`) || strings.Contains(wrong.body, "not the password") {
		t.Error("the form does not keep the name, or keeps the password")
	}
	var last answer
	for range 30 {
		if last = w.logIn("owner", "not the password", ""); last.status == http.StatusTooManyRequests {
			return
		}
	}
	t.Errorf("after thirty tries a guess is answered %d", last.status)
}

func TestAnInvitedColleagueChoosesAPassword(t *testing.T) {
	w := newWorld(t)
	a := w.post(w.sessions[staff.Owner], "users", url.Values{"login": {"mary"}, "name": {"Mary"}, "role": {"marketer"}})
	_, rest, _ := strings.Cut(a.body, `<div class="said" role="status">`)
	_, rest, _ = strings.Cut(rest, "<code>")
	first, _, _ := strings.Cut(rest, "</code>")
	in, err := w.Staff.Login(t.Context(), "lamps", "mary", first, "")
	if err != nil {
		t.Fatalf("with %q: %v", first, err)
	}
	for _, path := range []string{"", "segments", "campaigns/new"} {
		if a := w.get(in, path); a.status != http.StatusSeeOther || a.to != "/console/account" {
			t.Errorf("%s answered %d to %q", path, a.status, a.to)
		}
	}
	if a := w.post(in, "segments/new", url.Values{"name": {"x"}, "condition": {"known"}}); a.to != "/console/account" {
		t.Errorf("a change was answered %d to %q", a.status, a.to)
	}
	for name, tt := range map[string]struct {
		form  url.Values
		field string
	}{
		"a wrong old one": {url.Values{"old": {"wrong"}, "password": {"a long enough one"}, "again": {"a long enough one"}}, "old"},
		"two that differ": {url.Values{"old": {first}, "password": {"a long enough one"}, "again": {"another one"}}, "again"},
		"one too short":   {url.Values{"old": {first}, "password": {"short"}, "again": {"short"}}, "password"},
	} {
		if a := w.post(in, "account", tt.form); a.status != http.StatusUnprocessableEntity || !marked(a.body, tt.field) {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	a = w.post(in, "account", url.Values{"old": {first}, "password": {"a long enough one"}, "again": {"a long enough one"}})
	if a.status != http.StatusSeeOther || a.to != "/console/login?said=password" || a.cookie() == nil || a.cookie().MaxAge >= 0 {
		t.Errorf("the change was answered %d to %q", a.status, a.to)
	}
	if a := w.get(in, ""); a.to != "/console/login" {
		t.Errorf("the session of before goes on: %d to %q", a.status, a.to)
	}
	if a := w.logIn("mary", "a long enough one", ""); a.to != "/console/" {
		t.Errorf("with the new password: %d to %q", a.status, a.to)
	}
}

// marked says whether a field of a form is marked as wrong.
func marked(body, field string) bool {
	_, rest, found := strings.Cut(body, ` name="`+field+`"`)
	tag, _, _ := strings.Cut(rest, "</div>")
	return found && strings.Contains(tag, `class="wrong"`)
}

func TestLoggingOutEndsTheSession(t *testing.T) {
	w := newWorld(t)
	in := w.sessions[staff.Analyst]
	if a := w.post(in, "logout", nil); a.to != "/console/login?said=out" || a.cookie() == nil || a.cookie().MaxAge >= 0 {
		t.Errorf("%d to %q", a.status, a.to)
	}
	if a := w.get(in, "account"); a.status != http.StatusSeeOther {
		t.Errorf("the session still answers %d", a.status)
	}
}
