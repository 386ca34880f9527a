package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"shopkeeper/shared/staff"
)

func TestFormsKeepWhatWasTypedAndNameTheField(t *testing.T) {
	w := newWorld(t)
	w.keep()
	letter := url.Values{"name": {"Typed"}, "segment": {"loyal"}, "subject.0": {"Hello"}, "html.0": {"x {{ unsubscribe_url }}"}, "text.0": {"x {{ unsubscribe_url }}"}}
	with := func(form url.Values, pairs ...string) url.Values {
		all := url.Values{}
		for k, v := range form {
			all[k] = v
		}
		for i := 0; i < len(pairs); i += 2 {
			all.Set(pairs[i], pairs[i+1])
		}
		return all
	}
	tests := map[string]struct {
		path, field string
		form        url.Values
	}{
		"a condition that does not parse":     {"segments/new", "condition", url.Values{"name": {"Typed"}, "condition": {"orders.count >"}}},
		"a condition of a name nobody knows":  {"segments/new", "condition", url.Values{"name": {"Typed"}, "condition": {"wealth > 3"}}},
		"a segment whose name has no letters": {"segments/new", "name", url.Values{"name": {"!!!"}, "description": {"Typed"}, "condition": {"known"}}},
		"a segment of a name that is taken":   {"segments/new", "name", url.Values{"name": {"Loyal"}, "description": {"Typed"}, "condition": {"known"}}},
		"a control group of 200 percent":      {"offers/new", "control", url.Values{"title": {"Typed"}, "control": {"200"}}},
		"a budget that is no number":          {"offers/new", "budget", url.Values{"title": {"Typed"}, "budget": {"plenty"}}},
		"an earning that is no amount":        {"offers/new", "margin", url.Values{"title": {"Typed"}, "margin": {"much"}}},
		"a date that is none":                 {"offers/new", "starts", url.Values{"title": {"Typed"}, "starts": {"tomorrow"}}},
		"an offer that ends before it begins": {"offers/new", "ends", url.Values{"title": {"Typed"}, "starts": {"2026-05-02T10:00"}, "ends": {"2026-05-01T10:00"}}},
		"an offer of a title that is taken":   {"offers/new", "title", url.Values{"title": {"Kept"}, "text": {"Typed"}}},
		"a letter with an error":              {"campaigns/new", "html.0", with(letter, "html.0", "one\n{{ nonsense | }} Typed")},
		"a text part with an error":           {"campaigns/new", "text.0", with(letter, "text.0", "{% if %} Typed")},
		"quiet hours that are no hours":       {"campaigns/new", "quietFrom", with(letter, "quietFrom", "late")},
		"a cap of letters":                    {"campaigns/new", "capMessages", with(letter, "capMessages", "few")},
		"a cap within a century":              {"campaigns/new", "capDays", with(letter, "capMessages", "1", "capDays", "36500")},
		"a campaign of a name that is taken":  {"campaigns/new", "name", with(letter, "name", "Kept", "subject.0", "Typed")},
		"a colleague of no role":              {"users", "role", url.Values{"login": {"Typed"}, "role": {"queen"}}},
		"a colleague whose login is taken":    {"users", "login", url.Values{"login": {"marketer"}, "name": {"Typed"}, "role": {"analyst"}}},
		"a test letter to no address":         {"campaigns/kept/test?variant=a", "to", url.Values{"to": {"Typed"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := w.post(w.sessions[staff.Owner], tt.path, tt.form)
			if a.status != http.StatusUnprocessableEntity && a.status != http.StatusConflict {
				t.Fatalf("%d to %q", a.status, a.to)
			}
			if !marked(a.body, tt.field) {
				t.Errorf("nothing stands at %q:\n%s", tt.field, problemOf(a.body))
			}
			if !strings.Contains(a.body, "Typed") {
				t.Error("what was typed is lost")
			}
		})
	}
}

func TestWhoComesSecondIsTold(t *testing.T) {
	w := newWorld(t)
	w.keep()
	first, second := w.sessions[staff.Marketer], w.sessions[staff.Owner]
	for path, form := range map[string]url.Values{
		"segments/loyal/edit": {"name": {"Loyal"}, "condition": {"known"}, "version": {"1"}},
		"offers/kept/edit":    {"title": {"Kept"}, "version": {"1"}},
		"rules/kept/edit":     {"name": {"Kept"}, "kind": {"exclude"}, "brand": {"B"}, "version": {"1"}},
		"campaigns/kept/edit": {"name": {"Kept"}, "version": {"1"}, "html.0": {"x {{ unsubscribe_url }}"}, "text.0": {"x {{ unsubscribe_url }}"}, "subject.0": {"x"}},
	} {
		t.Run(path, func(t *testing.T) {
			if a := w.post(first, path, form); a.status != http.StatusSeeOther {
				t.Fatalf("the first got %d\n%s", a.status, problemOf(a.body))
			}
			if a := w.post(second, path, form); a.status != http.StatusConflict || !strings.Contains(a.body, "Something changed meanwhile") {
				t.Errorf("the second got %d to %q", a.status, a.to)
			}
			form.Set("version", "nonsense")
			if a := w.post(second, path, form); a.status != http.StatusNotFound {
				t.Errorf("a version that is none got %d", a.status)
			}
		})
	}
}

func TestUploads(t *testing.T) {
	w := newWorld(t)
	in := w.sessions[staff.Marketer]
	if a := w.send(in, in.CSRF, "contacts", "", ""); a.status != http.StatusUnprocessableEntity || !marked(a.body, "file") {
		t.Errorf("no file: %d", a.status)
	}
	if a := w.send(in, in.CSRF, "spells", "list.csv", "x"); a.status != http.StatusUnprocessableEntity || !marked(a.body, "kind") {
		t.Errorf("a kind that is none: %d", a.status)
	}
	if a := w.send(in, "", "contacts", "list.csv", "x"); a.status != http.StatusForbidden {
		t.Errorf("without a token: %d", a.status)
	}
	if a := w.send(in, in.CSRF, "items", "list.csv", strings.Repeat("x", 33<<20)); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("33 MB: %d", a.status)
	}
	w.contacts("email,name\nada@lamps.example,Ada Lovelace\nnot an address,Nobody\n", "ada@lamps.example")
	body := w.get(in, "imports").body
	if !strings.Contains(body, "list.csv") || !strings.Contains(body, ">done<") {
		t.Errorf("the list does not say what became of the file:\n%s", problemOf(body))
	}
}

// TestErasure: the operator may not, the owner is asked once more, gets the certificate, and the customer is gone.
func TestErasure(t *testing.T) {
	w := newWorld(t)
	owner := w.sessions[staff.Owner]
	person := w.contacts("email,name\nada@lamps.example,Ada Lovelace\n", "ada@lamps.example")
	if a := w.post(owner, "customers/"+person+"/export", nil); a.status != http.StatusOK || !strings.Contains(a.body, "ada@lamps.example") || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the export: %d %v", a.status, a.header)
	}
	if a := w.post(owner, "customers/"+person+"/erase", nil); a.status != http.StatusUnprocessableEntity || !marked(a.body, "sure") {
		t.Errorf("without being sure: %d", a.status)
	}
	a := w.post(owner, "customers/"+person+"/erase", url.Values{"sure": {"yes"}})
	if a.status != http.StatusOK || !strings.Contains(a.body, "Certificate") || strings.Contains(a.body, "ada@lamps.example") {
		t.Fatalf("the erasure: %d\n%s", a.status, problemOf(a.body))
	}
	if a := w.get(owner, "customers/"+person); a.status != http.StatusNotFound {
		t.Errorf("the customer's page answers %d", a.status)
	}
	if a := w.get(owner, "erasures"); !strings.Contains(a.body, "Certificate") {
		t.Error("the certificate is not in the list")
	}
}
