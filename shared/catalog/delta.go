package catalog

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// MaxChanges bounds the delta, so that it stays far below an item's limit and a warm process can read it every few seconds.
const MaxChanges = 1000

// MaxNew bounds the new items among the changes: a warm process holds that many beside its model. Of a larger import the rest waits for the next training, and no import
// pushes out that an item was hidden.
const MaxNew = 300

// tries bounds how often an append begins again because another writer was faster.
const tries = 20

func deltaKey(shop event.ShopID) table.Key {
	return table.Key{Table: Table, Partition: table.Partition(string(shop), "delta"), Sort: "delta"}
}

// Over returns the item as it is after the changes: one that did not change comes back as it was.
func (d Delta) Over(it Item) Item {
	c, changed := d.Changes[it.ID]
	if !changed || c.At.Before(it.UpdatedAt) {
		return it
	}
	it.Price, it.Hidden, it.SoldOut, it.UpdatedAt = c.Price, c.Hidden || c.Gone, c.SoldOut, c.At
	return it
}

// Delta reads what changed since models were built; an empty Delta when nothing did.
func (s *Store) Delta(ctx context.Context, shop event.ShopID) (Delta, error) {
	d, _, err := s.delta(ctx, shop)
	return d, err
}

func (s *Store) delta(ctx context.Context, shop event.ShopID, opts ...table.ReadOption) (Delta, int64, error) {
	d := Delta{Changes: map[event.ItemID]Change{}}
	stored, err := s.tables.Get(ctx, deltaKey(shop), opts...)
	if fault.Is(err, fault.NotFound) {
		return d, 0, nil
	}
	if err != nil {
		return d, 0, fmt.Errorf("read catalog changes of %s: %w", shop, err)
	}
	if err := json.Unmarshal(stored.Body, &d); err != nil {
		return d, 0, fmt.Errorf("decode catalog changes of %s: %w", shop, err)
	}
	return d, stored.Version, nil
}

// append adds changes to the delta, the later one of an item winning. Repeating it changes nothing.
func (s *Store) append(ctx context.Context, shop event.ShopID, changes map[event.ItemID]Change) error {
	if len(changes) == 0 {
		return nil
	}
	return s.editDelta(ctx, shop, func(d *Delta) {
		for id, c := range changes {
			if old, known := d.Changes[id]; !known || !c.At.Before(old.At) {
				c.New = c.New || old.New && !c.Gone
				d.Changes[id] = c
			}
		}
		d.bound()
	})
}

// Tell repeats changes for processes whose model does not have them, because they went back to an older one. Conflict: they are more than the delta holds.
func (s *Store) Tell(ctx context.Context, shop event.ShopID, changes map[event.ItemID]Change) error {
	old := 0
	for _, c := range changes {
		if !c.New {
			old++
		}
	}
	if old > MaxChanges {
		return fault.Newf(fault.Conflict, "%d items changed since that model was trained, more than can be told: train a new one", old)
	}
	return s.append(ctx, shop, changes)
}

// Trim drops changes made before a time: those that every model in use already has.
func (s *Store) Trim(ctx context.Context, shop event.ShopID, before time.Time) error {
	return s.editDelta(ctx, shop, func(d *Delta) {
		for id, c := range d.Changes {
			if c.At.Before(before) {
				delete(d.Changes, id)
			}
		}
	})
}

// editDelta is read, change, write if nobody was faster.
func (s *Store) editDelta(ctx context.Context, shop event.ShopID, edit func(*Delta)) error {
	for range tries {
		d, version, err := s.delta(ctx, shop, table.Strong)
		if err != nil {
			return err
		}
		edit(&d)
		body, err := json.Marshal(d)
		if err != nil {
			return fmt.Errorf("encode catalog changes of %s: %w", shop, err)
		}
		cond := table.IfVersion(version)
		if version == 0 {
			cond = table.IfAbsent()
		}
		err = s.tables.Write(ctx, table.Put(table.Item{Key: deltaKey(shop), Body: body}, cond))
		if !fault.Is(err, fault.Conflict) {
			if err != nil {
				return fmt.Errorf("store catalog changes of %s: %w", shop, err)
			}
			return nil
		}
	}
	return fault.Wrap(fault.Unavailable, errors.New("too many writers of one delta"), "the catalog is being changed by many at once")
}

// bound drops the oldest new items beyond MaxNew, then the oldest changes beyond MaxChanges; equal times go by id.
func (d *Delta) bound() {
	d.keep(MaxNew, func(c Change) bool { return c.New })
	d.keep(MaxChanges, func(Change) bool { return true })
}

func (d *Delta) keep(most int, which func(Change) bool) {
	ids := make([]event.ItemID, 0, len(d.Changes))
	for id, c := range d.Changes {
		if which(c) {
			ids = append(ids, id)
		}
	}
	if len(ids) <= most {
		return
	}
	slices.SortFunc(ids, func(a, b event.ItemID) int {
		return cmp.Or(d.Changes[b].At.Compare(d.Changes[a].At), cmp.Compare(a, b))
	})
	for _, id := range ids[most:] {
		delete(d.Changes, id)
	}
}
