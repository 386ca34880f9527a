// Offers counts what comes back of offers: impressions, clicks, orders. The events table's stream calls it; a repeated batch changes nothing: the history of a customer with an offer decides what counts.
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
	"shopkeeper/shared/sqs"
)

func main() {
	handler, err := build(context.Background(), os.Getenv)
	if err != nil {
		log.Fatalln("cannot start:", err)
	}
	lambda.StartHandlerFunc(handler)
}

func build(ctx context.Context, getenv env.Lookup) (trigger.Changes, error) {
	cfg, err := env.LoadOffers(getenv)
	if err != nil {
		return nil, err
	}
	aws, keys, err := secrets.Open(ctx, cfg.Keys)
	if err != nil {
		return nil, err
	}
	return trigger.OffersFunction(lambdacontext.NewLogger(), time.Now, dynamo.Open(aws, cfg.Tables, nil), sqs.Open(aws, cfg.Failures), keys)
}
