package ledger

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// tombstone is a person id that stands for somebody erased: random, so that it leads to nobody, and of the same shard, so that the row stays where it was.
func tombstone(shard int) event.PersonID {
	for {
		var b [12]byte
		rand.Read(b[:]) // never fails
		if id := event.PersonID("p_erased-" + hex.EncodeToString(b[:])); ShardOf(id) == shard {
			return id
		}
	}
}

// Erase takes a person out of the campaigns' rows: each keeps its state and times, so that sums still add up, under an id that is nobody's; what was planned is
// suppressed. What was handed to the person lately is forgotten. It returns how many records named the person; repeated, it finds none.
func (s *Store) Erase(ctx context.Context, shop event.ShopID, person event.PersonID, campaigns ...CampaignID) (found int, err error) {
	for _, c := range campaigns {
		n, err := s.eraseFrom(ctx, shop, c, person)
		found += n
		if err != nil {
			return found, fmt.Errorf("erase from the ledger of %s: %w", c, err)
		}
	}
	k := touchesKey(shop, person)
	switch _, err := s.tables.Get(ctx, k, table.Strong); {
	case fault.Is(err, fault.NotFound):
		return found, nil
	case err != nil:
		return found, fmt.Errorf("messages lately: %w", err)
	}
	return found + 1, s.tables.Write(ctx, table.Delete(k, table.Always()))
}

func (s *Store) eraseFrom(ctx context.Context, shop event.ShopID, campaign CampaignID, person event.PersonID) (found int, err error) {
	q := table.Query{Table: Table, Partition: shardKey(shop, campaign, ShardOf(person)), Prefix: table.Partition(string(person)) + "#", Strong: true}
	for {
		page, err := s.tables.Query(ctx, q)
		if err != nil {
			return found, err
		}
		for _, it := range page.Items {
			if err := s.eraseRow(ctx, it); err != nil {
				return found, err
			}
			found++
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return found, nil
		}
	}
}

func (s *Store) eraseRow(ctx context.Context, it table.Item) error {
	for range noteTries {
		r, err := rowOf(it)
		if err != nil {
			return err
		}
		name := r.key()
		r.Person = tombstone(ShardOf(r.Person))
		r.Provider, r.Claim, r.Zone = "", "", "" // the provider's id leads to the person in its own records
		if r.State == Planned {
			r.State, r.Why, r.At, r.NotBefore = Suppressed, Erased, s.stamp(time.Time{}), time.Time{}
		}
		nameless, err := r.item()
		if err != nil {
			return err
		}
		err = s.tables.Write(ctx, table.Delete(name, table.IfVersion(it.Version)), table.Put(nameless, table.IfAbsent()))
		conflict, changed := errors.AsType[*table.ConflictError](err)
		switch {
		case !changed:
			return err
		case conflict.Stored == nil:
			return nil // another erasure was faster
		case conflict.Key == name:
			it = *conflict.Stored
		}
	}
	return fault.New(fault.Unavailable, "the ledger row of an erased person is being changed by too many")
}
