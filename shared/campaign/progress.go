package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/table"
)

// progress is how far planning and sending have come. It stands beside the campaign, so that a step of the planner does not write the templates again.
type progress struct {
	version int64

	Cursor   string               `json:"cursor,omitempty"` // of the segment's members: everybody before it is planned
	Done     bool                 `json:"done,omitempty"`   // everybody is
	Persons  int                  `json:"persons,omitempty"`
	Nobodies int                  `json:"nobodies,omitempty"`
	Pace     [ledger.Shards]paced `json:"pace,omitzero"`
}

// paced is when a shard is looked at next. It is advice alone: looking too often is harmless.
type paced struct {
	Checked time.Time `json:"checked,omitzero"`
	Next    time.Time `json:"next,omitzero"`
	Settled bool      `json:"settled,omitempty"` // nothing is left to do in it
}

// due says whether it is time to look at a shard. A look in the future was taken before the clock was put back.
func (p paced) due(now time.Time) bool {
	return !p.Settled && (!now.Before(p.Next) || now.Before(p.Checked))
}

func (s *Store) progress(ctx context.Context, shop event.ShopID, id ledger.CampaignID) (progress, error) {
	var p progress
	it, err := s.tables.Get(ctx, key(shop, progressPart, id), table.Strong)
	if fault.Is(err, fault.NotFound) {
		return p, nil
	}
	if err != nil {
		return p, fmt.Errorf("progress of campaign %s: %w", id, err)
	}
	if err := json.Unmarshal(it.Body, &p); err != nil {
		return p, fault.Wrap(fault.Internal, err, "the progress of campaign "+string(id)+" is not readable")
	}
	p.version = it.Version
	return p, nil
}

// save stores p unless another did meanwhile, which is Conflict: both were doing the same, and the other goes on.
func (s *Store) save(ctx context.Context, shop event.ShopID, id ledger.CampaignID, p *progress) error {
	body, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode the progress of campaign %s: %w", id, err)
	}
	condition := table.IfAbsent()
	if p.version != 0 {
		condition = table.IfVersion(p.version)
	}
	if err := s.tables.Write(ctx, table.Put(table.Item{Key: key(shop, progressPart, id), Body: body}, condition)); err != nil {
		return fmt.Errorf("store the progress of campaign %s: %w", id, err)
	}
	p.version++
	return nil
}

// forgetPace makes the next tick look at every shard.
func (s *Store) forgetPace(ctx context.Context, shop event.ShopID, id ledger.CampaignID) error {
	for range statusTries {
		p, err := s.progress(ctx, shop, id)
		if err != nil || p.version == 0 {
			return err
		}
		p.Pace = [ledger.Shards]paced{}
		if err = s.save(ctx, shop, id, &p); err == nil || !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return fault.Newf(fault.Unavailable, "campaign %s is being changed by too many", id)
}
