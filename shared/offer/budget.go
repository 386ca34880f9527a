package offer

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// A budget is kept by leases: beside the requests, a process takes some impressions out of the offer's budget record, by a write under the condition that the record is as it was read, and gives
// them out from memory. So however many processes serve, they never give out more than the budget. An impression is spent when it is served, seen or not; the same impression
// served again by the same process is not spent twice. What a process has left goes back when it stops in order; what one that is killed had left is forfeited, which is why a lease is small.
type lease struct {
	left atomic.Int64
	paid [256]atomic.Uint64 // hashes of what was served lately
}

// What is leased at once: a hundredth of the budget, within bounds.
const (
	leaseParts = 100
	mostLeased = 500
)

func portion(budget int64) int64 { return min(max(budget/leaseParts, 1), mostLeased) }

// take spends one impression, unless this one is paid for.
func (l *lease) take(impression uint64) bool {
	slot := &l.paid[impression%uint64(len(l.paid))]
	if slot.Load() == impression {
		return true
	}
	for {
		n := l.left.Load()
		if n <= 0 {
			return false
		}
		if l.left.CompareAndSwap(n, n-1) {
			slot.Store(impression)
			return true
		}
	}
}

// open says whether anything is left.
func (l *lease) open() bool { return l.left.Load() > 0 }

// spent is a budget record.
type spent struct {
	Taken int64 `json:"taken"` // leased so far, less what came back
}

func budgetKey(shop event.ShopID, id ID) table.Key {
	return table.Key{Table: Table, Partition: table.Partition(string(shop)), Sort: "b#" + table.Partition(string(id))}
}

// Spent is how much of its budget an offer has given out or leased.
func (s *Store) Spent(ctx context.Context, shop event.ShopID, id ID) (int64, error) {
	b, _, err := s.spent(ctx, shop, id)
	return b.Taken, err
}

func (s *Store) spent(ctx context.Context, shop event.ShopID, id ID) (b spent, version int64, err error) {
	it, err := s.tables.Get(ctx, budgetKey(shop, id), table.Strong)
	if fault.Is(err, fault.NotFound) {
		return b, 0, nil
	}
	if err == nil {
		err = json.Unmarshal(it.Body, &b)
	}
	if err != nil {
		return b, 0, fmt.Errorf("read the budget of offer %s: %w", id, err)
	}
	return b, it.Version, nil
}

// move changes what is taken out of a budget by n, within 0 and the budget, and returns by how much it did. After an error that leaves open whether it was written the impressions count as gone:
// a budget may so be used up early, never exceeded.
func (s *Store) move(ctx context.Context, d *Definition, n int64) (int64, error) {
	for range attempts {
		b, version, err := s.spent(ctx, d.Shop, d.ID)
		if err != nil {
			return 0, err
		}
		n := max(n, -b.Taken)
		if n > 0 {
			n = min(n, max(d.Budget-b.Taken, 0)) // the budget may have been lowered below what is out
		}
		if n == 0 {
			return 0, nil
		}
		b.Taken += n
		body, err := json.Marshal(b)
		if err != nil {
			return 0, fmt.Errorf("encode the budget of offer %s: %w", d.ID, err)
		}
		err = s.tables.Write(ctx, table.Put(table.Item{Key: budgetKey(d.Shop, d.ID), Body: body}, versionCond(version)))
		if err == nil {
			return n, nil
		}
		if !fault.Is(err, fault.Conflict) {
			return 0, fmt.Errorf("move the budget of offer %s: %w", d.ID, err)
		}
	}
	return 0, nil
}

// lease takes a portion when little is left.
func (s *Store) lease(ctx context.Context, d *Definition, l *lease) error {
	part := portion(d.Budget)
	if left := l.left.Load(); left > part/2 && left <= d.Budget {
		return nil
	}
	b, _, err := s.spent(ctx, d.Shop, d.ID)
	switch {
	case err != nil || b.Taken == d.Budget:
		return err
	case b.Taken > d.Budget: // it was lowered
		return s.giveBack(ctx, d, l)
	}
	if part = min(part, d.paced(s.now())+part-b.Taken); part <= 0 {
		return nil
	}
	n, err := s.move(ctx, d, part)
	if n > 0 {
		l.left.Add(n)
	}
	return err
}

// paced is how much of the budget may be out by a time: all of it, or as much as the time that has passed of the time it has. A portion more may always be out, so that the first
// visitors of the first hour see the offer too.
func (d *Definition) paced(now time.Time) int64 {
	if !d.Even || d.Ends.IsZero() {
		return d.Budget
	}
	begin := d.Starts
	if begin.Before(d.Created) {
		begin = d.Created
	}
	whole, passed := d.Ends.Sub(begin), now.Sub(begin)
	if whole <= 0 || passed >= whole {
		return d.Budget
	}
	return int64(float64(d.Budget) * float64(max(passed, 0)) / float64(whole))
}

// giveBack returns what a lease has left.
func (s *Store) giveBack(ctx context.Context, d *Definition, l *lease) error {
	n := l.left.Swap(0)
	if n == 0 {
		return nil
	}
	_, err := s.move(ctx, d, -n)
	return err
}
