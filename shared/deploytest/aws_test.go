package deploytest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"shopkeeper/shared/ministacktest"
)

// account is the emulated account as its owner sees it.
type account struct {
	cfg    aws.Config
	files  *s3.Client
	tables *dynamodb.Client
	queues *sqs.Client
}

func newAccount(endpoint string) account {
	cfg := ministacktest.Config(endpoint)
	return account{
		cfg:    cfg,
		files:  s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
		tables: dynamodb.NewFromConfig(cfg),
		queues: sqs.NewFromConfig(cfg),
	}
}

// allowPlainHTTP removes the policy that denies plain http, which is all the emulator speaks, from the bucket that cdk bootstrap makes.
func (a account) allowPlainHTTP(t *testing.T) {
	t.Helper()
	bucket := "cdk-hnb659fds-assets-" + ministacktest.Account + "-" + ministacktest.Region
	if _, err := a.files.DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
}

// drop puts a file into a bucket, as a shop's nightly export would.
func (a account) drop(t *testing.T, bucket, name, content string) {
	t.Helper()
	if _, err := a.files.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &name, Body: strings.NewReader(content)}); err != nil {
		t.Fatalf("drop %s: %v", name, err)
	}
}

// read returns a file, nil while there is none.
func (a account) read(t *testing.T, bucket, name string) []byte {
	t.Helper()
	out, err := a.files.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &name})
	if err != nil {
		return nil
	}
	defer out.Body.Close()
	content, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
	return content
}

// empty deletes every version of every file of the buckets of a deployment: CloudFormation deletes no bucket that has any.
func (a account) empty(t *testing.T, prefix string) {
	t.Helper()
	buckets, err := a.files.ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range buckets.Buckets {
		if !strings.HasPrefix(*b.Name, prefix) {
			continue
		}
		pages := s3.NewListObjectVersionsPaginator(a.files, &s3.ListObjectVersionsInput{Bucket: b.Name})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatalf("list versions in %s: %v", *b.Name, err)
			}
			var doomed []types.ObjectIdentifier
			for _, v := range page.Versions {
				doomed = append(doomed, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
			}
			for _, m := range page.DeleteMarkers {
				doomed = append(doomed, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
			}
			if len(doomed) == 0 {
				continue
			}
			if _, err := a.files.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: b.Name, Delete: &types.Delete{Objects: doomed}}); err != nil {
				t.Fatalf("empty %s: %v", *b.Name, err)
			}
		}
	}
}

// left names the tables and buckets that begin with prefix.
func (a account) left(t *testing.T, prefix string) (names []string) {
	t.Helper()
	tables, err := a.tables.ListTables(t.Context(), &dynamodb.ListTablesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range tables.TableNames {
		if strings.HasPrefix(name, prefix) {
			names = append(names, "table "+name)
		}
	}
	buckets, err := a.files.ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range buckets.Buckets {
		if strings.HasPrefix(*b.Name, prefix) {
			names = append(names, "bucket "+*b.Name)
		}
	}
	return names
}

// items counts what a table has; name is how the stack calls it.
func (a account) items(t *testing.T, name string) int {
	t.Helper()
	tables, err := a.tables.ListTables(t.Context(), &dynamodb.ListTablesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, physical := range tables.TableNames {
		if strings.HasPrefix(physical, stacks+"data-"+name) {
			out, err := a.tables.Scan(t.Context(), &dynamodb.ScanInput{TableName: &physical})
			if err != nil {
				t.Fatal(err)
			}
			return len(out.Items)
		}
	}
	t.Fatalf("no table %s", name)
	return 0
}

// failures are what waits in the failure queue.
func (a account) failures(t *testing.T, url string) (bodies []string) {
	t.Helper()
	out, err := a.queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{sqstypes.MessageSystemAttributeNameAll}})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range out.Messages {
		bodies = append(bodies, *m.Body)
	}
	return bodies
}

// invoke calls a function's alias and decodes what it answers.
func (a account) invoke(t *testing.T, function string, payload, into any) {
	t.Helper()
	body, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, *a.cfg.BaseEndpoint+"/2015-03-31/functions/"+function+"/invocations?Qualifier=live", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	a.sign(t, req, body)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("X-Amz-Function-Error") != "" {
		t.Fatalf("%s answered %d %s", function, res.StatusCode, answer)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		t.Fatalf("%s answered %s: %v", function, answer, err)
	}
}

func (a account) sign(t *testing.T, req *http.Request, body []byte) {
	t.Helper()
	who, err := a.cfg.Credentials.Retrieve(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(t.Context(), who, req, hex.EncodeToString(sum[:]), "lambda", ministacktest.Region, time.Now()); err != nil {
		t.Fatal(err)
	}
}
