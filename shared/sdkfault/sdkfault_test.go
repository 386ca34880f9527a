package sdkfault

import (
	"context"
	"errors"
	"net/http"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"shopkeeper/shared/fault"
)

// answer is what the SDK returns for an answer of this status and code.
func answer(status int, code string) error {
	return &smithy.OperationError{ServiceID: "X", OperationName: "Y", Err: &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: &smithy.GenericAPIError{Code: code},
	}}}
}

func TestFrom(t *testing.T) {
	special := map[string]fault.Kind{"Gone": fault.NotFound, "SlowDown": fault.Conflict}
	tests := map[string]struct {
		err  error
		want fault.Kind
	}{
		"a code of the service":         {answer(404, "Gone"), fault.NotFound},
		"the service's meaning first":   {answer(503, "SlowDown"), fault.Conflict},
		"a code of all services":        {answer(400, "ThrottlingException"), fault.Throttled},
		"an unknown code of the client": {answer(400, "Whatever"), fault.Internal},
		"an unknown code of the server": {answer(502, "Whatever"), fault.Unavailable},
		"too many requests":             {answer(429, "Whatever"), fault.Throttled},
		"a redirect":                    {answer(307, "Whatever"), fault.Unavailable},
		"no answer":                     {&smithy.OperationError{Err: errors.New("connection refused")}, fault.Unavailable},
		"an ended context":              {&smithy.OperationError{Err: context.Canceled}, fault.Unavailable},
		"a request that was not sent":   {&smithy.OperationError{Err: smithy.InvalidParamsError{}}, fault.Internal},
		"an error from elsewhere":       {errors.New("what"), fault.Internal},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := From(tt.err, "detail", special)
			if fault.KindOf(err) != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("fault %v, want %v around the cause", err, tt.want)
			}
		})
	}
	if err := From(nil, "detail", nil); err != nil {
		t.Errorf("no error became %v", err)
	}
}

func TestPauseEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Pause(ctx, MaxTries); !fault.Is(err, fault.Unavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("pause = %v", err)
	}
	if err := Pause(t.Context(), 0); err != nil {
		t.Errorf("pause = %v", err)
	}
}
