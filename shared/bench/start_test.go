// Package bench measures what needs stand-ins of AWS: the start of the real bootstraps. `make bench` runs it; nothing here decides a test but that each
// bootstrap answers.
package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/dynamo/dynamotest"
	"shopkeeper/shared/env"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/ingest"
	"shopkeeper/shared/ministacktest"
	"shopkeeper/shared/people"
	"shopkeeper/shared/process"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/rapi"
	"shopkeeper/shared/shop"
)

const starts = 5

// payloads are first events that each function answers. The HTTP ones carry an unknown key: verifying it reads a table.
var payloads = map[string]string{
	"collect":   `{"version":"2.0","routeKey":"$default","rawPath":"/v1/track","rawQueryString":"writeKey=wk_nobody-0123456789","headers":{"content-type":"application/json"},"requestContext":{"http":{"method":"POST","path":"/v1/track","sourceIp":"127.0.0.1"},"stage":"$default"},"body":"{\"type\":\"track\",\"event\":\"x\",\"anonymousId\":\"a\"}"}`,
	"recommend": `{"version":"2.0","routeKey":"$default","rawPath":"/v1/front-page","rawQueryString":"writeKey=wk_nobody-0123456789","headers":{},"requestContext":{"http":{"method":"GET","path":"/v1/front-page","sourceIp":"127.0.0.1"},"stage":"$default"}}`,
	"profile":   `{"Records":[]}`,
	"archive":   `{"Records":[]}`,
}

// TestStart starts each bootstrap a few times and prints the medians: from the start of the process to the end of its initialisation, and to its first answer.
func TestStart(t *testing.T) {
	environment := cloud(t)
	var out strings.Builder
	fmt.Fprintf(&out, "start of the real bootstraps, this machine's architecture, stand-ins on loopback, median of %d\n", starts)
	fmt.Fprintf(&out, "%-10s %9s %12s %17s %10s   (a 10 MB bootstrap with the DynamoDB SDK: first answer 6.8 ms; AWS adds 42 ms p50 for the environment)\n", "function", "size MB", "ready ms", "first answer ms", "memory MB")
	for _, name := range []string{"archive", "collect", "ingest", "profile", "recommend", "train"} {
		bootstrap := rapi.Build(t, "./functions/"+name)
		info, err := os.Stat(bootstrap)
		if err != nil {
			t.Fatal(err)
		}
		var ready, first []time.Duration
		var memory float64
		for range starts {
			r, f, m := start(t, bootstrap, environment, payloads[name])
			ready, first, memory = append(ready, r), append(first, f), m
		}
		answer := "-"
		if payloads[name] != "" {
			answer = ms(first)
		}
		fmt.Fprintf(&out, "%-10s %9.1f %12s %17s %10.0f\n", name, float64(info.Size())/1e6, ms(ready), answer, memory)
	}
	t.Log("\n" + out.String())
	if dir := os.Getenv("SHOPKEEPER_OUTPUT"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "start.txt"), []byte(out.String()), 0o644); err != nil {
			t.Error(err)
		}
	}
}

func start(t *testing.T, bootstrap string, environment []string, payload string) (ready, first time.Duration, memory float64) {
	t.Helper()
	p, err := rapi.Start(t.Context(), bootstrap, rapi.Options{Env: environment})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if ready, err = p.Ready(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, p.Log())
	}
	if payload != "" {
		answer, err := p.Invoke(t.Context(), []byte(payload))
		if err != nil {
			t.Fatalf("%v\n%s", err, p.Log())
		}
		if !json.Valid(answer) {
			t.Fatalf("answered %q", answer)
		}
		first = p.FirstAnswer()
	}
	return ready, first, process.Resident(p.Pid())
}

func ms(all []time.Duration) string {
	slices.Sort(all)
	return fmt.Sprintf("%.1f", float64(all[len(all)/2])/float64(time.Millisecond))
}

// cloud makes what the functions are told of: tables, bucket, queue, secret.
func cloud(t *testing.T) []string {
	t.Helper()
	tables := dynamotest.Start(t)
	emulator := ministacktest.Start(t, ministacktest.Options{})
	cfg := ministacktest.Config(emulator)
	made := dynamotest.CreateTables(t, tables, event.Table, profile.Table, people.Table, identity.Table, catalog.Table, shop.Table, consent.Table, ingest.Table)
	queue, err := awssqs.NewFromConfig(cfg).CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String("bench-failures")})
	if err != nil {
		t.Fatal(err)
	}
	bucket := "bench-files"
	client := awss3.NewFromConfig(cfg, func(o *awss3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(t.Context(), &awss3.CreateBucketInput{
		Bucket: &bucket, CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(ministacktest.Region)},
	}); err != nil {
		t.Fatal(err)
	}
	secret, err := secretsmanager.NewFromConfig(cfg).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("bench-keys"), SecretString: aws.String(`{"current":"k1","k1":"MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	environment := []string{
		"AWS_ENDPOINT_URL_DYNAMODB=" + *tables.BaseEndpoint, "AWS_ENDPOINT_URL=" + emulator,
		env.QueueFailures + "=" + *queue.QueueUrl, env.KeysSecret + "=" + *secret.ARN, env.BucketData + "=" + bucket, env.BusName + "=default", env.Consent + "=implied",
	}
	for name, physical := range made {
		environment = append(environment, env.TableVar(name)+"="+physical)
	}
	return environment
}
