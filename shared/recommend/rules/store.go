package rules

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// maxBytes bounds a shop's document: warm processes read it every few seconds.
const maxBytes = 200 << 10

// Store keeps every shop's document beside its catalog: partition shop#rules, sort key "rules". It is safe for concurrent use.
type Store struct {
	now        func() time.Time
	tables     table.Store
	placements []string
}

// NewStore makes a Store; now stamps rules, placements are the names that rules may use.
func NewStore(now func() time.Time, tables table.Store, placements []string) *Store {
	return &Store{now: now, tables: tables, placements: placements}
}

func key(shop event.ShopID) table.Key {
	return table.Key{Table: catalog.Table, Partition: table.Partition(string(shop), "rules"), Sort: "rules"}
}

// Read is the shop's document; the Standard settings and no rules when nothing was stored.
func (s *Store) Read(ctx context.Context, shop event.ShopID) (Document, error) {
	d, _, err := s.read(ctx, shop)
	return d, err
}

func (s *Store) read(ctx context.Context, shop event.ShopID, opts ...table.ReadOption) (Document, *table.Item, error) {
	d := Document{Settings: Standard, Rules: []Rule{}}
	it, err := s.tables.Get(ctx, key(shop), opts...)
	if fault.Is(err, fault.NotFound) {
		return d, nil, nil
	}
	if err != nil {
		return d, nil, fmt.Errorf("read rules of %s: %w", shop, err)
	}
	if err := json.Unmarshal(it.Body, &d); err != nil {
		return d, nil, fmt.Errorf("decode rules of %s: %w", shop, err)
	}
	d.Version = it.Version
	return d, &it, nil
}

// Get is one rule; NotFound when the shop has none of that id.
func (s *Store) Get(ctx context.Context, shop event.ShopID, id ID) (Rule, error) {
	d, _, err := s.read(ctx, shop, table.Strong)
	if err != nil {
		return Rule{}, err
	}
	if at, ok := d.find(id); ok {
		return d.Rules[at], nil
	}
	return Rule{}, fault.Newf(fault.NotFound, "this shop has no rule %q", id)
}

func (d *Document) find(id ID) (int, bool) {
	return slices.BinarySearchFunc(d.Rules, id, func(r Rule, id ID) int { return cmp.Compare(r.ID, id) })
}

// Put stores a rule and returns it as it is stored. Version 0 makes a new one, any other replaces exactly that version; Conflict says that somebody else was faster, or
// that the id is taken. Invalid names every wrong field.
func (s *Store) Put(ctx context.Context, shop event.ShopID, r Rule) (Rule, error) {
	if err := r.Validate(s.placements); err != nil {
		return Rule{}, err
	}
	wanted := r.Version
	err := s.edit(ctx, shop, func(d *Document, at *table.Item) error {
		r.Updated = s.now().UTC().Truncate(time.Millisecond)
		place, known := d.find(r.ID)
		if known != (wanted > 0) || known && d.Rules[place].Version != wanted {
			return stale(shop, at)
		}
		r.Version, r.Starts, r.Ends = d.Version+1, r.Starts.UTC(), r.Ends.UTC()
		if known {
			r.Created = d.Rules[place].Created
			d.Rules[place] = r
			return nil
		}
		if len(d.Rules) >= MaxRules {
			return fault.Newf(fault.Invalid, "a shop has at most %d rules: remove one that has ended", MaxRules)
		}
		r.Created = r.Updated
		d.Rules = slices.Insert(d.Rules, place, r)
		return nil
	})
	return r, err
}

// Delete removes exactly that version of a rule. Conflict when it is another version by now, or gone.
func (s *Store) Delete(ctx context.Context, shop event.ShopID, id ID, version int64) error {
	return s.edit(ctx, shop, func(d *Document, at *table.Item) error {
		place, known := d.find(id)
		if !known || d.Rules[place].Version != version {
			return stale(shop, at)
		}
		d.Rules = slices.Delete(d.Rules, place, place+1)
		return nil
	})
}

// PutSettings stores the settings under the condition that the document still is at that version, 0 for a shop without one.
func (s *Store) PutSettings(ctx context.Context, shop event.ShopID, settings Settings, version int64) (Document, error) {
	if err := settings.Validate(); err != nil {
		return Document{}, err
	}
	var stored Document
	err := s.edit(ctx, shop, func(d *Document, at *table.Item) error {
		if d.Version != version {
			return stale(shop, at)
		}
		d.Settings = settings
		stored = *d
		stored.Version++
		return nil
	})
	return stored, err
}

func stale(shop event.ShopID, at *table.Item) error {
	return fault.Wrap(fault.Conflict, &table.ConflictError{Key: key(shop), Stored: at}, "it was changed, removed or made by somebody else meanwhile")
}

// tries bounds how often an edit begins again because another rule was changed at the same time.
const tries = 20

// edit is read, change, write if nobody was faster.
func (s *Store) edit(ctx context.Context, shop event.ShopID, change func(*Document, *table.Item) error) error {
	for range tries {
		d, at, err := s.read(ctx, shop, table.Strong)
		if err != nil {
			return err
		}
		if err := change(&d, at); err != nil {
			return err
		}
		body, err := json.Marshal(d)
		if err != nil {
			return fmt.Errorf("encode rules of %s: %w", shop, err)
		}
		if len(body) > maxBytes {
			return fault.Newf(fault.Invalid, "the rules of a shop take at most %d KB together: target categories or brands instead of long lists", maxBytes>>10)
		}
		cond := table.IfVersion(d.Version)
		if d.Version == 0 {
			cond = table.IfAbsent()
		}
		err = s.tables.Write(ctx, table.Put(table.Item{Key: key(shop), Body: body}, cond))
		if !fault.Is(err, fault.Conflict) {
			if err != nil {
				return fmt.Errorf("store rules of %s: %w", shop, err)
			}
			return nil
		}
	}
	return fault.New(fault.Unavailable, "the rules are being changed by many at once")
}
