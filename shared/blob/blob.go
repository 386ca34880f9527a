// Package blob keeps whole files by name: models, archives, imports. A file appears whole or not at all.
package blob

import (
	"context"
	"io"
	"time"
)

// Info describes a stored file. ETag changes whenever the content does.
type Info struct {
	Name     string
	Size     int64
	ETag     string
	Modified time.Time
}

// Store is safe for concurrent use. Names are slash-separated, 1 to 900 bytes, without empty, "." or ".." parts or parts of more than 255
// bytes (Invalid otherwise; see ValidateName). A name that is the folder of another may be refused with Conflict. Methods
// return NotFound for an absent name, Unavailable or Throttled when the engine fails; both may be repeated.
type Store interface {
	// Open reads a file from its beginning. The caller closes it. What it reads is one version even if the name is overwritten meanwhile.
	Open(ctx context.Context, name string) (io.ReadCloser, Info, error)

	// Put stores all of r under the name, replacing what was there, durable when it returns. When r fails nothing changes.
	Put(ctx context.Context, name string, r io.Reader) (Info, error)

	// PutIf stores like Put, but only when the stored file's ETag is etag (empty: only when there is none); Conflict otherwise.
	PutIf(ctx context.Context, name string, r io.Reader, etag string) (Info, error)

	// Stat is Open without the content.
	Stat(ctx context.Context, name string) (Info, error)

	// List returns up to limit files whose names begin with prefix and come after the name `after`, in byte order. Fewer than limit means no more.
	List(ctx context.Context, prefix, after string, limit int) ([]Info, error)

	// Delete removes a file; an absent one is no error.
	Delete(ctx context.Context, name string) error
}
