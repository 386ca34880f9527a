// Package trigger puts the product's handlers behind what AWS calls functions with: batches of a table's stream, files that appear in a bucket, the nightly schedule. It is the last step
// before the Lambda runtime; nothing is decided here.
package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/dynamo"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/stream"
	"shopkeeper/shared/table"
	"shopkeeper/shared/trainer"
)

// Changes is called by the event source mapping of a table's stream.
type Changes = func(ctx context.Context, batch events.DynamoDBEvent) (events.DynamoDBEventResponse, error)

// OnEvents hands batches of the events table's changes to the handler of the function. A record that is no change of ours can never be handled: it is set aside in
// failures, and the rest goes on. When it cannot be set aside, the batch comes again from there.
func OnEvents(log *slog.Logger, function string, failures queue.Queue, handle stream.Handler) Changes {
	return OnChanges(log, function, failures, func(events.DynamoDBEventRecord) table.Name { return event.Table }, handle)
}

// OnChanges is OnEvents for the tables that tableOf names by a record; "" is a table that the function is not for.
func OnChanges(log *slog.Logger, function string, failures queue.Queue, tableOf func(events.DynamoDBEventRecord) table.Name, handle stream.Handler) Changes {
	return func(ctx context.Context, batch events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		changes := make([]table.Change, 0, len(batch.Records))
		stuck := "" // the first record that could not be set aside: it and all after it come again
		for _, r := range batch.Records {
			name := tableOf(r)
			c, err := dynamo.ChangeOf(r, name)
			if err == nil && name == "" {
				err = fault.Newf(fault.Invalid, "the record is of a table that is not expected: %s", r.EventSourceArn)
			}
			if err != nil {
				c.Seq, c.Key.Table = r.Change.SequenceNumber, name
				if err := stream.SetAside(ctx, log, failures, function, c, err); err != nil {
					stuck = c.Seq
					break
				}
				continue
			}
			changes = append(changes, c)
		}
		from, err := handle(ctx, changes)
		if err != nil {
			return events.DynamoDBEventResponse{}, err
		}
		if from == "" {
			from = stuck
		}
		answer := events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
		if from != "" {
			answer.BatchItemFailures = append(answer.BatchItemFailures, events.DynamoDBBatchItemFailure{ItemIdentifier: from})
		}
		return answer, nil
	}
}

// File is called by the rule that listens to the bucket.
type File = func(ctx context.Context, e events.EventBridgeEvent) (Taken, error)

// Taken is what a function answers that has dealt with a file.
type Taken struct {
	File string `json:"file"`
}

// OnFile hands the name of each new file to the handler. An error makes Lambda call twice more, and then the failure queue has the event, so that somebody hears of a file that cannot be
// read; the same event may come twice.
func OnFile(handle func(ctx context.Context, name string) error) File {
	return func(ctx context.Context, e events.EventBridgeEvent) (Taken, error) {
		var detail struct {
			Object struct {
				Key string `json:"key"`
			} `json:"object"`
		}
		if err := json.Unmarshal(e.Detail, &detail); err != nil || detail.Object.Key == "" {
			return Taken{}, fmt.Errorf("event %s of %s names no file: %w", e.ID, e.Source, errors.Join(err, fault.InvalidField("detail.object.key", "is needed")))
		}
		if err := handle(ctx, detail.Object.Key); err != nil {
			return Taken{}, fmt.Errorf("file %s: %w", detail.Object.Key, err)
		}
		return Taken{File: detail.Object.Key}, nil
	}
}

// Night is called by the schedule, or by whoever wants one shop's model now.
type Night = func(ctx context.Context, which Which) (Trained, error)

// Trained is what came out, by shop.
type Trained map[event.ShopID]trainer.Report

// Which names the shop to train; the zero value means all of them.
type Which struct {
	Shop event.ShopID `json:"shop"`
}

// lister is the part of a blob.Store that knows which shops there are.
type lister interface {
	List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error)
}

// shopsFolder has one file per shop of the deployment, see app.Ingest.
const shopsFolder = "shops/"

// Train makes one shop's model, see app.Trainer.
type Train = func(ctx context.Context, shop event.ShopID, progress trainer.Progress) (trainer.Report, error)

// Nightly trains one shop or all, one after the other: a shop that fails holds up none of the others and is named in the error, which makes Lambda call again. Training twice is
// harmless. A shop that has nothing to sell yet is no failure.
func Nightly(log *slog.Logger, files lister, train Train) Night {
	return func(ctx context.Context, which Which) (Trained, error) {
		shops := []event.ShopID{which.Shop}
		if which.Shop == "" {
			var err error
			if shops, err = shopsOf(ctx, files); err != nil {
				return nil, err
			}
		}
		trained := Trained{}
		var failed []error
		for _, s := range shops {
			switch report, err := train(ctx, s, nil); {
			case fault.Is(err, fault.NotFound):
				log.InfoContext(ctx, "nothing to train", "shop", s, "err", err)
			case err != nil:
				log.ErrorContext(ctx, "shop not trained", "shop", s, "err", err)
				failed = append(failed, fmt.Errorf("train %s: %w", s, err))
			default:
				trained[s] = report
			}
		}
		return trained, errors.Join(failed...)
	}
}

func shopsOf(ctx context.Context, files lister) ([]event.ShopID, error) {
	const page = 1000
	var shops []event.ShopID
	for after := ""; ; {
		infos, err := files.List(ctx, shopsFolder, after, page)
		if err != nil {
			return nil, fmt.Errorf("list shops: %w", err)
		}
		for _, f := range infos {
			if id, ok := strings.CutSuffix(strings.TrimPrefix(f.Name, shopsFolder), ".json"); ok && !strings.Contains(id, "/") {
				shops = append(shops, event.ShopID(id))
			}
			after = f.Name
		}
		if len(infos) < page {
			return shops, nil
		}
	}
}
