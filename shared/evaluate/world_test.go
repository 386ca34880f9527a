package evaluate_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/campaign"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/disk"
	"shopkeeper/shared/evaluate"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/ingest"
	"shopkeeper/shared/kpi"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/sqlite"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// world is a shop on embedded engines whose clock the test sets.
type world struct {
	at        time.Time
	db        *sqlite.DB
	files     *disk.Store
	campaigns *campaign.Store
	rows      *ledger.Store
	members   kpi.Members
	settings  shop.Settings
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	db, err := sqlite.Open(filepath.Join(dir, "db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	files, err := disk.Open(filepath.Join(dir, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{at: noon, db: db, files: files, settings: shop.Settings{ID: "tea", Name: "Tea", Currency: "GBP", TimeZone: "Europe/London", Consent: consent.Implied}}
	w.campaigns, w.rows = campaign.NewStore(w.now, db), ledger.New(w.now, db)
	return w
}

func (w *world) now() time.Time { return w.at }

// Settings are the shop's.
func (w *world) Settings(context.Context, event.ShopID) (shop.Settings, error) {
	return w.settings, nil
}

func (w *world) evaluator() *evaluate.Evaluator {
	groups := func(context.Context, event.ShopID) (kpi.Members, error) { return w.members, nil }
	return evaluate.New(slog.New(slog.DiscardHandler), w.now, w.campaigns, w.rows, groups, w, w.files)
}

// finished imports a file of responses.
func (w *world) finished(ctx context.Context, f evaluate.Finished, columns map[string]string, text []byte) (ingest.Result, string, error) {
	var rejected strings.Builder
	im := evaluate.NewImporter(w.now, w.campaigns, w.rows, identity.NewAliases(w.db), evaluate.NewReports(w.files))
	r, err := im.Import(ctx, f, ingest.Job{
		Shop: "tea", Map: columns, Currency: "GBP", Report: &rejected, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil },
	})
	return r, rejected.String(), err
}

// happened archives events.
func (w *world) happened(t *testing.T, label string, events ...event.Event) {
	t.Helper()
	for i := range events {
		events[i].Shop, events[i].Type, events[i].ReceivedAt = "tea", event.Track, events[i].At
	}
	if err := archive.Append(t.Context(), w.files, label, events...); err != nil {
		t.Fatal(err)
	}
}
