package app

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// discard is an http.ResponseWriter that costs nothing.
type discard struct {
	header http.Header
	status int
	size   int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(b []byte) (int, error) { d.size += len(b); return len(b), nil }

// BenchmarkFrontPage is a personal front page through the whole handler: cookie, profile from the table, ranking, JSON; without the network.
func BenchmarkFrontPage(b *testing.B) { benchFrontPage(b, newWorld(b), 0) }

func benchFrontPage(b *testing.B, w *world, offers int) {
	b.Helper()
	a := w.browser()
	a.frontPage("")
	for _, item := range []string{"t00", "t04", "t08", "t01", "t02", "t12"} {
		a.send(teaKey, view("anon-a", item))
	}
	w.fold()
	page := a.frontPage("")
	if len(page.shelf("viewed-before")) == 0 {
		b.Fatal("the page is not personal")
	}
	var made offersAnswer
	if a.call(http.MethodGet, "/v1/front-page?writeKey="+teaKey, nil, &made); len(made.Offers) != offers {
		b.Fatalf("the page has %d offers", len(made.Offers))
	}
	request := httptest.NewRequest(http.MethodGet, "/v1/front-page?writeKey="+teaKey, nil)
	for _, c := range a.client.Jar.Cookies(must(url.Parse(w.server.URL))) {
		request.AddCookie(c)
	}
	b.ReportAllocs()
	for b.Loop() {
		out := discard{header: http.Header{}}
		w.mux.ServeHTTP(&out, request)
		if out.status != http.StatusOK {
			b.Fatalf("answered %d", out.status)
		}
	}
}
