package app

import (
	"context"
	"net/url"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

func TestGateway(t *testing.T) {
	tests := map[string]struct{ arrives, handed string }{
		"a plain path":                  {"/v1/items/t00/similar", "/v1/items/t00/similar"},
		"a path that is encoded":        {"/v1/items/a%20b/similar", "/v1/items/a%20b/similar"},
		"a decoded percent sign":        {"/v1/items/50%/similar", "/v1/items/50%25/similar"},
		"a decoded question mark":       {"/v1/items/a?b/similar", "/v1/items/a%3Fb/similar"},
		"a decoded number sign":         {"/v1/items/a#b/similar", "/v1/items/a%23b/similar"},
		"a trailing slash stays":        {"/sourceConfig/", "/sourceConfig/"},
		"no path, as of some emulators": {"", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var handed string
			proxy := func(_ context.Context, r events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
				handed = r.RawPath
				return events.APIGatewayV2HTTPResponse{}, nil
			}
			if _, err := Gateway(proxy)(t.Context(), events.APIGatewayV2HTTPRequest{RawPath: tt.arrives}); err != nil || handed != tt.handed {
				t.Errorf("handed %q (%v), want %q", handed, err, tt.handed)
			}
		})
	}
}

func FuzzGateway(f *testing.F) {
	f.Add("/v1/items/50%/similar")
	f.Add("/a?b#c%zz")
	f.Fuzz(func(t *testing.T, path string) {
		proxy := func(_ context.Context, r events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
			if _, err := url.PathUnescape(r.RawPath); err != nil {
				t.Errorf("%q is handed as %q: %v", path, r.RawPath, err)
			}
			return events.APIGatewayV2HTTPResponse{}, nil
		}
		if _, err := Gateway(proxy)(t.Context(), events.APIGatewayV2HTTPRequest{RawPath: path}); err != nil {
			t.Error(err)
		}
	})
}
