// Erase carries out erasures that people confirmed by mail, and finishes those that were cut short. The schedule calls it every few minutes; erasing again finds nothing.
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
	"shopkeeper/shared/s3"
	"shopkeeper/shared/secrets"
)

func main() {
	handler, err := build(context.Background(), os.Getenv)
	if err != nil {
		log.Fatalln("cannot start:", err)
	}
	lambda.StartHandlerFunc(handler)
}

func build(ctx context.Context, getenv env.Lookup) (trigger.Erasures, error) {
	cfg, err := env.LoadErase(getenv)
	if err != nil {
		return nil, err
	}
	aws, keys, err := secrets.Open(ctx, cfg.Keys)
	if err != nil {
		return nil, err
	}
	return trigger.EraseFunction(lambdacontext.NewLogger(), time.Now, dynamo.Open(aws, cfg.Tables, nil), s3.Open(aws, cfg.Bucket, nil), keys)
}
