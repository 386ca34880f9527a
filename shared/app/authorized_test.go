package app

import (
	"context"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/staff"
)

// TestAuthorized hands on what the gateway's authorizer says, and nothing that a client can write.
func TestAuthorized(t *testing.T) {
	owner := map[string]string{"sub": "1", "custom:role": "owner"}
	tests := map[string]struct {
		request events.APIGatewayV2HTTPRequest
		want    staff.Claims
	}{
		"checked by the gateway": {events.APIGatewayV2HTTPRequest{RequestContext: events.APIGatewayV2HTTPRequestContext{
			Authorizer: &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: owner}}}}, owner},
		"no authorizer":  {events.APIGatewayV2HTTPRequest{}, nil},
		"another one":    {events.APIGatewayV2HTTPRequest{RequestContext: events.APIGatewayV2HTTPRequestContext{Authorizer: &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{Lambda: map[string]any{"sub": "1"}}}}, nil},
		"only headers":   {events.APIGatewayV2HTTPRequest{Headers: map[string]string{"authorization": "Bearer x.y.z", "x-amzn-request-context": `{"authorizer":{}}`, "claims": `{"sub":"1"}`}}, nil},
		"an empty token": {events.APIGatewayV2HTTPRequest{RequestContext: events.APIGatewayV2HTTPRequestContext{Authorizer: &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{}}}}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got staff.Claims
			_, err := Authorized(func(ctx context.Context, _ events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
				got = staff.ClaimsFrom(ctx)
				return events.APIGatewayV2HTTPResponse{}, nil
			})(t.Context(), tt.request)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
		})
	}
}
