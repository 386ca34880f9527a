package web

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
)

const cookie = identity.CookieName

// view is a message that a visitor sends.
func view(id string, more string) string {
	if more != "" {
		more = "," + more
	}
	return `{"type":"track","event":"Product Viewed","messageId":"` + id + `","properties":{"product_id":"1"}` + more + `}`
}

func TestWhoseEventItIs(t *testing.T) {
	g := newGateway(t)
	laptop, other := map[string]string{}, map[string]string{}
	g.send(lampsKey, laptop, view("1", `"anonymousId":"a"`))
	if laptop[cookie] == "" {
		t.Fatal("a fresh visitor got no cookie")
	}
	own := g.stored()[0].Visitor

	tests := []struct {
		name    string
		jar     map[string]string
		message string
		mine    bool
	}{
		{"the cookie and its anonymousId", laptop, `"anonymousId":"a"`, true},
		{"the cookie decides over another anonymousId", laptop, `"anonymousId":"b"`, true},
		{"that anonymousId is the cookie's now", nil, `"anonymousId":"b"`, true},
		{"the anonymousId alone writes to its visitor", other, `"anonymousId":"a"`, true},
		{"a forged cookie is a stranger", map[string]string{cookie: "k1.AAAA" + laptop[cookie][7:]}, `"anonymousId":"c"`, false},
		{"a stranger", nil, `"anonymousId":"d"`, false},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g.t = t
			g.send(lampsKey, tt.jar, view(fmt.Sprint("t", i), tt.message))
			if got := g.stored(); len(got) != 1 || (got[0].Visitor == own) != tt.mine {
				t.Errorf("stored %+v; want it to be the first visitor's: %v", got, tt.mine)
			}
		})
	}
	if len(other) != 0 {
		t.Errorf("whoever merely sends an anonymousId got %v", other)
	}
}

func TestAnotherShopsCookieIsAStranger(t *testing.T) {
	g := newGateway(t)
	jar := map[string]string{}
	g.send(lampsKey, jar, view("1", `"anonymousId":"a"`))
	first := g.stored()[0]
	g.send(rugsKey, maps.Clone(jar), view("1", `"anonymousId":"a"`))
	second := g.stored()[0]
	if second.Shop != "rugs" || second.Visitor == first.Visitor {
		t.Errorf("the event is %s's of shop %s", second.Visitor, second.Shop)
	}
}

func TestServerEvents(t *testing.T) {
	g := newGateway(t)
	library := `"context":{"library":{"name":"analytics-node"}}`
	g.send(lampsKey, nil, view("1", `"userId":"u",`+library))
	offline := g.stored()[0]
	if offline.Visitor != event.VisitorID(offline.Person) {
		t.Errorf("an event with a userId alone belongs to %s, want the offline channel of %s", offline.Visitor, offline.Person)
	}
	jar := map[string]string{}
	w := g.do(call{path: "/v1/batch", jar: jar, header: map[string]string{"User-Agent": "analytics-node/7 bot"}, body: `{"writeKey":"` + lampsKey + `","batch":[` + view("2", `"anonymousId":"s",`+library) + `]}`})
	if w.Code != http.StatusOK || len(jar) != 0 {
		t.Errorf("a server got %d and cookies %v", w.Code, jar)
	}
	if e := g.stored()[0]; e.Verdict != event.Human {
		t.Errorf("a server SDK is a %q for its user agent", e.Verdict)
	}
	g.do(call{path: "/v1/batch", header: map[string]string{"User-Agent": "analytics-node/7"}, body: `{"writeKey":"` + lampsKey + `","batch":[` +
		view("3", `"anonymousId":"s","context":{"library":{"name":"analytics-node"},"userAgent":"Mozilla/5.0 (compatible; bingbot/2.0)"}`) + `]}`})
	if e := g.stored()[0]; e.Verdict != event.Bot {
		t.Errorf("a crawler that a server reports is a %q", e.Verdict)
	}
}

func TestPeopleOfOneDevice(t *testing.T) {
	g := newGateway(t)
	jar := map[string]string{}
	g.send(lampsKey, jar, view("1", `"anonymousId":"a"`))
	stranger := g.stored()[0]

	before := jar[cookie]
	g.send(lampsKey, jar, `{"type":"identify","messageId":"2","anonymousId":"a","traits":{"email":"jo@example.org"}}`)
	lead := g.stored()[0]
	if lead.Visitor != stranger.Visitor || lead.Person == "" || jar[cookie] == before {
		t.Fatalf("traits without a userId: %+v, cookie changed: %v", lead, jar[cookie] != before)
	}
	g.send(lampsKey, jar, `{"type":"identify","messageId":"3","anonymousId":"a","userId":"u1","traits":{"name":"Jo"}}`)
	known := g.stored()[0]
	if known.Visitor != stranger.Visitor || known.Person != lead.Person {
		t.Errorf("the account's first userId made %+v, want the person of the traits and the same visitor", known)
	}

	snapshot := maps.Clone(jar)
	g.send(lampsKey, jar, `{"type":"identify","messageId":"4","anonymousId":"a","userId":"u2","traits":{"name":"Al"}}`, view("5", `"anonymousId":"a"`))
	second := g.stored()
	if len(second) != 2 || second[0].Visitor == stranger.Visitor || second[0].Person == known.Person || second[1].Visitor != second[0].Visitor {
		t.Fatalf("a second person on the device: %+v; want a fresh visitor and another person", second)
	}
	g.send(lampsKey, snapshot, `{"type":"identify","messageId":"4","anonymousId":"a","userId":"u2","traits":{"name":"Al"}}`, view("5", `"anonymousId":"a"`))
	if again := g.stored(); len(again) != 0 {
		t.Errorf("the same call with the former cookie, as after a lost answer, stored %+v anew", again)
	}
	g.send(lampsKey, jar, view("6", `"anonymousId":"a"`))
	if next := g.stored(); next[0].Visitor != second[0].Visitor {
		t.Errorf("the next event is %s's, want the second person's visitor", next[0].Visitor)
	}
}

func TestVouching(t *testing.T) {
	g := newGateway(t)
	signed := identity.SignUser([]byte(lampsSecret), "u1")
	identify := func(more string) string {
		return `{"type":"identify","anonymousId":"a","userId":"u1"` + more + `}`
	}
	tests := []struct {
		name, message string
		header        map[string]string
		want          bool
	}{
		{"a page alone", identify(``), basic(lampsKey), false},
		{"a page with the shop's signature", identify(`,"context":{"userHash":"` + signed + `"}`), basic(lampsKey), true},
		{"the signature beside", identify(`,"userHash":"` + signed + `"`), basic(lampsKey), true},
		{"another user's signature", identify(`,"userHash":"` + identity.SignUser([]byte(lampsSecret), "u2") + `"`), basic(lampsKey), false},
		{"signed with the write key", identify(`,"userHash":"` + identity.SignUser([]byte(lampsKey), "u1") + `"`), basic(lampsKey), false},
		{"the shop's server", identify(``), basic(lampsSecret), true},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g.t = t
			message := strings.Replace(tt.message, `{`, fmt.Sprintf(`{"messageId":"m%d",`, i), 1)
			if w := g.do(call{path: "/v1/identify", header: tt.header, body: message}); w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if e := g.stored()[0]; e.Trusted != tt.want {
				t.Errorf("trusted = %v, want %v", e.Trusted, tt.want)
			}
		})
	}
}

func TestCookieIsRenewed(t *testing.T) {
	g := newGateway(t)
	jar := map[string]string{}
	g.send(lampsKey, jar, view("1", `"anonymousId":"a"`))
	first := jar[cookie]
	g.advance(time.Hour)
	g.send(lampsKey, jar, view("2", `"anonymousId":"a"`))
	if jar[cookie] != first {
		t.Error("a young cookie was issued again")
	}
	g.advance(identity.RenewAfter)
	g.send(lampsKey, jar, view("3", `"anonymousId":"a"`))
	if jar[cookie] == first {
		t.Error("an old cookie was not issued again")
	}
	got := g.stored()
	if len(got) != 3 || got[0].Visitor != got[2].Visitor {
		t.Errorf("stored %+v, want three events of one visitor", got)
	}
	w := g.do(call{path: "/v1/page", header: basic(lampsKey), body: `{"anonymousId":"z"}`})
	set := w.Header().Get("Set-Cookie")
	for _, attribute := range []string{cookie + "=", "Path=/", "Max-Age=34128000", "HttpOnly", "Secure", "SameSite=Lax"} {
		if !strings.Contains(set, attribute) {
			t.Errorf("Set-Cookie %q is without %s", set, attribute)
		}
	}
}

func TestConsentDecidesWhatIsKept(t *testing.T) {
	tests := map[string]struct {
		key    string
		header map[string]string
		said   consent.Choice
		more   string
		kept   bool
	}{
		"implied, undecided":                  {lampsKey, nil, 0, ``, true},
		"implied, GPC":                        {lampsKey, map[string]string{"Sec-GPC": "1"}, 0, ``, false},
		"implied, denied":                     {lampsKey, nil, consent.Denied, ``, false},
		"required, undecided":                 {strictKey, nil, 0, ``, false},
		"required, granted":                   {strictKey, nil, consent.Granted, ``, true},
		"required, granted, GPC":              {strictKey, map[string]string{"Sec-GPC": "1"}, consent.Granted, ``, false},
		"required, the event says yes":        {strictKey, nil, 0, `"context":{"consent":{"personalization":true}}`, true},
		"required, denied, the event yes":     {strictKey, nil, consent.Denied, `"context":{"consent":{"personalization":true}}`, false},
		"implied, the event says no":          {lampsKey, nil, 0, `"context":{"consent":{"categoryPreferences":{"Personalization":false}}}`, false},
		"required, consent of another sort":   {strictKey, nil, 0, `"context":{"consent":{"categoryPreferences":{"Ads":true}}}`, false},
		"required, consent that is no object": {strictKey, nil, 0, `"context":{"consent":"yes"}`, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			jar := map[string]string{}
			if tt.said != 0 {
				shop := event.ShopID("lamps")
				if tt.key == strictKey {
					shop = "strict"
				}
				jar[consent.CookieName] = consent.FormatCookie(shop, consent.State{Personalization: tt.said, At: g.now})
			}
			more := `"anonymousId":"a","userId":"u"`
			if tt.more != "" {
				more += "," + tt.more
			}
			w := g.do(call{path: "/v1/batch", header: tt.header, jar: jar, body: `{"writeKey":"` + tt.key + `","batch":[` + view("1", more) + `]}`})
			if w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if kept := len(g.stored()) == 1; kept != tt.kept || (jar[cookie] != "") != tt.kept {
				t.Errorf("kept %v, cookie %v; want %v", kept, jar[cookie] != "", tt.kept)
			}
			if told := g.pending(); !tt.kept && len(told) != 0 {
				t.Errorf("kept %+v of somebody who did not agree", told)
			}
		})
	}
}

func TestConsentRoute(t *testing.T) {
	g := newGateway(t)
	jar := map[string]string{}
	decide := func(granted bool) string {
		w := g.do(call{path: "/v1/consent", jar: jar, body: fmt.Sprintf(`{"writeKey":"%s","purpose":"personalization","granted":%v,"version":"v1"}`, strictKey, granted)})
		if w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		return w.Body.String()
	}
	if got, want := decide(true), `{"consent":{"personalization":true,"marketing":false,"source":"cookie"}}`; got != want {
		t.Errorf("granted: %s, want %s", got, want)
	}
	if jar[cookie] == "" || jar[consent.CookieName] == "" {
		t.Fatalf("cookies %v, want a visitor's and the decision", jar)
	}
	g.send(strictKey, jar, view("1", `"anonymousId":"a"`))
	visitor := g.stored()[0].Visitor
	if got, want := decide(false), `{"consent":{"personalization":false,"marketing":false,"source":"cookie"}}`; got != want {
		t.Errorf("withdrawn: %s, want %s", got, want)
	}
	if jar[cookie] != "" || len(g.profiles.gone) != 1 || g.profiles.gone[0] != visitor {
		t.Errorf("after the withdrawal: cookies %v, forgotten %v; want no visitor's cookie and %s forgotten", jar, g.profiles.gone, visitor)
	}
	delete(jar, consent.CookieName)
	g.send(strictKey, jar, view("2", `"anonymousId":"a"`))
	if got := g.stored(); len(got) != 0 {
		t.Errorf("kept %+v of a visitor who withdrew, by the anonymousId", got)
	}
	records, err := consent.NewRecords(g.db).All(t.Context(), "strict", visitor)
	if err != nil || len(records) != 2 || records[0].Choice+records[1].Choice != 0 || records[0].Version != "v1" {
		t.Errorf("records = %+v, %v; want the yes and the no", records, err)
	}
}

func TestDenialOfAStrangerKeepsNothing(t *testing.T) {
	g := newGateway(t)
	jar := map[string]string{}
	w := g.do(call{path: "/v1/consent", jar: jar, header: basic(lampsKey), body: `{"purposes":["personalization","marketing"],"granted":false}`})
	if w.Code != http.StatusOK || jar[cookie] != "" || jar[consent.CookieName] == "" || len(g.profiles.states) != 0 {
		t.Errorf("%d, cookies %v, profiles %v; want the decision in the browser alone", w.Code, jar, g.profiles.states)
	}
}

func TestGrantInAnEventIsRecorded(t *testing.T) {
	g := newGateway(t)
	jar := map[string]string{}
	yes := `"context":{"consent":{"personalization":true}}`
	g.send(strictKey, jar, view("1", `"anonymousId":"a",`+yes), view("2", `"anonymousId":"a",`+yes))
	g.send(strictKey, jar, view("3", `"anonymousId":"a",`+yes))
	visitor := g.stored()[0].Visitor
	records, err := consent.NewRecords(g.db).All(t.Context(), "strict", visitor)
	if err != nil || len(records) != 1 || g.profiles.states[visitor].Personalization != consent.Granted {
		t.Errorf("records = %+v, %v, state %v; want one yes", records, err, g.profiles.states[visitor])
	}
}

func TestMe(t *testing.T) {
	g := newGateway(t)
	jar := map[string]string{}
	ask := func(jar map[string]string, path string) meView {
		t.Helper()
		w := g.do(call{method: "GET", path: path, jar: jar, header: basic(lampsKey)})
		if w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		var v meView
		if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	g.send(lampsKey, jar, view("1", `"anonymousId":"a"`), `{"type":"identify","messageId":"2","anonymousId":"a","userId":"u","traits":{"email":"jo@example.org"}}`)
	visitor := g.stored()[0].Visitor
	if v := ask(nil, "/v1/me?anonymousId=a&userId=u"); v.Known || v.Visitor != "" || v.Person != nil {
		t.Errorf("somebody who knows the ids is told %+v", v)
	}
	v := ask(jar, "/v1/me/export")
	if v.Visitor != visitor || len(v.Events) != 2 || v.Person != nil {
		t.Errorf("export = %+v; want both events of %s and nothing personal", v, visitor)
	}
	w := g.do(call{method: "DELETE", path: "/v1/me", jar: jar, header: basic(lampsKey)})
	if w.Code != http.StatusOK || jar[cookie] != "" || len(g.profiles.gone) != 1 || !strings.Contains(w.Body.String(), "on request") {
		t.Errorf("forget: %d %s, cookies %v, forgotten %v", w.Code, w.Body, jar, g.profiles.gone)
	}
	w = g.do(call{path: "/v1/reset", jar: jar, header: basic(lampsKey)})
	if w.Code != http.StatusOK || jar[cookie] == "" {
		t.Errorf("reset: %d %s, cookies %v", w.Code, w.Body, jar)
	}
}
