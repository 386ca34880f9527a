package rapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/stream"
)

func TestFunction(t *testing.T) {
	bootstrap := Build(t, "./shared/rapi/testdata/bootstrap")
	f := NewFunction(bootstrap, Options{Timeout: 5 * time.Second})
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	answer := func(t *testing.T) (got struct {
		Pid      int
		ID, ARN  string
		Deadline bool
	}) {
		t.Helper()
		body, err := f.Invoke(t.Context(), []byte(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := answer(t)
	if first.ID == "" || first.ARN != arn || !first.Deadline {
		t.Errorf("the function saw %+v", first)
	}
	t.Run("an error is told and the process goes on", func(t *testing.T) {
		_, err := f.Invoke(t.Context(), []byte(`{"do":"fail"}`))
		if e, ok := errors.AsType[*FunctionError](err); !ok || e.Message != "as asked" {
			t.Errorf("error %v", err)
		}
		if again := answer(t); again.Pid != first.Pid || again.ID == first.ID {
			t.Errorf("first %+v, again %+v", first, again)
		}
	})
	t.Run("an answer beyond 6 MB is an error", func(t *testing.T) {
		if _, err := f.Invoke(t.Context(), []byte(`{"do":"big"}`)); err == nil || !strings.Contains(err.Error(), "TooLarge") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a panic is told and a new process starts", func(t *testing.T) {
		if _, err := f.Invoke(t.Context(), []byte(`{"do":"panic"}`)); err == nil || !strings.Contains(err.Error(), "as asked") {
			t.Errorf("error %v", err)
		}
		if after := answer(t); after.Pid == first.Pid {
			t.Error("the process survived a panic")
		}
	})
	t.Run("a process that ends is seen at once, with what it printed", func(t *testing.T) {
		starts := f.Starts()
		_, err := f.Invoke(t.Context(), []byte(`{"do":"exit"}`))
		if e, ok := errors.AsType[*ExitError](err); !ok || !strings.Contains(e.Log, "going") || e.State == nil || e.State.Error() != "exit status 4" {
			t.Errorf("error %v", err)
		}
		if answer(t); f.Starts() != starts+1 {
			t.Errorf("%d starts after %d", f.Starts(), starts)
		}
	})
	t.Run("a hanging function is killed", func(t *testing.T) {
		slow := NewFunction(bootstrap, Options{Timeout: 300 * time.Millisecond})
		defer slow.Close()
		if _, err := slow.Invoke(t.Context(), []byte(`{"do":"hang"}`)); !errors.Is(err, ErrTimeout) {
			t.Errorf("error %v", err)
		}
		if _, err := slow.Invoke(t.Context(), []byte(`{}`)); err != nil || slow.Starts() != 2 {
			t.Errorf("after it: %v, %d starts", err, slow.Starts())
		}
	})
	t.Run("a caller that goes away leaves the process", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := f.Invoke(ctx, []byte(`{}`)); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

func TestProcessThatCannotStart(t *testing.T) {
	p, err := Start(t.Context(), Build(t, "./shared/rapi/testdata/bootstrap"), Options{Env: []string{"FAIL_TO_START=1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	_, err = p.Ready(t.Context())
	if e, ok := errors.AsType[*ExitError](err); !ok || !strings.Contains(e.Log, "nothing to start with") {
		t.Errorf("ready: %v", err)
	}
	if _, err := Start(t.Context(), "/no/such/bootstrap", Options{}); err == nil {
		t.Error("a bootstrap that is not there was started")
	}
}

func TestProcessTellsItsColdStart(t *testing.T) {
	p, err := Start(t.Context(), Build(t, "./shared/rapi/testdata/bootstrap"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if got := p.FirstAnswer(); got != 0 {
		t.Errorf("an answer before the first event after %v", got)
	}
	ready, err := p.Ready(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Invoke(t.Context(), []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	if answered := p.FirstAnswer(); ready <= 0 || answered < ready {
		t.Errorf("ready after %v, first answer after %v", ready, answered)
	}
	t.Logf("ready after %v, first answer after %v", ready, p.FirstAnswer())
}

func TestPoller(t *testing.T) {
	var shard []Record
	for i := range 6 {
		shard = append(shard, Record{Seq: fmt.Sprint(i), Raw: fmt.Appendf(nil, "%d", i)})
	}
	tests := map[string]struct {
		answer func(batch []int) string // "" means an error
		calls  []string
		failed []string
	}{
		"an empty answer is success": {func([]int) string { return `{}` }, []string{"0 1 2 3", "4 5"}, nil},
		"null is success":            {func([]int) string { return `null` }, []string{"0 1 2 3", "4 5"}, nil},
		"the lowest of several is the checkpoint": {
			func(b []int) string {
				if len(b) == 4 {
					return `{"batchItemFailures":[{"itemIdentifier":"3"},{"itemIdentifier":"2"}]}`
				}
				return `{"batchItemFailures":[]}`
			},
			[]string{"0 1 2 3", "2 3", "4 5"}, nil,
		},
		"an empty identifier fails the batch": {
			func(b []int) string {
				if len(b) == 4 {
					return `{"batchItemFailures":[{"itemIdentifier":""}]}`
				}
				return `{}`
			},
			[]string{"0 1 2 3", "0 1", "2 3", "4 5"}, nil,
		},
		"an error is halved down to the bad one": {
			func(b []int) string {
				if slices.Contains(b, 1) {
					return ""
				}
				return `{}`
			},
			[]string{"0 1 2 3", "0 1", "0", "1", "1", "2 3", "4 5"}, []string{"1"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var calls, failed []string
			p := Poller{
				Mapping: stream.Mapping{BatchSize: 4, MaxAttempts: 1, Bisect: true},
				Invoke: func(_ context.Context, payload []byte) ([]byte, error) {
					var e struct{ Records []int }
					if err := json.Unmarshal(payload, &e); err != nil {
						t.Fatal(err)
					}
					calls = append(calls, strings.Trim(fmt.Sprint(e.Records), "[]"))
					if a := tt.answer(e.Records); a != "" {
						return []byte(a), nil
					}
					return nil, errors.New("cannot")
				},
				OnFailure: func(_ context.Context, records []Record, _ string) error {
					for _, r := range records {
						failed = append(failed, r.Seq)
					}
					return nil
				},
			}
			if err := p.Deliver(t.Context(), shard); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.calls, calls); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.failed, failed); diff != "" {
				t.Errorf("given up (-want +got):\n%s", diff)
			}
		})
	}
}
