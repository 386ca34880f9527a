package sqs

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/sdkfault"
)

// Send makes one call per ten bodies, fewer when they are large. What SQS refuses of a batch for reasons of its own is sent again.
func (q *Queue) Send(ctx context.Context, delay time.Duration, bodies ...[]byte) error {
	if delay < 0 || delay > maxDelay {
		return fault.InvalidField("delay", "must be from 0 to 15 minutes")
	}
	for i, b := range bodies {
		if len(b) > queue.MaxBodyBytes {
			return fault.InvalidField("bodies["+strconv.Itoa(i)+"]", "is larger than "+strconv.Itoa(queue.MaxBodyBytes)+" bytes")
		}
	}
	for len(bodies) > 0 {
		var batch []types.SendMessageBatchRequestEntry
		batch, bodies = fit(bodies, seconds(delay))
		if err := q.send(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// fit takes the first bodies that go into one call: at most ten, at most MaxBodyBytes together unless it is a single one.
func fit(bodies [][]byte, delay int32) (batch []types.SendMessageBatchRequestEntry, rest [][]byte) {
	size := 0
	for len(bodies) > 0 && len(batch) < maxBatch {
		body, attributes := encode(bodies[0])
		if size += len(body); len(batch) > 0 && size > queue.MaxBodyBytes {
			break
		}
		batch = append(batch, types.SendMessageBatchRequestEntry{
			Id: aws.String(strconv.Itoa(len(batch))), MessageBody: &body, MessageAttributes: attributes, DelaySeconds: delay,
		})
		bodies = bodies[1:]
	}
	return batch, bodies
}

func (q *Queue) send(ctx context.Context, batch []types.SendMessageBatchRequestEntry) error {
	for try := range sdkfault.MaxTries {
		out, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: batch})
		if err != nil {
			return translate(err)
		}
		if len(out.Failed) == 0 {
			return nil
		}
		if batch, err = refused(batch, out.Failed); err != nil {
			return err
		}
		if err := sdkfault.Pause(ctx, try); err != nil {
			return err
		}
	}
	return fault.New(fault.Throttled, "the queue asks to send more slowly")
}

// refused are the entries to send again; an error when sending again is no use.
func refused(batch []types.SendMessageBatchRequestEntry, failed []types.BatchResultErrorEntry) ([]types.SendMessageBatchRequestEntry, error) {
	var again []types.SendMessageBatchRequestEntry
	for _, f := range failed {
		if f.SenderFault {
			return nil, fault.Newf(fault.Invalid, "the queue refuses a message: %s", aws.ToString(f.Code))
		}
		for _, e := range batch {
			if aws.ToString(e.Id) == aws.ToString(f.Id) {
				again = append(again, e)
			}
		}
	}
	return again, nil
}
