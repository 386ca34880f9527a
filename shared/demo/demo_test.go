package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
)

var testTime = time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)

type fixedCatalog []catalog.Item

func (c fixedCatalog) Items(context.Context) ([]catalog.Item, error) { return c, nil }

var testItems = fixedCatalog{
	{ID: "T1", Title: "Round teapot", Price: 2450, Currency: "GBP", Category: "Tea > Pots", Image: "/demo/img/T1.svg", Text: "It pours well."},
	{ID: "T2", Title: "Tea & <b>honey</b>", Price: 550, Currency: "GBP", Category: "Tea > Leaves", Image: "/demo/img/T2.svg"},
	{ID: "K1", Title: "Bread knife", Price: 1999, Currency: "GBP", Category: "Kitchen", Image: "/demo/img/K1.svg"},
	{ID: "K2", Title: "Whisk", Price: 300, Currency: "GBP", Category: "Kitchen", SoldOut: true},
	{ID: "X1", Title: "Secret", Price: 100, Currency: "GBP", Category: "Kitchen", Hidden: true},
}

// fakeAPI answers as the product does and notes what it was told.
type fakeAPI struct {
	mu      sync.Mutex
	events  []string
	cookies []string
	bodies  []string
	broken  bool
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken {
		http.Error(w, "{}", http.StatusServiceUnavailable)
		return
	}
	if key, _, _ := r.BasicAuth(); key != "write" {
		http.Error(w, "{}", http.StatusUnauthorized)
		return
	}
	c, err := r.Cookie("sk")
	if err != nil {
		c = &http.Cookie{Name: "sk", Value: fmt.Sprintf("visitor-%d", len(f.cookies))}
		http.SetCookie(w, c)
	}
	f.cookies = append(f.cookies, c.Value)
	switch {
	case r.URL.Path == "/v1/batch":
		body, _ := io.ReadAll(r.Body)
		var b batch
		if err := json.Unmarshal(body, &b); err != nil {
			http.Error(w, "{}", http.StatusBadRequest)
			return
		}
		f.bodies = append(f.bodies, string(body))
		for _, m := range b.Batch {
			if m.AnonymousID == "" {
				http.Error(w, "{}", http.StatusBadRequest)
				return
			}
			f.events = append(f.events, strings.TrimSpace(m.Type+" "+m.Event+m.Name))
		}
	case r.URL.Path == "/v1/front-page":
		fmt.Fprint(w, `{"greeting":"<i>Julien</i>'s shop","shelves":[{"placement":"for-you","title":"For you","recommendationId":"r/1","items":[
			{"id":"T1","title":"Round teapot","price":{"amount":2450,"currency":"GBP"},"position":1,"score":0.5,"propensity":1,"source":"popular","reason":{"text":"Because you looked at Tea & <b>honey</b>"}}]},
			{"placement":"new","title":"New","items":[]}],
			"offers":[{"id":"tea","title":"Tea for <b>two</b>","text":"Free leaves.","url":"/department/tea?sort=price#top","code":"TEA10","expires":"2026-08-03T00:00:00Z","reason":{"text":"For everyone"},"propensity":0.5,"impressionId":"k1.im/1"}]}`)
	case r.URL.Path == "/v1/offers":
		fmt.Fprint(w, `{"offers":[{"id":"far","title":"Elsewhere","url":"https://partner.example/x","reason":{"text":"For what you are looking at"},"propensity":1,"impressionId":"k1.im2"}]}`)
	case strings.HasPrefix(r.URL.Path, "/v1/items/"), r.URL.Path == "/v1/recommendations":
		fmt.Fprint(w, `{"placement":"similar","recommendationId":"r2","items":[]}`)
	default:
		fmt.Fprint(w, `{}`)
	}
}

// shopper is a browser without JavaScript.
type shopper struct {
	t    *testing.T
	http *http.Client
	base string
	api  *fakeAPI
}

func newShopper(t *testing.T) *shopper {
	t.Helper()
	api := &fakeAPI{}
	h, err := New(slog.New(slog.DiscardHandler), func() time.Time { return testTime }, api, testItems, Options{
		WriteKey: "write", SecretKey: "secret", Picture: func(it catalog.Item) []byte { return []byte("<svg>" + it.ID + "</svg>") },
		Customers: []Customer{{UserID: "u1", Name: "Julien Sorel", Email: "julien@example.com", Note: "likes tea"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &shopper{t, &http.Client{Jar: jar}, server.URL, api}
}

func (s *shopper) get(path string) string {
	s.t.Helper()
	return s.read(s.http.Get(s.base + path))
}

func (s *shopper) post(path string, form url.Values) string {
	s.t.Helper()
	return s.read(s.http.PostForm(s.base+path, form))
}

func (s *shopper) read(res *http.Response, err error) string {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprintf("%d %s\n%s", res.StatusCode, res.Request.URL.Path, body)
}

func TestPages(t *testing.T) {
	tests := map[string]struct {
		path string
		want []string
		not  []string
	}{
		"the front page greets, and names are text": {"/", []string{"200 /", "&lt;i&gt;Julien&lt;/i&gt;&#39;s shop", "£24.50", "Because you looked at Tea &amp; &lt;b&gt;honey", `href="/product/T1?pos=1&amp;rec=r%2F1"`}, []string{"<i>Julien", "<b>honey", `id="shelf-new"`}},
		"an offer says what, until when, and why":   {"/", []string{"Tea for &lt;b&gt;two", "Free leaves.", "TEA10", "until 3 August", "For everyone", `data-impression="k1.im/1"`, `href="/department/tea?sort=price&amp;imp=k1.im%2F1#top"`}, []string{"<b>two"}},
		"a product's page has its offer":            {"/product/T1", []string{"Elsewhere", `data-impression="k1.im2"`, `href="https://partner.example/x"`}, nil},
		"a department lists its goods":              {"/department/kitchen", []string{"Bread knife", "Sold out", "2 things"}, []string{"Secret", "Round teapot"}},
		"a department by price":                     {"/department/tea?sort=price-down", []string{`value="price-down" selected`}, nil},
		"a product":                                 {"/product/T1", []string{"Round teapot", "It pours well.", "Add to basket"}, nil},
		"a sold out product cannot be bought":       {"/product/K2", []string{"Sold out at the moment"}, []string{"Add to basket"}},
		"a hidden product is not there":             {"/product/X1", []string{"404 "}, []string{"Secret"}},
		"a search finds by the beginning of a word": {"/search?q=TEA", []string{"Round teapot", "honey"}, []string{"Bread knife"}},
		"a search is text":                          {"/search?q=%3Cscript%3Ealert(1)", []string{"0 things", "&lt;script&gt;"}, []string{"<script>alert"}},
		"a page number beyond the last":             {"/department/tea?page=99", []string{"Round teapot"}, nil},
		"an unknown address":                        {"/nowhere", []string{"404 ", "We do not have that"}, nil},
		"an empty basket":                           {"/basket", []string{"still empty"}, nil},
		"a checkout without a basket":               {"/checkout", []string{"200 /basket"}, nil},
		"a confirmation without an order":           {"/thank-you", []string{"200 /\n"}, nil},
		"a picture":                                 {"/demo/img/T1.svg", []string{"<svg>T1</svg>"}, nil},
		"the style sheet":                           {"/demo/assets/demo.css", []string{"200 "}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			page := newShopper(t).get(tt.path)
			for _, want := range tt.want {
				if !strings.Contains(page, want) {
					t.Errorf("page lacks %q:\n%s", want, page)
				}
			}
			for _, not := range tt.not {
				if strings.Contains(page, not) {
					t.Errorf("page has %q:\n%s", not, page)
				}
			}
			for _, inline := range []string{"<style", " style=", " onclick=", "<script>"} {
				if strings.Contains(page, inline) {
					t.Errorf("page has %q, which its policy forbids", inline)
				}
			}
		})
	}
}

func TestVisitIsOneVisitor(t *testing.T) {
	s := newShopper(t)
	s.get("/")
	s.get("/product/T1?rec=r1&pos=1")
	s.post("/basket/add", url.Values{"item": {"T1"}, "quantity": {"2"}})
	s.post("/basket/change", url.Values{"item": {"T1"}, "quantity": {"1"}})
	s.post("/sign-in", url.Values{"customer": {"u1"}})
	s.get("/checkout")
	s.post("/checkout", url.Values{"order": {"JH-12345678"}})
	for _, c := range s.api.cookies {
		if c != "visitor-0" {
			t.Errorf("a call came as %q: the API's cookie was not passed on", c)
		}
	}
	want := []string{
		"page Home", "track Recommendation Clicked", "page Round teapot", "track Product Viewed",
		"track Product Added", "page Basket", "track Cart Viewed", "track Product Removed", "page Basket", "track Cart Viewed",
		"identify", "page Home", "page Checkout", "track Checkout Started", "track Order Completed", "page Order confirmed",
	}
	if diff := cmp.Diff(want, s.api.events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	all := strings.Join(s.api.bodies, "\n")
	for _, want := range []string{`"price":24.50`, `"total":24.50`, `"userHash":"`, `"order_id":"JH-12345678"`, `"recommendationId":"r1"`} {
		if !strings.Contains(all, want) {
			t.Errorf("no event has %s:\n%s", want, all)
		}
	}
}

// TestOffersAreFollowedAndRefused holds what the page tells of an offer: that it was followed, once however often the page is loaded, and that it is not wanted.
func TestOffersAreFollowedAndRefused(t *testing.T) {
	s := newShopper(t)
	s.get("/department/tea?sort=price&imp=k1.im%2F1")
	s.get("/department/tea?sort=price&imp=k1.im%2F1")
	s.post("/privacy/offer", url.Values{"impression": {"k1.im/1"}})
	s.post("/privacy/offer", url.Values{})
	var clicks, refusals []message
	for _, body := range s.api.bodies {
		var b batch
		if err := json.Unmarshal([]byte(body), &b); err != nil {
			t.Fatal(err)
		}
		for _, m := range b.Batch {
			switch {
			case m.Properties == nil || m.Properties.ImpressionID != "k1.im/1":
			case m.Event == "Promotion Clicked":
				clicks = append(clicks, m)
			case m.Event == "Item Dismissed":
				refusals = append(refusals, m)
			}
		}
	}
	if len(clicks) != 2 || clicks[0].MessageID != clicks[1].MessageID {
		t.Errorf("clicks: %+v", clicks)
	}
	if len(refusals) != 1 {
		t.Errorf("refusals: %+v", refusals)
	}
}

func TestShopWithoutTheProduct(t *testing.T) {
	s := newShopper(t)
	s.api.broken = true
	for path, want := range map[string]string{"/": "Round teapot", "/department/kitchen": "Bread knife", "/product/T1": "Add to basket", "/basket": "still empty"} {
		if page := s.get(path); !strings.HasPrefix(page, "200 ") || !strings.Contains(page, want) {
			t.Errorf("%s lacks %q while the API is down:\n%s", path, want, page)
		}
	}
	if page := s.post("/basket/add", url.Values{"item": {"T1"}}); !strings.Contains(page, "Round teapot is in your basket") {
		t.Errorf("nothing can be put in the basket while the API is down:\n%s", page)
	}
}

func TestFormsGoBackWithinTheShop(t *testing.T) {
	for to, want := range map[string]string{"/department/tea?page=2": "/department/tea", "https://elsewhere.example": "/basket", "//elsewhere.example": "/basket", `/\elsewhere.example`: "/basket", "": "/basket"} {
		s := newShopper(t)
		page := s.post("/basket/add", url.Values{"item": {"T1"}, "back": {to}})
		if !strings.HasPrefix(page, "200 "+want+"\n") {
			t.Errorf("back to %q: got %.40q, want %s", to, page, want)
		}
	}
}

func TestForeignFormsAreRefused(t *testing.T) {
	s := newShopper(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/privacy/forget", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if page := s.read(s.http.Do(req)); !strings.HasPrefix(page, "403 ") {
		t.Errorf("another site's form was taken: %.80q", page)
	}
}

func TestSignInSaysWhatIsWrong(t *testing.T) {
	s := newShopper(t)
	for _, form := range []url.Values{{"name": {""}, "email": {"a@example.com"}}, {"name": {"Ann"}, "email": {"nonsense"}}, {"name": {"Ann"}, "email": {"Ann <a@example.com>"}}} {
		if page := s.post("/sign-in", form); !strings.HasPrefix(page, "422 ") || !strings.Contains(page, `role="alert"`) {
			t.Errorf("%v was taken: %.200q", form, page)
		}
	}
}

func TestMoney(t *testing.T) {
	tests := map[string]struct {
		minor              int64
		code, locale, want string
	}{
		"pounds in English":      {255, "GBP", "en-GB", "£2.55"},
		"thousands":              {123456789, "GBP", "en-GB", "£1,234,567.89"},
		"euros in French":        {123456, "EUR", "fr", "1\u00a0234,56\u00a0€"},
		"yen have no minor unit": {1200, "JPY", "en", "¥1,200"},
		"below nought":           {-5, "USD", "en", "-$0.05"},
		"no such currency":       {250, "??", "en", "2.50 ??"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, newMoney(tt.locale).format(tt.minor, tt.code)); diff != "" {
				t.Errorf("price (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBasketLimits(t *testing.T) {
	var b basket
	for i := range maxLines + 5 {
		b, _ = b.with(event.ItemID(fmt.Sprint("item-", i)), 1)
	}
	if len(b.Lines) != maxLines {
		t.Errorf("%d lines, want %d", len(b.Lines), maxLines)
	}
	first := b.Lines[0].Item
	b, n := b.with(first, 1000)
	if b.quantity(first) != maxQuantity || n != maxQuantity-1 {
		t.Errorf("quantity %d after adding %d", b.quantity(first), n)
	}
	if b, _ = b.with(first, -1000); b.quantity(first) != 0 || len(b.Lines) != maxLines-1 {
		t.Errorf("the line is still there: %+v", b.Lines)
	}
}
