package athena_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/athena"
	"shopkeeper/shared/athena/athenatest"
	"shopkeeper/shared/fault"
)

func open(t *testing.T, f *athenatest.Facade) *athena.Engine {
	return athena.Open(f.Config(t), athena.Settings{Workgroup: "training", Database: "shop", Bucket: "data"}, &athena.Options{Poll: time.Millisecond, Patience: time.Minute})
}

// log is an engine of SQL that writes down what it is asked.
type log struct {
	mu    sync.Mutex
	texts []string
}

func (l *log) add(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.texts = append(l.texts, text)
	return len(l.texts)
}

var one = athenatest.Result{Columns: []string{"n"}, Rows: [][]any{{"1"}, {nil}}}

func TestRows(t *testing.T) {
	f := &athenatest.Facade{Exec: func(context.Context, string, string) (athenatest.Result, error) { return one, nil }}
	var got [][]string
	err := open(t, f).Rows(t.Context(), "SELECT n", func(row []string) error {
		got = append(got, row)
		return nil
	})
	if diff := cmp.Diff([][]string{{"1"}, {""}}, got); err != nil || diff != "" {
		t.Errorf("%v, rows (-want +got):\n%s", err, diff)
	}
}

// TestFaults gives each answer of Athena its kind.
func TestFaults(t *testing.T) {
	refuse := func(r athenatest.Refused) func(context.Context, string, string) (athenatest.Result, error) {
		return func(context.Context, string, string) (athenatest.Result, error) { return athenatest.Result{}, &r }
	}
	fine := func(context.Context, string, string) (athenatest.Result, error) { return one, nil }
	first := func(operation, code string, times int) func(string, int) string {
		return func(o string, n int) string {
			if o == operation && n < times {
				return code
			}
			return ""
		}
	}
	for name, tt := range map[string]struct {
		exec  func(context.Context, string, string) (athenatest.Result, error)
		fault func(string, int) string
		want  fault.Kind // Internal with wrong set
		wrong bool
		part  string
	}{
		"throttled at the start":        {exec: fine, fault: first("StartQueryExecution", "TooManyRequestsException", 4)},
		"throttled while it runs":       {exec: fine, fault: first("GetQueryExecution", "ThrottlingException", 4)},
		"throttled while it is read":    {exec: fine, fault: first("GetQueryResults", "TooManyRequestsException", 4)},
		"Athena fails for a while":      {exec: fine, fault: first("GetQueryExecution", "InternalServerException", 4)},
		"the result is gone":            {exec: fine, fault: first("GetQueryResults", "InvalidRequestException", 99), wrong: true, want: fault.Internal},
		"a wrong statement":             {exec: refuse(athenatest.Refused{State: "FAILED", Reason: "COLUMN_NOT_FOUND: line 1:8"}), wrong: true, want: fault.Internal, part: "COLUMN_NOT_FOUND"},
		"no room in the cloud":          {exec: refuse(athenatest.Refused{State: "FAILED", Reason: "INTERNAL_ERROR", Retryable: true}), wrong: true, want: fault.Unavailable},
		"stopped by somebody":           {exec: refuse(athenatest.Refused{State: "CANCELLED", Reason: "Query cancelled by user"}), wrong: true, want: fault.Unavailable},
		"more bytes than the group may": {exec: refuse(athenatest.Refused{State: "CANCELLED", Reason: "Bytes scanned limit was exceeded"}), wrong: true, want: fault.TooLarge},
		"a workgroup that is not there": {exec: fine, fault: first("StartQueryExecution", "InvalidRequestException", 99), wrong: true, want: fault.Internal},
		"nobody may":                    {exec: fine, fault: first("StartQueryExecution", "AccessDeniedException", 99), wrong: true, want: fault.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			e := open(t, &athenatest.Facade{Exec: tt.exec, Fault: tt.fault})
			err := e.Rows(t.Context(), "SELECT n", func([]string) error { return nil })
			if (err != nil) != tt.wrong || tt.wrong && !fault.Is(err, tt.want) {
				t.Fatalf("rows: %v, want wrong %t, %v", err, tt.wrong, tt.want)
			}
			if err != nil && !strings.Contains(fmt.Sprint(err, errors.Unwrap(err)), tt.part) {
				t.Errorf("%v does not say %q", err, tt.part)
			}
		})
	}
}

// TestMaterializeTriesAgain in a fresh place with a token of its own where another try may help, and only there.
func TestMaterializeTriesAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		refuse athenatest.Refused
		place  string // "" for an error
		kind   fault.Kind
		tables int
	}{
		"no room for a moment":  {athenatest.Refused{State: "FAILED", Reason: "INTERNAL_ERROR", Retryable: true}, "out/t1/", 0, 2},
		"a table is left there": {athenatest.Refused{State: "FAILED", Reason: "TABLE_ALREADY_EXISTS: line 1"}, "out/t1/", 0, 2},
		"stopped by somebody":   {athenatest.Refused{State: "CANCELLED", Reason: "Query cancelled by user"}, "out/t1/", 0, 2},
		"a wrong statement":     {athenatest.Refused{State: "FAILED", Reason: "COLUMN_NOT_FOUND"}, "", fault.Internal, 1},
		"too many bytes":        {athenatest.Refused{State: "CANCELLED", Reason: "Bytes scanned limit was exceeded"}, "", fault.TooLarge, 1},
	} {
		t.Run(name, func(t *testing.T) {
			tables := &log{}
			f := &athenatest.Facade{Exec: func(_ context.Context, _, text string) (athenatest.Result, error) {
				if strings.HasPrefix(text, "CREATE TABLE") && tables.add(text) == 1 {
					return athenatest.Result{}, &tt.refuse
				}
				return athenatest.Result{Columns: []string{"table_name"}, Rows: [][]any{{"kept"}}}, nil
			}}
			place, err := open(t, f).Materialize(t.Context(), "kept", "SELECT 1 AS n", "out/")
			if place != tt.place || (err != nil) != (tt.place == "") || err != nil && !fault.Is(err, tt.kind) {
				t.Errorf("place %q, %v", place, err)
			}
			if len(tables.texts) != tt.tables {
				t.Errorf("tried %d times: %q", len(tables.texts), tables.texts)
			}
		})
	}
}

// TestACrashDoesNotPayTwice: a process that comes after another meets its query, running or over.
func TestACrashDoesNotPayTwice(t *testing.T) {
	goOn, waiting := make(chan struct{}), make(chan struct{})
	f := &athenatest.Facade{Exec: func(context.Context, string, string) (athenatest.Result, error) {
		<-goOn
		return athenatest.Result{}, nil
	}, Fault: func(operation string, n int) string {
		if operation == "GetQueryExecution" && n == 20 {
			close(waiting)
		}
		return ""
	}}
	cfg := f.Config(t)
	settings := athena.Settings{Workgroup: "training", Database: "shop", Bucket: "data"}
	options := &athena.Options{Poll: time.Millisecond, Patience: time.Minute}
	places := make(chan string, 2)
	for range 2 {
		go func() {
			place, err := athena.Open(cfg, settings, options).Materialize(t.Context(), "kept", "SELECT 1 AS n", "out/")
			places <- fmt.Sprint(place, err)
		}()
	}
	<-waiting
	close(goOn)
	if a, b := <-places, <-places; a != "out/t0/<nil>" || b != a || f.Started() != 1 {
		t.Errorf("%s, %s, %d statements", a, b, f.Started())
	}
	place, err := athena.Open(cfg, settings, options).Materialize(t.Context(), "kept", "SELECT 1 AS n", "out/")
	if place != "out/t0/" || err != nil || f.Started() != 1 {
		t.Errorf("later: %s, %v, %d statements", place, err, f.Started())
	}
}

// TestWhatNobodyWaitsForIsStopped: when the context ends or the patience does.
func TestWhatNobodyWaitsForIsStopped(t *testing.T) {
	for name, patience := range map[string]time.Duration{"cancelled": time.Minute, "out of patience": 50 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			stopped := make(chan struct{})
			f := &athenatest.Facade{Exec: func(ctx context.Context, _, _ string) (athenatest.Result, error) {
				<-ctx.Done()
				close(stopped)
				return athenatest.Result{}, ctx.Err()
			}}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			f.Fault = func(operation string, n int) string {
				if patience == time.Minute && operation == "GetQueryExecution" && n == 3 {
					cancel()
				}
				return ""
			}
			e := athena.Open(f.Config(t), athena.Settings{Workgroup: "training", Database: "shop", Bucket: "data"}, &athena.Options{Poll: time.Millisecond, Patience: patience})
			if _, err := e.Materialize(ctx, "kept", "SELECT 1 AS n", "out/"); !fault.Is(err, fault.Unavailable) {
				t.Errorf("materialize: %v", err)
			}
			<-stopped
			if n := f.Calls("StopQueryExecution"); n != 1 {
				t.Errorf("stopped %d times", n)
			}
		})
	}
}
