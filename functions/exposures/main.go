// Exposures keeps what recommend showed. The subscription of recommend's log calls it; a repeated delivery stores nothing twice.
package main

import (
	"context"
	"log"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/config"
	"shopkeeper/shared/app/trigger"
	"shopkeeper/shared/env"
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

func build(ctx context.Context, getenv env.Lookup) (trigger.LogLines, error) {
	cfg, err := env.LoadExposures(getenv)
	if err != nil {
		return nil, err
	}
	aws, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	return trigger.ExposuresFunction(lambdacontext.NewLogger(), s3.Open(aws, cfg.Bucket, nil), sqs.Open(aws, cfg.Failures)), nil
}
