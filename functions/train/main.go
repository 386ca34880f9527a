// Train makes each shop's model and publishes it when it is not worse. The nightly schedule calls it; training again is harmless.
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
	"shopkeeper/shared/athena"
	"shopkeeper/shared/dynamo"
	"shopkeeper/shared/env"
	"shopkeeper/shared/eventbridge"
	"shopkeeper/shared/s3"
	"shopkeeper/shared/warehouse"
)

func main() {
	handler, err := build(context.Background(), os.Getenv)
	if err != nil {
		log.Fatalln("cannot start:", err)
	}
	lambda.StartHandlerFunc(handler)
}

func build(ctx context.Context, getenv env.Lookup) (trigger.Night, error) {
	cfg, err := env.LoadTrain(getenv)
	if err != nil {
		return nil, err
	}
	aws, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	var elsewhere warehouse.Engine
	if cfg.Warehouse {
		elsewhere = athena.Open(aws, athena.Settings{Workgroup: cfg.Workgroup, Database: cfg.Database, Bucket: cfg.Bucket}, nil)
	}
	return trigger.TrainFunction(lambdacontext.NewLogger(), time.Now, dynamo.Open(aws, cfg.Tables, nil), s3.Open(aws, cfg.Bucket, nil), eventbridge.Open(aws, cfg.Bus), elsewhere), nil
}
