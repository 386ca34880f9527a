package sqlite

import (
	"context"
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

// peeking is a store that is asked for what it has in memory first.
type peeking struct{ *DB }

// Get is table.Store's.
func (p peeking) Get(ctx context.Context, k table.Key, opts ...table.ReadOption) (table.Item, error) {
	if it, ok := p.Peek(k); ok {
		return own(it), nil
	}
	return p.DB.Get(ctx, k, opts...)
}

// TestPeek holds Peek to all that is promised of Get.
func TestPeek(t *testing.T) {
	tabletest.Store(t, func(t *testing.T, now func() time.Time) table.Store {
		return peeking{open(t, "", &Options{Now: now, Feeds: []table.Name{"alpha"}})}
	}, tabletest.Gaps{})
	t.Run("nothing after Close", func(t *testing.T) {
		db := open(t, "", nil)
		it := item("a", 1)
		if err := db.Write(t.Context(), table.Put(it, table.Always())); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the first learns that nobody else wrote
			if _, err := db.Get(t.Context(), it.Key); err != nil {
				t.Fatal(err)
			}
		}
		if got, ok := db.Peek(it.Key); !ok || string(got.Body) != string(it.Body) {
			t.Errorf("peek: %s, %t", got.Body, ok)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if _, ok := db.Peek(it.Key); ok {
			t.Error("a closed database is peeked into")
		}
	})
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
