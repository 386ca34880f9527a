package local

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
)

// TestAKnownPersonIsErasedByMail is what a visitor does who wants to be forgotten: nothing goes before the mail's link was confirmed, and then everything.
func TestAKnownPersonIsErasedByMail(t *testing.T) {
	w := newCanaryWorld(t)
	hash := identity.SignUser([]byte(w.Keys.Secret), "customer-77")
	w.call(w.client, http.MethodPost, "/v1/identify", "application/json",
		fmt.Sprintf(`{"userId":"customer-77","userHash":%q,"anonymousId":"a","traits":{"email":"ann@example.org","firstName":"Ann"}}`, hash), false)
	w.settle()
	w.call(w.client, http.MethodPost, "/v1/consent", "application/json", `{"purpose":"marketing","granted":true,"version":"v3"}`, false)
	me := w.call(w.client, http.MethodGet, "/v1/me", "", "", false)
	for _, want := range []string{`"email":"ann@example.org"`, `"channel":"email","allowed":true`, `"source":"page"`} {
		if !strings.Contains(me, want) {
			t.Errorf("me lacks %s: %s", want, me)
		}
	}
	if all := w.call(w.client, http.MethodGet, "/v1/me/export", "", "", false); !strings.Contains(all, `"text":"v3"`) || !strings.Contains(all, `"devices":[`) {
		t.Errorf("the export lacks the history of permissions or the devices: %s", all)
	}
	answer := w.call(w.client, http.MethodDelete, "/v1/me", "", "", false)
	if !strings.Contains(answer, `"forgotten":false,"confirmationSent":true`) {
		t.Fatalf("asked to be forgotten: %s", answer)
	}
	link := w.linkTo("/p/erase/")
	page := w.call(w.browser(), http.MethodGet, link, "", "", false)
	w.works.finishErasures(t.Context())
	if _, err := w.privacy().Find(t.Context(), ShopID, "ann@example.org"); err != nil || !strings.Contains(page, "<form") {
		t.Fatalf("looking at the page erased, or it has no button: %v", err)
	}
	for range 2 {
		if page = w.call(w.browser(), http.MethodPost, link, "application/x-www-form-urlencoded", url.Values{}.Encode(), false); !strings.Contains(page, "has forgotten you") {
			t.Errorf("confirmed: %s", page)
		}
	}
	w.works.finishErasures(t.Context())
	if found, err := w.privacy().Find(t.Context(), ShopID, "ann@example.org"); !fault.Is(err, fault.NotFound) {
		t.Errorf("still found: %v, %v", found, err)
	}
	if me = w.call(w.client, http.MethodGet, "/v1/me", "", "", false); !strings.Contains(me, `"known":false`) || strings.Contains(me, `"visitor"`) {
		t.Errorf("the cookie of before is still somebody's: %s", me)
	}
	if s := w.scan("ann@example.org", "customer-77"); !s.Clean() {
		t.Errorf("left in %v", s.Found)
	}
}

// TestAStrangerIsForgottenAtOnce and one who merely says a userId learns nothing of the account.
func TestAStrangerIsForgottenAtOnce(t *testing.T) {
	w := newCanaryWorld(t)
	w.call(w.client, http.MethodPost, "/v1/page", "application/json", `{"anonymousId":"a","name":"x"}`, false)
	if answer := w.call(w.client, http.MethodDelete, "/v1/me", "", "", false); !strings.Contains(answer, `{"forgotten":true}`) {
		t.Errorf("a stranger: %s", answer)
	}
	w.call(w.browser(), http.MethodPost, "/v1/identify", "application/json", `{"userId":"known","anonymousId":"b","traits":{"email":"ann@example.org"}}`, true)
	w.settle()
	var answers []string
	for _, user := range []string{"known", "unknown"} {
		client := w.browser()
		w.call(client, http.MethodPost, "/v1/identify", "application/json", fmt.Sprintf(`{"userId":%q,"anonymousId":"dev-%s"}`, user, user), false)
		w.settle()
		answers = append(answers, w.call(client, http.MethodDelete, "/v1/me", "", "", false))
	}
	if answers[0] != answers[1] || strings.Contains(answers[0], "confirmationSent") {
		t.Errorf("the answers tell accounts apart: %q", answers)
	}
}

// linkTo is the path of the only link of its kind in the outbox.
func (w *canaryWorld) linkTo(path string) string {
	w.Helper()
	links := regexp.MustCompile(`http://shop\.example(` + path + `[^\s"<]+)`)
	for _, text := range w.mails() {
		if found := links.FindStringSubmatch(strings.ReplaceAll(string(text), "=\r\n", "")); found != nil {
			return found[1]
		}
	}
	w.Fatalf("no mail has a link to %s", path)
	return ""
}
