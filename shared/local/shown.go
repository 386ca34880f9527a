package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"shopkeeper/shared/compare"
	"shopkeeper/shared/event"
	"shopkeeper/shared/offpolicy"
)

var _ compare.Shown = (*Local)(nil)

// Exposures reads the folder's log of what was shown, oldest first; a zero time is open. What was shown in the last second or two is not there yet.
func (l *Local) Exposures(ctx context.Context, _ event.ShopID, from time.Time, each func(offpolicy.Exposure)) (broken int, err error) {
	files, err := filepath.Glob(filepath.Join(l.Dir, "exposures", "????-??-??.ndjson"))
	if err != nil {
		return 0, err
	}
	slices.Sort(files)
	first := from.UTC().Format(time.DateOnly)
	for _, name := range files {
		if err := ctx.Err(); err != nil {
			return broken, err
		}
		if !from.IsZero() && filepath.Base(name) < first {
			continue
		}
		n, err := readExposures(name, func(e offpolicy.Exposure) {
			if from.IsZero() || e.At >= from.UnixMilli() {
				each(e)
			}
		})
		if broken += n; err != nil && !errors.Is(err, fs.ErrNotExist) { // the oldest go while we read
			return broken, err
		}
	}
	return broken, nil
}

func readExposures(name string, each func(offpolicy.Exposure)) (broken int, err error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, fmt.Errorf("read what was shown: %w", err)
	}
	broken, err = offpolicy.ReadExposures(f, each)
	return broken, errors.Join(err, f.Close())
}
