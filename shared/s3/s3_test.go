package s3_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/blob/blobtest"
	"shopkeeper/shared/ministacktest"
	"shopkeeper/shared/s3"
)

var buckets atomic.Int64

func bucket(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("bucket-%d", buckets.Add(1))
	cfg := ministacktest.Config(ministacktest.Start(t, ministacktest.Options{}))
	client := awss3.NewFromConfig(cfg, func(o *awss3.Options) { o.UsePathStyle = true })
	where := &types.CreateBucketConfiguration{LocationConstraint: ministacktest.Region}
	if _, err := client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: &name, CreateBucketConfiguration: where}); err != nil {
		t.Fatalf("create bucket: %v", err)
	}
	return name
}

func open(t *testing.T) blob.Store {
	name := bucket(t)
	cfg := ministacktest.Config(ministacktest.Start(t, ministacktest.Options{}))
	return s3.Open(cfg, name, &s3.Options{Prefix: "files/", PathStyle: true})
}

func TestStore(t *testing.T) { blobtest.Store(t, open, blobtest.Gaps{}) }
