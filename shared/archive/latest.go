package archive

import (
	"cmp"
	"context"
	"slices"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
)

// Latest are the first rows of the n events that happened last, newest first, among today's and yesterday's (of now, UTC). What was told within the wait of the archive's writer is
// not there yet. It reads no more files than it needs: their names are in the order of their making.
func Latest(ctx context.Context, files blob.Store, shop event.ShopID, now time.Time, n int) ([]Row, error) {
	var latest []Row
	for _, at := range []time.Time{now, now.Add(-day)} {
		names, err := dayFiles(ctx, files, shop, dateOf(at))
		if err != nil {
			return nil, err
		}
		seen := newSeen()
		for _, name := range slices.Backward(names) {
			if len(latest) >= n {
				break
			}
			err := readFile(ctx, files, name, func(rows []Row) error {
				for _, r := range rows {
					if r.Line == 0 && seen.first(r) {
						latest = append(latest, r)
					}
				}
				return nil
			})
			if err != nil && !fault.Is(err, fault.NotFound) { // compaction took it: what it held is in another
				return nil, err
			}
		}
	}
	slices.SortFunc(latest, func(a, b Row) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Visitor, b.Visitor), cmp.Compare(a.Event, b.Event))
	})
	return latest[:min(n, len(latest))], nil
}
