package sqs_test

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"shopkeeper/shared/ministacktest"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/queue/queuetest"
	"shopkeeper/shared/sqs"
)

var made atomic.Int64

func create(t *testing.T, client *awssqs.Client, attributes map[string]string) string {
	t.Helper()
	name := fmt.Sprintf("queue-%d", made.Add(1))
	out, err := client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatalf("create queue: %v", err)
	}
	return *out.QueueUrl
}

// wait lets real time pass: the emulator has no other.
func wait(t *testing.T) func(d time.Duration) {
	return func(d time.Duration) {
		select {
		case <-time.After(d):
		case <-t.Context().Done():
		}
	}
}

func open(t *testing.T, s queuetest.Settings) queuetest.Setup {
	cfg := ministacktest.Config(ministacktest.Start(t, ministacktest.Options{}))
	client := awssqs.NewFromConfig(cfg)
	dead := create(t, client, nil)
	arn := fmt.Sprintf("arn:aws:sqs:%s:%s:queue-%d", ministacktest.Region, ministacktest.Account, made.Load())
	live := create(t, client, map[string]string{
		"VisibilityTimeout": strconv.Itoa(int(s.Visibility.Seconds())),
		"RedrivePolicy":     fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, arn, s.MaxReceive),
	})
	return queuetest.Setup{
		Queue: sqs.Open(cfg, live), Dead: sqs.Open(cfg, dead), Advance: wait(t),
		SendsAgain: true, Reopen: func(*testing.T) queue.Queue { return sqs.Open(cfg, live) },
	}
}

func TestQueue(t *testing.T) { queuetest.Queue(t, open) }
