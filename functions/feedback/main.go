// Feedback notes what became of mail: deliveries, bounces, complaints, opens, clicks. Events of SES call it, by EventBridge; a repeated event changes nothing.
package main

import (
	"context"
	"log"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"shopkeeper/shared/app/trigger"
	"shopkeeper/shared/dynamo"
	"shopkeeper/shared/env"
	"shopkeeper/shared/secrets"
)

func main() {
	handler, err := build(context.Background(), os.Getenv)
	if err != nil {
		log.Fatalln("cannot start:", err)
	}
	lambda.StartHandlerFunc(handler)
}

func build(ctx context.Context, getenv env.Lookup) (trigger.News, error) {
	cfg, err := env.LoadFeedback(getenv)
	if err != nil {
		return nil, err
	}
	aws, keys, err := secrets.Open(ctx, cfg.Keys)
	if err != nil {
		return nil, err
	}
	return trigger.FeedbackFunction(lambdacontext.NewLogger(), time.Now, dynamo.Open(aws, cfg.Tables, nil), keys)
}
