package event

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/table"
)

func TestScrub(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"what the shop sells stays":         {`{"name":"Lamp","colour":"red","position":3,"gift":true}`, `{"colour":"red","gift":true,"name":"Lamp","position":3}`},
		"e-mail by name":                    {`{"email":"x","customerEmail":"y","E-Mail":"z"}`, ``},
		"e-mail by value":                   {`{"note":"write to jane.doe@example.org please","n":1}`, `{"n":1}`},
		"e-mail percent-encoded":            {`{"next":"/a/jane%40example.org"}`, ``},
		"e-mail as a member's name":         {`{"jane@example.org":true}`, ``},
		"telephone, names, address, birth":  {`{"phone":"1","mobile":"1","first_name":"J","lastName":"D","shipping_address":{"street":"x"},"birthday":"1990-01-01","zip":"1"}`, ``},
		"network address, agent and tokens": {`{"ip":"1.2.3.4","userAgent":"M","csrf_token":"t","password":"p","Authorization":"b"}`, ``},
		"shipping as an amount stays":       {`{"shipping":4.5}`, `{"shipping":4.5}`},
		"shipping as an address goes":       {`{"shipping":{"city":"Paris"}}`, ``},
		"deep inside":                       {`{"a":[{"b":{"email":"x","c":1}},"x@y.zz"]}`, `{"a":[{"b":{"c":1}}]}`},
		"queries of addresses":              {`{"url":"https://u:p@shop.example/x?email=1#f","next":"/p?token=1","q":"what? nothing"}`, `{"next":"/p","q":"what? nothing","url":"https://shop.example/x"}`},
		"a sign alone is no address":        {`{"offer":"2 @ 3.50","handle":"@shop"}`, `{"handle":"@shop","offer":"2 @ 3.50"}`},
		"members without name":              {`{"":1,"a":{"":2}}`, `{"a":{}}`},
		"numbers no engine holds":           {`{"a":1e999,"b":1e-200,"c":2}`, `{"c":2}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := ParseProperties(json.RawMessage(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Scrub()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzScrub holds it to this: whatever JSON comes, what is kept can be stored and has no address in it.
func FuzzScrub(f *testing.F) {
	for _, seed := range []string{`{"a":{"b":[1,"x@y.zz"]}}`, `{"a":"\ud800"}`, `{"":1}`, `{"a":1e5000}`, `{"pk":{"pk":1},"pk":2}`, "{\"a\":\"\xff\"}", `{"products":[{"sku":1,"price":"1"}]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := ParseProperties(raw)
		if err != nil {
			return
		}
		lines := p.Lines(ProductViewed, "USD")
		order := p.Order(OrderCompleted, "USD")
		kept, err := p.Scrub()
		if err != nil {
			t.Fatal(err)
		}
		e := Event{Shop: "s", Visitor: "v", ID: "i", Type: Track, Lines: lines, Order: order, Properties: kept, At: time.Unix(0, 0), ReceivedAt: time.Unix(0, 0)}
		it, err := e.Item()
		if err != nil {
			t.Fatal(err)
		}
		if err := table.Validate(it); err != nil {
			t.Errorf("kept %s, which cannot be stored: %v", it.Body, err)
		}
		if strings.Contains(string(kept), "jane@example.org") {
			t.Errorf("kept an address: %s", kept)
		}
	})
}

func TestPagePath(t *testing.T) {
	for in, want := range map[string]string{
		"https://shop.example/p/1?utm=2#x": "/p/1", "/p/1?x=1": "/p/1", "https://shop.example": "/", "https://shop.example?x": "/", "p/1": "", "/u/jane@example.org/x": "", "": "",
	} {
		if got := PagePath(in); got != want {
			t.Errorf("PagePath(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestProducts(t *testing.T) {
	tests := map[string]struct {
		name Name
		in   string
		want []Line
	}{
		"one product":                {ProductViewed, `{"product_id":"a","sku":"b","price":"2.55","category":"c","brand":"d"}`, []Line{{Item: "a", Price: 255, Category: "c", Brand: "d"}}},
		"by sku, as a number":        {ProductAdded, `{"sku":85123,"quantity":"2","price":1}`, []Line{{Item: "85123", Quantity: 2, Price: 100}}},
		"a list":                     {OrderCompleted, `{"products":[{"productId":"a","quantity":1},{"id":"b"},{"name":"no id"},5]}`, []Line{{Item: "a", Quantity: 1}, {Item: "b"}}},
		"a promotion is no product":  {PromotionViewed, `{"id":"p","name":"Sale"}`, nil},
		"nonsense quantity":          {ProductAdded, `{"id":"a","quantity":-4}`, []Line{{Item: "a"}}},
		"too long a name":            {ProductViewed, `{"id":"` + strings.Repeat("x", 101) + `"}`, nil},
		"the list before the single": {ProductAdded, `{"product_id":"x","products":[{"id":"a"}]}`, []Line{{Item: "a"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := ParseProperties(json.RawMessage(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, p.Lines(tt.name, "GBP")); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOrder(t *testing.T) {
	tests := map[string]struct {
		name Name
		in   string
		want *Order
	}{
		"total before revenue":   {OrderCompleted, `{"order_id":"o","total":10,"revenue":8,"coupon":"x"}`, &Order{ID: "o", Total: 1000, Currency: "GBP", Coupon: "x"}},
		"revenue alone":          {OrderCompleted, `{"orderId":7,"revenue":"8.5"}`, &Order{ID: "7", Total: 850, Currency: "GBP"}},
		"a refund is positive":   {OrderRefunded, `{"order_id":"o","total":-3}`, &Order{ID: "o", Total: 300, Currency: "GBP"}},
		"a view is no order":     {ProductViewed, `{"order_id":"o","value":3}`, nil},
		"an address as a coupon": {OrderCompleted, `{"order_id":"o","coupon":"jane@example.org"}`, &Order{ID: "o", Currency: "GBP"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := ParseProperties(json.RawMessage(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, p.Order(tt.name, "GBP")); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHappened(t *testing.T) {
	received := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	wrong := received.Add(-1000 * 24 * time.Hour) // a clock almost three years slow
	tests := map[string]struct{ original, sent, want time.Time }{
		"a wrong clock is corrected":       {wrong, wrong.Add(5 * time.Second), received.Add(-5 * time.Second)},
		"a clock ahead is corrected":       {received.Add(time.Hour), received.Add(time.Hour + time.Minute), received.Add(-time.Minute)},
		"without sentAt the time is taken": {received.Add(-time.Hour), time.Time{}, received.Add(-time.Hour)},
		"nothing known":                    {time.Time{}, time.Time{}, received},
		"sent before it happened":          {wrong.Add(time.Hour), wrong, received},
		"the future":                       {received.Add(time.Hour), time.Time{}, received},
		"long before anything":             {time.Date(1971, 1, 1, 0, 0, 0, 0, time.UTC), received, received},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Happened(received, tt.original, tt.sent); !got.Equal(tt.want) {
				t.Errorf("Happened = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestParseTime(t *testing.T) {
	want := time.Date(2026, 5, 1, 12, 0, 0, 5e6, time.UTC)
	for _, text := range []string{"2026-05-01T12:00:00.005Z", "2026-05-01T14:00:00.005+02:00", "2026-05-01T12:00:00.005", "2026-05-01 12:00:00.005", "1777636800005"} {
		if got := ParseTime(text); !got.Equal(want) {
			t.Errorf("ParseTime(%q) = %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"", "soon", "0000-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "-5", strings.Repeat("1", 100)} {
		if got := ParseTime(text); !got.IsZero() {
			t.Errorf("ParseTime(%q) = %s, want no time", text, got)
		}
	}
}
