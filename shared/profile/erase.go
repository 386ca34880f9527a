package profile

import (
	"context"
	"fmt"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/people"
	"shopkeeper/shared/table"
)

// dropErased removes the events of erased visitors and persons, with the traits that wait with them, and returns the others. An erased visitor or person never comes back: who does is given new ids.
func (f *Folder) dropErased(ctx context.Context, events []event.Event) ([]event.Event, error) {
	if f.erased == nil {
		return events, nil
	}
	stones, err := f.erased.Look(ctx, events[0].Shop, table.Strong)
	if err != nil || stones.None() {
		return events, err
	}
	var kept []event.Event
	var ops []table.Op
	for _, e := range events {
		gone, err := stones.Has(ctx, consent.Name{Kind: identity.KindVisitor, Text: string(e.Visitor)}, consent.Name{Kind: identity.KindPerson, Text: string(e.Person)})
		if err != nil {
			return nil, err
		}
		if !gone {
			kept = append(kept, e)
			continue
		}
		ops = append(ops, table.Delete(event.Key(e.Shop, e.Visitor, e.ID), table.Always()))
		if e.Person != "" {
			ops = append(ops, table.Delete(people.PendingKey(e.Shop, e.Person, e.ID), table.Always()))
		}
	}
	return kept, f.delete(ctx, ops)
}

// Messages are the ids of a visitor's stored events.
func (f *Folder) Messages(ctx context.Context, shop event.ShopID, v event.VisitorID) ([]event.ID, error) {
	var ids []event.ID
	err := f.events(ctx, shop, v, func(page []event.Event, _ []table.Key) error {
		for _, e := range page {
			ids = append(ids, e.ID)
		}
		return nil
	})
	return ids, err
}

// EraseEvents removes every stored event of a visitor, readable or not, and returns how many. With a person named, only the events that name that one go.
func (f *Folder) EraseEvents(ctx context.Context, shop event.ShopID, v event.VisitorID, only event.PersonID) (int, error) {
	found := 0
	err := f.events(ctx, shop, v, func(page []event.Event, unreadable []table.Key) error {
		var ops []table.Op
		for _, k := range unreadable {
			if only == "" {
				ops = append(ops, table.Delete(k, table.Always()))
			}
		}
		for _, e := range page {
			if only == "" || e.Person == only {
				ops = append(ops, table.Delete(event.Key(shop, v, e.ID), table.Always()))
			}
		}
		found += len(ops)
		return f.delete(ctx, ops)
	})
	return found, err
}

// EraseProfiles removes the profiles of an id, a visitor's or a person's, and returns how many there were. No mark stays: whoever erases has left tombstones before.
func (f *Folder) EraseProfiles(ctx context.Context, shop event.ShopID, id string) (int, error) {
	found := 0
	for _, sort := range [...]string{Own, Merged} {
		k := Key(shop, id, sort)
		_, err := f.tables.Get(ctx, k, table.Strong)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err == nil {
			err = f.tables.Write(ctx, table.Delete(k, table.Always()))
		}
		if err != nil {
			return found, fmt.Errorf("erase profile %s: %w", id, err)
		}
		found++
	}
	return found, nil
}
