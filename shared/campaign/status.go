package campaign

import (
	"context"
	"slices"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ledger"
)

// moves is every legal change of status; whatever it does not list is refused.
var moves = map[Status][]Status{
	Draft:     {Scheduled},
	Scheduled: {Draft, Planning, Paused, Stopped, Missed},
	Planning:  {Sending, Paused, Stopped},
	Sending:   {Paused, Stopped, Finished},
	Paused:    {Scheduled, Planning, Sending, Stopped, Finished},
	Finished:  {},
	Stopped:   {},
	Missed:    {Draft},
}

// Statuses lists every status, in the order of a campaign's life.
func Statuses() []Status {
	return []Status{Draft, Scheduled, Planning, Sending, Paused, Finished, Stopped, Missed}
}

// CanMove says whether a campaign may go from one status to the other.
func CanMove(from, to Status) bool { return slices.Contains(moves[from], to) }

// active says whether the product has something to do for the campaign: a paused one may reach its end, a stopped one has messages in flight until it Ended.
func (d Definition) active() bool {
	switch d.Status {
	case Scheduled, Planning, Sending, Paused:
		return true
	case Stopped:
		return d.Ended.IsZero()
	}
	return false
}

// statusTries bounds how often a change of status that met another writer is tried.
const statusTries = 10

// move changes the status of a campaign as it is stored now; choose returns the campaign as it is to be.
func (s *Store) move(ctx context.Context, shop event.ShopID, id ledger.CampaignID, choose func(Definition) (Definition, error)) (Definition, error) {
	for range statusTries {
		old, err := s.Get(ctx, shop, id)
		if err != nil {
			return Definition{}, err
		}
		next, err := choose(old)
		if err != nil {
			return old, err
		}
		if next.Status == old.Status && next.Ended.Equal(old.Ended) {
			return old, nil
		}
		if next.Status != old.Status && !CanMove(old.Status, next.Status) {
			return old, fault.Newf(fault.Conflict, "a campaign that is %s cannot become %s", old.Status, next.Status)
		}
		next.Updated = s.now().UTC().Truncate(time.Millisecond)
		next, err = s.write(ctx, next)
		if err == nil || !fault.Is(err, fault.Conflict) {
			return next, err
		}
	}
	return Definition{}, fault.Newf(fault.Unavailable, "campaign %s is being changed by too many", id)
}

// to moves a campaign to a status.
func (s *Store) to(ctx context.Context, shop event.ShopID, id ledger.CampaignID, status Status, why string) (Definition, error) {
	return s.move(ctx, shop, id, func(d Definition) (Definition, error) {
		d.Status, d.Why = status, why
		return d, nil
	})
}

// Pause keeps a campaign from handing over more messages; those in flight are settled. Repeated, it changes nothing.
func (s *Store) Pause(ctx context.Context, shop event.ShopID, id ledger.CampaignID, why string) (Definition, error) {
	return s.to(ctx, shop, id, Paused, why)
}

// Resume lets a paused campaign go on where it was. One whose time passed meanwhile is not started late, see Missed; one whose end has come ends.
func (s *Store) Resume(ctx context.Context, shop event.ShopID, id ledger.CampaignID) (Definition, error) {
	d, err := s.move(ctx, shop, id, func(d Definition) (Definition, error) {
		if d.Status != Paused {
			return d, fault.Newf(fault.Conflict, "a campaign that is %s cannot be resumed", d.Status)
		}
		switch {
		case !d.Planned.IsZero():
			d.Status = Sending
		case !d.Begun.IsZero():
			d.Status = Planning
		default:
			d.Status = Scheduled
		}
		d.Why = ""
		return d, nil
	})
	if err != nil {
		return d, err
	}
	return d, s.forgetPace(ctx, shop, id)
}

// Stop ends a campaign for good: what is planned will not be sent. Repeated, it changes nothing.
func (s *Store) Stop(ctx context.Context, shop event.ShopID, id ledger.CampaignID) (Definition, error) {
	d, err := s.move(ctx, shop, id, func(d Definition) (Definition, error) {
		if d.Begun.IsZero() && d.Status != Stopped {
			d.Ended = s.now().UTC().Truncate(time.Millisecond) // nobody was planned
		}
		d.Status = Stopped
		return d, nil
	})
	if err != nil {
		return d, err
	}
	return d, s.forgetPace(ctx, shop, id)
}

// Withdraw makes a draft of a campaign that has not begun, so that it can be changed.
func (s *Store) Withdraw(ctx context.Context, shop event.ShopID, id ledger.CampaignID) (Definition, error) {
	return s.move(ctx, shop, id, func(d Definition) (Definition, error) {
		if !d.Begun.IsZero() {
			return d, fault.Newf(fault.Conflict, "a campaign that is %s cannot become %s", d.Status, Draft)
		}
		d.Status, d.Why, d.Started = Draft, "", time.Time{}
		return d, nil
	})
}
