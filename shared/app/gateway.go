package app

import (
	"context"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// Request is what an HTTP API calls a function with, in payload format 2.0.
type Request = func(ctx context.Context, r events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)

// Gateway hands requests to the proxy with a path that stands in an address. An HTTP API decodes the path before it calls, so that "/v1/items/50%25/similar" arrives as "/v1/items/50%/similar":
// no address, and the call would fail instead of being answered. A path that still is encoded stays as it is.
func Gateway(proxy Request) Request {
	return func(ctx context.Context, r events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		if _, err := url.PathUnescape(r.RawPath); err != nil || strings.ContainsAny(r.RawPath, "?#") {
			r.RawPath = (&url.URL{Path: r.RawPath}).EscapedPath()
		}
		return proxy(ctx, r)
	}
}
