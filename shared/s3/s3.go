// Package s3 keeps files in Amazon S3: a store is a bucket, or the part of it below a prefix.
//
// Files up to 8 MiB are one request; larger ones go up in parts of that size and appear when the last call completes them. No more than one part is
// held in memory.
package s3

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/sdkfault"
)

// Store is a bucket, or the part of it below a prefix.
type Store struct {
	client *s3.Client
	bucket string
	prefix string
	now    func() time.Time
}

var _ blob.Store = (*Store)(nil)

// Options changes a Store. The zero value is right for production.
type Options struct {
	Now       func() time.Time // nil: time.Now
	Prefix    string           // comes before every name, with its own slash; at most 124 bytes
	PathStyle bool             // the bucket's name in the path instead of the host's name, for emulators
}

// Open returns the files of a bucket; no call is made yet. opts may be nil.
func Open(cfg aws.Config, bucket string, opts *Options) *Store {
	if opts == nil {
		opts = &Options{}
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = opts.PathStyle })
	s := &Store{client: client, bucket: bucket, prefix: opts.Prefix, now: opts.Now}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// special are S3's own error codes. A HEAD request has no body to name one: its code is the status.
var special = map[string]fault.Kind{
	"NoSuchKey":                  fault.NotFound,
	"NotFound":                   fault.NotFound,
	"PreconditionFailed":         fault.Conflict,
	"ConditionalRequestConflict": fault.Conflict,
	"NoSuchUpload":               fault.Unavailable, // completed by a request whose answer was lost, or aborted by the lifecycle
	"OperationAborted":           fault.Unavailable,
	"EntityTooLarge":             fault.Invalid,
}

func translate(err error) error {
	return sdkfault.From(err, "the file store refused or did not answer", special)
}

// key is the object's; nil and Invalid for a name that no file may have.
func (s *Store) key(name string) (*string, error) {
	if err := blob.ValidateName(name); err != nil {
		return nil, err
	}
	return aws.String(s.prefix + name), nil
}

// Open streams: the connection stays in use until the file is closed.
func (s *Store) Open(ctx context.Context, name string) (io.ReadCloser, blob.Info, error) {
	key, err := s.key(name)
	if err != nil {
		return nil, blob.Info{}, err
	}
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: key})
	if err != nil {
		return nil, blob.Info{}, translate(err)
	}
	info := blob.Info{Name: name, Size: aws.ToInt64(out.ContentLength), ETag: aws.ToString(out.ETag), Modified: aws.ToTime(out.LastModified)}
	return out.Body, info, nil
}

// Stat is one HEAD request.
func (s *Store) Stat(ctx context.Context, name string) (blob.Info, error) {
	key, err := s.key(name)
	if err != nil {
		return blob.Info{}, err
	}
	out, err := s.head(ctx, key)
	if err != nil {
		return blob.Info{}, translate(err)
	}
	return describe(name, out), nil
}

func (s *Store) head(ctx context.Context, key *string) (*s3.HeadObjectOutput, error) {
	return s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: key})
}

func describe(name string, out *s3.HeadObjectOutput) blob.Info {
	return blob.Info{Name: name, Size: aws.ToInt64(out.ContentLength), ETag: aws.ToString(out.ETag), Modified: aws.ToTime(out.LastModified)}
}

// maxKeys is how many names S3 lists in one answer.
const maxKeys = 1000

// List makes one call per thousand names.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	infos := []blob.Info{}
	in := &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: aws.String(s.prefix + prefix)}
	if after != "" {
		in.StartAfter = aws.String(s.prefix + after)
	}
	for more := true; more && len(infos) < limit; {
		in.MaxKeys = aws.Int32(int32(min(limit-len(infos), maxKeys)))
		out, err := s.client.ListObjectsV2(ctx, in)
		if err != nil {
			return nil, translate(err)
		}
		for _, o := range out.Contents {
			infos = append(infos, blob.Info{
				Name: strings.TrimPrefix(aws.ToString(o.Key), s.prefix), Size: aws.ToInt64(o.Size),
				ETag: aws.ToString(o.ETag), Modified: aws.ToTime(o.LastModified),
			})
		}
		in.ContinuationToken, more = out.NextContinuationToken, aws.ToBool(out.IsTruncated)
	}
	return infos, nil
}

// Delete is one request.
func (s *Store) Delete(ctx context.Context, name string) error {
	key, err := s.key(name)
	if err != nil {
		return err
	}
	_, err = s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: key})
	if fault.Is(translate(err), fault.NotFound) {
		return nil
	}
	return translate(err)
}
