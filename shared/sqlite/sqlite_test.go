package sqlite

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
	"shopkeeper/shared/table/tabletest"
)

func item(sort string, n int) table.Item {
	return table.Item{Key: table.Key{Table: "alpha", Partition: "shop#p", Sort: sort}, Body: fmt.Appendf(nil, `{"n":%d}`, n)}
}

func put(t *testing.T, db *DB, it table.Item) {
	t.Helper()
	if err := db.Write(t.Context(), table.Put(it, table.Always())); err != nil {
		t.Fatal(err)
	}
}

func wantBody(t *testing.T, db *DB, it table.Item) {
	t.Helper()
	got, err := db.Get(t.Context(), it.Key)
	if err != nil || string(got.Body) != string(it.Body) {
		t.Fatalf("get %q = %s, %v; want %s", it.Key.Sort, got.Body, err, it.Body)
	}
}

// wantUnavailable checks that err says when to come again.
func wantUnavailable(t *testing.T, err error) {
	t.Helper()
	f, ok := cause(err)
	if !ok || f.Kind != fault.Unavailable || f.RetryAfter <= 0 {
		t.Errorf("error %v; want Unavailable with RetryAfter", err)
	}
}

func TestLockedDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db := open(t, path, &Options{BusyTimeout: 20 * time.Millisecond, CacheBytes: -1})
	put(t, db, item("a", 1))
	other, err := connect(path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.close()
	if err := other.run("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	wantUnavailable(t, db.Write(t.Context(), table.Put(item("a", 2), table.Always())))
	wantUnavailable(t, db.PutAll(t.Context(), item("b", 2)))
	wantUnavailable(t, db.Queue("q", nil).Send(t.Context(), 0, []byte("x")))
	wantBody(t, db, item("a", 1))
	if err := other.run("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	put(t, db, item("a", 3))
	wantBody(t, db, item("a", 3))
}

func TestFullDisk(t *testing.T) {
	db := open(t, "", &Options{MaxBytes: 400 << 10, Feeds: []table.Name{"beta"}})
	put(t, db, item("small", 1))
	var kept int
	large := func(i int) table.Item {
		it := item(fmt.Sprintf("%03d", i), i)
		it.Body = []byte(`{"fill":"` + strings.Repeat("x", 20<<10) + `"}`)
		return it
	}
	var err error
	for ; err == nil; kept++ {
		err = db.Write(t.Context(), table.Put(large(kept), table.Always()))
	}
	kept--
	wantUnavailable(t, err)
	if kept < 5 {
		t.Fatalf("only %d items fit", kept)
	}
	for i := range kept {
		wantBody(t, db, large(i))
	}
	if _, err := db.Get(t.Context(), large(kept).Key); !fault.Is(err, fault.NotFound) {
		t.Errorf("the item that did not fit: %v, want NotFound", err)
	}
	t.Run("small writes that share a transaction with a large one fit", func(t *testing.T) {
		hold, held := make(chan struct{}), make(chan struct{})
		var group sync.WaitGroup
		group.Go(func() {
			if err := db.update(t.Context(), func(*tx) error { close(held); <-hold; return nil }); err != nil {
				t.Errorf("holding the writer: %v", err)
			}
		})
		<-held
		group.Go(func() { wantUnavailable(t, db.Write(t.Context(), table.Put(large(kept), table.Always()))) })
		group.Go(func() {
			if err := db.Write(t.Context(), table.Put(item("small", 7), table.IfVersion(1))); err != nil {
				t.Errorf("small write: %v", err)
			}
		})
		for len(db.writes) < 2 {
			runtime.Gosched()
		}
		close(hold)
		group.Wait()
		wantBody(t, db, item("small", 7))
	})
	t.Run("room that was made is used", func(t *testing.T) {
		if err := db.Write(t.Context(), table.Delete(large(1).Key, table.Always())); err != nil {
			t.Fatal(err)
		}
		put(t, db, large(kept))
		wantBody(t, db, large(kept))
	})
}

func TestTwoHandlesSeeEachOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	handles := []*DB{open(t, path, nil), open(t, path, nil)}
	for n := range 300 {
		put(t, handles[n%2], item("a", n))
		for range 2 { // the second read is the cache's
			wantBody(t, handles[0], item("a", n))
			wantBody(t, handles[1], item("a", n))
		}
	}
	if err := handles[0].Write(t.Context(), table.Delete(item("a", 0).Key, table.Always())); err != nil {
		t.Fatal(err)
	}
	if _, err := handles[1].Get(t.Context(), item("a", 0).Key); !fault.Is(err, fault.NotFound) {
		t.Errorf("after the other's removal: %v, want NotFound", err)
	}
}

func TestReadersNeverMissWhatTheOtherHandleAcknowledged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	writer, reader := open(t, path, nil), open(t, path, nil)
	const rounds = 200
	put(t, writer, item("a", 0))
	var acknowledged atomic.Int64
	var group sync.WaitGroup
	group.Go(func() {
		for acknowledged.Load() < rounds && !t.Failed() {
			least := acknowledged.Load() + 1
			it, err := reader.Get(t.Context(), item("a", 0).Key)
			if err != nil || it.Version < least {
				t.Errorf("version %d, %v; %d was acknowledged", it.Version, err, least)
			}
		}
	})
	for n := 1; n <= rounds && !t.Failed(); n++ {
		put(t, writer, item("a", n))
		acknowledged.Store(int64(n))
		put(t, reader, item("b", n)) // the reader's own commits must not hide the other's
	}
	acknowledged.Store(rounds)
	group.Wait()
}

func TestTwoHandlesLoseNoUpdate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	handles := []*DB{open(t, path, nil), open(t, path, nil)}
	const writers, rounds = 4, 50
	put(t, handles[0], item("counter", 0))
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			db := handles[w%2]
			for done := 0; done < rounds; {
				it, err := db.Get(t.Context(), item("counter", 0).Key)
				if err == nil {
					err = db.Write(t.Context(), table.Put(item("counter", int(it.Version)), table.IfVersion(it.Version)))
				}
				switch {
				case err == nil:
					done++
				case !fault.Is(err, fault.Conflict):
					t.Errorf("writer %d: %v", w, err)
					return
				}
			}
		})
	}
	group.Wait()
	wantBody(t, handles[0], item("counter", writers*rounds))
	wantBody(t, handles[1], item("counter", writers*rounds))
}

func TestCacheIsNotTrustedAfterAnotherProcessDiedInACommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db := open(t, path, nil)
	put(t, db, item("a", 1))
	wantBody(t, db, item("a", 1))
	other, err := connect(path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.close()
	db.gen.store(db.gen.load() + 1) // what a writer does before it commits
	if _, err := other.exec(`UPDATE items SET body = ?`, []byte(`{"n":2}`)); err != nil {
		t.Fatal(err)
	}
	wantBody(t, db, item("a", 2))
	put(t, db, item("b", 1))
	if g := db.gen.load(); g%2 != 0 {
		t.Errorf("generation %d after the next commit, want an even one", g)
	}
	wantBody(t, db, item("a", 2))
}

func TestChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db, other := open(t, path, nil), open(t, path, nil)
	for name, writer := range map[string]*DB{"by this handle": db, "by another": other} {
		t.Run(name, func(t *testing.T) {
			changed := db.Changed("alpha")
			put(t, writer, item("a", 1))
			select {
			case <-changed:
			case <-time.After(10 * time.Second):
				t.Error("nobody was woken")
			}
		})
	}
}

func TestMaintainTrimsFeeds(t *testing.T) {
	clock := tabletest.NewClock()
	db := open(t, "", &Options{Now: clock.Now, Feeds: []table.Name{"alpha"}})
	feed := db.Feed("alpha")
	for n := range 4 {
		put(t, db, item(fmt.Sprint(n), n))
		clock.Advance(10 * time.Hour)
	}
	commit := func(consumer, seq string) {
		if err := feed.Commit(t.Context(), consumer, seq); err != nil {
			t.Fatal(err)
		}
	}
	left := func() (sorts []string) {
		maintain(t, db)
		changes, err := feed.Read(t.Context(), "newcomer", 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			sorts = append(sorts, c.Key.Sort)
		}
		return sorts
	}
	commit("slow", "1")
	commit("fast", "4")
	if diff := cmp.Diff([]string{"1", "2", "3"}, left()); diff != "" {
		t.Errorf("what the slow consumer needs (-want +got):\n%s", diff)
	}
	commit("slow", "4")
	if diff := cmp.Diff([]string{"2", "3"}, left()); diff != "" {
		t.Errorf("what is younger than a day (-want +got):\n%s", diff)
	}
	clock.Advance(24 * time.Hour)
	if diff := cmp.Diff([]string(nil), left()); diff != "" {
		t.Errorf("after a quiet day (-want +got):\n%s", diff)
	}
	put(t, db, item("later", 1))
	changes, err := feed.Read(t.Context(), "slow", 1)
	if err != nil || len(changes) != 1 || changes[0].Seq != "5" {
		t.Errorf("after trimming %v, %v; want the fifth change", changes, err)
	}
}

func TestClosed(t *testing.T) {
	db := open(t, "", nil)
	put(t, db, item("a", 1))
	wantBody(t, db, item("a", 1))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for n := 0; ; n++ {
				if err := db.Write(t.Context(), table.Put(item("b", n), table.Always())); err != nil {
					wantUnavailable(t, err)
					return
				}
			}
		})
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	group.Wait()
	_, err := db.Get(t.Context(), item("a", 1).Key)
	wantUnavailable(t, err)
	_, err = db.Queue("q", nil).Receive(t.Context(), 1, time.Hour)
	wantUnavailable(t, err)
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "a.db"), &Options{Feeds: []table.Name{`x"; DROP TABLE items; --`}}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a feed's name that is no name: %v, want Invalid", err)
	}
	if _, err := Open(dir, nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a folder: %v, want Unavailable", err)
	}
}

// FuzzCursor holds that a cursor leads to the key it was made of, and that text which was not given leads nowhere.
func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"a", "shop#é", "YWZ0ZXI6", "YWZ0ZXI6YQ", "!", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if sort, err := cursorKey(s); err == nil && cursorAfter(sort) != s && len(sort) == 0 {
			t.Errorf("cursor %q leads to %q", s, sort)
		}
		k := table.Key{Table: "t", Partition: "p", Sort: s}
		if table.ValidateKey(k) != nil {
			return
		}
		if got, err := cursorKey(cursorAfter(s)); err != nil || got != s {
			t.Errorf("key %q came back as %q, %v", s, got, err)
		}
		if b := before(s); b >= s {
			t.Errorf("%q is not before %q", b, s)
		}
	})
}
