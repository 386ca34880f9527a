package trigger

import (
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"shopkeeper/shared/app"
	"shopkeeper/shared/blob"
	"shopkeeper/shared/feedback"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/sqs"
	"shopkeeper/shared/table"
)

// Work is called by the event source mapping of a queue.
type Work = func(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error)

// SendFunction is the whole of the send function; public is the address of the deployment that links in mail begin with.
func SendFunction(log *slog.Logger, now func() time.Time, store table.Store, models blob.Store, keys *identity.Keyring, sender mail.Sender, public string) (Work, error) {
	composer, err := app.Composer(log, now, store, models, keys, public, nil)
	if err != nil {
		return nil, err
	}
	worker, err := app.Send(log, now, store, keys, composer, sender, nil)
	if err != nil {
		return nil, err
	}
	return OnQueue(log, worker.Handle), nil
}

// OnQueue hands the messages of a batch to the handler, one after the other. Those that fail come again; one that never will be right gets to the queue's dead letters that way. No message is begun
// when there is no time left for it.
func OnQueue(log *slog.Logger, handle func(ctx context.Context, body []byte) error) Work {
	return func(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
		early := ctx
		if deadline, ok := ctx.Deadline(); ok {
			var cancel context.CancelFunc
			early, cancel = context.WithDeadline(ctx, deadline.Add(-2*headroom))
			defer cancel()
		}
		answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
		for _, r := range batch.Records {
			m, err := sqs.MessageOf(r)
			if err == nil && early.Err() != nil {
				err = early.Err()
			}
			if err == nil {
				err = handle(ctx, m.Body)
			}
			if err != nil {
				log.ErrorContext(ctx, "a message of the queue will come again", "message", r.MessageId, "err", err)
				answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: r.MessageId})
			}
		}
		return answer, nil
	}
}

// News is called by the rule that listens to SES.
type News = func(ctx context.Context, e events.EventBridgeEvent) (Heard, error)

// Heard is what the feedback function answers.
type Heard struct {
	Event string `json:"event"`
}

// FeedbackFunction is the whole of the feedback function.
func FeedbackFunction(log *slog.Logger, now func() time.Time, store table.Store, keys *identity.Keyring) (News, error) {
	handler, err := app.Feedback(log, now, store, keys)
	if err != nil {
		return nil, err
	}
	return OnMail(log, handler.Handle), nil
}

// OnMail hands the detail of each event to the handler. An event that never will be right is logged, without the address in it, and dropped: a queue of failures is no place for addresses. An error
// makes Lambda call twice more.
func OnMail(log *slog.Logger, handle func(ctx context.Context, detail []byte) error) News {
	return func(ctx context.Context, e events.EventBridgeEvent) (Heard, error) {
		err := handle(ctx, e.Detail)
		if feedback.Permanent(err) {
			log.ErrorContext(ctx, "news of a mail that cannot be understood", "event", e.ID, "type", e.DetailType, "err", err)
			err = nil
		}
		return Heard{e.ID}, err
	}
}
