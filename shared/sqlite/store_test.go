package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"shopkeeper/shared/table"
	"shopkeeper/shared/table/tabletest"
)

// open opens a file for the test, in a folder of its own unless one is named.
func open(t testing.TB, path string, opts *Options) *DB {
	t.Helper()
	if path == "" {
		path = filepath.Join(t.TempDir(), "test.db")
	}
	db, err := Open(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

func maintain(t *testing.T, s table.Store) {
	if err := s.(*DB).Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestStore(t *testing.T) {
	for name, cacheBytes := range map[string]int{"cached": 0, "uncached": -1, "with a tiny cache": 4096} {
		t.Run(name, func(t *testing.T) {
			tabletest.Store(t, func(t *testing.T, now func() time.Time) table.Store {
				return open(t, "", &Options{Now: now, Feeds: []table.Name{"alpha"}, CacheBytes: cacheBytes})
			}, tabletest.Gaps{})
		})
	}
}

func TestFeed(t *testing.T) {
	tabletest.Feed(t, func(t *testing.T, now func() time.Time) tabletest.Fed {
		path := filepath.Join(t.TempDir(), "test.db")
		opts := &Options{Now: now, Feeds: []table.Name{"alpha"}}
		db := open(t, path, opts)
		return tabletest.Fed{Store: db, Feed: db.Feed("alpha"), Reopen: func(t *testing.T) table.Feed { return open(t, path, opts).Feed("alpha") }}
	}, tabletest.Gaps{Sweep: maintain})
}

func BenchmarkStore(b *testing.B) {
	for name, cacheBytes := range map[string]int{"cached": 0, "uncached": -1} {
		b.Run(name, func(b *testing.B) {
			tabletest.Benchmark(b, func(b *testing.B) table.Store {
				return open(b, "", &Options{Feeds: []table.Name{"alpha"}, CacheBytes: cacheBytes})
			})
		})
	}
}
