package app

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/compare"
	"shopkeeper/shared/event"
	"shopkeeper/shared/exposure"
	"shopkeeper/shared/offpolicy"
	"shopkeeper/shared/privacy"
	"shopkeeper/shared/recommend"
)

// delivered keeps what was written to a function's log as its subscription delivers it: a line an event, and everything twice.
func delivered(t *testing.T, log *exposure.Log, written string) {
	t.Helper()
	d := exposure.Delivery{Group: "recommend", Stream: "[1]"}
	for n, line := range strings.Split(strings.TrimSpace(written), "\n") {
		d.Events = append(d.Events, exposure.Event{ID: fmt.Sprint(n), Line: line})
	}
	for range 2 {
		if kept, err := log.Keep(t.Context(), d); err != nil || kept.Lines != len(d.Events) {
			t.Fatalf("kept %+v of %d lines (%v)", kept, len(d.Events), err)
		}
	}
}

// asWritten is the log that a report of one process reads.
type asWritten string

func (w asWritten) Exposures(_ context.Context, _ event.ShopID, _ time.Time, each func(offpolicy.Exposure)) (int, error) {
	return offpolicy.ReadExposures(strings.NewReader(string(w)), each)
}

// TestOneListIsJudgedByFiles compares two models on one list as functions do: the report from the files of deliveries is that from the lines as they were written.
func TestOneListIsJudgedByFiles(t *testing.T) {
	w := newWorld(t)
	var written bytes.Buffer
	w.compared(recommend.Interleave, Lines(quiet(), &written))
	for n := range 6 {
		b := w.browser()
		b.version()
		var list struct {
			RecommendationID string
			Items            []struct{ ID string }
		}
		if status := b.call(http.MethodGet, "/v1/recommendations?limit=4&writeKey="+teaKey, nil, &list); status != http.StatusOK || len(list.Items) == 0 {
			t.Fatalf("status %d", status)
		}
		var me struct{ Visitor string }
		b.call(http.MethodGet, "/v1/me?writeKey="+teaKey, nil, &me)
		click := event.Event{Shop: "tea", Visitor: event.VisitorID(me.Visitor), ID: event.ID(fmt.Sprint("click", n)), Type: event.Track, Name: event.RecommendationClick, At: time.Now(), ReceivedAt: time.Now(),
			Recommendation: list.RecommendationID, Lines: []event.Line{{Item: event.ItemID(list.Items[n%len(list.Items)].ID)}}}
		if err := archive.Append(t.Context(), w.files, fmt.Sprint(n), click); err != nil {
			t.Fatal(err)
		}
	}
	files := exposure.New(w.files)
	delivered(t, files, written.String())
	signer := must(recommend.NewSigner(w.keys))
	report := func(shown compare.Shown) compare.Report {
		return must(compare.New(func() time.Time { return time.Unix(0, 0) }, w.files, signer, shown).Report(t.Context(), "tea", "GBP"))
	}
	got := report(files)
	if diff := cmp.Diff(report(asWritten(written.String())), got); diff != "" {
		t.Errorf("the report (-from lines +from files):\n%s", diff)
	}
	if a := got.Arms[0]; a.Visitors != 6 || a.Exposures != 6 || a.Replaced != 0 {
		t.Errorf("six visitors saw an answer each: %+v", a)
	}
	all := func(shown compare.Shown) (all []offpolicy.Exposure) {
		if broken, err := shown.Exposures(t.Context(), "tea", time.Time{}, func(e offpolicy.Exposure) { all = append(all, e) }); err != nil || broken > 0 {
			t.Fatalf("%d broken, %v", broken, err)
		}
		return all
	}
	if diff := cmp.Diff(all(asWritten(written.String())), all(files)); diff != "" {
		t.Errorf("exposures (-written +kept):\n%s", diff)
	}
}

// TestErasingTakesWhatWasShown erases a visitor where bytes are out of reach, as on AWS.
func TestErasingTakesWhatWasShown(t *testing.T) {
	w := newWorld(t)
	files := exposure.New(w.files)
	line := `{"at":%d,"shop":"tea","visitor":%q,"model":7,"seed":1,"shelves":[]}` + "\n"
	now := time.Now().UnixMilli()
	delivered(t, files, fmt.Sprintf(line, now, "v_ann")+fmt.Sprintf(line, now, "v_bob")+fmt.Sprintf(line, now-24*time.Hour.Milliseconds(), "v_ann"))
	service := must(Privacy(quiet(), time.Now, w.store, w.files, w.keys, nil))
	certificate, err := service.EraseAll(t.Context(), "tea", "asked", privacy.Subject{Visitors: []event.VisitorID{"v_ann"}})
	if err != nil {
		t.Fatal(err)
	}
	found := -1
	for _, r := range certificate.Removed {
		if r.Part == "exposures" {
			found = r.Found
		}
	}
	var left []string
	broken, err := files.Exposures(t.Context(), "tea", time.Time{}, func(e offpolicy.Exposure) { left = append(left, e.Visitor) })
	if diff := cmp.Diff([]string{"v_bob"}, left); diff != "" || found != 2 || broken > 0 || err != nil {
		t.Errorf("the certificate says %d, %d broken, %v (-want +got):\n%s", found, broken, err, diff)
	}
}
