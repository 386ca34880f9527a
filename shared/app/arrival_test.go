package app

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/shop"
)

// TestArrivals demands that a stranger's page begins with what the request says they came for, in the words of their language, before any consent, and that nothing of it is kept.
func TestArrivals(t *testing.T) {
	w := newWorld(t)
	directory := shop.NewStore(time.Now, w.store, nil)
	settings := must(directory.Settings(t.Context(), "tea"))
	settings.Consent = consent.Required
	if err := directory.Put(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	seen := &seenLines{}
	handler := must(Recommend(quiet(), time.Now, w.store, w.files, w.keys, &HTTPOptions{Plain: true, Refresh: time.Hour, Exposures: seen}))
	w.server = httptest.NewServer(handler)
	t.Cleanup(w.server.Close)
	reason := func(path string, header http.Header) (code, text string) {
		t.Helper()
		a := w.browser()
		a.header = header
		var page frontPage
		if status := a.call(http.MethodGet, path+"&writeKey="+teaKey, nil, &page); status != http.StatusOK || len(page.shelf("for-you")) != 12 {
			t.Fatalf("%s: %d, %d items", path, status, len(page.shelf("for-you")))
		}
		if a.answered.Get("Set-Cookie") != "" || page.Consent.Personalization {
			t.Errorf("%s: consent %+v, cookie %q", path, page.Consent, a.answered.Get("Set-Cookie"))
		}
		for _, s := range page.Shelves {
			if s.Placement == "for-you" {
				return s.Items[0].Reason.Code, s.Items[0].Reason.Text
			}
		}
		return "", ""
	}
	const category = "Kind 3"
	for name, tt := range map[string]struct {
		query  string
		header http.Header
		want   string
	}{
		"by the page's address": {"url=" + url.QueryEscape("https://shop.example/c/kind-3?gclid=1"), nil, "Because you came for " + category},
		"in another language":   {"locale=de&utm_campaign=spring-kind-3", nil, "Weil Sie für " + category + " gekommen sind"},
		"by the page that asks": {"locale=en", http.Header{"Referer": {"https://shop.example/tea/kind-3/"}}, "Because you came for " + category},
		"by a search":           {"referrer=" + url.QueryEscape("https://search.example/?q=kind+3+tea"), nil, "Because you came for " + category},
		"too long for words":    {"url=" + strings.Repeat("%C3", 3000) + "&utm_term=" + strings.Repeat("kind+3+", 1000), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			code, text := reason("/v1/front-page?"+tt.query, tt.header)
			if (code == "because-came") != (tt.want != "") || tt.want != "" && text != tt.want {
				t.Errorf("%s: %q, want %q", code, text, tt.want)
			}
		})
	}
	for _, line := range seen.lines {
		if strings.Contains(line, "kind") || strings.Contains(line, "visitor") {
			t.Errorf("the log of exposures has %s", line)
		}
	}
	if len(seen.lines) == 0 {
		t.Error("nothing was logged")
	}
}
