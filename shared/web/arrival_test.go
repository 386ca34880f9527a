package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/recommend/arrival"
)

func TestArrivalOf(t *testing.T) {
	for name, tt := range map[string]struct {
		query, referer string
		want           arrival.Arrival
	}{
		"nothing":                      {"writeKey=k&slots=new:1", "", arrival.Arrival{}},
		"all":                          {"url=%2Fc%2Ftea%3Futm_term%3Dx&referrer=https://a.example/?q=b&utm_term=loose+tea&utm_campaign=spring", "", arrival.Arrival{URL: "/c/tea?utm_term=x", Referrer: "https://a.example/?q=b", Term: "loose tea", Campaign: "spring"}},
		"the page that asks":           {"limit=3", "https://shop.example/c/tea", arrival.Arrival{URL: "https://shop.example/c/tea"}},
		"url before the page":          {"url=/a", "https://shop.example/c/tea", arrival.Arrival{URL: "/a"}},
		"the first of two":             {"url=/a&url=/b", "", arrival.Arrival{URL: "/a"}},
		"badly escaped":                {"url=%zz&referrer=%&utm_campaign=tea", "", arrival.Arrival{Campaign: "tea"}},
		"without a value":              {"url&referrer=&utm_term", "", arrival.Arrival{}},
		"names that only begin so":     {"urls=/a&utm_terms=b&utm_source=c", "", arrival.Arrival{}},
		"an address of 10,000 letters": {"url=" + strings.Repeat("a", 10_000), "", arrival.Arrival{URL: strings.Repeat("a", 10_000)}},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/v1/front-page", nil)
			if r.URL.RawQuery = tt.query; tt.referer != "" {
				r.Header.Set("Referer", tt.referer)
			}
			if diff := cmp.Diff(tt.want, arrivalOf(r)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("nothing is allocated when nothing is told", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodGet, "/v1/front-page?writeKey=k&slots=new:1", nil)
		if n := testing.AllocsPerRun(100, func() { arrivalOf(r) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

// FuzzArrivalOf holds the parameters to what the standard library reads.
func FuzzArrivalOf(f *testing.F) {
	for _, query := range []string{"url=/a&referrer=%2Fb", "utm_term=a+b&utm_campaign=%d0%9a", "url=%zz&url=/b", "&&=&url", "url=a;b"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r := &http.Request{URL: &url.URL{RawQuery: query}, Header: http.Header{}}
		got := arrivalOf(r)
		if want, err := url.ParseQuery(query); err == nil && !strings.Contains(query, "%") && len(want["url"]) < 2 && utf8.ValidString(query) {
			if got.URL != want.Get("url") {
				t.Errorf("%q: url is %q, want %q", query, got.URL, want.Get("url"))
			}
		}
	})
}
