package people

import (
	"context"
	"encoding/json"
	"fmt"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Read is one person; NotFound when the shop has no such person, or only traits that are not applied yet.
func (s *Store) Read(ctx context.Context, shop event.ShopID, id event.PersonID, opts ...table.ReadOption) (Person, error) {
	it, err := s.tables.Get(ctx, PersonKey(shop, id), opts...)
	if err != nil {
		return Person{}, fmt.Errorf("read person %s: %w", id, err)
	}
	return Decode(it)
}

// ReadAll are the persons of up to 1,000 ids, in any order; unknown ones are missing.
func (s *Store) ReadAll(ctx context.Context, shop event.ShopID, ids ...event.PersonID) ([]Person, error) {
	keys := make([]table.Key, len(ids))
	for i, id := range ids {
		keys[i] = PersonKey(shop, id)
	}
	items, err := s.tables.GetAll(ctx, keys...)
	if err != nil {
		return nil, fmt.Errorf("read %d persons: %w", len(ids), err)
	}
	all := make([]Person, len(items))
	for i, it := range items {
		if all[i], err = Decode(it); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Decode reads a person's record, such as one of the people table's feed: those whose sort key is "person".
func Decode(it table.Item) (Person, error) {
	var p Person
	owner := table.Split(it.Key.Partition)
	if len(owner) != 2 || it.Key.Sort != "person" {
		return p, fault.Newf(fault.Internal, "the record %q is no person", it.Key.Sort)
	}
	if err := json.Unmarshal(it.Body, &p); err != nil {
		return Person{}, broken(it, err)
	}
	p.Shop, p.ID, p.Version = event.ShopID(owner[0]), event.PersonID(owner[1]), it.Version
	return p, nil
}

// put is the op that stores the person as changed since it was read.
func (p Person) put() (table.Op, error) {
	body, err := json.Marshal(p)
	if err != nil {
		return table.Op{}, fmt.Errorf("encode person %s: %w", p.ID, err)
	}
	return table.Put(table.Item{Key: PersonKey(p.Shop, p.ID), Body: body}, stored(p.Version)), nil
}
