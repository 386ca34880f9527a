// Package sqlitetest gives a test an empty store of its own.
package sqlitetest

import (
	"path/filepath"
	"testing"

	"shopkeeper/shared/sqlite"
)

// Open opens a new file, which is closed when the test has ended: a test fails that leaves a reader behind. Options are sqlite.Open's.
func Open(t testing.TB, o *sqlite.Options) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "shop.db"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return db
}
