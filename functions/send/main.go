// Send hands the messages of campaigns to SES. A queue of jobs calls it; a repeated job sends nothing twice: every message is claimed in the ledger first.
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
	"shopkeeper/shared/ses"
)

func main() {
	handler, err := build(context.Background(), os.Getenv)
	if err != nil {
		log.Fatalln("cannot start:", err)
	}
	lambda.StartHandlerFunc(handler)
}

func build(ctx context.Context, getenv env.Lookup) (trigger.Work, error) {
	cfg, err := env.LoadSend(getenv)
	if err != nil {
		return nil, err
	}
	aws, keys, err := secrets.Open(ctx, cfg.Keys)
	if err != nil {
		return nil, err
	}
	mailer := ses.Open(time.Now, aws, &ses.Options{ConfigurationSet: cfg.Configuration, Share: 1 / float64(cfg.Senders)})
	return trigger.SendFunction(lambdacontext.NewLogger(), time.Now, dynamo.Open(aws, cfg.Tables, nil), s3.Open(aws, cfg.Bucket, nil), keys, mailer, cfg.Public)
}
