// Recommend answers the front page and the other placements. The HTTP API calls it; a repeated call is harmless: it reads and never writes.
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"
	"shopkeeper/shared/app"
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
	lambda.StartHandlerFunc(start(handler))
}
func start(h http.Handler) app.Request { return app.Gateway(httpadapter.NewV2(h).ProxyWithContext) }

func build(ctx context.Context, getenv env.Lookup) (http.Handler, error) {
	cfg, err := env.LoadRecommend(getenv)
	if err != nil {
		return nil, err
	}
	aws, keys, err := secrets.Open(ctx, cfg.Keys)
	if err != nil {
		return nil, err
	}
	logger := lambdacontext.NewLogger()
	shown := &app.HTTPOptions{Exposures: app.Lines(logger, os.Stdout), Memory: cfg.Memory}
	return app.Recommend(logger, time.Now, dynamo.Open(aws, cfg.Tables, nil), s3.Open(aws, cfg.Bucket, nil), keys, shown)
}
