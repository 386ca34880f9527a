package recommend

import (
	"context"
	"errors"
	"runtime"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/fault"
)

// mapper is a store of files over a file system: it shows a file where it lies instead of reading it, until release. What is shown must not be touched afterwards.
type mapper interface {
	Map(ctx context.Context, name string) (view []byte, release func() error, err error)
}

// mappedGrace is how long a mapped file stays readable after nobody has its model any more. Titles and addresses that a model returns are views of the file: one that was taken for a letter or an answer may live a little longer than
// the model. No answer takes a minute.
const mappedGrace = 10 * time.Minute

// openModel opens a published file: mapped into memory where the store can, so that the system reads what is needed and may drop what is not; else read whole.
func openModel(ctx context.Context, blobs blob.Store, name string) (*Model, error) {
	disk, can := blobs.(mapper)
	if !can {
		file, err := ReadModel(ctx, blobs, name)
		if err != nil {
			return nil, err
		}
		return Open(file)
	}
	view, release, err := disk.Map(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(view) > maxModelBytes {
		return nil, errors.Join(fault.Newf(fault.Invalid, "%d bytes are too many", len(view)), release())
	}
	m, err := Open(view)
	if err != nil {
		return nil, errors.Join(err, release())
	}
	runtime.AddCleanup(m.Model, func(release func() error) {
		time.AfterFunc(mappedGrace, func() { _ = release() }) // nobody is left who could do something about it
	}, release)
	return m, nil
}
