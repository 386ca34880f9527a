package disk

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/fault"
)

// List is blob.Store's. It reads only folders that can hold names of the range.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	if limit < 1 {
		return nil, fault.InvalidField("limit", "is less than one")
	}
	l := lister{ctx: ctx, s: s, prefix: prefix, after: after, limit: limit}
	if err := l.folder(""); err != nil {
		return nil, err
	}
	return l.found, nil
}

type lister struct {
	ctx           context.Context
	s             *Store
	prefix, after string
	limit         int
	found         []blob.Info
}

// folder adds the files below dir, which is empty or ends in a slash. Sorted as if folders' names ended in a slash, entries come in the order
// of the names below them.
func (l *lister) folder(dir string) error {
	if err := l.ctx.Err(); err != nil {
		return unavailable(err)
	}
	entries, err := os.ReadDir(l.s.path(dir))
	if errors.Is(err, fs.ErrNotExist) { // removed meanwhile
		return nil
	}
	if err != nil {
		return unavailable(err)
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		switch {
		case e.IsDir():
			names = append(names, dir+e.Name()+"/")
		case e.Type().IsRegular():
			names = append(names, dir+e.Name())
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if len(l.found) == l.limit {
			return nil
		}
		if err := l.entry(name); err != nil {
			return err
		}
	}
	return nil
}

func (l *lister) entry(name string) error {
	isFolder := strings.HasSuffix(name, "/")
	switch {
	case isFolder && l.mayHold(name):
		return l.folder(name)
	case isFolder || name <= l.after || !strings.HasPrefix(name, l.prefix):
		return nil
	}
	fi, err := os.Stat(l.s.path(name))
	switch {
	case errors.Is(err, fs.ErrNotExist): // removed meanwhile
		return nil
	case err != nil:
		return unavailable(err)
	}
	l.found = append(l.found, info(path.Clean(name), fi))
	return nil
}

// mayHold says whether a folder can hold names with the prefix and after the last one.
func (l *lister) mayHold(folder string) bool {
	related := strings.HasPrefix(folder, l.prefix) || strings.HasPrefix(l.prefix, folder)
	return related && (folder > l.after || strings.HasPrefix(l.after, folder))
}
