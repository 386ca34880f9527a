package web

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"shopkeeper/shared/fault"
)

// readBody reads the whole body, unpacked, when it has at most limit bytes before and after unpacking. A longer one is TooLarge, and so is one that ends before
// its announced length or in the middle of its compression; the rest of it is never unpacked.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	var in io.Reader = http.MaxBytesReader(w, r.Body, limit)
	switch encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return nil, bodyFault(err, limit)
		}
		in = io.LimitReader(unpacked, limit+1)
	default:
		return nil, fault.InvalidField("Content-Encoding", "must be gzip or identity")
	}
	var body bytes.Buffer
	if r.ContentLength > 0 {
		body.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	if _, err := body.ReadFrom(in); err != nil {
		return nil, bodyFault(err, limit)
	}
	if int64(body.Len()) > limit {
		return nil, tooLarge(limit)
	}
	return body.Bytes(), nil
}

func tooLarge(limit int64) error {
	return fault.Newf(fault.TooLarge, "the body is over %d bytes", limit)
}

func bodyFault(err error, limit int64) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(limit)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.Wrap(fault.TooLarge, err, "the body ends before its length")
	}
	return fault.Wrap(fault.Invalid, fmt.Errorf("read body: %w", err), "the body cannot be read")
}
