package app

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/offpolicy"
	"shopkeeper/shared/recommend"
)

// TestExposuresCanBeReadBack answers, and reads the log of it as an evaluation does: the same items, by the names that recommendation ids say, with what exploration chose from.
func TestExposuresCanBeReadBack(t *testing.T) {
	w := newWorld(t)
	seen := &seenLines{}
	handler := must(Recommend(quiet(), time.Now, w.store, w.files, w.keys, &HTTPOptions{Plain: true, Refresh: time.Hour, Exposures: seen}))
	signer := must(recommend.NewSigner(w.keys))
	type shelf struct {
		RecommendationID string
		Items            []struct{ ID, Source string }
	}
	ask := func(query string) (answer shelf) {
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/v1/recommendations?limit=4&writeKey="+teaKey+query, nil))
		if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil || len(answer.Items) == 0 {
			t.Fatalf("%d %s %v", rec.Code, rec.Body, err)
		}
		return answer
	}
	item := ask("&placement=trending").Items[0].ID
	seen.lines = nil
	var answers []shelf
	for range 300 {
		answers = append(answers, ask("&placement=for-you&item="+item))
	}
	at, explored := 0, 0
	broken, err := offpolicy.ReadExposures(strings.NewReader(strings.Join(seen.lines, "")), func(e offpolicy.Exposure) {
		answer := answers[at]
		at++
		token := must(signer.Parse("tea", answer.RecommendationID))
		want := offpolicy.Answer{Placement: token.Placement.String(), Model: token.Model, Seed: token.Seed, Second: token.At.Unix()}
		if got := e.Answer(e.Shelves[0]); got != want || len(e.Shelves[0].Items) != len(answer.Items) {
			t.Fatalf("logged %+v with %d items, answered %+v with %d", got, len(e.Shelves[0].Items), want, len(answer.Items))
		}
		for n, shown := range e.Shelves[0].Items {
			if shown.ID != answer.Items[n].ID {
				t.Fatalf("place %d: logged %s, answered %s", n, shown.ID, answer.Items[n].ID)
			}
		}
		for _, p := range offpolicy.Placings(e) {
			if last := answer.Items[len(answer.Items)-1]; (last.Source == string(recommend.FromExploring)) != (len(p.Among) > 0) {
				t.Fatalf("the last item is from %s, chosen among %v", last.Source, p.Among)
			}
			if len(p.Among) > 0 {
				explored++
			}
		}
	})
	if err != nil || broken > 0 || at != len(answers) {
		t.Errorf("%d of %d lines read, %d broken, %v", at, len(answers), broken, err)
	}
	if explored == 0 || explored > 80 {
		t.Errorf("%d of %d answers were explored, want about a tenth", explored, len(answers))
	}
}
