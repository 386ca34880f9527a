package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/privacy"
)

// lookForErasures is how soon an erasure that was confirmed is carried out.
const lookForErasures = 5 * time.Second

// Privacy exports and erases persons of the folder.
func (l *Local) Privacy() (*privacy.Service, error) {
	box, err := l.Outbox()
	if err != nil {
		return nil, err
	}
	return app.Privacy(l.Log, l.Now, l.DB, l.Blobs, l.Ring, ground{l}, box)
}

// finishErasures carries out what people confirmed, and what was cut short.
func (w works) finishErasures(ctx context.Context) {
	private, err := w.Privacy()
	if err == nil {
		_, err = private.Resume(ctx, ShopID, privacy.Patience)
	}
	if err != nil && ctx.Err() == nil {
		w.Log.Error("an erasure does not go on yet", "err", err)
	}
}

// ground is the folder to the last byte.
type ground struct{ *Local }

var _ privacy.Ground = ground{}

// Scrub is privacy.Ground's: the database's own leftovers, lines of what was shown, and lists of refused rows.
func (g ground) Scrub(ctx context.Context, words []string) (int, error) {
	lines, err := g.blank(words)
	if err != nil {
		return lines, err
	}
	refused, err := g.reports()
	if err != nil {
		return lines + refused, err
	}
	n, err := g.DB.Scrub(ctx, words...)
	if err != nil {
		return lines + refused + n, err
	}
	return lines + refused + n, g.DB.Compact(ctx)
}

// blank writes spaces over the lines of what was shown to somebody. The files keep their length, because a process that serves the folder goes on writing at the end of the last.
func (g ground) blank(words []string) (lines int, err error) {
	files, err := filepath.Glob(filepath.Join(g.Dir, "exposures", "*.ndjson"))
	if err != nil {
		return 0, err
	}
	for _, name := range files {
		n, err := blankLines(name, words)
		if lines += n; err != nil && !errors.Is(err, fs.ErrNotExist) {
			return lines, fmt.Errorf("erase from %s: %w", name, err)
		}
	}
	return lines, nil
}

func blankLines(name string, words []string) (lines int, err error) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	text, err := io.ReadAll(f)
	if err != nil {
		return 0, err
	}
	at := int64(0)
	for line := range bytes.Lines(text) {
		if slices.ContainsFunc(words, func(w string) bool { return w != "" && bytes.Contains(line, []byte(w)) }) {
			if _, err := f.WriteAt(bytes.Repeat([]byte{' '}, len(bytes.TrimRight(line, "\n"))), at); err != nil {
				return lines, err
			}
			lines++
		}
		at += int64(len(line))
	}
	return lines, f.Sync()
}

// reports removes the lists of rows that imports refused: they quote values, and nobody can tell whose.
func (g ground) reports() (files int, err error) {
	names, err := filepath.Glob(filepath.Join(g.Dir, "reports", "*"))
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return files, fmt.Errorf("remove a report: %w", err)
		}
		files++
	}
	return files, nil
}

// Records is privacy.Ground's.
func (g ground) Records(ctx context.Context, each func(where string, values []byte) error) error {
	return g.DB.Dump(ctx, func(where string, values []byte) error { return each("table "+where, values) })
}

// Files is privacy.Ground's: every file below the folder, the database's and the keys among them.
func (g ground) Files(_ context.Context, each func(name string, open func() (io.ReadCloser, error)) error) error {
	return filepath.WalkDir(g.Dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		name, err := filepath.Rel(g.Dir, path)
		if err != nil {
			return err
		}
		return each(filepath.ToSlash(name), func() (io.ReadCloser, error) {
			f, err := os.Open(path)
			if errors.Is(err, fs.ErrNotExist) {
				return nil, fault.New(fault.NotFound, "the file is gone")
			}
			return f, err
		})
	})
}
