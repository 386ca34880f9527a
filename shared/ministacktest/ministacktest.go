// Package ministacktest starts the AWS emulator for tests (queues, buckets, buses, whole deployments). One process of it serves all tests of a
// test binary; they keep apart by names of their own.
package ministacktest

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"shopkeeper/shared/standin"
)

// What the emulator runs as.
const (
	Region  = "eu-west-1"
	Account = "111111111111"
)

// Options changes the emulator.
type Options struct {
	Auth bool // enforce the policies of roles
}

var (
	open    = standin.Program{Name: "ministack", Script: "scripts/ministack/run.sh", Needs: []string{"python3"}}
	guarded = standin.Program{Name: "ministack", Script: "scripts/ministack/run.sh", Needs: []string{"python3"}, Env: []string{"AUTH=true"}}
)

// Start returns the emulator's endpoint, such as http://127.0.0.1:40123. Without Python 3 it skips the test, or fails it when SHOPKEEPER_REQUIRE
// names ministack.
func Start(t testing.TB, o Options) string {
	t.Helper()
	if o.Auth {
		return "http://" + guarded.Start(t)
	}
	return "http://" + open.Start(t)
}

// Config is for clients of the emulator at an endpoint.
func Config(endpoint string) aws.Config {
	return aws.Config{
		Region:       Region,
		BaseEndpoint: &endpoint,
		Credentials:  credentials.NewStaticCredentialsProvider(Account, "secret", ""),
	}
}
