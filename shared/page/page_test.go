package page

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"
)

func answer(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestSecure(t *testing.T) {
	h := Secure("default-src 'none'", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	t.Run("every answer has the policy", func(t *testing.T) {
		got := answer(h, httptest.NewRequest(http.MethodGet, "/", nil))
		if p := got.Header.Get("Content-Security-Policy"); got.StatusCode != http.StatusOK || p != "default-src 'none'" {
			t.Errorf("status %d, policy %q", got.StatusCode, p)
		}
	})
	t.Run("a form of another site is refused", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if got := answer(h, r); got.StatusCode != http.StatusForbidden {
			t.Errorf("status %d", got.StatusCode)
		}
	})
}

func TestFingerprint(t *testing.T) {
	one, err := Fingerprint(fstest.MapFS{"a.css": {Data: []byte("a")}, "b/c.js": {Data: []byte("c")}})
	if err != nil {
		t.Fatal(err)
	}
	other, err := Fingerprint(fstest.MapFS{"a.css": {Data: []byte("a")}, "b/c.js": {Data: []byte("d")}})
	if err != nil || one == other || len(one) != 12 {
		t.Errorf("%q and %q for two contents, %v", one, other, err)
	}
}
