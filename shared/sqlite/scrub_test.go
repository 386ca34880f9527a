package sqlite

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shopkeeper/shared/bus"
	"shopkeeper/shared/table"
)

const secret = "canary-9f31"

// bytesWith counts how often the word stands in the files of a database.
func bytesWith(t *testing.T, path, word string) (n int) {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		body, err := os.ReadFile(path + suffix)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		n += bytes.Count(body, []byte(word))
	}
	return n
}

func TestWhatIsScrubbedAndCompactedIsGoneFromTheFile(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "shop.db")
	db, err := Open(path, &Options{Feeds: []table.Name{"notes"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	k := table.Key{Table: "notes", Partition: "shop#a", Sort: "x"}
	other := table.Key{Table: "notes", Partition: "shop#b", Sort: "x"}
	long := strings.Repeat("y", 20_000)
	for i := range 50 { // versions, and pages that are freed
		body := fmt.Sprintf(`{"n":%d,"t":"%s","long":"%s"}`, i, secret, long)
		if err := db.Write(ctx, table.Put(table.Item{Key: k, Body: []byte(body)}, table.Always()), table.Put(table.Item{Key: other, Body: []byte(`{"t":"kept-word"}`)}, table.Always())); err != nil {
			t.Fatal(err)
		}
	}
	q := db.Queue("work", nil)
	if err := q.Send(ctx, 0, []byte("about "+secret), []byte("about kept-word")); err != nil {
		t.Fatal(err)
	}
	news := db.Bus("news")
	if err := news.Register(ctx, bus.Rule{Name: "r"}); err != nil {
		t.Fatal(err)
	}
	if err := news.Publish(ctx, bus.Notice{ID: "1", Shop: "shop", Type: "x", Detail: []byte(`{"who":"` + secret + `"}`)}); err != nil {
		t.Fatal(err)
	}
	if bytesWith(t, path, secret) == 0 {
		t.Fatal("the word was never in the file: this test could not fail")
	}
	if err := db.Write(ctx, table.Delete(k, table.Always())); err != nil {
		t.Fatal(err)
	}
	n, err := db.Scrub(ctx, secret, "")
	if err != nil || n != 51+2 { // 50 puts and the removal; the message and the notice
		t.Errorf("scrubbed %d records, %v; want 53", n, err)
	}
	if err := db.Compact(ctx); err != nil {
		t.Fatal(err)
	}
	if n := bytesWith(t, path, secret); n != 0 {
		t.Errorf("the word still stands in the file %d times", n)
	}
	found := map[string]int{}
	if err := db.Dump(ctx, func(where string, values []byte) error {
		if bytes.Contains(values, []byte("kept-word")) {
			found[where]++
		}
		if bytes.Contains(values, []byte(secret)) {
			t.Errorf("%s still has the word", where)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if found["notes"] != 1 || found["messages"] != 1 || found["feed_notes"] == 0 {
		t.Errorf("what is not about the word was found in %v", found)
	}
	if _, err := db.Get(ctx, other); err != nil {
		t.Errorf("after compacting: %v", err)
	}
	if err := db.Write(ctx, table.Put(table.Item{Key: k, Body: []byte(`{}`)}, table.IfAbsent())); err != nil {
		t.Errorf("after compacting: %v", err)
	}
}
