// Preferences answers the links of mails and the pages behind them. The HTTP API calls it; a repeated call changes nothing twice.
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
	cfg, err := env.LoadPreferences(getenv)
	if err != nil {
		return nil, err
	}
	aws, keys, err := secrets.Open(ctx, cfg.Keys)
	if err != nil {
		return nil, err
	}
	return app.Preferences(lambdacontext.NewLogger(), time.Now, dynamo.Open(aws, cfg.Tables, nil), keys, ses.Open(time.Now, aws, &ses.Options{ConfigurationSet: cfg.Configuration}), cfg.Public) //nolint:contextcheck // what it makes takes the context of each request
}
