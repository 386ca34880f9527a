package ledger

import (
	"context"
	"fmt"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Tended is what is left to do in a shard, or in a campaign.
type Tended struct {
	Rows      int       // all of them
	Planned   int       // wait for their time or their worker
	Due       int       // of those, whose time has come
	Claimed   int       // are with a worker
	Uncertain int       // became it just now: nobody settled their claim in time
	Next      time.Time // when something will be due that is not yet: a planned row or the end of a claim; zero: nothing
}

// Left is how many rows are not settled.
func (t Tended) Left() int { return t.Planned + t.Claimed }

func (t *Tended) wait(at time.Time) {
	if t.Next.IsZero() || at.Before(t.Next) {
		t.Next = at
	}
}

func (t *Tended) add(other Tended) {
	t.Rows, t.Planned, t.Due, t.Claimed, t.Uncertain = t.Rows+other.Rows, t.Planned+other.Planned, t.Due+other.Due, t.Claimed+other.Claimed, t.Uncertain+other.Uncertain
	if !other.Next.IsZero() {
		t.wait(other.Next)
	}
}

// Tend walks through a shard, makes claims whose lease has ended Uncertain (their message may have been sent: it is never sent again), and counts what is left to do.
func (s *Store) Tend(ctx context.Context, shop event.ShopID, campaign CampaignID, shard int, now time.Time) (Tended, error) {
	var t Tended
	for r, err := range s.shard(ctx, shop, campaign, shard) {
		if err != nil {
			return t, err
		}
		t.Rows++
		switch {
		case r.State == Planned:
			t.Planned++
			if r.NotBefore.After(now) {
				t.wait(r.NotBefore)
			} else {
				t.Due++
			}
		case r.State == Claimed && r.Lease.After(now):
			t.Claimed++
			t.wait(r.Lease)
		case r.State == Claimed:
			changed, err := s.move(ctx, r, Uncertain, "")
			if err != nil {
				return t, err
			}
			if changed {
				t.Uncertain++
			} else {
				t.Claimed++ // settled just now: it is seen next time
				t.wait(now)
			}
		}
	}
	return t, nil
}

// Reconcile is Tend for all shards of a campaign.
func (s *Store) Reconcile(ctx context.Context, shop event.ShopID, campaign CampaignID, now time.Time) (Tended, error) {
	var sum Tended
	for shard := range Shards {
		t, err := s.Tend(ctx, shop, campaign, shard, now)
		if err != nil {
			return sum, err
		}
		sum.add(t)
	}
	return sum, nil
}

// Stop suppresses every planned row of a campaign and says why. Rows that a worker has claimed are left to it: call again for those it gives back.
func (s *Store) Stop(ctx context.Context, shop event.ShopID, campaign CampaignID, why Why) (stopped int, err error) {
	var planned []Row
	for r, err := range s.All(ctx, shop, campaign) {
		if err != nil {
			return stopped, err
		}
		if r.State == Planned {
			planned = append(planned, r)
		}
		if len(planned) == table.MaxWriteOps {
			n, err := s.suppress(ctx, planned, why)
			if stopped += n; err != nil {
				return stopped, err
			}
			planned = planned[:0]
		}
	}
	n, err := s.suppress(ctx, planned, why)
	return stopped + n, err
}

// suppress suppresses planned rows, together or, when another changes one of them, one by one.
func (s *Store) suppress(ctx context.Context, rows []Row, why Why) (stopped int, err error) {
	ops := make([]table.Op, 0, len(rows))
	for _, r := range rows {
		op, err := s.moving(r, Suppressed, why)
		if err != nil {
			return 0, err
		}
		ops = append(ops, op)
	}
	err = s.tables.Write(ctx, ops...)
	if err == nil || !fault.Is(err, fault.Conflict) {
		return count(len(rows), err), err
	}
	for _, r := range rows {
		changed, err := s.move(ctx, r, Suppressed, why)
		if err != nil {
			return stopped, err
		}
		if changed {
			stopped++
		}
	}
	return stopped, nil
}

// move changes the state of a row unless another changed it since it was read.
func (s *Store) move(ctx context.Context, r Row, to State, why Why) (bool, error) {
	op, err := s.moving(r, to, why)
	if err != nil {
		return false, err
	}
	err = s.tables.Write(ctx, op)
	if fault.Is(err, fault.Conflict) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ledger row of %s: %w", r.Person, err)
	}
	return true, nil
}

func (s *Store) moving(r Row, to State, why Why) (table.Op, error) {
	if !CanMove(r.State, to) {
		return table.Op{}, illegal(r.State, to)
	}
	version := r.Version
	r.State, r.Why, r.At, r.Lease = to, why, s.stamp(time.Time{}), time.Time{}
	it, err := r.item()
	return table.Put(it, table.IfVersion(version)), err
}
