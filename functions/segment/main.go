// Segment keeps customers in the segments that they belong to. The streams of profiles and people call it, and the schedule for what time changes; a repeated call changes nothing.
package main

import (
	"context"
	"log"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/config"
	"shopkeeper/shared/app/trigger"
	"shopkeeper/shared/dynamo"
	"shopkeeper/shared/env"
	"shopkeeper/shared/eventbridge"
	"shopkeeper/shared/s3"
	"shopkeeper/shared/sqs"
)

func main() {
	handler, err := build(context.Background(), os.Getenv)
	if err != nil {
		log.Fatalln("cannot start:", err)
	}
	lambda.StartHandlerFunc(handler)
}

func build(ctx context.Context, getenv env.Lookup) (trigger.Segment, error) {
	cfg, err := env.LoadSegment(getenv)
	if err != nil {
		return nil, err
	}
	aws, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	store, files := dynamo.Open(aws, cfg.Tables, nil), s3.Open(aws, cfg.Bucket, nil)
	return trigger.SegmentFunction(lambdacontext.NewLogger(), time.Now, store, files, sqs.Open(aws, cfg.Failures), eventbridge.Open(aws, cfg.Bus), cfg.Tables), nil
}
