package profile

import (
	"bytes"
	"context"
	"fmt"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// attempts bounds how often a write that met another writer is tried again with a fresh read.
const attempts = 10

// Store reads and writes profiles. It is safe for concurrent use.
type Store struct{ tables table.Store }

// NewStore is a Store on a table store.
func NewStore(tables table.Store) *Store { return &Store{tables: tables} }

// Read is one eventually consistent read of one item: half a read unit. sort is Own or Merged. NotFound when there is no such profile.
func (s *Store) Read(ctx context.Context, shop event.ShopID, id, sort string) (Profile, error) {
	it, err := s.tables.Get(ctx, Key(shop, id, sort))
	if err != nil {
		return Profile{}, fmt.Errorf("read profile %s: %w", id, err)
	}
	return Decode(it)
}

// change reads a profile consistently, lets do change it, and writes it back unless it is as it was; when somebody else wrote meanwhile, all over again. An absent
// profile is handed over empty, with Version 0. do may be called several times. A profile whose do says remove is deleted.
func (s *Store) change(ctx context.Context, shop event.ShopID, id, sort string, do func(p *Profile) (keep bool, err error)) (Profile, error) {
	k := Key(shop, id, sort)
	for range attempts {
		p, before, err := s.current(ctx, k)
		if err != nil {
			return Profile{}, err
		}
		p.Shop, p.ID = shop, id
		keep, err := do(&p)
		if err != nil {
			return Profile{}, err
		}
		op, needed, err := p.op(k, keep, before)
		if err != nil || !needed {
			return p, err
		}
		err = s.tables.Write(ctx, op)
		if err == nil {
			p.Version++
			return p, nil
		}
		if !fault.Is(err, fault.Conflict) {
			return Profile{}, fmt.Errorf("write profile %s: %w", id, err)
		}
	}
	return Profile{}, fault.Newf(fault.Unavailable, "profile %s is being changed by too many", id)
}

func (s *Store) current(ctx context.Context, k table.Key) (p Profile, body []byte, err error) {
	it, err := s.tables.Get(ctx, k, table.Strong)
	if fault.Is(err, fault.NotFound) {
		return Profile{}, nil, nil
	}
	if err != nil {
		return Profile{}, nil, fmt.Errorf("read profile %s: %w", k.Partition, err)
	}
	p, err = Decode(it)
	return p, it.Body, err
}

// op is what makes the stored item equal p; needed is false when it does already.
func (p *Profile) op(k table.Key, keep bool, before []byte) (op table.Op, needed bool, err error) {
	cond := table.IfAbsent()
	if before != nil {
		cond = table.IfVersion(p.Version)
	}
	if !keep {
		return table.Delete(k, cond), before != nil, nil
	}
	it, err := p.Item()
	if err != nil {
		return op, false, err
	}
	it.Key = k
	if before == nil {
		before = emptyBody // nothing need not be stored
	}
	return table.Put(it, cond), !bytes.Equal(it.Body, before), nil
}
