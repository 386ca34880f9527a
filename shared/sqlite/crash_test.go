package sqlite

import (
	"bufio"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/table"
)

// crashFile names the file that this test binary, started again by TestKilledProcessLosesNothing, writes to until it is killed.
const crashFile = "SQLITE_TEST_CRASH_FILE"

const crashWorkers = 6

func TestMain(m *testing.M) {
	if path := os.Getenv(crashFile); path != "" {
		fmt.Fprintln(os.Stderr, writeUntilKilled(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// cause is the outermost fault of an error.
func cause(err error) (*fault.Error, bool) { return errors.AsType[*fault.Error](err) }

// crashItem is the n-th item of a worker in a table, large enough to be torn.
func crashItem(name table.Name, worker, n int) table.Item {
	fill := make([]byte, 300+n%2000)
	for i := range fill {
		fill[i] = 'a' + byte(n%26)
	}
	return table.Item{
		Key:  table.Key{Table: name, Partition: fmt.Sprintf("shop#%d", worker), Sort: fmt.Sprintf("%08d", n)},
		Body: fmt.Appendf(nil, `{"fill":"%s","n":%d}`, fill, n),
	}
}

// last is the item that counts a worker's writes.
func last(worker, n int) table.Item {
	it := item(fmt.Sprintf("last of %d", worker), n)
	it.Key.Table = "beta"
	return it
}

// writeUntilKilled has workers write, each from where it was, and print every write that was acknowledged: worker and number.
func writeUntilKilled(path string) error {
	db, err := Open(path, nil) // not told of the feed: the file knows
	if err != nil {
		return err
	}
	failed := make(chan error)
	for w := range crashWorkers {
		go func() {
			it, err := db.Get(context.Background(), last(w, 0).Key)
			if err != nil && !fault.Is(err, fault.NotFound) {
				failed <- err
			}
			for n := int(it.Version); ; n++ {
				err := errors.Join(
					db.Write(context.Background(), table.Put(crashItem("alpha", w, n), table.IfAbsent()), table.Put(last(w, n), table.Always())),
					db.Queue("work", nil).Send(context.Background(), 0, fmt.Appendf(nil, "%d %d", w, n)))
				if err != nil {
					failed <- err
				}
				fmt.Printf("%d %d\n", w, n)
			}
		}()
	}
	return <-failed
}

func TestKilledProcessLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	watching := open(t, path, &Options{Feeds: []table.Name{"alpha"}}) // sees, through its cache, what others write
	random := rand.New(rand.NewPCG(1, 2))
	acknowledged := acks{counts: map[int]int{}, writes: map[string]bool{}}
	for round := range 5 {
		for w := range crashWorkers { // into the cache
			if _, err := watching.Get(t.Context(), last(w, 0).Key); err != nil && !fault.Is(err, fault.NotFound) {
				t.Fatal(err)
			}
		}
		killWriter(t, path, 1+random.IntN(600), acknowledged)
		checkWorkers(t, watching, acknowledged.counts)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	checkFile(t, watching, acknowledged)
}

// acks are the writes that were acknowledged: how many items of each worker there must be, and each write's line.
type acks struct {
	counts map[int]int
	writes map[string]bool
}

// killWriter starts a writer, kills it once it has acknowledged n writes and notes all that it acknowledged.
func killWriter(t *testing.T, path string, n int, acknowledged acks) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashFile+"="+path)
	out, in := io.Pipe()
	cmd.Stdout = in
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() {
		lines := bufio.NewScanner(out)
		for seen := 1; lines.Scan(); seen++ {
			var worker, number int
			if _, err := fmt.Sscanf(lines.Text(), "%d %d", &worker, &number); err == nil {
				acknowledged.counts[worker] = max(acknowledged.counts[worker], number+1)
				acknowledged.writes[lines.Text()] = true
			}
			if seen == n {
				if err := cmd.Process.Kill(); err != nil {
					t.Errorf("kill: %v", err)
				}
			}
		}
	})
	if err := cmd.Wait(); err == nil {
		t.Error("the writer ended by itself")
	}
	in.Close()
	group.Wait()
}

// checkWorkers looks for every acknowledged write through the handle's cache.
func checkWorkers(t *testing.T, db *DB, acknowledged map[int]int) {
	t.Helper()
	for w, n := range acknowledged {
		it, err := db.Get(t.Context(), last(w, 0).Key)
		if err != nil || it.Version < int64(n) {
			t.Errorf("worker %d: count %d, %v; %d writes were acknowledged", w, it.Version, err, n)
			return
		}
		for i := range int(it.Version) {
			wantBody(t, db, crashItem("alpha", w, i))
		}
	}
}

// checkFile looks at the whole: the feed has each write once and in order, every acknowledged message is in the queue, the file is sound.
func checkFile(t *testing.T, db *DB, acknowledged acks) {
	t.Helper()
	changes, err := db.Feed("alpha").Read(t.Context(), "c", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	next := map[string]int{}
	for _, c := range changes {
		if want := fmt.Sprintf("%08d", next[c.Key.Partition]); c.Key.Sort != want || c.Old != nil {
			t.Fatalf("feed has %v, want %s", c.Key, want)
		}
		next[c.Key.Partition]++
	}
	messages := map[string]bool{}
	var ms []queue.Message
	for again := true; again; again = len(ms) > 0 {
		if ms, err = db.Queue("work", nil).Receive(t.Context(), 10, 0); err != nil {
			t.Fatal(err)
		}
		for _, m := range ms {
			messages[string(m.Body)] = true
		}
	}
	for w, n := range acknowledged.counts {
		if got := next[fmt.Sprintf("shop#%d", w)]; got < n {
			t.Errorf("worker %d: %d changes in the feed, %d writes were acknowledged", w, got, n)
		}
	}
	for write := range acknowledged.writes {
		if !messages[write] {
			t.Errorf("message %q is lost", write)
		}
	}
	err = db.read(t.Context(), func(c *conn) error {
		return c.query(func(v []driver.Value) bool {
			if text(v[0]) != "ok" {
				t.Errorf("integrity: %s", text(v[0]))
			}
			return true
		}, "PRAGMA integrity_check")
	})
	if err != nil {
		t.Error(err)
	}
}
