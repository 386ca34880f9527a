package archive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/disk"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/parquetrows"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/stream"
	"shopkeeper/shared/table"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type world struct {
	files    *disk.Store
	failures queue.Queue
	handle   stream.Handler
}

func newWorld(t *testing.T) world {
	t.Helper()
	files, err := disk.Open(filepath.Join(t.TempDir(), "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	db := sqlitetest.Open(t, nil)
	failures := db.Queue("failures", nil)
	return world{files, failures, Handler(slog.New(slog.DiscardHandler), files, failures)}
}

func viewed(id event.ID, visitor event.VisitorID, at time.Time, items ...event.ItemID) event.Event {
	e := event.Event{Shop: "a", Visitor: visitor, ID: id, Type: event.Track, Name: event.ProductViewed, At: at, ReceivedAt: at.Add(time.Second), Session: "s1"}
	for _, i := range items {
		e.Lines = append(e.Lines, event.Line{Item: i, Price: 250, Category: "Tea", Brand: "Oxbow"})
	}
	return e
}

func changes(t *testing.T, first int, events ...event.Event) []table.Change {
	t.Helper()
	var all []table.Change
	for i, e := range events {
		it, err := e.Item()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, table.Change{Seq: fmt.Sprint(first + i), Key: it.Key, New: &it})
	}
	return all
}

func (w world) deliver(t *testing.T, batch []table.Change) {
	t.Helper()
	if from, err := w.handle(t.Context(), batch); err != nil || from != "" {
		t.Fatalf("handle: again from %q, %v", from, err)
	}
}

// read is what the archive holds, as "event/line item", in the order of reading.
func (w world) read(t *testing.T, from, to time.Time) []string {
	t.Helper()
	var got []string
	if err := Read(t.Context(), w.files, "a", from, to, func(r Row) error {
		got = append(got, fmt.Sprintf("%s/%d %s", r.Event, r.Line, r.Item))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return got
}

func (w world) names(t *testing.T) []string {
	t.Helper()
	infos, err := w.files.List(t.Context(), "archive/", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, i := range infos {
		names = append(names, i.Name)
	}
	return names
}

func TestRowsOfAnEvent(t *testing.T) {
	e := viewed("m1", "v1", noon, "T1", "T2")
	e.Name, e.Person, e.Order = event.OrderCompleted, "p_1", &event.Order{ID: "7", Total: 500, Currency: "GBP"}
	w := newWorld(t)
	w.deliver(t, changes(t, 1, e))
	base := Row{Event: "m1", Visitor: "v1", Person: "p_1", Type: "track", Name: "Order Completed", At: noon, Received: noon.Add(time.Second), Session: "s1", Item: "T1", Quantity: 1,
		Price: 250, Currency: "GBP", Order: "7", Total: 500, Category: "Tea", Brand: "Oxbow"}
	second := base
	second.Line, second.Item, second.Total = 1, "T2", 0
	var got []Row
	if err := Read(t.Context(), w.files, "a", time.Time{}, time.Time{}, func(r Row) error {
		got = append(got, r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Row{base, second}, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestEachEventIsReadOnce(t *testing.T) {
	w := newWorld(t)
	all := changes(t, 1, viewed("m1", "v1", noon, "T1", "T2"), viewed("m2", "v1", noon, "T3"), viewed("m3", "v2", noon))
	w.deliver(t, all)
	once := w.names(t)
	w.deliver(t, all)
	if diff := cmp.Diff(once, w.names(t)); diff != "" {
		t.Errorf("the same batch again made other files (-want +got):\n%s", diff)
	}
	w.deliver(t, all[1:])                                       // cut differently
	w.deliver(t, append(all[:1:1], all[0]))                     // twice in a batch
	w.deliver(t, changes(t, 9, viewed("m1", "v2", noon, "T1"))) // the same message id of another visitor
	want := []string{"m1/0 T1", "m1/1 T2", "m2/0 T3", "m3/0 ", "m1/0 T1"}
	got := w.read(t, time.Time{}, time.Time{})
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestReadKeepsToItsBounds(t *testing.T) {
	w := newWorld(t)
	w.deliver(t, changes(t, 1, viewed("m1", "v1", noon.AddDate(0, 0, -1), "A"), viewed("m2", "v1", noon, "B"), viewed("m3", "v1", noon.Add(time.Hour), "C"), viewed("m4", "v1", noon.AddDate(0, 0, 1), "D")))
	for name, tt := range map[string]struct {
		from, to time.Time
		want     []string
	}{
		"everything":            {time.Time{}, time.Time{}, []string{"m1/0 A", "m2/0 B", "m3/0 C", "m4/0 D"}},
		"from an instant on":    {noon.Add(time.Minute), time.Time{}, []string{"m3/0 C", "m4/0 D"}},
		"up to an instant":      {time.Time{}, noon, []string{"m1/0 A"}},
		"between, end excluded": {noon, noon.Add(time.Hour), []string{"m2/0 B"}},
		"nothing":               {noon.AddDate(1, 0, 0), time.Time{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, w.read(t, tt.from, tt.to)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
	if newest, err := Newest(t.Context(), w.files, "a"); err != nil || !newest.Equal(time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("newest is %s, %v", newest, err)
	}
	if newest, err := Newest(t.Context(), w.files, "nobody"); err != nil || !newest.IsZero() {
		t.Errorf("newest of an empty archive is %s, %v", newest, err)
	}
}

func TestWhatIsNoEventGoesToFailures(t *testing.T) {
	w := newWorld(t)
	batch := changes(t, 1, viewed("m1", "v1", noon, "T1"), viewed("m2", "v1", noon, "T2"))
	poison := table.Item{Key: batch[0].Key, Body: json.RawMessage(`{"at":7}`)}
	batch[0].New = &poison
	removed := table.Change{Seq: "3", Key: batch[1].Key, Old: batch[1].New}
	w.deliver(t, append(batch, removed))
	if diff := cmp.Diff([]string{"m2/0 T2"}, w.read(t, time.Time{}, time.Time{})); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	failed, err := w.failures.Receive(t.Context(), 10, 0)
	if err != nil || len(failed) != 1 || !bytes.Contains(failed[0].Body, []byte(`"seq":"1"`)) {
		t.Errorf("failures hold %d messages, %v; want the poisoned change", len(failed), err)
	}
}

func TestCompactAndForget(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.deliver(t, changes(t, i, viewed(event.ID(fmt.Sprint("m", i)), event.VisitorID(fmt.Sprint("v", i%2)), noon.Add(-time.Duration(i)*time.Minute), "T1", "T2")))
	}
	w.deliver(t, changes(t, 20, viewed("m3", "v1", noon.Add(-3*time.Minute), "T1", "T2"), viewed("m5", "v2", noon, "T1")))
	before, after, err := Compact(t.Context(), w.files, "a", "2026-03-01")
	if err != nil || before != 6 || after != 1 || len(w.names(t)) != 1 {
		t.Fatalf("compact: %d files became %d, %v, stored %v; want 6, 1", before, after, err, w.names(t))
	}
	want := []string{"m4/0 T1", "m4/1 T2", "m3/0 T1", "m3/1 T2", "m2/0 T1", "m2/1 T2", "m1/0 T1", "m1/1 T2", "m0/0 T1", "m0/1 T2", "m5/0 T1"}
	if diff := cmp.Diff(want, w.read(t, time.Time{}, time.Time{})); diff != "" {
		t.Errorf("compacted, in order of time (-want +got):\n%s", diff)
	}
	if _, _, err := Compact(t.Context(), w.files, "a", "2026-03-01"); err != nil {
		t.Fatalf("again: %v", err)
	}
	if n, err := Forget(t.Context(), w.files, "a", "v0", ""); err != nil || n != 6 {
		t.Errorf("forgot %d rows, %v; want 6", n, err)
	}
	if diff := cmp.Diff([]string{"m3/0 T1", "m3/1 T2", "m1/0 T1", "m1/1 T2", "m5/0 T1"}, w.read(t, time.Time{}, time.Time{})); diff != "" {
		t.Errorf("after forgetting (-want +got):\n%s", diff)
	}
	if n, err := Forget(t.Context(), w.files, "a", "v1", "v2"); err != nil || n != 5 || len(w.names(t)) != 0 {
		t.Errorf("forgot %d rows, %v, files %v; want 5 and no file", n, err, w.names(t))
	}
}

func TestTraining(t *testing.T) {
	w := newWorld(t)
	bot := viewed("m2", "v9", noon, "T1")
	bot.Verdict = event.Bot
	known := viewed("m3", "v1", noon.Add(time.Hour), "T2")
	known.Name, known.Person, known.Order = event.OrderCompleted, "p_1", &event.Order{ID: "7"}
	basket := viewed("or-8", "o_8", noon.Add(2*time.Hour), "T3")
	basket.Name, basket.Session, basket.Order = event.OrderCompleted, "", &event.Order{ID: "8"}
	page := viewed("m5", "v1", noon)
	page.Name = "Cart Viewed"
	w.deliver(t, changes(t, 1, viewed("m1", "v1", noon, "T1"), bot, known, basket, page))
	var got []Interaction
	if err := Training(t.Context(), w.files, "a", time.Time{}, time.Time{}, func(i Interaction) error {
		got = append(got, i)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(got, func(a, b Interaction) int { return a.At.Compare(b.At) })
	want := []Interaction{
		{User: "p_1", Session: "v1#s1", Item: "T1", Signal: Viewed, Quantity: 1, Price: 250, Category: "Tea", At: noon},
		{User: "p_1", Session: "v1#s1", Basket: "7", Item: "T2", Signal: Bought, Quantity: 1, Price: 250, Category: "Tea", At: noon.Add(time.Hour)},
		{User: "", Session: "o_8#8", Basket: "8", Item: "T3", Signal: Bought, Quantity: 1, Price: 250, Category: "Tea", At: noon.Add(2 * time.Hour)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("interactions (-want +got):\n%s", diff)
	}
}

func FuzzDecode(f *testing.F) {
	whole, err := encode(Rows(viewed("m1", "v1", noon, "T1", "T2")))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte("PAR1PAR1"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 1<<16 {
			return
		}
		err := parquetrows.Read(body, fault.Internal, damaged, func([]Row) error { return nil })
		if err != nil && !fault.Is(err, fault.Internal) {
			t.Errorf("a damaged file is %v, want Internal", err)
		}
	})
}
