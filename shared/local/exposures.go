package local

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"shopkeeper/shared/fault"
)

// exposureDays is how long what was shown is kept. It is as long as the events it is compared with.
const exposureDays = 90

// exposures writes one line for each answer into a file a day (UTC), and removes the oldest. Lines reach the disk within a second or two: losing the last of
// them in a crash spoils no count, as an evaluation looks at samples. It is safe for concurrent use.
type exposures struct {
	log *slog.Logger
	dir string
	now func() time.Time

	mu   sync.Mutex
	day  int64 // since 1970
	file *os.File
	out  *bufio.Writer
	lost bool // a line could not be written since the last flush
}

func openExposures(log *slog.Logger, dir string, now func() time.Time) (*exposures, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the folder of exposures cannot be made")
	}
	return &exposures{log: log, dir: dir, now: now}, nil
}

// Record appends a line. An answer never fails because of it: what cannot be written is told by the next flush.
func (e *exposures) Record(line []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if now := e.now(); dayOf(now) != e.day || e.file == nil {
		if err := e.turn(now.UTC()); err != nil {
			e.lost = true
			return
		}
	}
	if _, err := e.out.Write(line); err != nil {
		e.lost = true
	}
}

func dayOf(t time.Time) int64 { return t.Unix() / (24 * 60 * 60) }

// turn begins the file of a day.
func (e *exposures) turn(now time.Time) error {
	if err := e.end(); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(e.dir, now.Format(time.DateOnly)+".ndjson"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return fmt.Errorf("begin the exposures of %s: %w", now.Format(time.DateOnly), err)
	}
	e.day, e.file, e.out = dayOf(now), f, bufio.NewWriterSize(f, 64<<10)
	return e.prune()
}

func (e *exposures) prune() error {
	files, err := filepath.Glob(filepath.Join(e.dir, "????-??-??.ndjson"))
	if err != nil {
		return err
	}
	slices.Sort(files)
	oldest := e.now().UTC().AddDate(0, 0, -exposureDays).Format(time.DateOnly)
	for _, f := range files {
		if filepath.Base(f) >= oldest {
			break
		}
		if err := os.Remove(f); err != nil {
			return fmt.Errorf("remove old exposures: %w", err)
		}
	}
	return nil
}

// flushEvery is how often what is buffered goes to the file.
const flushEvery = time.Second

// run flushes until ctx ends.
func (e *exposures) run(ctx context.Context) error {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := e.flush(); err != nil {
				e.log.Error("exposures were lost", "err", err)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// flush hands what is buffered to the system. After a failure the file is begun anew, as its writer is spoilt.
func (e *exposures) flush() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.out == nil && !e.lost {
		return nil
	}
	lost := e.lost
	e.lost = false
	if e.out == nil {
		return fault.New(fault.Unavailable, "the file of exposures cannot be made")
	}
	err := e.out.Flush()
	if err == nil && !lost {
		return nil
	}
	return errors.Join(fault.Wrap(fault.Unavailable, err, "the file of exposures cannot be written"), e.end())
}

// Close ends the file.
func (e *exposures) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.end()
}

func (e *exposures) end() error {
	if e.file == nil {
		return nil
	}
	err := errors.Join(e.out.Flush(), e.file.Close())
	e.file, e.out = nil, nil
	return err
}
