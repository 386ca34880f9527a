package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/sdkfault"
)

// partBytes is the size of a part; S3 takes 10,000 of them, and none but the last below 5 MiB.
const partBytes = 8 << 20

// abortWithin is how long a failed upload may take to clean up after itself; its own context may have ended.
const abortWithin = 10 * time.Second

// markName is the metadata by which a writer knows its own file: a conditional request whose answer was lost is sent again by the SDK and then fails
// because of what the first one stored.
const markName = "write"

// Put replaces what is there. It makes a second request to learn when the file was stored.
func (s *Store) Put(ctx context.Context, name string, r io.Reader) (blob.Info, error) {
	return s.store(ctx, name, r, condition{})
}

// PutIf is Put under a condition that S3 checks.
func (s *Store) PutIf(ctx context.Context, name string, r io.Reader, etag string) (blob.Info, error) {
	if etag == "" {
		return s.store(ctx, name, r, condition{absent: aws.String("*")})
	}
	return s.store(ctx, name, r, condition{match: &etag})
}

// condition is nothing, or one of S3's conditional headers.
type condition struct{ match, absent *string }

// writing is one Put or PutIf.
type writing struct {
	*Store
	key  *string
	mark string
	cond condition
	sent sdkfault.Attempts
}

func (s *Store) store(ctx context.Context, name string, r io.Reader, cond condition) (blob.Info, error) {
	key, err := s.key(name)
	if err != nil {
		return blob.Info{}, err
	}
	w := &writing{Store: s, key: key, mark: rand.Text(), cond: cond}
	etag, size, err := w.write(ctx, r)
	if err != nil {
		return w.refused(ctx, name, err)
	}
	if out, err := s.head(ctx, key); err == nil && aws.ToString(out.ETag) == etag {
		return describe(name, out), nil
	}
	return blob.Info{Name: name, Size: size, ETag: etag, Modified: s.now()}, nil // overwritten or removed since
}

// refused is what a failed write means: done after all, in doubt, or what err says.
func (w *writing) refused(ctx context.Context, name string, err error) (blob.Info, error) {
	if w.sent.Repeated() {
		out, headErr := w.head(ctx, w.key)
		if headErr == nil && out.Metadata[markName] == w.mark {
			return describe(name, out), nil
		}
		if fault.Is(err, fault.Conflict) {
			return blob.Info{}, fault.Wrap(fault.Unavailable, err, "the file store's first answer was lost")
		}
	}
	if w.cond.match != nil && fault.Is(err, fault.NotFound) {
		return blob.Info{}, fault.Wrap(fault.Conflict, err, "there is no such file any more")
	}
	return blob.Info{}, err
}

// write is one request for what fits into a part, an upload in parts for more. It returns the tag and the size.
func (w *writing) write(ctx context.Context, r io.Reader) (string, int64, error) {
	part, err := io.ReadAll(io.LimitReader(r, partBytes))
	switch {
	case err != nil:
		return "", 0, source(err)
	case len(part) == partBytes:
		return w.inParts(ctx, part, r)
	}
	out, err := w.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &w.bucket, Key: w.key, Body: bytes.NewReader(part), Metadata: map[string]string{markName: w.mark},
		IfMatch: w.cond.match, IfNoneMatch: w.cond.absent,
	}, w.watch)
	if err != nil {
		return "", 0, translate(err)
	}
	return aws.ToString(out.ETag), int64(len(part)), nil
}

// source is an error of the reader, whatever that says.
func source(err error) error {
	return fault.Wrap(fault.KindOf(err), err, "the source of the file failed")
}

func (w *writing) watch(o *s3.Options) { o.APIOptions = append(o.APIOptions, w.sent.Watch) }

func (w *writing) inParts(ctx context.Context, part []byte, r io.Reader) (etag string, size int64, err error) {
	begun, err := w.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &w.bucket, Key: w.key, Metadata: map[string]string{markName: w.mark},
	})
	if err != nil {
		return "", 0, translate(err)
	}
	defer func() {
		if err != nil && !w.sent.Repeated() { // after a lost answer it may be complete
			w.abort(ctx, begun.UploadId)
		}
	}()
	parts, size, err := w.upload(ctx, begun.UploadId, part, r)
	if err != nil {
		return "", 0, err
	}
	out, err := w.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &w.bucket, Key: w.key, UploadId: begun.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		IfMatch: w.cond.match, IfNoneMatch: w.cond.absent,
	}, w.watch)
	if err != nil {
		return "", 0, translate(err)
	}
	return aws.ToString(out.ETag), size, nil
}

// upload sends the first part, which is full, and then what r has left.
func (w *writing) upload(ctx context.Context, id *string, part []byte, r io.Reader) (parts []types.CompletedPart, size int64, err error) {
	for n := len(part); n > 0; {
		number := aws.Int32(int32(len(parts) + 1))
		out, err := w.client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: &w.bucket, Key: w.key, UploadId: id, PartNumber: number, Body: bytes.NewReader(part[:n]),
		})
		if err != nil {
			return nil, 0, translate(err)
		}
		parts = append(parts, types.CompletedPart{PartNumber: number, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32})
		size += int64(n)
		n, err = io.ReadFull(r, part)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, 0, source(err)
		}
	}
	return parts, size, nil
}

// abort frees the parts. The bucket's lifecycle does so for an upload that nobody aborted.
func (w *writing) abort(ctx context.Context, id *string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortWithin)
	defer cancel()
	_, _ = w.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &w.bucket, Key: w.key, UploadId: id})
}
