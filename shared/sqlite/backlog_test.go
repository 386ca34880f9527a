package sqlite

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/table"
)

func TestBacklogs(t *testing.T) {
	now := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	db, err := Open(t.TempDir()+"/db", &Options{Now: func() time.Time { return now }, Feeds: []table.Name{"events"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for i := range 3 {
		it := table.Item{Key: table.Key{Table: "events", Partition: "lamps", Sort: fmt.Sprint(i)}, Body: json.RawMessage(`{}`)}
		if err := db.Write(t.Context(), table.Put(it, table.Always())); err != nil {
			t.Fatal(err)
		}
	}
	feed := db.Feed("events")
	read, err := feed.Read(t.Context(), "slow", 10)
	if err != nil || len(read) != 3 {
		t.Fatalf("read %d, %v", len(read), err)
	}
	for consumer, seq := range map[string]string{"slow": read[0].Seq, "quick": read[2].Seq} {
		if err := feed.Commit(t.Context(), consumer, seq); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Queue("send", nil).Send(t.Context(), 0, []byte("a"), []byte("b")); err != nil {
		t.Fatal(err)
	}
	got, err := db.Backlogs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []Backlog{{Feed: "events", Consumer: "quick"}, {Feed: "events", Consumer: "slow", Waiting: 2, Oldest: now}, {Queue: "send", Waiting: 2, Oldest: now}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("backlogs (-want +got):\n%s", diff)
	}
}
