package archive

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
)

// fileRows is how many rows a compacted file has at most: it bounds the memory of whoever reads it to some tens of megabytes.
const fileRows = 100_000

// Compact merges the small files of one day (as 2006-01-02) into few, each event once, ordered by time. It returns how many files there were and are. New
// files are stored before old ones go, so that readers miss nothing, and a crash leaves only repeats; files that arrive meanwhile stay. Repeating it is harmless.
func Compact(ctx context.Context, files blob.Store, shop event.ShopID, date string) (before, after int, err error) {
	names, err := dayFiles(ctx, files, shop, date)
	if err != nil || len(names) < 2 {
		return len(names), len(names), err
	}
	return rewrite(ctx, files, folder{shop, date}, names, func(Row) bool { return true })
}

// Forget removes the rows of some visitors or persons from every file of the shop, for erasure. It returns how many rows went.
func Forget(ctx context.Context, files blob.Store, shop event.ShopID, ids ...string) (int, error) {
	gone := map[string]bool{}
	for _, id := range ids {
		gone[id] = id != ""
	}
	var zero Row
	removed := 0
	err := days(ctx, files, shop, zero.At, zero.At, func(date string) error {
		names, err := dayFiles(ctx, files, shop, date)
		if err != nil {
			return err
		}
		for _, name := range names {
			n := 0
			keep := func(r Row) bool { return !gone[r.Visitor] && !gone[r.Person] }
			if err := readFile(ctx, files, name, func(rows []Row) error {
				for _, r := range rows {
					if !keep(r) {
						n++
					}
				}
				return nil
			}); err != nil {
				return fmt.Errorf("read %s: %w", name, err)
			}
			if n == 0 {
				continue
			}
			if _, _, err := rewrite(ctx, files, folder{shop, date}, []string{name}, keep); err != nil {
				return err
			}
			removed += n
		}
		return nil
	})
	return removed, err
}

// rewrite stores what keep keeps of some files of a day in new files, then deletes the old ones.
func rewrite(ctx context.Context, files blob.Store, f folder, names []string, keep func(Row) bool) (before, after int, err error) {
	var pending []Row
	written := map[string]bool{}
	flush := func() error {
		if len(pending) == 0 {
			return nil
		}
		slices.SortFunc(pending, inTime)
		name, err := store(ctx, files, f, fmt.Sprintf("merged%06d", len(written)), pending)
		written[name] = true
		pending = pending[:0]
		return err
	}
	seen := newSeen()
	for _, name := range names {
		if err := readFile(ctx, files, name, func(rows []Row) error {
			for _, r := range rows {
				if !seen.first(r) || !keep(r) {
					continue
				}
				if len(pending) >= fileRows && r.Line == 0 { // never between the rows of an event
					if err := flush(); err != nil {
						return err
					}
				}
				pending = append(pending, r)
			}
			return nil
		}); err != nil {
			return 0, 0, fmt.Errorf("read %s: %w", name, err)
		}
	}
	if err := flush(); err != nil {
		return 0, 0, err
	}
	for _, name := range names {
		if written[name] {
			continue
		}
		if err := files.Delete(ctx, name); err != nil {
			return 0, 0, fmt.Errorf("delete %s: %w", name, err)
		}
	}
	return len(names), len(written), nil
}

// inTime is a total order that keeps the rows of an event together.
func inTime(a, b Row) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Visitor, b.Visitor), cmp.Compare(a.Event, b.Event), cmp.Compare(a.Line, b.Line))
}
