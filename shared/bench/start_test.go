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

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/clicks"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/dynamo/dynamotest"
	"shopkeeper/shared/env"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/ingest"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/ministacktest"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/people"
	"shopkeeper/shared/process"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/rapi"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/staff"
	"shopkeeper/shared/suppression"
	"shopkeeper/shared/web"
)

const starts = 5

// payloads are first events that each function answers, and every folder of functions has one. The HTTP ones carry an unknown key, token or session: verifying it reads a table where one must be read. The schedule's
// find a bucket without shops, so that what is measured is the start and not the work.
var payloads = map[string]string{
	"collect":     `{"version":"2.0","routeKey":"$default","rawPath":"/v1/track","rawQueryString":"writeKey=wk_nobody-0123456789","headers":{"content-type":"application/json"},"requestContext":{"http":{"method":"POST","path":"/v1/track","sourceIp":"127.0.0.1"},"stage":"$default"},"body":"{\"type\":\"track\",\"event\":\"x\",\"anonymousId\":\"a\"}"}`,
	"recommend":   `{"version":"2.0","routeKey":"$default","rawPath":"/v1/front-page","rawQueryString":"writeKey=wk_nobody-0123456789","headers":{},"requestContext":{"http":{"method":"GET","path":"/v1/front-page","sourceIp":"127.0.0.1"},"stage":"$default"}}`,
	"preferences": `{"version":"2.0","routeKey":"$default","rawPath":"/p/newsletter","rawQueryString":"writeKey=wk_nobody-0123456789","headers":{},"requestContext":{"http":{"method":"GET","path":"/p/newsletter","sourceIp":"127.0.0.1"},"stage":"$default"}}`,
	"console":     `{"version":"2.0","routeKey":"$default","rawPath":"/admin/v1/segments","rawQueryString":"","headers":{"authorization":"Bearer sk_nobody-0123456789"},"requestContext":{"http":{"method":"GET","path":"/admin/v1/segments","sourceIp":"127.0.0.1"},"stage":"$default"}}`,
	"profile":     `{"Records":[]}`,
	"archive":     `{"Records":[]}`,
	"exposures":   `{"awslogs":{"data":"H4sIAAAAAAAA/zzOwUrDQBDG8btPMcy5iCI0sjcpsZdowRQ8SJFpMk0Ws7thZ9Yipe8uy4bO7Q/Dj++C4ew5osHNFFJ/Ju3GJgyCK5zCsI0hzWiwVKuRyZWUdJQu2llt8K92Uo6C5uuwQsciNPD+b+aM7t73H7vm+61u25dtXZz6l73m9wvavnBqHYuSm9E8VlW1flo/P+S7edn6bGDxYPEMbEbufqwfYGSadIRwgp5Frae8DBpyx57glHyX+x6vh+vdfwAAAP//w46/Y/QAAAA="}}`,
	"segment":     `{"Records":[]}`,
	"offers":      `{"Records":[]}`,
	"send":        `{"Records":[]}`,
	"feedback":    `{"version":"0","id":"b","detail-type":"Email Sent","source":"aws.ses","time":"2026-05-01T12:00:00Z","detail":{"eventType":"Send","mail":{"messageId":"m","timestamp":"2026-05-01T12:00:00Z","tags":{}}}}`,
	"campaign":    `{}`,
	"evaluate":    `{}`,
	"erase":       `{}`,
	"train":       `{}`,
	"ingest":      `{"version":"0","id":"b","detail-type":"Object Created","source":"aws.s3","detail":{"bucket":{"name":"bench-files"},"object":{"key":"imports/_done/tea/items/spring.csv.json","size":300}}}`,
}

// TestStart starts each bootstrap a few times and prints the medians: from the start of the process to the end of its initialisation, and to its first answer.
func TestStart(t *testing.T) {
	environment := cloud(t)
	var out strings.Builder
	fmt.Fprintf(&out, "start of the real bootstraps, this machine's architecture, stand-ins on loopback, median of %d\n", starts)
	fmt.Fprintf(&out, "%-11s %8s %12s %17s %10s   (a 10 MB bootstrap with the DynamoDB SDK: first answer 6.8 ms; AWS adds 42 ms p50 for the environment)\n", "function", "size MB", "ready ms", "first answer ms", "memory MB")
	for _, name := range functions(t) {
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
		fmt.Fprintf(&out, "%-11s %8.1f %12s %17s %10.0f\n", name, float64(info.Size())/1e6, ms(ready), ms(first), memory)
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
	answer, err := p.Invoke(t.Context(), []byte(payload))
	if err != nil {
		t.Fatalf("%s: %v\n%s", bootstrap, err, p.Log())
	}
	if !json.Valid(answer) {
		t.Fatalf("answered %q", answer)
	}
	return ready, p.FirstAnswer(), process.Resident(p.Pid())
}

// functions are the folders of functions, each of which must have a payload here.
func functions(t *testing.T) []string {
	t.Helper()
	folders, err := os.ReadDir("../../functions")
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(folders))
	for i, f := range folders {
		if names[i] = f.Name(); payloads[names[i]] == "" {
			t.Fatalf("no first payload for %s", names[i])
		}
	}
	return names
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
	made := dynamotest.CreateTables(t, tables, event.Table, clicks.Table, profile.Table, people.Table, identity.Table, catalog.Table, shop.Table, consent.Table, ingest.Table,
		segment.Table, offer.Table, campaign.Table, ledger.Table, suppression.Table, staff.Table, web.IdempotencyTable)
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
		env.QueueSend + "=" + *queue.QueueUrl, env.PublicURL + "=https://tea.example", env.MailConfigurationSet + "=mail", env.MailSenders + "=2",
	}
	for name, physical := range made {
		environment = append(environment, env.TableVar(name)+"="+physical)
	}
	return environment
}
