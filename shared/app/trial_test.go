package app

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/offpolicy"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/web"
)

// twoModels trains again and compares the two by split; the pages are served with a log.
func (w *world) twoModels() (trial *recommend.Trial, seen *seenLines) {
	w.t.Helper()
	seen = &seenLines{}
	return w.compared(recommend.Split, seen), seen
}

// compared trains again and compares the two; the pages are served with a log.
func (w *world) compared(method recommend.Method, seen web.Exposures) *recommend.Trial {
	w.t.Helper()
	if report, err := Train(quiet(), time.Now, w.store, w.files, nil).Shop(w.t.Context(), "tea", nil); err != nil || !report.Publish {
		w.t.Fatalf("training: %v, %s", err, report.Reason)
	}
	p, _, err := recommend.ReadPointer(w.t.Context(), w.files, "tea")
	if err != nil {
		w.t.Fatal(err)
	}
	if p, err = recommend.StartTrial(w.t.Context(), w.files, catalog.NewStore(time.Now, w.store), "tea", recommend.TrialPlan{Version: p.History[1].Version(), Method: method, Seed: 11}, time.Now()); err != nil {
		w.t.Fatal(err)
	}
	rec := must(Recommend(quiet(), time.Now, w.store, w.files, w.keys, &HTTPOptions{Plain: true, Refresh: time.Millisecond, Exposures: seen}))
	mux := http.NewServeMux()
	mux.Handle("/", w.mux)
	mux.Handle("/v1/recommendations", rec)
	w.server = httptest.NewServer(mux)
	w.t.Cleanup(w.server.Close)
	return p.Trial
}

// version asks for a list and says which model made it.
func (b *browser) version() string {
	b.w.t.Helper()
	var list struct{ RecommendationID string }
	if status := b.call(http.MethodGet, "/v1/recommendations?limit=4&writeKey="+teaKey, nil, &list); status != http.StatusOK {
		b.w.t.Fatalf("status %d", status)
	}
	token := must(must(recommend.NewSigner(b.w.keys)).Parse("tea", list.RecommendationID))
	return fmt.Sprintf("%016x", token.Model)
}

// lastLine is the newest line of the log.
func (s *seenLines) lastLine(t *testing.T) (e offpolicy.Exposure) {
	t.Helper()
	broken, err := offpolicy.ReadExposures(strings.NewReader(s.lines[len(s.lines)-1]), func(read offpolicy.Exposure) { e = read })
	if err != nil || broken > 0 {
		t.Fatalf("%d broken, %v", broken, err)
	}
	return e
}

// TestWhoTakesPart asks as all sorts of visitors while two models are compared.
func TestWhoTakesPart(t *testing.T) {
	w := newWorld(t)
	trial, seen := w.twoModels()
	// inB is a browser that sees B.
	inB := func() *browser {
		for range 100 {
			b := w.browser()
			b.version()
			if b.version() == trial.VersionB() {
				return b
			}
		}
		t.Fatal("nobody sees B")
		return nil
	}
	t.Run("who has no cookie yet sees A and is not counted", func(t *testing.T) {
		for range 20 {
			if v := w.browser().version(); v != trial.VersionA() || seen.lastLine(t).Trial != "" {
				t.Fatalf("%s, logged %+v", v, seen.lastLine(t))
			}
		}
	})
	t.Run("the log says the trial, the arm and the model", func(t *testing.T) {
		inB()
		e := seen.lastLine(t)
		if e.Trial != trial.ID || e.Arm != "b" || fmt.Sprintf("%016x", e.Model) != trial.VersionB() || trial.Arm(event.VisitorID(e.Visitor)) != recommend.ArmB {
			t.Errorf("%+v", e)
		}
	})
	t.Run("who says no by the browser's signal sees A and is not counted", func(t *testing.T) {
		b := inB()
		b.header.Set("Sec-GPC", "1")
		if v := b.version(); v != trial.VersionA() || seen.lastLine(t).Trial != "" {
			t.Errorf("%s, logged %+v", v, seen.lastLine(t))
		}
	})
	t.Run("logging in changes nothing, and each browser of a person keeps its own", func(t *testing.T) {
		b := inB()
		var a *browser
		for a == nil || a.version() != trial.VersionA() {
			a = w.browser()
			a.version()
		}
		mac := hmac.New(sha256.New, []byte(teaSecret))
		mac.Write([]byte("ann"))
		vouched := map[string]any{"userHash": hex.EncodeToString(mac.Sum(nil))}
		for n, one := range []*browser{a, b} {
			one.send(teaKey, track{Type: "identify", AnonymousID: fmt.Sprint("anon-", n), UserID: "ann", Context: vouched})
		}
		w.fold()
		if got := []string{a.version(), b.version()}; !slices.Equal(got, []string{trial.VersionA(), trial.VersionB()}) {
			t.Errorf("%v", got)
		}
	})
	t.Run("a server that asks for a visitor gets what the visitor would", func(t *testing.T) {
		for n := range 8 {
			visitor := identity.NewVisitor()
			want := map[recommend.Arm]string{recommend.ArmA: trial.VersionA(), recommend.ArmB: trial.VersionB()}[trial.Arm(visitor)]
			r := httptest.NewRequest(http.MethodGet, fmt.Sprintf("/v1/recommendations?placement=for-you&visitor=%s", visitor), nil)
			r.SetBasicAuth(teaSecret, "")
			rec := httptest.NewRecorder()
			w.server.Config.Handler.ServeHTTP(rec, r)
			if e := seen.lastLine(t); rec.Code != http.StatusOK || fmt.Sprintf("%016x", e.Model) != want || e.Visitor != string(visitor) {
				t.Errorf("visitor %d: %d, logged %+v, want model %s", n, rec.Code, e, want)
			}
		}
	})
}

// A training beside a trial keeps the catalog's changes that the new model has, because those that are compared do not.
func TestTrainingBesideATrial(t *testing.T) {
	w := newWorld(t)
	trial, _ := w.twoModels()
	items := catalog.NewStore(time.Now, w.store)
	var hidden catalog.Item
	if err := items.List(t.Context(), "tea", func(it catalog.Item) error { hidden = it; return nil }); err != nil {
		t.Fatal(err)
	}
	hidden.Hidden = true
	if _, err := items.Put(t.Context(), "tea", hidden); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	if report, err := Train(slog.New(slog.NewTextHandler(&said, nil)), time.Now, w.store, w.files, nil).Shop(t.Context(), "tea", nil); err != nil || !report.Publish {
		t.Fatalf("training: %v, %s", err, report.Reason)
	}
	if !strings.Contains(said.String(), "waits") {
		t.Errorf("it says %q", said.String())
	}
	d, err := items.Delta(t.Context(), "tea")
	if err != nil || !d.Changes[hidden.ID].Hidden {
		t.Errorf("that %s is hidden is forgotten: %v", hidden.ID, err)
	}
	m, err := Models(quiet(), time.Now, w.store, w.files, nil).Model(t.Context(), "tea")
	if err != nil || fmt.Sprintf("%016x", m.Version()) != trial.VersionA() || m.Trial() == nil || m.Trial().Other == nil {
		t.Fatalf("%v", err)
	}
	for name, one := range map[string]*recommend.Model{"A": m, "B": m.Trial().Other} {
		if i, ok := one.Lookup(string(hidden.ID)); !ok || one.Sellable(i) {
			t.Errorf("%s sells %s", name, hidden.ID)
		}
	}
}
