package s3_test

import (
	"bytes"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ministacktest"
	"shopkeeper/shared/s3"
)

// lossy executes requests and loses the answer to the first conditional one.
type lossy struct {
	aws.HTTPClient
	lost      bool
	meanwhile func() // runs once, after the lost answer and before the next attempt
}

func (l *lossy) Do(r *http.Request) (*http.Response, error) {
	out, err := l.HTTPClient.Do(r)
	if err != nil || l.lost || r.Header.Get("If-Match") == "" && r.Header.Get("If-None-Match") == "" {
		return out, err
	}
	l.lost = true
	out.Body.Close()
	l.meanwhile()
	return nil, &net.OpError{Op: "read", Err: syscall.ECONNRESET}
}

func TestLostAnswers(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", (9<<20)/16)
	tests := map[string]struct {
		content   string
		before    bool // a file is there and its tag is the condition
		overtaken bool // by another writer before the SDK asks again
		ok        bool
	}{
		"a first file is not its own conflict":        {content: "mine", ok: true},
		"a next file is not its own conflict":         {content: "mine", before: true, ok: true},
		"a file that was overtaken cannot know":       {content: "mine", before: true, overtaken: true},
		"a file in parts is not its own conflict":     {content: large, ok: true},
		"a next one in parts is not its own conflict": {content: large, before: true, ok: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := bucket(t)
			cfg := ministacktest.Config(ministacktest.Start(t, ministacktest.Options{}))
			other := s3.Open(cfg, in, &s3.Options{PathStyle: true})
			var etag string
			if tt.before {
				etag = put(t, other, "before").ETag
			}
			client := &lossy{HTTPClient: awshttp.NewBuildableClient(), meanwhile: func() {
				if tt.overtaken {
					put(t, other, "theirs")
				}
			}}
			cfg.HTTPClient = client
			info, err := s3.Open(cfg, in, &s3.Options{PathStyle: true}).PutIf(t.Context(), "a", strings.NewReader(tt.content), etag)
			if tt.ok && err != nil || !tt.ok && !fault.Is(err, fault.Unavailable) || !client.lost {
				t.Fatalf("put if = %v (answer lost: %t), want success %t or Unavailable", err, client.lost, tt.ok)
			}
			if now, err := other.Stat(t.Context(), "a"); tt.ok && (err != nil || now.ETag != info.ETag || info.Size != int64(len(tt.content))) {
				t.Errorf("stat = %+v, %v; put if said %+v", now, err, info)
			}
		})
	}
}

func put(t *testing.T, s blob.Store, content string) blob.Info {
	t.Helper()
	info, err := s.Put(t.Context(), "a", strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// TestConditionsInParts asks again where the emulator lost an answer: then nobody can say whether the condition was somebody else's doing, and the upload,
// which may be complete, is left to the lifecycle of the bucket.
func TestConditionsInParts(t *testing.T) {
	in := bucket(t)
	cfg := ministacktest.Config(ministacktest.Start(t, ministacktest.Options{}))
	s := s3.Open(cfg, in, &s3.Options{PathStyle: true})
	large := func(b byte) *bytes.Reader { return bytes.NewReader(bytes.Repeat([]byte{b}, 17<<20)) }
	first, err := s.PutIf(t.Context(), "a", large('1'), "")
	if err != nil || first.Size != 17<<20 {
		t.Fatalf("first = %+v, %v", first, err)
	}
	lost := 0
	conflicts := func(b byte, etag string) {
		t.Helper()
		_, err := s.PutIf(t.Context(), "a", large(b), etag)
		for ; fault.Is(err, fault.Unavailable) && lost < 3; lost++ {
			_, err = s.PutIf(t.Context(), "a", large(b), etag)
		}
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("put %c if %q = %v, want Conflict", b, etag, err)
		}
	}
	conflicts('2', "")
	next, err := s.PutIf(t.Context(), "a", large('3'), first.ETag)
	if err != nil || next.ETag == first.ETag {
		t.Errorf("third = %+v, %v", next, err)
	}
	conflicts('4', first.ETag)
	client := awss3.NewFromConfig(cfg, func(o *awss3.Options) { o.UsePathStyle = true })
	left, err := client.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: &in})
	if err != nil || len(left.Uploads) > lost {
		t.Errorf("%d uploads were left behind after %d lost answers, %v", len(left.Uploads), lost, err)
	}
}
