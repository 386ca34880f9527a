package exposure

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
)

// Forget removes the lines of some visitors from every file of the shop, for erasure. It returns how many lines went, and may be repeated.
func (l *Log) Forget(ctx context.Context, shop event.ShopID, ids ...string) (int, error) {
	gone := map[string]bool{}
	for _, id := range ids {
		gone[id] = true
	}
	delete(gone, "") // whoever is not named
	if len(gone) == 0 {
		return 0, nil
	}
	removed := 0
	var always time.Time
	err := l.days(ctx, shop, always, func(date string) error {
		names, err := l.dayFiles(ctx, shop, date)
		if err != nil {
			return err
		}
		for some := range slices.Chunk(names, atOnce) {
			bodies, err := l.fetchAll(ctx, some)
			if err != nil {
				return err
			}
			for at, body := range bodies {
				if _, n, err := without(body, gone); n == 0 && err == nil {
					continue
				}
				n, err := l.rewrite(ctx, some[at], gone)
				if removed += n; err != nil {
					return err
				}
			}
		}
		return nil
	})
	return removed, err
}

// rewrites is how often a file is begun anew that somebody else rewrites meanwhile.
const rewrites = 10

// rewrite stores what is left of a file without the lines of some visitors. Nothing left is stored too: see the package's comment.
func (l *Log) rewrite(ctx context.Context, name string, gone map[string]bool) (removed int, err error) {
	for range rewrites {
		body, etag, err := l.fetch(ctx, name)
		if err != nil || body == nil {
			return 0, err
		}
		left, n, err := without(body, gone)
		if err != nil { // damaged: nobody can tell whose lines it has
			left, n = nil, 1
		}
		if n == 0 {
			return 0, nil
		}
		err = l.store(ctx, name, left, etag)
		if err == nil {
			return n, nil
		}
		if !fault.Is(err, fault.Conflict) {
			return 0, fmt.Errorf("rewrite %s: %w", name, err)
		}
	}
	return 0, fault.Newf(fault.Unavailable, "%s changes faster than it can be rewritten", name)
}

// without is the lines of a packed file but those of some visitors, and how many these were. A line that cannot be read goes as well, as nobody can tell whose it is. The error is damage.
func without(body []byte, gone map[string]bool) (left []byte, removed int, err error) {
	err = unpack(body, func(line []byte) {
		var e struct{ Visitor string }
		if json.Unmarshal(line, &e) != nil || gone[e.Visitor] {
			removed++
			return
		}
		left = append(append(left, line...), '\n')
	})
	return left, removed, err
}

// Prune removes the days that are older than Days. The night calls it; it may be repeated.
func (l *Log) Prune(ctx context.Context, shop event.ShopID, now time.Time) (files int, err error) {
	oldest := dayPrefix(shop, dateOf(now.AddDate(0, 0, -Days)))
	for {
		page, err := l.files.List(ctx, shopPrefix(shop), "", listPage)
		if err != nil {
			return files, fmt.Errorf("list the exposures of %s: %w", shop, err)
		}
		var old []string
		for _, f := range page {
			if f.Name < oldest {
				old = append(old, f.Name)
			}
		}
		if err := l.remove(ctx, old); err != nil {
			return files, err
		}
		if files += len(old); len(old) < listPage {
			return files, nil
		}
	}
}

// remove deletes files, a few beside each other.
func (l *Log) remove(ctx context.Context, names []string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, name := range names {
		group.Go(func() error {
			if err := l.files.Delete(ctx, name); err != nil {
				return fmt.Errorf("remove %s: %w", name, err)
			}
			return nil
		})
	}
	return group.Wait()
}
