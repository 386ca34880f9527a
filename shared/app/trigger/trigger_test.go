package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/stream"
	"shopkeeper/shared/table"
	"shopkeeper/shared/trainer"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// sink is a failure queue that only takes; while broken it does not even that.
type sink struct {
	queue.Queue
	bodies [][]byte
	broken bool
}

func (s *sink) Send(_ context.Context, _ time.Duration, bodies ...[]byte) error {
	if s.broken {
		return fault.New(fault.Unavailable, "the queue is away")
	}
	s.bodies = append(s.bodies, bodies...)
	return nil
}

// record is an insert as the stream delivers it; an empty partition makes one that is not ours.
func record(t *testing.T, seq, partition string) events.DynamoDBEventRecord {
	t.Helper()
	keys := `{"pk":{"S":"` + partition + `"},"sk":{"S":"m1"}}`
	if partition == "" {
		keys = `{"id":{"N":"1"}}`
	}
	var r events.DynamoDBEventRecord
	text := `{"eventName":"INSERT","dynamodb":{"SequenceNumber":"` + seq + `","ApproximateCreationDateTime":1700000000,"Keys":` + keys + `,"NewImage":` +
		strings.TrimSuffix(keys, "}") + `,"ver":{"N":"1.5"},"name":{"S":"Product Viewed"}}}}`
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOnEvents(t *testing.T) {
	tests := map[string]struct {
		partitions []string // of the records 100, 101 ...
		answer     string   // of the handler
		broken     bool     // failure queue
		handled    []string
		failed     []string
		poison     []string
	}{
		"all done":                                 {partitions: []string{"s#a", "s#b"}, handled: []string{"100", "101"}},
		"the handler wants some again":             {partitions: []string{"s#a", "s#b"}, answer: "101", handled: []string{"100", "101"}, failed: []string{"101"}},
		"what is not ours is set aside":            {partitions: []string{"s#a", "", "s#b"}, handled: []string{"100", "102"}, poison: []string{"101"}},
		"set aside fails: again from there":        {partitions: []string{"s#a", "", "s#b"}, broken: true, handled: []string{"100"}, failed: []string{"101"}},
		"the handler's earlier failure is lower":   {partitions: []string{"s#a", ""}, broken: true, answer: "100", handled: []string{"100"}, failed: []string{"100"}},
		"nothing but records that are not of ours": {partitions: []string{"", ""}, poison: []string{"100", "101"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var handled []string
			handle := func(_ context.Context, batch []table.Change) (string, error) {
				for _, c := range batch {
					handled = append(handled, c.Seq)
				}
				return tt.answer, nil
			}
			var batch events.DynamoDBEvent
			for i, p := range tt.partitions {
				batch.Records = append(batch.Records, record(t, string('1')+"0"+string(rune('0'+i)), p))
			}
			failures := &sink{broken: tt.broken}
			got, err := OnEvents(quiet, "profile", failures, handle)(t.Context(), batch)
			if err != nil {
				t.Fatal(err)
			}
			if got.BatchItemFailures == nil {
				t.Error("the list of failures is null, not empty")
			}
			var failed, poison []string
			for _, f := range got.BatchItemFailures {
				failed = append(failed, f.ItemIdentifier)
			}
			for _, b := range failures.bodies {
				var p stream.Poison
				if err := json.Unmarshal(b, &p); err != nil || p.Function != "profile" || p.Reason == "" {
					t.Errorf("poison %s (%v)", b, err)
				}
				poison = append(poison, p.Seq)
			}
			if diff := cmp.Diff([][]string{tt.handled, tt.failed, tt.poison}, [][]string{handled, failed, poison}); diff != "" {
				t.Errorf("handled, failed, poison (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("the whole batch again", func(t *testing.T) {
		handle := func(context.Context, []table.Change) (string, error) { return "", errors.New("no") }
		if _, err := OnEvents(quiet, "profile", &sink{}, handle)(t.Context(), events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{record(t, "1", "s#a")}}); err == nil {
			t.Error("the batch counts as done")
		}
	})
}

func TestOnFile(t *testing.T) {
	tests := map[string]struct {
		detail string
		err    error
		name   string
		fails  bool
	}{
		"a file":              {detail: `{"bucket":{"name":"b"},"object":{"key":"imports/demo/a b.csv","size":1}}`, name: "imports/demo/a b.csv"},
		"a file that fails":   {detail: `{"object":{"key":"shops/demo.json"}}`, err: errors.New("no"), name: "shops/demo.json", fails: true},
		"an event without it": {detail: `{"object":{}}`, fails: true},
		"not an object":       {detail: `[]`, fails: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got string
			taken, err := OnFile(func(_ context.Context, name string) error { got = name; return tt.err })(t.Context(), events.EventBridgeEvent{Detail: json.RawMessage(tt.detail)})
			if got != tt.name || (err != nil) != tt.fails || err == nil && taken.File != tt.name {
				t.Errorf("handled %q, answer %v, error %v", got, taken, err)
			}
		})
	}
}

func FuzzOnFile(f *testing.F) {
	f.Add([]byte(`{"object":{"key":"imports/demo/items.csv"}}`))
	f.Add([]byte(`{"object":null}`))
	f.Fuzz(func(t *testing.T, detail []byte) {
		called := false
		_, err := OnFile(func(_ context.Context, name string) error { called = name != ""; return nil })(t.Context(), events.EventBridgeEvent{Detail: detail})
		if called == (err != nil) {
			t.Errorf("handled %v, error %v", called, err)
		}
	})
}

// names are the files of a bucket, in byte order.
type names []string

func (n names) List(_ context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	var page []blob.Info
	for _, name := range n {
		if strings.HasPrefix(name, prefix) && name > after && len(page) < limit {
			page = append(page, blob.Info{Name: name})
		}
	}
	return page, nil
}

func TestNightly(t *testing.T) {
	tests := map[string]struct {
		files   []string
		which   Which
		trained []event.ShopID
		fails   string
	}{
		"all shops":                        {files: []string{"shops/a.json", "shops/b.json"}, trained: []event.ShopID{"a", "b"}},
		"one shop":                         {files: []string{"shops/a.json", "shops/b.json"}, which: Which{Shop: "b"}, trained: []event.ShopID{"b"}},
		"a failing shop holds up no other": {files: []string{"shops/a.json", "shops/bad.json", "shops/c.json"}, trained: []event.ShopID{"a", "bad", "c"}, fails: "bad"},
		"an empty shop is no failure":      {files: []string{"shops/empty.json"}, trained: []event.ShopID{"empty"}},
		"other files are no shops":         {files: []string{"shops/a.txt", "shops/x/y.json", "imports/z.json"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var trained []event.ShopID
			train := func(_ context.Context, shop event.ShopID, _ trainer.Progress) (trainer.Report, error) {
				trained = append(trained, shop)
				switch shop {
				case "bad":
					return trainer.Report{}, errors.New("no")
				case "empty":
					return trainer.Report{}, fault.New(fault.NotFound, "no items")
				}
				return trainer.Report{}, nil
			}
			got, err := Nightly(quiet, names(tt.files), train)(t.Context(), tt.which)
			if diff := cmp.Diff(tt.trained, trained); diff != "" {
				t.Errorf("trained (-want +got):\n%s", diff)
			}
			if _, ok := got["a"]; ok != slices.Contains(trained, "a") {
				t.Errorf("answer %v", got)
			}
			if (err != nil) != (tt.fails != "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
				t.Errorf("error %v, want %q", err, tt.fails)
			}
		})
	}
}
