package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/recommend/rules"
	"shopkeeper/shared/replay"
	"shopkeeper/shared/table"
)

func TestReplay(t *testing.T) {
	w := replay.NewWorld(t)
	if err := replay.History(t.Context(), replay.Clock, w.DB, w.Files, "tea", 12, 60); err != nil {
		t.Fatal(err)
	}
	if report, err := app.Train(w.Log, replay.Now, w.DB, w.Files, nil).Shop(t.Context(), "tea", nil); err != nil || !report.Publish {
		t.Fatalf("training: %v, %s", err, report.Reason)
	}
	calm := rules.Standard
	calm.NewShare = 0 // who gets a place for new items is drawn anew for each answer, and these answers are held to what is written
	if _, err := rules.NewStore(replay.Now, w.DB, recommend.Placements()).PutSettings(t.Context(), "tea", calm, 0); err != nil {
		t.Fatal(err)
	}
	remember(t, w)
	looked := &looks{Store: w.DB}
	handler, err := app.Recommend(w.Log, replay.Now, replay.Busy{Store: looked}, w.Files, w.Keys, nil)
	if err != nil {
		t.Fatal(err)
	}
	settle(t, handler, looked)
	replay.Cases(t, "recommend", func(*testing.T) replay.Started { return replay.Started{Handler: start(handler)} })
}

// looks counts how often a process looked at the shop's rules, which it does last of all that it looks at.
type looks struct {
	table.Store
	rules atomic.Int32
}

func (l *looks) Get(ctx context.Context, k table.Key, opts ...table.ReadOption) (table.Item, error) {
	it, err := l.Store.Get(ctx, k, opts...)
	if k.Table == catalog.Table && k.Sort == "rules" {
		l.rules.Add(1)
	}
	return it, err
}

// settle asks until the process has heard, beside an answer, what visitors did since the training: from then on it knows all that it will.
func settle(t *testing.T, handler http.Handler, looked *looks) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); looked.rules.Load() < 2; runtime.Gosched() {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://tea.example/v1/recommendations?writeKey="+replay.TeaKey, nil)
		answer := httptest.NewRecorder()
		if handler.ServeHTTP(answer, r); answer.Code != http.StatusOK || time.Now().After(deadline) {
			t.Fatalf("%d %s; looked %d times", answer.Code, answer.Body, looked.rules.Load())
		}
	}
}

// remember lets Anna look at two items and tell her name, and folds that.
func remember(t *testing.T, w *replay.World) {
	t.Helper()
	collect, err := app.Collect(w.Log, replay.Now, w.DB, w.Keys, nil)
	if err != nil {
		t.Fatal(err)
	}
	codec, err := identity.NewCodec(w.Keys)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://tea.example/v1/batch", strings.NewReader(`{"writeKey":"`+replay.TeaKey+`","sentAt":"2026-05-01T12:00:00Z","batch":[
		{"type":"track","event":"Product Viewed","anonymousId":"anon-anna","messageId":"m-1","timestamp":"2026-05-01T11:50:00Z","properties":{"product_id":"t00"}},
		{"type":"track","event":"Product Viewed","anonymousId":"anon-anna","messageId":"m-2","timestamp":"2026-05-01T11:51:00Z","properties":{"product_id":"t05"}},
		{"type":"identify","anonymousId":"anon-anna","messageId":"m-3","timestamp":"2026-05-01T11:52:00Z","traits":{"firstName":"Anna"}}]}`))
	r.AddCookie(&http.Cookie{Name: identity.CookieName, Value: string(codec.Append(nil, "tea", identity.Visitor{ID: "v_anna", Issued: replay.Clock}))})
	answer := httptest.NewRecorder()
	if collect.ServeHTTP(answer, r); answer.Code != http.StatusOK {
		t.Fatalf("collect answered %d %s", answer.Code, answer.Body)
	}
	fold, err := app.Profile(w.Log, replay.Now, w.DB, w.Failures, w.Keys)
	if err != nil {
		t.Fatal(err)
	}
	feed := w.DB.Feed(event.Table)
	changes, err := feed.Read(t.Context(), "profile", 100)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := fold(t.Context(), changes); err != nil || again != "" {
		t.Fatalf("fold: %v, again from %q", err, again)
	}
}
