package trigger

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/exposure"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/queue"
)

// LogLines is called by the subscription of a log, at least once for each piece of a stream of it, and without anybody who waits for the answer.
type LogLines = func(ctx context.Context, e events.CloudwatchLogsEvent) (exposure.Kept, error)

// LostLines is what the failure queue receives for exposures that can never be read: where they stand in the log. It quotes nothing of them, as they may name a visitor.
type LostLines struct {
	Function string `json:"function"`
	Group    string `json:"group"`
	Stream   string `json:"stream"`
	Event    string `json:"event"` // the first of them
	Lines    int    `json:"lines"`
	Reason   string `json:"reason"` // of the first
}

// dataMessage is a delivery of lines; what else the service sends asks whether somebody is there.
const dataMessage = "DATA_MESSAGE"

// ExposuresFunction is the whole of the exposures function. An error makes Lambda call twice more, and then the failure queue has the event, which may be handled again: a delivery that is repeated stores nothing twice.
func ExposuresFunction(log *slog.Logger, files blob.Store, failures queue.Queue) LogLines {
	store := exposure.New(files)
	return func(ctx context.Context, e events.CloudwatchLogsEvent) (exposure.Kept, error) {
		data, err := e.AWSLogs.Parse()
		if err != nil {
			return exposure.Kept{}, fault.Wrap(fault.Invalid, err, "the delivery of the log cannot be unpacked")
		}
		if data.MessageType != dataMessage {
			return exposure.Kept{}, nil
		}
		d := exposure.Delivery{Group: data.LogGroup, Stream: data.LogStream, Events: make([]exposure.Event, len(data.LogEvents))}
		for i, line := range data.LogEvents {
			d.Events[i] = exposure.Event{ID: line.ID, Line: line.Message}
		}
		kept, err := store.Keep(ctx, d)
		if err != nil || kept.Broken == 0 {
			return kept, err
		}
		return kept, setAside(ctx, log, failures, d, kept)
	}
}

// setAside tells of exposures that nobody can read, once a delivery.
func setAside(ctx context.Context, log *slog.Logger, failures queue.Queue, d exposure.Delivery, kept exposure.Kept) error {
	body, err := json.Marshal(LostLines{Function: "exposures", Group: d.Group, Stream: d.Stream, Event: kept.First.Event, Lines: kept.Broken, Reason: kept.First.Why.Error()})
	if err != nil {
		return fmt.Errorf("encode lost lines of %s: %w", d.Stream, err)
	}
	if err := failures.Send(ctx, 0, body); err != nil {
		return fmt.Errorf("set lines of %s aside: %w", d.Stream, err)
	}
	log.ErrorContext(ctx, "exposures cannot be read", "stream", d.Stream, "event", kept.First.Event, "lines", kept.Broken, "err", kept.First.Why)
	return nil
}
