package trigger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"shopkeeper/shared/app"
	"shopkeeper/shared/bus"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/table"
)

// Segment is called by the event source mappings of profiles and people, which have Records, and by the schedule, which has none.
type Segment = func(ctx context.Context, payload json.RawMessage) (any, error)

// SweptShops is how far the sweep of each shop came.
type SweptShops map[event.ShopID]segment.Swept

// SegmentFunction is the whole of the segment function. tables are what the deployment calls its tables: a record says only that. The mappings must deliver every kind of change: a profile
// changes far more often than it is made.
func SegmentFunction(log *slog.Logger, now func() time.Time, store table.Store, files lister, failures queue.Queue, news bus.Bus, tables map[table.Name]string) Segment {
	keeper := app.Segments(log, now, store, news)
	changes := OnChanges(log, "segment", failures, func(r events.DynamoDBEventRecord) table.Name { return tableOf(r.EventSourceArn, tables) }, keeper.Handler(failures))
	sweep := sweeps(log, files, keeper.Sweep)
	return func(ctx context.Context, payload json.RawMessage) (any, error) {
		var kind struct {
			Records json.RawMessage `json:"Records"`
		}
		if err := json.Unmarshal(payload, &kind); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the payload is not an object")
		}
		if len(bytes.TrimSpace(kind.Records)) > 0 {
			var batch events.DynamoDBEvent
			if err := json.Unmarshal(payload, &batch); err != nil {
				return nil, fault.Wrap(fault.Invalid, err, "the payload is no batch of records")
			}
			return changes(ctx, batch)
		}
		var which Which
		if err := json.Unmarshal(payload, &which); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the payload names no shop")
		}
		return sweep(ctx, which)
	}
}

// tableOf finds a table by the ARN of its stream: arn:aws:dynamodb:region:account:table/name/stream/label.
func tableOf(arn string, tables map[table.Name]string) table.Name {
	_, resource, _ := strings.Cut(arn, ":table/")
	physical, _, _ := strings.Cut(resource, "/")
	for name, called := range tables {
		if physical != "" && called == physical {
			return name
		}
	}
	return ""
}

// sweeps does what is due for one shop or all, as long as there is time: the schedule calls every few minutes, and a sweep goes on where it stopped. A shop that fails holds up no other.
func sweeps(log *slog.Logger, files lister, sweep func(context.Context, event.ShopID) (segment.Swept, error)) func(context.Context, Which) (SweptShops, error) {
	return func(ctx context.Context, which Which) (SweptShops, error) {
		shops := []event.ShopID{which.Shop}
		if which.Shop == "" {
			var err error
			if shops, err = shopsOf(ctx, files); err != nil {
				return nil, err
			}
		}
		swept := SweptShops{}
		var failed []error
		for _, s := range shops {
			got, err := toTheEnd(ctx, s, sweep)
			switch {
			case fault.Is(err, fault.NotFound):
				log.InfoContext(ctx, "nothing to sweep", "shop", s, "err", err)
			case err != nil:
				log.ErrorContext(ctx, "shop not swept", "shop", s, "err", err)
				failed = append(failed, fmt.Errorf("sweep %s: %w", s, err))
			default:
				swept[s] = got
			}
		}
		return swept, errors.Join(failed...)
	}
}

// longestWait is how long a sweep is waited for: it waits seconds after a change of a definition, so that every process goes by the new one.
const longestWait = 10 * time.Second

// toTheEnd waits where a sweep asks to be called again soon, once: what is left then is for the next call of the schedule.
func toTheEnd(ctx context.Context, shop event.ShopID, sweep func(context.Context, event.ShopID) (segment.Swept, error)) (segment.Swept, error) {
	got, err := sweep(ctx, shop)
	for range 2 {
		if err != nil || got.Done || got.Again == 0 || got.Again > longestWait {
			break
		}
		t := time.NewTimer(got.Again)
		select {
		case <-t.C:
			got, err = sweep(ctx, shop)
		case <-ctx.Done():
			t.Stop()
			return got, nil
		}
	}
	return got, err
}
