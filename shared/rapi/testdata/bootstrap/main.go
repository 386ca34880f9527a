// Bootstrap is a function that does what its event says: it lets the harness be tested against the real Lambda runtime.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do      string            `json:"do"`
	Records []json.RawMessage `json:"Records"`
}

func main() {
	if os.Getenv("FAIL_TO_START") != "" {
		fmt.Fprintln(os.Stderr, "nothing to start with")
		os.Exit(3)
	}
	lambda.StartHandlerFunc(handle)
}

func handle(ctx context.Context, e event) (any, error) {
	switch e.Do {
	case "fail":
		return nil, errors.New("as asked")
	case "panic":
		panic("as asked")
	case "exit":
		fmt.Println("going")
		os.Exit(4)
	case "hang":
		select {}
	case "big":
		return string(make([]byte, 7<<20)), nil
	}
	c, _ := lambdacontext.FromContext(ctx)
	_, hasDeadline := ctx.Deadline()
	return map[string]any{"pid": os.Getpid(), "id": c.AwsRequestID, "deadline": hasDeadline, "arn": c.InvokedFunctionArn}, nil
}
