// Console answers the staff's pages and the admin API. The HTTP API calls it; what a repeated call does stands with each route.
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
	"shopkeeper/shared/event"
	"shopkeeper/shared/s3"
	"shopkeeper/shared/secrets"
	"shopkeeper/shared/ses"
)

func main() {
	handler, err := build(context.Background(), os.Getenv)
	if err != nil {
		log.Fatalln("cannot start:", err)
	}
	lambda.StartHandlerFunc(start(handler))
}

func start(h http.Handler) app.Request {
	return app.Authorized(app.Gateway(httpadapter.NewV2(h).ProxyWithContext))
}

func build(ctx context.Context, getenv env.Lookup) (http.Handler, error) {
	cfg, err := env.LoadConsole(getenv)
	if err != nil {
		return nil, err
	}
	aws, keys, err := secrets.Open(ctx, cfg.Keys)
	if err != nil {
		return nil, err
	}
	files := s3.Open(aws, cfg.Bucket, nil)
	options := app.OfficeOptions{Only: event.ShopID(cfg.Shop), Base: cfg.Public, Mailer: ses.Open(time.Now, aws, &ses.Options{ConfigurationSet: cfg.Configuration})}
	//nolint:contextcheck // each request carries its own context
	return app.Desk(lambdacontext.NewLogger(), time.Now, dynamo.Open(aws, cfg.Tables, nil), files, keys, &options)
}
