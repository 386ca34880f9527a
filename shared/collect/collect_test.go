package collect

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/people"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/table"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func TestVerdict(t *testing.T) {
	tests := map[string]event.Verdict{
		"": event.Human,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile Safari": event.Human,
		"Mozilla/5.0 (Linux; Android 14; CUBOT X70) AppleWebKit/537.36 Chrome/140.0 Mobile Safari":  event.Human,
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/140.0 Safari":            event.Human,
		"curl/8.5.0": event.Human,
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1) Chrome/140.0 Safari": event.Bot,
		"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)":                           event.Bot,
		"AdsBot-Google (+http://www.google.com/adsbot.html)":                                                event.Bot,
		"facebookexternalhit/1.1":                 event.Bot,
		"Mozilla/5.0 (compatible; YandexBot/3.0)": event.Bot,
		"Baiduspider":                             event.Bot,
		"Mozilla/5.0 (compatible; Yahoo! Slurp)":  event.Bot,
		"my own BOT":                              event.Bot,
	}
	for ua, want := range tests {
		t.Run(ua, func(t *testing.T) {
			if got := verdict(ua); got != want {
				t.Errorf("verdict = %q, want %q", got, want)
			}
		})
	}
}

func TestQuery(t *testing.T) {
	q := url.Values{"anonymousId": {"a"}, "event": {"Product Added"}, "properties.product_id": {"7"}, "properties.products": {`[{"sku":8}]`}, "context.page.path": {"/p"}}
	p, err := Query(event.Track, q, noon)
	if err != nil {
		t.Fatal(err)
	}
	e, err := p.messages[0].build(shop.Settings{ID: "s", Currency: "EUR"}, noon, event.Human)
	if err != nil {
		t.Fatal(err)
	}
	want := event.Event{
		Shop: "s", ID: e.ID, Type: event.Track, Name: event.ProductAdded, At: noon, ReceivedAt: noon, Path: "/p", Lines: []event.Line{{Item: "8"}}, Properties: []byte(`{"product_id":"7"}`),
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	later, err := Query(event.Track, q, noon.Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if later.messages[0].id() == e.ID {
		t.Error("two fetches of one pixel are one event")
	}
}

func TestTraits(t *testing.T) {
	p, err := Single(event.Identify, []byte(`{"userId":"u","traits":{"email":"jo@example.org","n":1e999,"":"x","deep":{"a":{"":1,"b":2}}},"context":{"traits":{"email":"old@example.org","city":"Ghent"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	traits, err := p.messages[0].traits()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, value := range traits {
		got[name] = string(value)
	}
	want := map[string]string{"email": `"jo@example.org"`, "city": `"Ghent"`, "deep": `{"a":{"b":2}}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("traits (-want +got):\n%s", diff)
	}
}

func TestDecisionApplied(t *testing.T) {
	before := consent.State{Personalization: consent.Granted, Marketing: consent.Granted, At: noon.Add(-time.Hour)}
	tests := map[string]struct {
		d    Decision
		want consent.State
	}{
		"no to one":  {Decision{Purposes: []consent.Purpose{consent.Marketing}}, consent.State{Personalization: consent.Granted, Marketing: consent.Denied, At: noon}},
		"no to both": {Decision{Purposes: []consent.Purpose{consent.Marketing, consent.Personalization}}, consent.State{Personalization: consent.Denied, Marketing: consent.Denied, At: noon}},
		"yes again":  {Decision{Purposes: []consent.Purpose{consent.Personalization}, Granted: true}, consent.State{Personalization: consent.Granted, Marketing: consent.Granted, At: noon}},
		"to nothing": {Decision{}, consent.State{Personalization: consent.Granted, Marketing: consent.Granted, At: noon}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.d.Apply(before, noon)); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzBatch holds reading and building to this: what is not refused as Invalid becomes events and traits that every engine can store.
func FuzzBatch(f *testing.F) {
	for _, seed := range []string{
		`{"batch":[{"type":"track","event":"Order Completed","userId":1,"properties":{"products":[{"sku":1,"price":"1,5"}],"total":1e9,"deep":[[[[[[[[[[1]]]]]]]]]]}}]}`,
		`{"batch":[{"type":"identify","userId":"u","traits":{"a":{"b":[1,{"":2}]},"n":1e400}}],"sentAt":"2026-01-01T00:00:00Z"}`,
		`{"batch":[{"type":"page","anonymousId":"#%","messageId":"#` + strings.Repeat("x", 200) + `","context":{"page":{"url":"://?"},"sessionId":1.5}}]}`,
		"{\"batch\":[{\"type\":\"screen\",\"userId\":\"\\ud800\",\"name\":\"\xc3\"}]}", `{"batch":[null]}`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := Batch(body)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("refused as %v", err)
			}
			return
		}
		for i := range p.messages {
			m := &p.messages[i]
			e, err := m.build(shop.Settings{ID: "s", Currency: "EUR"}, noon, event.Human)
			if err != nil {
				t.Fatal(err)
			}
			e.Visitor = "v"
			it, err := e.Item()
			if err != nil {
				t.Fatal(err)
			}
			if err := table.Validate(it); err != nil {
				t.Fatalf("event %s cannot be stored: %v", it.Body, err)
			}
			traits, err := m.traits()
			if err != nil {
				continue // too many
			}
			if err := storable(traits); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// storable says whether traits can wait in the people table.
func storable(traits map[string]json.RawMessage) error {
	it, err := people.Pending{Shop: "s", Person: "p", Event: "e", Traits: traits}.Item()
	if err != nil {
		return err
	}
	return table.Validate(it)
}
