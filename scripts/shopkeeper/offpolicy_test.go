package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/event"
	"shopkeeper/shared/local"
	"shopkeeper/shared/offpolicy"
	"shopkeeper/shared/recommend"
)

// logged fills a folder with answers whose last place was explored, and with clicks: who is shown T1 there clicks it, and so does every other visitor whose place was kept for T3.
func logged(t *testing.T, dir string) {
	t.Helper()
	l, err := local.Open(t.Context(), dir, &local.Options{Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	signer, err := recommend.NewSigner(l.Ring)
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	begin := time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC)
	clicks := []event.Event{{Shop: local.ShopID, ID: "before", Visitor: "v", Type: event.Track, Name: event.ProductViewed, At: begin.Add(-time.Hour), Lines: []event.Line{{Item: "T1"}}}}
	for n := range 900 {
		at := begin.Add(time.Duration(n) * time.Minute)
		shown, place := "T3", `"T3",0.9`
		if n%3 > 0 {
			shown = fmt.Sprint("T", n%3)
			place = fmt.Sprintf(`%q,0.05,["T2","T1"]`, shown)
		}
		fmt.Fprintf(&lines, "{\"at\":%d,\"shop\":\"shop\",\"visitor\":\"v%d\",\"model\":5,\"seed\":%d,\"shelves\":[[\"for-you\",\"T0\",%s]]}\n", at.UnixMilli()+40, n, n, place)
		if shown == "T1" || shown == "T3" && n%2 == 0 {
			id := signer.Append(nil, local.ShopID, recommend.Token{Placement: recommend.ForYou, Policy: recommend.LastSlot, Model: 5, Seed: uint32(n), At: at})
			clicks = append(clicks, event.Event{Shop: local.ShopID, ID: event.ID(fmt.Sprint("e", n)), Visitor: event.VisitorID(fmt.Sprint("v", n)), Type: event.Track, Name: event.ProductClicked,
				At: at.Add(time.Second), Lines: []event.Line{{Item: event.ItemID(shown)}}, Recommendation: string(id)})
		}
	}
	clicks = append(clicks, event.Event{Shop: local.ShopID, ID: "made up", Visitor: "v", Type: event.Track, Name: event.ProductClicked, At: begin.Add(time.Hour), Lines: []event.Line{{Item: "T2"}}, Recommendation: "made up"})
	if err := archive.Append(t.Context(), l.Blobs, "test", clicks...); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "exposures"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "exposures", "2026-07-01.ndjson"), []byte(lines.String()+"broken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestEvaluateOffPolicy(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	logged(t, dir)
	var r offpolicy.Report
	must(t, &r, dir, "", "evaluate", "--off-policy")
	if r.Exposures != 900 || r.Broken != 1 || len(r.Rows) != 4 {
		t.Fatalf("report: %+v", r)
	}
	want := map[string]float64{"kept for the best": .5, "explored at random": .5, "explored by popularity": 1}
	for _, row := range r.Rows {
		if v, known := want[row.Name]; known && (row.SNIPS.Value < v-1e-9 || row.SNIPS.Value > v+1e-9 || !row.DR.Covers(v)) {
			t.Errorf("%s earns %v, DR %v, want %v", row.Name, row.SNIPS, row.DR, v)
		}
	}
	page := filepath.Join(t.TempDir(), "page.html")
	status, out, errs := call(t, dir, "", "evaluate", "--off-policy", "--html", page)
	text, err := os.ReadFile(page)
	if status != done || err != nil || !strings.Contains(out, "explored by popularity") || !strings.Contains(string(text), "<svg") {
		t.Errorf("status %d, %s%s, %v", status, out, errs, err)
	}
	empty := t.TempDir()
	if status, _, errs := call(t, empty, "", "evaluate", "--off-policy"); status != failed || !strings.Contains(errs, "nothing was shown") {
		t.Errorf("before anything was shown: status %d, %s", status, errs)
	}
	if status, out, _ := call(t, filepath.Join(t.TempDir(), "none"), "", "evaluate", "--off-policy"); status == done {
		t.Errorf("of no folder: %s", out)
	}
}
