// Package disk keeps files in a folder: the embedded blob.Store. A file's name is its path below the folder, so that people find it, and may
// put files there themselves.
//
// A file is written beside, brought to the disk and then renamed, so that it appears whole or not at all, whatever happens. Writers of several
// processes take turns by a lock on one file of the folder; readers need none.
//
// A name that is the folder of another is Conflict.
package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/fault"
)

// Store is a folder. It is safe for concurrent use, also by several processes.
type Store struct {
	root string // the files
	temp string // files being written, on the same disk
}

var _ blob.Store = (*Store)(nil)

// Open opens the folder, making it if need be. Beside it, <folder>.tmp holds files being written; what a killed process left there is of
// no use and removed when it is a day old.
func Open(folder string) (*Store, error) {
	s := &Store{root: filepath.Clean(folder), temp: filepath.Clean(folder) + ".tmp"}
	for _, dir := range []string{s.root, s.temp} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return nil, translate(err)
		}
	}
	if err := s.tidy(time.Now().Add(-24 * time.Hour)); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Store) tidy(before time.Time) error {
	entries, err := os.ReadDir(s.temp)
	if err != nil {
		return translate(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || e.Name() == lockName || info.ModTime().After(before) {
			continue
		}
		if err := os.Remove(filepath.Join(s.temp, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return translate(err)
		}
	}
	return nil
}

func (s *Store) path(name string) string { return filepath.Join(s.root, filepath.FromSlash(name)) }

// translate gives an error of the system its kind.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return fault.Wrap(fault.NotFound, err, "no file has this name")
	case errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENOTEMPTY), errors.Is(err, fs.ErrExist):
		return fault.Wrap(fault.Conflict, err, "the name is the folder of other files")
	}
	f := fault.Wrap(fault.Unavailable, err, "the disk cannot be read or written")
	f.RetryAfter = time.Second
	return f
}

// info describes a file. Its tag is its time of change, which Put makes unique, and its size: no content need be read for it.
func info(name string, fi fs.FileInfo) blob.Info {
	tag := strconv.FormatInt(fi.ModTime().UnixNano(), 36) + "-" + strconv.FormatInt(fi.Size(), 36)
	return blob.Info{Name: name, Size: fi.Size(), ETag: tag, Modified: fi.ModTime().UTC()}
}

var errFolder = &fs.PathError{Op: "open", Err: fs.ErrNotExist}

// Open is blob.Store's.
func (s *Store) Open(_ context.Context, name string) (io.ReadCloser, blob.Info, error) {
	if err := blob.ValidateName(name); err != nil {
		return nil, blob.Info{}, err
	}
	f, err := os.Open(s.path(name))
	if err != nil {
		return nil, blob.Info{}, translate(err)
	}
	fi, err := f.Stat()
	if err == nil && fi.IsDir() {
		err = errFolder
	}
	if err != nil {
		f.Close() // read only: nothing to lose
		return nil, blob.Info{}, translate(err)
	}
	return f, info(name, fi), nil
}

// Stat is blob.Store's.
func (s *Store) Stat(_ context.Context, name string) (blob.Info, error) {
	if err := blob.ValidateName(name); err != nil {
		return blob.Info{}, err
	}
	fi, err := os.Stat(s.path(name))
	if err == nil && fi.IsDir() {
		err = errFolder
	}
	if err != nil {
		return blob.Info{}, translate(err)
	}
	return info(name, fi), nil
}

// Delete is blob.Store's. Folders that it leaves empty go too.
func (s *Store) Delete(_ context.Context, name string) error {
	if err := blob.ValidateName(name); err != nil {
		return err
	}
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if fi, err := os.Stat(s.path(name)); err != nil || fi.IsDir() {
		if err == nil || fault.Is(translate(err), fault.NotFound) {
			return nil
		}
		return translate(err)
	}
	if err := os.Remove(s.path(name)); err != nil {
		return translate(err)
	}
	dir := path.Dir(name)
	for ; dir != "."; dir = path.Dir(dir) {
		if os.Remove(s.path(dir)) != nil { // not empty: it stays
			break
		}
	}
	return syncDir(s.path(dir))
}

// syncDir brings a folder's names to the disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return translate(err)
	}
	err = d.Sync()
	return translate(errors.Join(err, d.Close()))
}

// lockName is the file in the temporary folder whose lock writers take.
const lockName = "lock"

// lock waits for this process's turn to change names.
func (s *Store) lock() (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(s.temp, lockName), os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, unavailable(err)
	}
	if err := flock(f); err != nil {
		f.Close() // the first error says more
		return nil, unavailable(fmt.Errorf("lock %s: %w", f.Name(), err))
	}
	return func() { f.Close() }, nil // closing ends the lock; nothing was written
}

func flock(f *os.File) error {
	for {
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

func unavailable(err error) error {
	f := fault.Wrap(fault.Unavailable, err, "the disk cannot be read or written")
	f.RetryAfter = time.Second
	return f
}
