package ledger

import (
	"context"
	"fmt"
	"iter"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Page reads rows of one shard in the order of persons, from a cursor that a page before returned; empty: from the start. next is empty after the last page. A
// page may be short before that.
func (s *Store) Page(ctx context.Context, shop event.ShopID, campaign CampaignID, shard int, cursor string, limit int) (rows []Row, next string, err error) {
	if shard < 0 || shard >= Shards {
		return nil, "", fault.InvalidField("shard", fmt.Sprintf("is 0 to %d", Shards-1))
	}
	page, err := s.tables.Query(ctx, table.Query{Table: Table, Partition: shardKey(shop, campaign, shard), Limit: limit, Cursor: cursor, Strong: true})
	if err != nil {
		return nil, "", fmt.Errorf("ledger of %s, shard %d: %w", campaign, shard, err)
	}
	rows = make([]Row, 0, len(page.Items))
	for _, it := range page.Items {
		r, err := rowOf(it)
		if err != nil {
			return nil, "", err
		}
		rows = append(rows, r)
	}
	return rows, page.Next, nil
}

// duePage is how many rows Due reads at once: about what one call to DynamoDB returns.
const duePage = 500

// Due reads on from a cursor until it has at least limit rows of a shard that are planned and whose time has come, or the shard ends: next is empty then. One walk from an
// empty cursor to an empty next sees every row that was due when the walk began.
func (s *Store) Due(ctx context.Context, shop event.ShopID, campaign CampaignID, shard int, now time.Time, cursor string, limit int) (due []Row, next string, err error) {
	for {
		rows, next, err := s.Page(ctx, shop, campaign, shard, cursor, max(1, min(limit, duePage)))
		if err != nil {
			return nil, "", err
		}
		for _, r := range rows {
			if r.State == Planned && !r.NotBefore.After(now) {
				due = append(due, r)
			}
		}
		if next == "" || len(due) >= limit {
			return due, next, nil
		}
		cursor = next
	}
}

// All walks through every row of a campaign, shard by shard. It ends at the first error, which it yields.
func (s *Store) All(ctx context.Context, shop event.ShopID, campaign CampaignID) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for shard := range Shards {
			for r, err := range s.shard(ctx, shop, campaign, shard) {
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
	}
}

func (s *Store) shard(ctx context.Context, shop event.ShopID, campaign CampaignID, shard int) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for cursor := ""; ; {
			rows, next, err := s.Page(ctx, shop, campaign, shard, cursor, 0)
			if err != nil {
				yield(Row{}, err)
				return
			}
			for _, r := range rows {
				if !yield(r, nil) {
					return
				}
			}
			if cursor = next; cursor == "" {
				return
			}
		}
	}
}

// Sums counts the rows of a campaign. It reads all of them.
func (s *Store) Sums(ctx context.Context, shop event.ShopID, campaign CampaignID) (Sums, error) {
	sums := NewSums()
	for r, err := range s.All(ctx, shop, campaign) {
		if err != nil {
			return Sums{}, err
		}
		sums.Add(r)
	}
	return sums, nil
}

// NewSums counts nothing yet.
func NewSums() Sums {
	return Sums{States: map[State]int{}, Whys: map[Why]int{}, Variants: map[string]int{}}
}

// Add counts one row more.
func (s *Sums) Add(r Row) {
	s.Rows++
	s.States[r.State]++
	if r.State == Suppressed {
		s.Whys[r.Why]++
	}
	if r.Variant != "" {
		s.Variants[r.Variant]++
	}
	s.Reached.add(r)
}

func (n *Reached) add(r Row) {
	opened, delivered := r.Opened(), r.Delivered()
	for _, c := range []struct {
		counter *int
		reached bool
	}{
		{&n.Handed, delivered || !r.HandedAt.IsZero()}, {&n.Delivered, delivered}, {&n.Opened, opened}, {&n.Clicked, !r.ClickedAt.IsZero()},
		{&n.Bounced, !r.BouncedAt.IsZero()}, {&n.Complained, !r.ComplainedAt.IsZero()}, {&n.Unsubscribed, !r.UnsubscribeAt.IsZero()}, {&n.Control, r.Control},
	} {
		if c.reached {
			*c.counter++
		}
	}
}

// Opened says whether a human ever opened the mail: who clicks in it has opened it, whether or not pictures are shown.
func (r Row) Opened() bool { return !r.OpenedAt.IsZero() || !r.ClickedAt.IsZero() }

// Delivered says whether the mail ever reached its recipient, as far as was told: who opens it or complains has it.
func (r Row) Delivered() bool {
	return !r.DeliveredAt.IsZero() || r.Opened() || !r.ComplainedAt.IsZero() || !r.UnsubscribeAt.IsZero() || r.MachineOpens+r.MachineClicks > 0
}
