package web

import (
	"net/http"
	"net/url"
	"testing"
)

// FuzzCollect holds the gateway to its promise: whatever bytes come, the answer is a success or a problem document that blames the client.
func FuzzCollect(f *testing.F) {
	for _, seed := range []string{
		``, `{`, `[]`, `null`, `{"batch":[{}]}`, `{"batch":[{"type":"track","event":"Order Completed","userId":1,"properties":{"products":[{"sku":1,"price":"1,5"}],"total":1e9}}]}`,
		`{"batch":[{"type":"identify","userId":"u","traits":{"a":{"b":[1,{"":2}]},"n":1e400}}],"sentAt":"2026-01-01T00:00:00Z"}`, `{"anonymousId":"\u0000#%","messageId":"#"}`,
		`{"batch":[{"type":"alias","previousId":"a","userId":"b","timestamp":"9999-12-31T23:59:59Z","sentAt":"0001-01-01"}]}`, "{\"userId\":\"\xff\",\"event\":\"\xc3\"}",
		`{"type":"track","event":"x","userId":"u","userId":"v","properties":{"a":1,"a":2,"pk":{"sk":[]}}}`,
	} {
		f.Add("/v1/batch", seed, "")
		f.Add("/v1/track", seed, "k1.x")
		f.Add("/v1/identify", seed, "")
		f.Add("/v1/consent", seed, "")
	}
	f.Add("/pixel/v1/track?a.b.c=1&properties={}", "", "")
	g := newGateway(f)
	paths := map[string]bool{}
	for _, r := range CollectRoutes(nil, CollectDeps{Cookies: &Cookies{}}) {
		paths[r.Path] = true
	}
	f.Fuzz(func(t *testing.T, path, body, jar string) {
		method := http.MethodPost
		if !paths[path] {
			method, path = http.MethodGet, "/pixel/v1/track?event=x&anonymousId="+url.QueryEscape(path)+"&properties="+url.QueryEscape(body)+"&"+url.QueryEscape(jar)+"=1"
		}
		g.t = t
		w := g.do(call{method: method, path: path, body: body, header: basic(lampsKey), jar: map[string]string{cookie: jar}})
		if w.Code >= 500 || w.Code < 200 {
			t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
		if w.Code >= 400 && w.Code != http.StatusMethodNotAllowed {
			problemOf(t, w)
		}
	})
}
