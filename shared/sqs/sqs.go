// Package sqs keeps queues in Amazon SQS. The queue's visibility time-out, its number of deliveries and its dead-letter queue are the deployment's.
//
// A body that SQS does not take as it is (empty, or with characters that XML has not) travels in base64, marked by a message attribute. Lambda gives
// a function such bodies as they travelled: read its records with MessageOf.
package sqs

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/sdkfault"
)

// SQS's limits.
const (
	maxBatch   = 10
	maxWait    = 20 * time.Second
	maxDelay   = 15 * time.Minute
	maxTimeout = 12 * time.Hour // of one delivery
)

// Queue is one queue in SQS.
type Queue struct {
	client *sqs.Client
	url    string
}

var _ queue.Queue = (*Queue)(nil)

// Open returns the queue at a URL; no call is made yet.
func Open(cfg aws.Config, url string) *Queue {
	return &Queue{client: sqs.NewFromConfig(cfg), url: url}
}

// special are SQS's own error codes, receipts what they mean beside in answer to a receipt: one that is not in flight any more was taken by a later
// delivery.
var (
	special = map[string]fault.Kind{
		"AWS.SimpleQueueService.BatchRequestTooLong": fault.Invalid,
		"InvalidMessageContents":                     fault.Invalid,
		"KmsThrottled":                               fault.Throttled,
	}
	receipts = map[string]fault.Kind{
		"KmsThrottled":                              fault.Throttled,
		"InvalidParameterValue":                     fault.Conflict,
		"ReceiptHandleIsInvalid":                    fault.Conflict,
		"MessageNotInflight":                        fault.Conflict,
		"AWS.SimpleQueueService.MessageNotInflight": fault.Conflict,
	}
)

const noAnswer = "the queue did not answer"

func translate(err error) error { return sdkfault.From(err, noAnswer, special) }

// Receive asks again for as long as wait says; SQS waits in whole seconds, at most twenty.
func (q *Queue) Receive(ctx context.Context, limit int, wait time.Duration) ([]queue.Message, error) {
	if limit < 1 || limit > maxBatch {
		return nil, fault.InvalidField("limit", "must be from 1 to 10")
	}
	for {
		turn := min(max(wait, 0), maxWait)
		out, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl:                    &q.url,
			MaxNumberOfMessages:         int32(limit),
			WaitTimeSeconds:             seconds(turn),
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameApproximateReceiveCount},
			MessageAttributeNames:       []string{encoding},
		})
		if err != nil {
			return nil, translate(err)
		}
		if wait -= turn; len(out.Messages) > 0 || wait <= 0 {
			return decodeAll(out.Messages)
		}
	}
}

// seconds rounds up.
func seconds(d time.Duration) int32 { return int32((d + time.Second - 1) / time.Second) }

// Done is Conflict for a receipt that SQS does not know any more; often it ignores that instead.
func (q *Queue) Done(ctx context.Context, m queue.Message) error {
	_, err := q.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &q.url, ReceiptHandle: &m.Receipt})
	return sdkfault.From(err, noAnswer, receipts)
}

// Retry counts in whole seconds, at most twelve hours.
func (q *Queue) Retry(ctx context.Context, m queue.Message, delay time.Duration) error {
	if delay < 0 || delay > maxTimeout {
		return fault.InvalidField("delay", "must be from 0 to 12 hours")
	}
	_, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &q.url, ReceiptHandle: &m.Receipt, VisibilityTimeout: seconds(delay),
	})
	return sdkfault.From(err, noAnswer, receipts)
}

// The message attribute that says how a body travels, and its one value.
const (
	encoding  = "encoding"
	inBase64  = "base64"
	emptyBody = "-" // stands for a body of no bytes, which has no base64
)

// plain says whether SQS takes the body as it is: not empty, UTF-8, only characters of XML 1.0.
func plain(body []byte) bool {
	return len(body) > 0 && utf8.Valid(body) && !slices.ContainsFunc([]rune(string(body)), func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	})
}

// encode is how a body travels, and the attributes that say so.
func encode(body []byte) (string, map[string]types.MessageAttributeValue) {
	if plain(body) {
		return string(body), nil
	}
	travels := base64.StdEncoding.EncodeToString(body)
	if travels == "" {
		travels = emptyBody
	}
	return travels, map[string]types.MessageAttributeValue{
		encoding: {DataType: aws.String("String"), StringValue: aws.String(inBase64)},
	}
}

func decodeAll(received []types.Message) ([]queue.Message, error) {
	ms := make([]queue.Message, len(received))
	for i, r := range received {
		m := queue.Message{ID: aws.ToString(r.MessageId), Receipt: aws.ToString(r.ReceiptHandle)}
		how := aws.ToString(r.MessageAttributes[encoding].StringValue)
		if err := fill(&m, aws.ToString(r.Body), how, r.Attributes[receiveCount]); err != nil {
			return nil, err
		}
		ms[i] = m
	}
	return ms, nil
}

const receiveCount = string(types.MessageSystemAttributeNameApproximateReceiveCount)

// MessageOf is the message of a record that a Lambda function was given. It is Invalid for one that this package did not send.
func MessageOf(r events.SQSMessage) (queue.Message, error) {
	m := queue.Message{ID: r.MessageId, Receipt: r.ReceiptHandle}
	err := fill(&m, r.Body, aws.ToString(r.MessageAttributes[encoding].StringValue), r.Attributes[receiveCount])
	return m, err
}

func fill(m *queue.Message, body, how, attempts string) error {
	n, err := strconv.Atoi(attempts)
	if err != nil || n < 1 {
		return fault.Wrap(fault.Invalid, err, fmt.Sprintf("message %q has no number of deliveries", m.ID))
	}
	m.Attempts = n
	switch {
	case how == "":
		m.Body = []byte(body)
	case how == inBase64 && body == emptyBody:
		m.Body = []byte{}
	case how == inBase64:
		if m.Body, err = base64.StdEncoding.DecodeString(body); err != nil {
			return fault.Wrap(fault.Invalid, err, fmt.Sprintf("message %q is not base64", m.ID))
		}
	default:
		return fault.Newf(fault.Invalid, "message %q has the unknown encoding %q", m.ID, how)
	}
	return nil
}
