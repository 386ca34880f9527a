package ingest

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/people"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/table"
)

// world is an empty deployment on a file.
type world struct {
	db  *sqlite.DB
	cat *catalog.Store
	im  *Importer
}

func newWorld(t testing.TB, path string, now func() time.Time) world {
	t.Helper()
	db, err := sqlite.Open(path, &sqlite.Options{Feeds: []table.Name{event.Table, people.Table}, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	cat := catalog.NewStore(now, db)
	return world{db, cat, New(slog.New(slog.DiscardHandler), now, db, identity.NewAliases(db), cat)}
}

// TestOnlineRetail imports the real file, when it is at hand.
func TestOnlineRetail(t *testing.T) {
	data := os.Getenv("SHOPKEEPER_DATA")
	if data == "" {
		t.Skip("SHOPKEEPER_DATA is not set")
	}
	path := filepath.Join(data, "online-retail", "online_retail_II_2009-2010.csv.gz")
	w := newWorld(t, filepath.Join(t.TempDir(), "shop.db"), time.Now)
	job := Job{Shop: "real", Name: path, As: OnlineRetail, Currency: "GBP", Open: func() (io.ReadCloser, error) { return os.Open(path) }}
	first, err := w.im.File(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", first)
	again, err := w.im.File(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", again)
}
