package ledger

import (
	"context"
	"fmt"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Kind is what was seen of a message after it was handed over.
type Kind string

// The kinds.
const (
	SeenDelivered    Kind = "delivered"
	SeenOpened       Kind = "opened"
	SeenClicked      Kind = "clicked"
	SeenBounced      Kind = "bounced"
	SeenComplained   Kind = "complained"
	SeenUnsubscribed Kind = "unsubscribed"
)

// Observation is what a provider or a tracked link told of a message.
type Observation struct {
	Kind    Kind
	At      time.Time // zero: now
	Machine bool      // an open or click of a scanner, proxy or prefetcher: counted apart, and it proves no more than the delivery
	Code    string    // the provider's, of a bounce
}

// noteTries bounds how often an observation that met another writer is tried.
const noteTries = 20

// Note puts an observation into its row. Observations may come in any order and again and again: the earliest time of each kind counts and the highest state ever told
// is the row's. Machine opens and clicks count when they are later than those before. NotFound: no such message; Conflict: it was never handed to a provider.
func (s *Store) Note(ctx context.Context, shop event.ShopID, campaign CampaignID, person event.PersonID, step int, o Observation) error {
	o.At = s.stamp(o.At)
	for range noteTries {
		row, err := s.Get(ctx, shop, campaign, person, step)
		if err != nil {
			return err
		}
		after, err := row.observed(o)
		if err != nil || after == row {
			return err
		}
		it, err := after.item()
		if err != nil {
			return err
		}
		err = s.tables.Write(ctx, table.Put(it, table.IfVersion(row.Version)))
		if err == nil || !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return fault.Newf(fault.Unavailable, "the ledger row of %s is being changed by too many", person)
}

func (r Row) observed(o Observation) (Row, error) {
	if r.Attempts == 0 && (r.State == Planned || r.State == Suppressed) {
		return r, fault.Newf(fault.Conflict, "a message that is %s cannot be %s", r.State, o.Kind)
	}
	if o.Machine && (o.Kind == SeenOpened || o.Kind == SeenClicked) {
		return r.machine(o)
	}
	state, at := Delivered, (*time.Time)(nil)
	switch o.Kind {
	case SeenDelivered:
		at = &r.DeliveredAt
	case SeenOpened:
		state, at = Opened, &r.OpenedAt
	case SeenClicked:
		state, at = Clicked, &r.ClickedAt
	case SeenBounced:
		state, at = Bounced, &r.BouncedAt
	case SeenComplained:
		state, at = Complained, &r.ComplainedAt
	case SeenUnsubscribed:
		at = &r.UnsubscribeAt
	default:
		return r, fault.InvalidField("kind", fmt.Sprintf("%q is no observation", o.Kind))
	}
	if at.IsZero() || o.At.Before(*at) {
		*at = o.At
	}
	if o.Kind == SeenBounced && o.Code != "" {
		r.Code = max(r.Code, o.Code) // a total order: several bounces may come in any order
	}
	if state == r.State && o.Kind != SeenUnsubscribed {
		r.At = *at
	}
	return r.raise(state, o.At)
}

// raise moves the row to a state unless it got farther already.
func (r Row) raise(to State, at time.Time) (Row, error) {
	if rank(to) <= rank(r.State) {
		return r, nil
	}
	if !CanMove(r.State, to) {
		return r, illegal(r.State, to)
	}
	r.State, r.Why, r.At, r.Lease = to, "", at, time.Time{}
	return r, nil
}

func (r Row) machine(o Observation) (Row, error) {
	count, last := &r.MachineOpens, &r.MachineOpenAt
	if o.Kind == SeenClicked {
		count, last = &r.MachineClicks, &r.MachineClickAt
	}
	if o.At.After(*last) {
		*count++
		*last = o.At
	}
	return r.raise(Delivered, o.At)
}
