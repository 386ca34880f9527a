package disk

import (
	"context"
	"errors"
	"math"
	"os"
	"syscall"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/fault"
)

// Map shows a file as memory without reading it: the system brings in what is looked at, and may drop it again. The view is read-only, writing to it ends the process, and is one version even if the name is overwritten or removed
// meanwhile, as files are replaced and never changed. release ends it; what is read from the view afterwards ends the process. NotFound for an absent name, Unavailable when the system refuses.
func (s *Store) Map(_ context.Context, name string) (view []byte, release func() error, err error) {
	if err := blob.ValidateName(name); err != nil {
		return nil, nil, err
	}
	f, err := os.Open(s.path(name))
	if err != nil {
		return nil, nil, translate(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }() // the view stays
	fi, err := f.Stat()
	if err == nil && fi.IsDir() {
		err = errFolder
	}
	if err != nil {
		return nil, nil, translate(err)
	}
	size := fi.Size()
	if size == 0 {
		return nil, func() error { return nil }, nil
	}
	if size > math.MaxInt {
		return nil, nil, fault.Newf(fault.Invalid, "%d bytes are too many", size)
	}
	view, err = syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, nil, translate(err)
	}
	return view, func() error { return syscall.Munmap(view) }, nil
}
