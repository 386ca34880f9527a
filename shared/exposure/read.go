package exposure

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/offpolicy"
)

const (
	atOnce   = 16      // files that are fetched beside each other: each takes some ten milliseconds to begin
	fileSize = 8 << 20 // packed; a delivery is below 1 MB, and what Compact makes seldom above mergedSize
)

// Exposures hands over the answers since a time, day by day and in no order within a day; a zero time is open. Every answer comes once, as far as its day knows: an answer is its visitor, time, seed and model, and
// those that name neither visitor nor model are not told apart. What was shown in the last minutes is not there yet. Lines that cannot be read are counted, and a damaged file as one of them.
//
// Memory: a few packed files, and some 16 bytes for each answer of one day.
func (l *Log) Exposures(ctx context.Context, shop event.ShopID, from time.Time, each func(offpolicy.Exposure)) (broken int, err error) {
	err = l.days(ctx, shop, from, func(date string) error {
		seen := answers{maphash.MakeSeed(), map[uint64]struct{}{}}
		return l.readDay(ctx, shop, date, func(body []byte) {
			broken += decode(body, func(e offpolicy.Exposure) {
				if (from.IsZero() || e.At >= from.UnixMilli()) && seen.first(e) {
					each(e)
				}
			})
		})
	})
	return broken, err
}

// days calls each for every day that has files, oldest first, from the day of a time on; a zero time is open.
func (l *Log) days(ctx context.Context, shop event.ShopID, from time.Time, each func(date string) error) error {
	prefix, after := shopPrefix(shop), ""
	if !from.IsZero() {
		after = dayPrefix(shop, dateOf(from.Add(-day))) + "~" // after every file of the day before
	}
	for {
		found, err := l.files.List(ctx, prefix, after, 1)
		if err != nil {
			return fmt.Errorf("list the exposures of %s: %w", shop, err)
		}
		if len(found) == 0 {
			return nil
		}
		date, _, _ := strings.Cut(strings.TrimPrefix(found[0].Name, prefix), "/")
		if err := each(date); err != nil {
			return err
		}
		after = dayPrefix(shop, date) + "~"
	}
}

// dayFiles are the names of a day's files.
func (l *Log) dayFiles(ctx context.Context, shop event.ShopID, date string) (names []string, err error) {
	for after := ""; ; {
		page, err := l.files.List(ctx, dayPrefix(shop, date), after, listPage)
		if err != nil {
			return nil, fmt.Errorf("list the exposures of %s for %s: %w", shop, date, err)
		}
		for _, f := range page {
			if after = f.Name; strings.HasSuffix(f.Name, suffix) {
				names = append(names, f.Name)
			}
		}
		if len(page) < listPage {
			return names, nil
		}
	}
}

// readDay hands over the packed files of a day. When one vanishes between list and read, its lines are in another by now, or were too old: the day is listed again, and whoever counts answers drops those it has.
func (l *Log) readDay(ctx context.Context, shop event.ShopID, date string, each func(body []byte)) error {
	done := map[string]bool{}
	for range 100 {
		names, err := l.dayFiles(ctx, shop, date)
		if err != nil {
			return err
		}
		names = slices.DeleteFunc(names, func(name string) bool { return done[name] })
		moved := false
		for some := range slices.Chunk(names, atOnce) {
			bodies, err := l.fetchAll(ctx, some)
			if err != nil {
				return err
			}
			for at, body := range bodies {
				if body == nil {
					moved = true
					continue
				}
				done[some[at]] = true
				each(body)
			}
		}
		if !moved {
			return nil
		}
	}
	return fault.Newf(fault.Unavailable, "the exposures of %s change faster than they can be read", date)
}

// fetchAll is the packed content of a few files, nil of those that are gone.
func (l *Log) fetchAll(ctx context.Context, names []string) ([][]byte, error) {
	bodies := make([][]byte, len(names))
	group, ctx := errgroup.WithContext(ctx)
	for at, name := range names {
		group.Go(func() (err error) {
			bodies[at], _, err = l.fetch(ctx, name)
			return err
		})
	}
	return bodies, group.Wait()
}

// fetch is a packed file and its tag; nil when it is gone. Of one that is larger than any of ours it is the beginning, which nobody can unpack to its end.
func (l *Log) fetch(ctx context.Context, name string) (body []byte, etag string, err error) {
	r, info, err := l.files.Open(ctx, name)
	if fault.Is(err, fault.NotFound) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("read %s: %w", name, err)
	}
	body, err = io.ReadAll(io.LimitReader(r, fileSize))
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, "", fault.Wrap(fault.Unavailable, err, "what was shown could not be read to its end")
	}
	return body, info.ETag, nil
}

// decode hands over the lines of a packed file. Damage counts as one more line that cannot be read, and ends it.
func decode(body []byte, each func(offpolicy.Exposure)) (broken int) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return 1
	}
	broken, err = offpolicy.ReadExposures(z, each)
	if err != nil {
		broken++
	}
	return broken
}

// unpack hands over the lines of a packed file as they stand. The error is damage; what is before it was handed over.
func unpack(body []byte, each func(line []byte)) error {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(make([]byte, 0, 64<<10), offpolicy.LongestLine)
	for lines.Scan() {
		each(lines.Bytes())
	}
	return lines.Err()
}

// answers tells the first delivery of an answer from later ones, within a day.
type answers struct {
	seed  maphash.Seed
	known map[uint64]struct{}
}

func (a *answers) first(e offpolicy.Exposure) bool {
	if e.Visitor == "" && e.Model == 0 {
		return true
	}
	type answer struct {
		visitor string
		at      int64
		model   uint64
		seed    uint32
	}
	h := maphash.Comparable(a.seed, answer{e.Visitor, e.At, e.Model, e.Seed})
	_, repeated := a.known[h]
	a.known[h] = struct{}{}
	return !repeated
}
