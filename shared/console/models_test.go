package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/recommend"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/staff"
)

// published are the versions of two models, the older first.
func (w *world) published() (versions [2]string) {
	w.t.Helper()
	for n := range versions {
		c, err := model.NewCatalog([]model.Item{{ID: "A1", Title: hostile, Price: 100, Currency: "EUR"}})
		w.must(err)
		file, err := model.Encode(model.Contents{Trained: time.Now().Add(time.Duration(n) * time.Second), Catalog: c})
		w.must(err)
		m, err := model.Open(file)
		w.must(err)
		_, err = recommend.Publish(w.t.Context(), w.Service.Files, "lamps", m.Version(), file, w.now())
		w.must(err)
		versions[n] = fmt.Sprintf("%016x", m.Version())
	}
	return versions
}

// TestComparingModels begins a comparison on the page, looks at it, and ends it either way.
func TestComparingModels(t *testing.T) {
	w := newWorld(t)
	versions := w.published()
	owner := w.sessions[staff.Owner]
	says := func(a answer, status int, want ...string) {
		t.Helper()
		if a.status != status {
			t.Errorf("%d, want %d:\n%s", a.status, status, a.body)
		}
		for _, text := range want {
			if !strings.Contains(a.body, text) {
				t.Errorf("the page lacks %q:\n%s", text, a.body)
			}
		}
	}
	says(w.get(owner, "models"), http.StatusOK, "Compare two models", "<option>"+versions[0]+"</option>")
	for name, tt := range map[string]struct {
		form url.Values
		says string
	}{
		"a share that is no number":      {url.Values{"version": {versions[0]}, "share": {"half"}}, "A percentage from 0 to 100"},
		"a share of nobody":              {url.Values{"version": {versions[0]}, "share": {"0"}}, "More than 0"},
		"a split that shows A to nobody": {url.Values{"version": {versions[0]}, "share": {"100"}}, "less than 1"},
		"the model in use":               {url.Values{"version": {versions[1]}}, "is the model in use"},
		"a method that there is not":     {url.Values{"version": {versions[0]}, "method": {"tournament"}}, "Split or interleave"},
	} {
		t.Run(name, func(t *testing.T) {
			says(w.post(owner, "models/compare", tt.form), http.StatusUnprocessableEntity, tt.says)
		})
	}
	for _, end := range []struct{ use, live string }{{"a", versions[1]}, {"b", versions[0]}} {
		says(w.post(owner, "models/compare", url.Values{"version": {versions[0]}, "share": {"12.5"}}), http.StatusSeeOther)
		says(w.get(owner, "models"), http.StatusOK, "Two models side by side", "12.5 % of visitors see model B", "It is too early to say", "too few to tell", "This ends the comparison.", ">Use B<")
		if a := w.get(w.sessions[staff.Analyst], "models"); a.status != http.StatusOK || !strings.Contains(a.body, "It is too early to say") || strings.Contains(a.body, ">Use B<") {
			t.Errorf("who may only look sees %d:\n%s", a.status, a.body)
		}
		says(w.post(owner, "models/end", url.Values{"use": {end.use}}), http.StatusSeeOther)
		says(w.get(owner, "models"), http.StatusOK, end.live+`</code> <span class="tag good">in use</span>`)
		says(w.post(owner, "models/end", url.Values{"use": {end.use}}), http.StatusNotFound)
	}
}
