package eventbridge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	awseb "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"golang.org/x/sync/errgroup"

	"shopkeeper/shared/bus"
	"shopkeeper/shared/bus/bustest"
	"shopkeeper/shared/eventbridge"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ministacktest"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/sqs"
)

// deployed is a bus whose rules deliver to queues, as the deployment's do.
type deployed struct {
	cfg  aws.Config
	name string
}

var made atomic.Int64

func open(t *testing.T) bustest.Setup {
	cfg := ministacktest.Config(ministacktest.Start(t, ministacktest.Options{}))
	d := &deployed{cfg: cfg, name: fmt.Sprintf("bus-%d", made.Add(1))}
	if _, err := awseb.NewFromConfig(cfg).CreateEventBus(t.Context(), &awseb.CreateEventBusInput{Name: &d.name}); err != nil {
		t.Fatalf("create bus: %v", err)
	}
	return bustest.Setup{Bus: eventbridge.Open(cfg, d.name), Listen: d.listen}
}

func TestBus(t *testing.T) { bustest.Bus(t, open) }

func (d *deployed) listen(ctx context.Context, t *testing.T, rules ...bus.Rule) <-chan struct{} {
	t.Helper()
	var group errgroup.Group
	for _, r := range rules {
		q, err := d.rule(ctx, r)
		if err != nil {
			t.Fatalf("rule %s: %v", r.Name, err)
		}
		group.Go(func() error { return deliver(ctx, q, r) })
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := group.Wait(); err != nil {
			t.Errorf("deliver: %v", err)
		}
	}()
	return done
}

// rule makes the rule with a queue behind it.
func (d *deployed) rule(ctx context.Context, r bus.Rule) (queue.Queue, error) {
	name := d.name + "-" + r.Name
	made, err := awssqs.NewFromConfig(d.cfg).CreateQueue(ctx, &awssqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		return nil, err
	}
	client := awseb.NewFromConfig(d.cfg)
	pattern := eventbridge.Pattern(r.Prefix)
	if _, err := client.PutRule(ctx, &awseb.PutRuleInput{Name: &name, EventBusName: &d.name, EventPattern: &pattern}); err != nil {
		return nil, err
	}
	arn := fmt.Sprintf("arn:aws:sqs:%s:%s:%s", ministacktest.Region, ministacktest.Account, name)
	_, err = client.PutTargets(ctx, &awseb.PutTargetsInput{
		Rule: &name, EventBusName: &d.name, Targets: []types.Target{{Id: aws.String("queue"), Arn: &arn}},
	})
	return sqs.Open(d.cfg, *made.QueueUrl), err
}

// deliver does what a function behind the queue would until ctx ends.
func deliver(ctx context.Context, q queue.Queue, r bus.Rule) error {
	for ctx.Err() == nil {
		ms, err := q.Receive(ctx, 10, time.Second)
		if err != nil && ctx.Err() == nil {
			return err
		}
		for _, m := range ms {
			var e events.EventBridgeEvent
			if err := json.Unmarshal(m.Body, &e); err != nil {
				return err
			}
			n, err := eventbridge.NoticeOf(e)
			if err != nil {
				return err
			}
			if fault.Retryable(r.Handle(ctx, n)) {
				err = q.Retry(ctx, m, time.Second)
			} else {
				err = q.Done(ctx, m)
			}
			if err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
	return nil
}
