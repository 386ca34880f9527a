package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
)

func job(id, body, receives string) events.SQSMessage {
	return events.SQSMessage{MessageId: id, Body: body, Attributes: map[string]string{"ApproximateReceiveCount": receives}}
}

func TestOnQueue(t *testing.T) {
	batch := []events.SQSMessage{job("1", "good", "1"), job("2", "bad", "1"), job("3", "good", ""), job("4", "good", "2")}
	tests := map[string]struct {
		left    time.Duration // of the function's time; 0: no limit
		handled []string
		failed  []string
	}{
		"those that fail come again":        {0, []string{"good", "bad", "good"}, []string{"2", "3"}},
		"with time enough, too":             {time.Minute, []string{"good", "bad", "good"}, []string{"2", "3"}},
		"none is begun without time for it": {headroom, nil, []string{"1", "2", "3", "4"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			if tt.left > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, tt.left)
				defer cancel()
			}
			var handled []string
			answer, err := OnQueue(quiet, func(_ context.Context, body []byte) error {
				handled = append(handled, string(body))
				if string(body) == "bad" {
					return fault.New(fault.Unavailable, "away")
				}
				return nil
			})(ctx, events.SQSEvent{Records: batch})
			if err != nil || answer.BatchItemFailures == nil {
				t.Fatalf("answer %+v, %v", answer, err)
			}
			var failed []string
			for _, f := range answer.BatchItemFailures {
				failed = append(failed, f.ItemIdentifier)
			}
			if diff := cmp.Diff([][]string{tt.handled, tt.failed}, [][]string{handled, failed}); diff != "" {
				t.Errorf("handled, failed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOnMail(t *testing.T) {
	tests := map[string]struct {
		err   error
		again bool
	}{
		"noted":                            {nil, false},
		"the ledger is away":               {fault.New(fault.Unavailable, "away"), true},
		"the time is over":                 {context.DeadlineExceeded, true},
		"an event that is none is dropped": {fault.New(fault.Invalid, "none"), false},
		"a mistake of ours is dropped":     {errors.New("oh"), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			heard, err := OnMail(quiet, func(_ context.Context, detail []byte) error { return tt.err })(t.Context(), events.EventBridgeEvent{ID: "e", Detail: json.RawMessage(`{}`)})
			if (err != nil) != tt.again || heard.Event != "e" {
				t.Errorf("%+v, %v", heard, err)
			}
		})
	}
}
