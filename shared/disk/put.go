package disk

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/fault"
)

// Put is blob.Store's.
func (s *Store) Put(ctx context.Context, name string, r io.Reader) (blob.Info, error) {
	return s.put(ctx, name, r, func(string) bool { return true })
}

// PutIf is blob.Store's.
func (s *Store) PutIf(ctx context.Context, name string, r io.Reader, etag string) (blob.Info, error) {
	return s.put(ctx, name, r, func(stored string) bool { return stored == etag })
}

// put stores r under the name if the tag of what is stored there, empty for nothing, is right.
func (s *Store) put(ctx context.Context, name string, r io.Reader, right func(stored string) bool) (blob.Info, error) {
	if err := blob.ValidateName(name); err != nil {
		return blob.Info{}, err
	}
	temp, err := s.write(ctx, r)
	if err != nil {
		return blob.Info{}, err
	}
	defer os.Remove(temp) //nolint:errcheck // gone already when all went well
	unlock, err := s.lock()
	if err != nil {
		return blob.Info{}, err
	}
	defer unlock()
	before, err := s.Stat(ctx, name)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return blob.Info{}, err
	}
	if !right(before.ETag) {
		return blob.Info{}, fault.New(fault.Conflict, "the stored file is another one")
	}
	if err := touch(temp, before.Modified); err != nil {
		return blob.Info{}, err
	}
	if err := s.publish(temp, name); err != nil {
		return blob.Info{}, err
	}
	return s.Stat(ctx, name)
}

// write brings all of r to the disk, in a temporary file.
func (s *Store) write(ctx context.Context, r io.Reader) (string, error) {
	f, err := os.CreateTemp(s.temp, "put-*")
	if err != nil {
		return "", unavailable(err)
	}
	_, err = io.Copy(diskWriter{f}, contextReader{ctx, r})
	if err == nil {
		err = asUnavailable(f.Sync())
	}
	if closeErr := f.Close(); err == nil {
		err = asUnavailable(closeErr)
	}
	if err != nil {
		os.Remove(f.Name()) //nolint:errcheck // the first error says more
		return "", err
	}
	return f.Name(), nil
}

// diskWriter tells the disk's errors from the source's.
type diskWriter struct{ f *os.File }

func (w diskWriter) Write(p []byte) (int, error) {
	n, err := w.f.Write(p)
	return n, asUnavailable(err)
}

func asUnavailable(err error) error {
	if err == nil {
		return nil
	}
	return unavailable(err)
}

// contextReader stops reading when ctx ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, unavailable(err)
	}
	return r.r.Read(p)
}

// touch gives the file a time of change after that of the one it replaces, so that their tags differ however coarse the disk's clock is.
func touch(temp string, before time.Time) error {
	at := time.Now()
	if !at.After(before) {
		at = before.Add(time.Nanosecond)
	}
	return asUnavailable(os.Chtimes(temp, at, at))
}

// publish gives a written file its name, and brings the names of it and of new folders to the disk.
func (s *Store) publish(temp, name string) error {
	dir := filepath.Dir(s.path(name))
	made, err := makeDirs(dir)
	if err != nil {
		return err
	}
	if err := os.Rename(temp, s.path(name)); err != nil {
		if fi, statErr := os.Stat(s.path(name)); statErr == nil && fi.IsDir() {
			return fault.Wrap(fault.Conflict, err, "the name is the folder of other files")
		}
		return unavailable(err)
	}
	for _, d := range append(made, dir) {
		if err := syncDir(d); err != nil {
			return err
		}
	}
	return nil
}

// makeDirs makes the folder and those above it, and returns the folders that got a new name in them.
func makeDirs(dir string) (changed []string, err error) {
	fi, err := os.Stat(dir)
	switch {
	case err == nil && fi.IsDir():
		return nil, nil
	case err == nil || !errors.Is(err, fs.ErrNotExist):
		return nil, fault.Wrap(fault.Conflict, err, "a part of the name is a file")
	}
	above := filepath.Dir(dir)
	if changed, err = makeDirs(above); err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, unavailable(err)
	}
	return append(changed, above), nil
}
