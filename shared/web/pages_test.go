package web

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/locale"
	"shopkeeper/shared/shop"
)

func TestLimiter(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	l := newLimiter(2, time.Minute)
	steps := []struct {
		caller string
		after  time.Duration
		want   time.Duration
	}{
		{"a", 0, 0}, {"a", 10 * time.Second, 0}, {"a", 10 * time.Second, 40 * time.Second}, {"b", 0, 0}, {"a", 39 * time.Second, time.Second}, {"a", time.Second, 0}, {"a", 0, 0}, {"a", 0, time.Minute},
	}
	for i, s := range steps {
		now = now.Add(s.after)
		if got := l.wait(s.caller, now); got != s.want {
			t.Errorf("step %d: %s waits %v, want %v", i, s.caller, got, s.want)
		}
	}
	for i := range 2 * maxCallers {
		l.wait(fmt.Sprint(i), now)
	}
	if len(l.spent) > maxCallers {
		t.Errorf("%d callers are remembered", len(l.spent))
	}
}

// TestThePolicyKnowsTheStyle holds the page's policy to the bytes of the page: a browser drops a style sheet whose hash it does not know.
func TestThePolicyKnowsTheStyle(t *testing.T) {
	h := &preferences{}
	w := httptest.NewRecorder()
	v := h.newSheet(locale.New(nil).Choose("de"), shop.Settings{Name: "A & B", URL: "javascript:alert(1)"})
	v.Title, v.Button = v.say(locale.UnsubscribeTitle), "OK"
	if err := v.show(w, http.StatusOK); err != nil {
		t.Fatal(err)
	}
	page := w.Body.String()
	_, rest, _ := strings.Cut(page, "<style>")
	style, _, found := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	if want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !found || !strings.Contains(w.Header().Get("Content-Security-Policy"), want) {
		t.Errorf("the policy %q does not allow the page's style, %s", w.Header().Get("Content-Security-Policy"), want)
	}
	for _, want := range []string{`<html lang="de">`, "Von A &amp; B abmelden", `<form method="post">`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s:\n%s", want, page)
		}
	}
	if strings.Contains(page, "javascript:") || strings.Contains(page, " style=") {
		t.Errorf("the page has what its policy forbids:\n%s", page)
	}
}

func TestPrefetched(t *testing.T) {
	for name, value := range map[string]string{"Sec-Purpose": "prefetch;prerender", "Purpose": "prefetch", "X-Purpose": "preview", "X-Moz": "prefetch"} {
		r := httptest.NewRequest(http.MethodGet, "/c/x", nil)
		if prefetched(r) {
			t.Error("a plain request is taken for one ahead of time")
		}
		if r.Header.Set(name, value); !prefetched(r) {
			t.Errorf("%s: %s is not seen", name, value)
		}
	}
}
