// Collect takes events. The HTTP API calls it; a repeated call stores nothing twice, because an event is known by its message id.
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
func start(h http.Handler) app.Request { return app.Gateway(httpadapter.NewV2(h).ProxyWithContext) }

func build(ctx context.Context, getenv env.Lookup) (http.Handler, error) {
	cfg, err := env.LoadCollect(getenv)
	if err != nil {
		return nil, err
	}
	aws, keys, err := secrets.Open(ctx, cfg.Keys)
	if err != nil {
		return nil, err
	}
	o := app.HTTPOptions{Base: cfg.Public, Sender: ses.Open(time.Now, aws, &ses.Options{ConfigurationSet: cfg.Configuration})}
	return app.Collect(lambdacontext.NewLogger(), time.Now, dynamo.Open(aws, cfg.Tables, nil), keys, &o)
}
