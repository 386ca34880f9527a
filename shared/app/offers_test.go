package app

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/offer/impression"
	"shopkeeper/shared/stream"
	"shopkeeper/shared/table"
)

// seenLines keeps exposure lines.
type seenLines struct {
	mu    sync.Mutex
	lines []string
}

func (s *seenLines) Record(line []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, string(line))
}

type offersAnswer struct {
	Offers []struct {
		ID, Title, Code, ImpressionID string
		Expires                       time.Time
		Propensity                    float64
		Reason                        struct {
			Code, Text string
			Items      []string
		}
	}
}

func promotion(anonymous, name, impressionID string) track {
	return track{Type: "track", Event: name, AnonymousID: anonymous, Properties: map[string]any{"impressionId": impressionID}}
}

// TestOffers is an offer's way: made by the marketer, shown on the front page, seen, capped, ordered through, counted; and what a product page, a stranger and an objector get.
func TestOffers(t *testing.T) {
	w := newWorld(t)
	db := w.store.(interface{ Feed(table.Name) table.Feed })
	seen := &seenLines{}
	handler := must(Recommend(quiet(), time.Now, w.store, w.files, w.keys, &HTTPOptions{Plain: true, Refresh: time.Nanosecond, Exposures: seen}))
	w.server.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/offers") || strings.HasPrefix(r.URL.Path, "/v1/front-page") {
			handler.ServeHTTP(rw, r)
			return
		}
		w.mux.ServeHTTP(rw, r)
	})
	count := stream.NewLoop(quiet(), time.Now, "offers", db.Feed(event.Table), nil, must(Offers(quiet(), time.Now, w.store, nil, w.keys)), stream.Mapping{BatchSize: 100, MaxAttempts: 3}, nil)
	store := offer.NewStore(time.Now, w.store)
	ends := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	must(store.Put(t.Context(), offer.Definition{Shop: "tea", ID: "spring", Status: offer.Active, Title: "<Spring> teas", Code: "SPRING10", PerPerson: 2, Budget: 1000, Ends: ends}))
	must(store.Put(t.Context(), offer.Definition{Shop: "tea", ID: "pots", Status: offer.Active, Title: "Pots", Items: []event.ItemID{"t02"}, Placements: []string{offer.ProductPage}}))
	must(store.Put(t.Context(), offer.Definition{Shop: "mugs", ID: "mugs", Status: offer.Active, Title: "Mugs"}))

	a := w.browser()
	front := func() (o offersAnswer) {
		t.Helper()
		if status := a.call(http.MethodGet, "/v1/front-page?writeKey="+teaKey, nil, &o); status != http.StatusOK {
			t.Fatalf("front page answered %d", status)
		}
		return o
	}
	settle := func() {
		t.Helper()
		w.fold()
		for n := 1; n > 0; {
			var err error
			if n, err = count.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	first := front()
	if len(first.Offers) != 1 || first.Offers[0].ID != "spring" || first.Offers[0].Title != "<Spring> teas" || first.Offers[0].Propensity != 1 || !first.Offers[0].Expires.Equal(ends) || first.Offers[0].Reason.Text == "" {
		t.Fatalf("first visit: %+v", first)
	}
	if again := front(); impressionOf(t, w, again.Offers[0].ImpressionID).Ordinal != 1 {
		t.Error("an offer that nobody reported as seen is another impression")
	}
	a.send(teaKey, promotion("anon-a", "Promotion Viewed", first.Offers[0].ImpressionID), promotion("anon-a", "Promotion Viewed", first.Offers[0].ImpressionID))
	settle()
	second := front()
	if im := impressionOf(t, w, second.Offers[0].ImpressionID); im.Ordinal != 2 || im.Propensity != 1 || im.Offer != "spring" {
		t.Fatalf("second visit: %+v", im)
	}
	a.send(teaKey, promotion("anon-a", "Promotion Clicked", second.Offers[0].ImpressionID))
	settle()
	if third := front(); len(third.Offers) != 0 {
		t.Errorf("beyond the cap: %+v", third)
	}
	a.send(teaKey, track{Type: "track", Event: "Order Completed", AnonymousID: "anon-a", Properties: map[string]any{"order_id": "o1", "total": 25, "currency": "GBP", "products": []map[string]any{{"product_id": "t00"}}}})
	settle()
	r := must(offer.NewResults(w.store).Of(t.Context(), "tea", "spring", time.Time{})).Total
	if r.Subjects != 1 || r.Impressions != 2 || r.Clicked != 1 || r.Orders != 1 || r.Rewarded() != 1 || r.Value != 2500 {
		t.Errorf("counted %+v", r)
	}

	b := w.browser()
	var page offersAnswer
	if status := b.call(http.MethodGet, "/v1/offers?placement=product-page&item=t02&writeKey="+teaKey, nil, &page); status != http.StatusOK || len(page.Offers) != 2 {
		t.Fatalf("product page: %d %+v", status, page)
	}
	for _, o := range page.Offers {
		if want := map[string]string{"pots": "offer.item", "spring": "offer.everyone"}[o.ID]; o.Reason.Code != want {
			t.Errorf("%s because of %s", o.ID, o.Reason.Code)
		}
	}
	if page.Offers[0].Propensity <= 0 || page.Offers[0].Propensity >= 1 {
		t.Errorf("propensity %v", page.Offers[0].Propensity)
	}
	if status := b.call(http.MethodGet, "/v1/offers?placement=product-page&item=t05&writeKey="+teaKey, nil, &page); status != http.StatusOK || len(page.Offers) != 1 || page.Offers[0].ID != "spring" {
		t.Errorf("another product's page: %d %+v", status, page)
	}
	objector := w.browser()
	objector.header.Set("Sec-GPC", "1")
	page = offersAnswer{}
	if status := objector.call(http.MethodGet, "/v1/front-page?writeKey="+teaKey, nil, &page); status != http.StatusOK || len(page.Offers) != 0 {
		t.Errorf("who must not be known has no cap to keep to: %d %+v", status, page)
	}
	for _, path := range []string{"/v1/offers?placement=basket&writeKey=" + teaKey, "/v1/offers?limit=0&writeKey=" + teaKey} {
		if status := b.call(http.MethodGet, path, nil, nil); status != http.StatusBadRequest {
			t.Errorf("%s answered %d", path, status)
		}
	}
	if status := b.call(http.MethodGet, "/v1/offers", nil, nil); status != http.StatusUnauthorized {
		t.Errorf("without a key: %d", status)
	}
	var line struct{ Offers []any }
	if err := json.Unmarshal([]byte(seen.lines[0]), &line); err != nil || len(line.Offers) != 2 || line.Offers[0] != "spring" || line.Offers[1] != 1.0 {
		t.Errorf("exposure %s (%v)", seen.lines[0], err)
	}
}

func impressionOf(t *testing.T, w *world, id string) impression.Impression {
	t.Helper()
	return must(must(impression.NewSigner(w.keys)).Parse("tea", id))
}

// BenchmarkFrontPageWithOffers is BenchmarkFrontPage with five offers to choose from.
func BenchmarkFrontPageWithOffers(b *testing.B) {
	w := newWorld(b)
	store := offer.NewStore(time.Now, w.store)
	for _, id := range []offer.ID{"a", "b", "c", "d", "e"} {
		must(store.Put(b.Context(), offer.Definition{Shop: "tea", ID: id, Status: offer.Active, Title: "Offer", PerPerson: 3}))
	}
	benchFrontPage(b, w, offer.MaxChoices)
}
