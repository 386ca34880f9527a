package web

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/event"
)

func pack(t testing.TB, text []byte) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestUnfriendly is the list of unfriendly calls: what is refused, how, and that the answer names what is wrong.
func TestUnfriendly(t *testing.T) {
	ok := `{"type":"page","anonymousId":"a"}`
	big := `{"type":"track","event":"x","anonymousId":"a","properties":{"x":"` + strings.Repeat("y", 33<<10) + `"}}`
	with := func(h map[string]string, more ...string) map[string]string {
		for i := 0; i < len(more); i += 2 {
			h[more[i]] = more[i+1]
		}
		return h
	}
	tests := map[string]struct {
		call   call
		status int
		names  string // path of the first error
	}{
		"empty body":                    {call{path: "/v1/batch", header: basic(lampsKey)}, 400, "body"},
		"an open brace":                 {call{path: "/v1/batch", header: basic(lampsKey), body: `{`}, 400, "body"},
		"a list":                        {call{path: "/v1/batch", header: basic(lampsKey), body: `[]`}, 400, "body"},
		"two values":                    {call{path: "/v1/batch", header: basic(lampsKey), body: `{"batch":[` + ok + `]}{}`}, 400, "body"},
		"no batch key":                  {call{path: "/v1/batch", header: basic(lampsKey), body: `{}`}, 400, "batch"},
		"batch is null":                 {call{path: "/v1/batch", header: basic(lampsKey), body: `{"batch":null}`}, 400, "batch"},
		"batch is an object":            {call{path: "/v1/batch", header: basic(lampsKey), body: `{"batch":{}}`}, 400, "batch"},
		"empty batch":                   {call{path: "/v1/batch", header: basic(lampsKey), body: `{"batch":[]}`}, 400, "batch"},
		"neither id":                    {call{path: "/v1/batch", header: basic(lampsKey), body: `{"batch":[` + ok + `,` + ok + `,` + ok + `,{"type":"page"}]}`}, 400, "batch[3]"},
		"ids that scripts send":         {call{path: "/v1/batch", header: basic(lampsKey), body: `{"batch":[{"type":"page","userId":"undefined","anonymousId":" null "}]}`}, 400, "batch[0]"},
		"an event that is a number":     {call{path: "/v1/batch", header: basic(lampsKey), body: `{"batch":[` + ok + `,5]}`}, 400, "batch[1]"},
		"an event that is null":         {call{path: "/v1/batch", header: basic(lampsKey), body: `{"batch":[null]}`}, 400, "batch[0]"},
		"unknown type":                  {call{path: "/v1/batch", header: basic(lampsKey), body: `{"batch":[{"type":"poke","userId":"u"}]}`}, 400, "batch[0].type"},
		"an id that is a list":          {call{path: "/v1/batch", header: basic(lampsKey), body: `{"batch":[{"type":"page","userId":["u"]}]}`}, 400, "batch[0].userId"},
		"properties that are a list":    {call{path: "/v1/batch", header: basic(lampsKey), body: `{"batch":[{"type":"page","userId":"u","properties":[]}]}`}, 400, "batch[0].properties"},
		"track without event":           {call{path: "/v1/track", header: basic(lampsKey), body: `{"userId":"u"}`}, 400, "event"},
		"one event too large":           {call{path: "/v1/batch", header: basic(lampsKey), body: `{"batch":[` + ok + `,` + big + `]}`}, 400, "batch[1]"},
		"one message too large":         {call{path: "/v1/track", header: basic(lampsKey), body: big}, 413, ""},
		"a batch over 500 KB":           {call{path: "/v1/batch", header: basic(lampsKey), body: `{"batch":[` + strings.Repeat(ok+",", 4000) + ok + `],"pad":"` + strings.Repeat("x", 500<<10) + `"}`}, 413, ""},
		"a body over everything":        {call{path: "/v1/batch", header: basic(lampsKey), body: strings.Repeat("x", 5<<20)}, 413, ""},
		"a decompression bomb":          {call{path: "/v1/batch", header: with(basic(lampsKey), "Content-Encoding", "gzip"), body: pack(t, make([]byte, 64<<20))}, 413, ""},
		"a truncated compressed body":   {call{path: "/v1/batch", header: with(basic(lampsKey), "Content-Encoding", "gzip"), body: pack(t, []byte(strings.Repeat(ok, 100)))[:40]}, 413, ""},
		"not gzip at all":               {call{path: "/v1/batch", header: with(basic(lampsKey), "Content-Encoding", "gzip"), body: "hello, this is text"}, 400, ""},
		"an encoding nobody speaks":     {call{path: "/v1/batch", header: with(basic(lampsKey), "Content-Encoding", "br"), body: "x"}, 400, "Content-Encoding"},
		"too many messages":             {call{path: "/v1/batch", header: basic(lampsKey), body: `{"batch":[` + strings.Repeat("1,", 5000) + `1]}`}, 400, "batch"},
		"a wrong key":                   {call{path: "/v1/batch", header: basic("wk_wrong"), body: `{"batch":[` + ok + `]}`}, 401, ""},
		"no key":                        {call{path: "/v1/batch", body: `{"batch":[` + ok + `]}`}, 401, ""},
		"a wrong key in the body":       {call{path: "/v1/batch", body: `{"writeKey":"wk_wrong","batch":[` + ok + `]}`}, 401, ""},
		"keys of two shops":             {call{path: "/v1/batch", header: basic(lampsKey), body: `{"writeKey":"` + rugsKey + `","batch":[` + ok + `]}`}, 401, ""},
		"an origin the shop refuses":    {call{path: "/v1/batch", header: map[string]string{"Origin": "https://evil.example"}, body: `{"writeKey":"` + rugsKey + `","batch":[` + ok + `]}`}, 403, ""},
		"a GET on a POST route":         {call{method: "GET", path: "/v1/batch", header: basic(lampsKey)}, 405, ""},
		"nothing there":                 {call{method: "GET", path: "/v1/nothing"}, 404, ""},
		"a pixel that contradicts":      {call{method: "GET", path: "/pixel/v1/track?writeKey=" + lampsKey + "&properties=1&properties.a=2"}, 400, "properties.a"},
		"a pixel of nobody":             {call{method: "GET", path: "/pixel/v1/page?writeKey=" + lampsKey}, 400, "body"},
		"consent without a purpose":     {call{path: "/v1/consent", header: basic(lampsKey), body: `{"granted":true}`}, 400, "purpose"},
		"consent that says nothing":     {call{path: "/v1/consent", header: basic(lampsKey), body: `{"purpose":"marketing"}`}, 400, "granted"},
		"consent to something else":     {call{path: "/v1/consent", header: basic(lampsKey), body: `{"purpose":"anything","granted":true}`}, 400, "purpose"},
		"consent that is no JSON":       {call{path: "/v1/consent", header: basic(lampsKey), body: `granted=true`}, 400, "body"},
		"what is known without a key":   {call{method: "GET", path: "/v1/me"}, 401, ""},
		"a start with a wrong key":      {call{method: "GET", path: "/sourceConfig", header: basic("wk_wrong")}, 401, ""},
		"a Segment start, wrong key":    {call{method: "GET", path: "/v1/projects/wk_wrong/settings"}, 401, ""},
		"a beacon without its key":      {call{path: "/beacon/v1/batch", body: `{"batch":[` + ok + `]}`}, 401, ""},
		"five hundred bytes of user id": {call{path: "/v1/page", header: basic(lampsKey), body: `{"userId":"` + strings.Repeat("u", 501) + `"}`}, 400, "userId"},
	}
	g := newGateway(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := g.do(tt.call)
			if w.Code != tt.status {
				t.Fatalf("%d %s, want %d", w.Code, w.Body, tt.status)
			}
			if allow := w.Header().Get("Allow"); tt.status == 405 && allow != "OPTIONS, POST" {
				t.Errorf("Allow = %q", allow)
			}
			p := problemOf(t, w)
			first := ""
			if len(p.Errors) > 0 {
				first = p.Errors[0].Path
			}
			if first != tt.names {
				t.Errorf("the problem names %q, want %q: %+v", first, tt.names, p)
			}
		})
	}
	if got := g.stored(); len(got) != 0 {
		t.Errorf("refused calls stored %d events", len(got))
	}
}

func TestClients(t *testing.T) {
	tests := map[string]struct {
		call  call
		want  string
		event event.Event
	}{
		"Segment in a page, text/plain": {
			call{path: "/v1/t", header: map[string]string{"Content-Type": "text/plain"}, body: `{"writeKey":"` + lampsKey + `","anonymousId":"a","messageId":"ajs-1","event":"Product Viewed","properties":{"product_id":"1","price":2.5}}`},
			`{"success":true}`, event.Event{ID: "ajs-1", Type: event.Track, Name: event.ProductViewed, Lines: []event.Line{{Item: "1", Price: 250}}},
		},
		"Segment in a page, batching": {
			call{path: "/v1/b", body: `{"writeKey":"` + lampsKey + `","batch":[{"type":"page","anonymousId":"a","messageId":"m","properties":{"url":"https://s.example/p?x=1"}}]}`},
			`{"success":true}`, event.Event{ID: "m", Type: event.Page, Path: "/p"},
		},
		"Segment on a server": {
			call{path: "/v1/batch", header: basic(lampsKey), body: `{"batch":[{"type":"track","event":"Completed Order","userId":5,"messageId":"m","properties":{"orderId":"o","revenue":"9.99","currency":"eur"},"context":{"library":{"name":"analytics-python"}}}]}`},
			`{"success":true}`, event.Event{ID: "m", Type: event.Track, Name: event.OrderCompleted, Order: &event.Order{ID: "o", Total: 999, Currency: "EUR"}},
		},
		"RudderStack in a page, gzip": {
			call{path: "/v1/batch", header: map[string]string{"Authorization": basic(lampsKey)["Authorization"], "Content-Encoding": "gzip"}, body: pack(t, []byte(`{"batch":[{"type":"track","event":"Products Searched","anonymousId":"a","messageId":"m","properties":{"query":"lamp"},"context":{"library":{"name":"RudderLabs JavaScript SDK"},"sessionId":17}}]}`))},
			`OK`, event.Event{ID: "m", Type: event.Track, Name: event.ProductsSearched, Query: "lamp", Session: "17"},
		},
		"RudderStack's beacon": {
			call{path: "/beacon/v1/batch?writeKey=" + lampsKey, body: `{"batch":[{"type":"page","name":"Home","anonymousId":"a","messageId":"m"}]}`},
			`OK`, event.Event{ID: "m", Type: event.Page, Name: "Home"},
		},
		"RudderStack's pixel": {
			call{method: "GET", path: "/pixel/v1/track?writeKey=" + lampsKey + "&anonymousId=a&messageId=m&event=Product+Added&properties.product_id=7&properties.quantity=2"},
			string(dot), event.Event{ID: "m", Type: event.Track, Name: event.ProductAdded, Lines: []event.Line{{Item: "7", Quantity: 2}}},
		},
		"a page that calls itself a product": {
			call{path: "/v1/page", header: basic(lampsKey), body: `{"anonymousId":"a","messageId":"m","name":"Product Viewed","properties":{"product_id":"1"}}`},
			`{"success":true}`, event.Event{ID: "m", Type: event.Page, Properties: json.RawMessage(`{"product_id":"1"}`)},
		},
		"a crawler": {
			call{path: "/v1/p", header: map[string]string{"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}, body: `{"writeKey":"` + lampsKey + `","anonymousId":"a","messageId":"m"}`},
			`{"success":true}`, event.Event{ID: "m", Type: event.Page, Verdict: event.Bot},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			w := g.do(tt.call)
			if w.Code != http.StatusOK || w.Body.String() != tt.want {
				t.Fatalf("%d %q, want 200 %q", w.Code, w.Body, tt.want)
			}
			got := g.stored()
			if len(got) != 1 {
				t.Fatalf("%d events, want 1", len(got))
			}
			e := got[0]
			tt.event.Shop, tt.event.Visitor, tt.event.Person = "lamps", e.Visitor, e.Person
			tt.event.At, tt.event.ReceivedAt = g.now, g.now
			if diff := cmp.Diff(tt.event, e); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPreflight(t *testing.T) {
	g := newGateway(t)
	w := g.do(call{method: "OPTIONS", path: "/v1/batch", header: map[string]string{
		"Origin": "https://lamps.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type",
	}})
	got := map[string]string{"status": fmt.Sprint(w.Code)}
	for _, name := range []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Vary"} {
		got[name] = w.Header().Get(name)
	}
	want := map[string]string{
		"status": "204", "Access-Control-Allow-Origin": "https://lamps.example", "Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Methods": "OPTIONS, POST",
		"Access-Control-Allow-Headers": "authorization,content-type", "Vary": "Origin",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("preflight (-want +got):\n%s", diff)
	}
	w = g.do(call{method: "OPTIONS", path: "/healthz", header: map[string]string{"Origin": "https://lamps.example", "Access-Control-Request-Method": "GET"}})
	if w.Code != http.StatusNoContent || w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("preflight of a route that is not for pages: %d %v", w.Code, w.Header())
	}
	w = g.do(call{path: "/v1/batch", header: map[string]string{"Origin": "null"}, body: `{}`})
	if got := w.Header().Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("a page without origin is let in as %q", got)
	}
}

func TestNothingIsAcknowledgedThatIsNotStored(t *testing.T) {
	g := newGateway(t)
	body := `{"writeKey":"` + lampsKey + `","batch":[{"type":"identify","anonymousId":"a","userId":"u","messageId":"m1","traits":{"name":"Jo"}},{"type":"page","anonymousId":"a","messageId":"m2"}]}`
	g.store.fail = unavailable
	w := g.do(call{path: "/v1/batch", body: body})
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || len(w.Result().Cookies()) != 0 {
		t.Fatalf("%d %v, want 503 with Retry-After and no cookie", w.Code, w.Header())
	}
	if p := problemOf(t, w); p.Detail != "" {
		t.Errorf("the problem tells the client %q", p.Detail)
	}
	g.store.fail = nil
	for range 3 {
		if w := g.do(call{path: "/v1/batch", body: body}); w.Code != http.StatusOK {
			t.Fatalf("again: %d %s", w.Code, w.Body)
		}
	}
	if got := g.stored(); len(got) != 2 || got[0].Visitor != got[1].Visitor {
		t.Errorf("stored %+v, want two events of one visitor", got)
	}
}

func TestRepeatedMessageIsOneInsert(t *testing.T) {
	g := newGateway(t)
	m := `{"type":"track","event":"Product Viewed","anonymousId":"a","messageId":"m","properties":{"product_id":"1"}}`
	jar := map[string]string{}
	g.send(lampsKey, jar, m, m)
	g.advance(12 * time.Hour)
	g.send(lampsKey, jar, m)
	g.send(lampsKey, nil, m)
	var inserts, others int
	for _, c := range g.changes(event.Table) {
		if c.Old == nil {
			inserts++
		} else {
			others++
		}
	}
	if inserts != 1 || others == 0 {
		t.Errorf("%d inserts and %d modifications, want one insert and at least one modification", inserts, others)
	}
}

func TestMessageIDFromContent(t *testing.T) {
	g := newGateway(t)
	m := func(item, sent string) string {
		return `{"type":"track","event":"Product Viewed","anonymousId":"a","timestamp":"2026-05-01T11:00:00Z","sentAt":"` + sent + `","properties":{"product_id":"` + item + `"}}`
	}
	g.send(lampsKey, nil, m("1", "2026-05-01T11:00:01Z"))
	g.send(lampsKey, nil, m("1", "2026-05-01T11:30:00Z"))
	g.send(lampsKey, nil, m("2", "2026-05-01T11:30:00Z"))
	if got := g.stored(); len(got) != 2 {
		t.Errorf("%d events, want 2: the content makes the id, when it was sent does not", len(got))
	}
}

func TestNothingPersonalInEventsAndLogs(t *testing.T) {
	g := newGateway(t)
	secret := "jane.doe@example.org"
	w := g.do(call{path: "/v1/batch?note=" + secret, header: map[string]string{"X-Forwarded-For": "203.0.113.9"}, body: `{"writeKey":"` + lampsKey + `","batch":[
		{"type":"identify","anonymousId":"a","userId":"` + secret + `","messageId":"m1","traits":{"email":"` + secret + `","name":"Jane Doe"},"context":{"ip":"203.0.113.9"}},
		{"type":"track","event":"Mail ` + secret + `","anonymousId":"a","userId":"` + secret + `","messageId":"` + secret + `","context":{"traits":{"phone":"0123456"},"page":{"url":"https://s.example/?e=` + secret + `"}},
		 "properties":{"email":"` + secret + `","note":"` + secret + `","category":"` + secret + `","query":"` + secret + `","url":"https://s.example/x?e=` + secret + `","ip":"203.0.113.9","keep":"me"}}]}`})
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	var all strings.Builder
	changes := g.changes(event.Table)
	for _, c := range changes {
		all.WriteString(c.Key.Partition + c.Key.Sort + string(c.New.Body))
	}
	all.WriteString(g.log.String())
	for _, private := range []string{"jane", "Jane", "203.0.113.9", "0123456", "Firefox"} {
		if strings.Contains(all.String(), private) {
			t.Errorf("%q stands in events or logs:\n%s", private, &all)
		}
	}
	if len(changes) != 2 || !strings.Contains(all.String(), `"keep":"me"`) {
		t.Errorf("what is harmless was not kept: %s", &all)
	}
	told := g.pending()
	if len(told) != 2 || told[0].UserID != secret || string(told[0].Traits["name"]) != `"Jane Doe"` || string(told[1].Traits["phone"]) != `"0123456"` {
		t.Errorf("traits for the people table: %+v", told)
	}
}

func TestStart(t *testing.T) {
	g := newGateway(t)
	for _, path := range []string{"/sourceConfig", "/sourceConfig/?p=npm&v=3"} {
		w := g.do(call{method: "GET", path: path, header: basic(lampsKey)})
		want := `{"source":{"id":"lamps","name":"Lamps","writeKey":"` + lampsKey + `","enabled":true,"config":{},"workspaceId":"lamps","dataplanes":{},"destinations":[],"updatedAt":"1970-01-01T00:00:00Z"},"updatedAt":"1970-01-01T00:00:00Z"}`
		if w.Code != 200 || w.Body.String() != want {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	w := g.do(call{method: "GET", path: "/v1/projects/" + lampsKey + "/settings"})
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"apiHost":"collect.example/v1"`) {
		t.Errorf("settings: %d %s", w.Code, w.Body)
	}
	if w := g.do(call{method: "GET", path: "/healthz"}); w.Code != 200 {
		t.Errorf("healthz: %d", w.Code)
	}
	w = g.do(call{method: "GET", path: "/sk.js", header: map[string]string{"Accept-Encoding": "gzip"}})
	etag := w.Header().Get("ETag")
	if w.Code != 200 || etag == "" || w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() >= 3<<10 {
		t.Errorf("sk.js: %d, %d bytes, %v", w.Code, w.Body.Len(), w.Header())
	}
	if w := g.do(call{method: "GET", path: "/sk.js", header: map[string]string{"If-None-Match": etag}}); w.Code != 304 || w.Body.Len() != 0 {
		t.Errorf("sk.js again: %d, %d bytes", w.Code, w.Body.Len())
	}
	if w := g.do(call{method: "HEAD", path: "/sk.js"}); w.Code != 200 {
		t.Errorf("HEAD sk.js: %d", w.Code)
	}
}

func TestPanicIsAProblem(t *testing.T) {
	g := newGateway(t)
	h := NewHandler(discard, func() time.Time { return g.now }, Route{"GET", "/x", func(http.ResponseWriter, *http.Request) error { panic("secret detail") }, false},
		Route{"GET", "/nothing", func(http.ResponseWriter, *http.Request) error { return nil }, false})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/x", nil))
	if w.Code != 500 || strings.Contains(w.Body.String(), "secret detail") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	problemOf(t, w)
	w = httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/nothing", nil))
	if w.Code != 204 {
		t.Errorf("a handler that writes nothing: %d, want 204", w.Code)
	}
}
