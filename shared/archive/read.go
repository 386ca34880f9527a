package archive

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"strings"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/parquetrows"
)

// damaged says what a file is that cannot be read.
const damaged = "a damaged archive file"

// listPage is how many file names are asked for at once.
const listPage = 1000

// Read hands the rows of events with from <= At < to to each, every event once, day by day; within a day the order is the files'. A zero bound is open. An error of each ends it.
//
// Memory: one file, and 16 bytes for each event of one day.
func Read(ctx context.Context, files blob.Store, shop event.ShopID, from, to time.Time, each func(Row) error) error {
	return days(ctx, files, shop, from, to, func(date string) error {
		seen := newSeen()
		return readDay(ctx, files, shop, date, func(rows []Row) error {
			for _, r := range rows {
				if !seen.first(r) || !from.IsZero() && r.At.Before(from) || !to.IsZero() && !r.At.Before(to) {
					continue
				}
				if err := each(r); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// days calls each for every day from the first to the last that has files, oldest first.
func days(ctx context.Context, files blob.Store, shop event.ShopID, from, to time.Time, each func(date string) error) error {
	prefix := shopPrefix(shop)
	after := ""
	if !from.IsZero() {
		after = dayPrefix(shop, dateOf(from.Add(-day))) + "~" // after every file of the day before
	}
	for {
		found, err := files.List(ctx, prefix, after, 1)
		if err != nil {
			return fmt.Errorf("list the archive of %s: %w", shop, err)
		}
		if len(found) == 0 {
			return nil
		}
		date, _, _ := strings.Cut(strings.TrimPrefix(found[0].Name, prefix), "/")
		if !to.IsZero() && date > dateOf(to) {
			return nil
		}
		if err := each(date); err != nil {
			return err
		}
		after = dayPrefix(shop, date) + "~"
	}
}

// readDay hands over the rows of a day's files, a few thousand at a time. When a file vanishes between list and read, compaction has moved its rows: the day is
// listed again, and whoever counts events drops those it has.
func readDay[T any](ctx context.Context, files blob.Store, shop event.ShopID, date string, each func([]T) error) error {
	for range 100 {
		names, err := dayFiles(ctx, files, shop, date)
		if err != nil {
			return err
		}
		moved := false
		for _, name := range names {
			err := readFile(ctx, files, name, each)
			if fault.Is(err, fault.NotFound) {
				moved = true
				break
			}
			if err != nil {
				return fmt.Errorf("read %s: %w", name, err)
			}
		}
		if !moved {
			return nil
		}
	}
	return fault.Newf(fault.Unavailable, "the archive of %s changes faster than it can be read", date)
}

func dayFiles(ctx context.Context, files blob.Store, shop event.ShopID, date string) ([]string, error) {
	var names []string
	after := ""
	for {
		page, err := files.List(ctx, dayPrefix(shop, date), after, listPage)
		if err != nil {
			return nil, fmt.Errorf("list the archive of %s for %s: %w", shop, date, err)
		}
		for _, f := range page {
			if strings.HasSuffix(f.Name, ".parquet") {
				names = append(names, f.Name)
			}
			after = f.Name
		}
		if len(page) < listPage {
			return names, nil
		}
	}
}

func readFile[T any](ctx context.Context, files blob.Store, name string, each func([]T) error) error {
	r, _, err := files.Open(ctx, name)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	return parquetrows.Read(body, fault.Internal, damaged, each)
}

// seen tells the first delivery of an event from later ones. All rows of one delivery stand together.
type seen struct {
	seeds   [2]maphash.Seed
	events  map[[2]uint64]struct{}
	current [2]string // visitor and event of the rows at hand
	next    int32     // the line that continues them
	keep    bool
}

func newSeen() *seen {
	return &seen{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, events: map[[2]uint64]struct{}{}}
}

func (s *seen) first(r Row) bool { return s.firstOf(r.Visitor, r.Event, r.Line) }

func (s *seen) firstOf(visitor, event string, line int32) bool {
	id := [2]string{visitor, event}
	if id == s.current && line == s.next {
		s.next++
		return s.keep
	}
	h := [2]uint64{maphash.Comparable(s.seeds[0], id), maphash.Comparable(s.seeds[1], id)}
	_, repeated := s.events[h]
	s.events[h] = struct{}{}
	s.current, s.next, s.keep = id, line+1, !repeated
	return s.keep
}

// Newest is the end of the newest day with events; the zero time for an empty archive. It lists names and reads no file.
func Newest(ctx context.Context, files blob.Store, shop event.ShopID) (time.Time, error) {
	prefix, after, newest := shopPrefix(shop), "", ""
	for {
		page, err := files.List(ctx, prefix, after, listPage)
		if err != nil {
			return time.Time{}, fmt.Errorf("list the archive of %s: %w", shop, err)
		}
		if len(page) > 0 {
			after = page[len(page)-1].Name
			newest, _, _ = strings.Cut(strings.TrimPrefix(after, prefix), "/")
		}
		if len(page) < listPage {
			break
		}
	}
	if newest == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, newest)
	if err != nil {
		return time.Time{}, fault.Wrap(fault.Internal, err, "the archive has a folder that is no day")
	}
	return t.Add(day), nil
}
