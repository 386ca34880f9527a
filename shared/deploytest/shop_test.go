package deploytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	writeKey  = "wk_tea-0123456789abcdef"
	secretKey = "sk_tea-0123456789abcdef"
)

// shopFile is what a developer drops to open a shop; it leaves the consent mode to the deployment.
const shopFile = `{"name":"The tea shop","currency":"GBP","from":{"name":"The tea shop","email":"hello@example.com"},"keys":[{"kind":"write","key":"` + writeKey + `","label":"page"},{"kind":"secret","key":"` + secretKey + `","label":"server"}]}`

// catalog is 80 teas of four kinds.
func catalog() string {
	var b strings.Builder
	b.WriteString("id,title,price,category,url\n")
	for i := range 80 {
		fmt.Fprintf(&b, "t%02d,Tea %d,%d.50,Tea > Kind %d,/p/t%02d\n", i, i, 2+i%7, i%4, i)
	}
	return b.String()
}

// history is 300 visitors who each stay with one kind, and how many views and lines of orders that makes.
func history(now time.Time) (views, orders string, rows int) {
	random := rand.New(rand.NewPCG(3, 4))
	var v, o strings.Builder
	v.WriteString("event,time,visitor,item\n")
	o.WriteString("order,time,user,item,quantity,price\n")
	for c := range 300 {
		at := now.Add(-time.Duration(random.IntN(90*24)+24) * time.Hour)
		var item string
		for n := range 3 + random.IntN(6) {
			item = fmt.Sprintf("t%02d", random.IntN(20)*4+c%4)
			fmt.Fprintf(&v, "Product Viewed,%s,past-%d,%s\n", at.Add(time.Duration(n)*time.Minute).UTC().Format(time.RFC3339), c, item)
			rows++
		}
		if c%2 == 0 {
			fmt.Fprintf(&o, "o%d,%s,c%d,%s,1,3.50\n", c, at.Add(time.Hour).UTC().Format(time.RFC3339), c, item)
			rows++
		}
	}
	return v.String(), o.String(), rows
}

// browser is a visitor's, or with a secret key the shop's own server: it keeps cookies, and reaches the API under its name although that name resolves nowhere.
type browser struct {
	endpoint, host string
	secret         string
	cookies        map[string]string
}

func newBrowser(endpoint, apiID string) *browser {
	_, port, _ := strings.Cut(strings.TrimPrefix(endpoint, "http://"), ":")
	return &browser{endpoint: endpoint, host: apiID + ".execute-api.localhost:" + port, cookies: map[string]string{}}
}

// call returns the status and decodes the answer into into, unless that is nil.
func (b *browser) call(t *testing.T, method, path string, body, into any) int {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, b.endpoint+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = b.host
	req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	if b.secret != "" {
		req.Header.Set("Authorization", "Bearer "+b.secret)
	}
	for name, value := range b.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	for _, c := range res.Cookies() {
		b.cookies[c.Name] = c.Value
	}
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil && res.StatusCode < 300 {
		if err := json.Unmarshal(answer, into); err != nil {
			t.Fatalf("%s %s answered %d %s: %v", method, path, res.StatusCode, answer, err)
		}
	}
	if res.StatusCode >= 400 {
		t.Logf("%s %s answered %d %s", method, path, res.StatusCode, answer)
	}
	if res.StatusCode >= 500 {
		t.Fatalf("%s %s answered %d %s", method, path, res.StatusCode, answer)
	}
	return res.StatusCode
}

// send stores messages; nothing less than 200 will do.
func (b *browser) send(t *testing.T, messages ...map[string]any) {
	t.Helper()
	if status := b.call(t, http.MethodPost, "/v1/batch", map[string]any{"writeKey": writeKey, "batch": messages}, nil); status != http.StatusOK {
		t.Fatalf("collect answered %d", status)
	}
}

func view(item string) map[string]any {
	return map[string]any{"type": "track", "event": "Product Viewed", "anonymousId": "anon-1", "properties": map[string]any{"product_id": item}}
}

// page is what the test reads of a front page.
type page struct {
	Visitor struct {
		Known bool
		Name  string
	}
	Greeting string
	Shelves  []struct {
		Placement string
		Items     []struct {
			ID     string
			Reason struct{ Text string }
		}
	}
	Consent struct {
		Personalization bool
		Source          string
	}
}

func (b *browser) frontPage(t *testing.T) (p page) {
	t.Helper()
	if status := b.call(t, http.MethodGet, "/v1/front-page?writeKey="+writeKey, nil, &p); status != http.StatusOK {
		t.Fatalf("front page answered %d", status)
	}
	return p
}

// shelf are the items of a placement, sorted.
func (p page) shelf(placement string) (ids []string) {
	for _, s := range p.Shelves {
		if s.Placement == placement {
			for _, i := range s.Items {
				ids = append(ids, i.ID)
			}
		}
	}
	slices.Sort(ids)
	return ids
}

// reason says whether an item of the placement gives a reason that contains part.
func (p page) reason(placement, part string) bool {
	for _, s := range p.Shelves {
		for _, i := range s.Items {
			if s.Placement == placement && strings.Contains(i.Reason.Text, part) {
				return true
			}
		}
	}
	return false
}
