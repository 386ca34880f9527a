package catalog

import (
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

// batch is how many items are compared and stored at once: what one GetAll reads.
const batch = table.MaxReadKeys

// Store keeps the items of all shops. It is safe for concurrent use.
type Store struct {
	now    func() time.Time
	tables table.Store
}

// NewStore makes a Store; now stamps items and changes.
func NewStore(now func() time.Time, tables table.Store) *Store {
	return &Store{now: now, tables: tables}
}

// Result counts what a Put did. Unchanged items were stored already, with the same content, and cost no write.
type Result struct {
	Added     int
	Updated   int
	Unchanged int
}

func itemKey(shop event.ShopID, id event.ItemID) table.Key {
	return table.Key{Table: Table, Partition: table.Partition(string(shop), "items"), Sort: table.Partition(string(id))}
}

// Put stores items and tells warm processes of new items, changed prices and availability. It is idempotent: repeated, it changes nothing. Of two items
// with one id the last counts. Invalid names every wrong field of every item, as "items[3].price", and nothing is stored.
func (s *Store) Put(ctx context.Context, shop event.ShopID, items ...Item) (Result, error) {
	var sum Result
	if err := validate(items); err != nil {
		return sum, err
	}
	for some := range slices.Chunk(lastOfEach(items), batch) {
		r, err := s.put(ctx, shop, some)
		sum.add(r)
		if err != nil {
			return sum, err
		}
	}
	return sum, nil
}

func validate(items []Item) error {
	var fields []fault.Field
	for i, it := range items {
		if f, bad := errors.AsType[*fault.Error](it.Validate(fmt.Sprintf("items[%d].", i))); bad {
			fields = append(fields, f.Fields...)
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return fault.InvalidFields(fields...)
}

func lastOfEach(items []Item) []Item {
	at := make(map[event.ItemID]int, len(items))
	kept := make([]Item, 0, len(items))
	for _, it := range items {
		if i, twice := at[it.ID]; twice {
			kept[i] = it
			continue
		}
		at[it.ID] = len(kept)
		kept = append(kept, it)
	}
	return kept
}

// plan is what a batch comes to: what it would do, the items to write and the changes to tell.
type plan struct {
	result  Result
	writes  []table.Item
	changes map[event.ItemID]Change
}

// put deals with one batch. The delta goes first: after a crash between the two writes the items still differ, and a repeated Put tells again.
func (s *Store) put(ctx context.Context, shop event.ShopID, items []Item) (Result, error) {
	p, err := s.plan(ctx, shop, items)
	if err != nil {
		return Result{}, err
	}
	if err := s.append(ctx, shop, p.changes); err != nil {
		return Result{}, err
	}
	if len(p.writes) == 0 {
		return p.result, nil
	}
	if err := s.tables.PutAll(ctx, p.writes...); err != nil {
		return Result{}, fmt.Errorf("store %d items of %s: %w", len(p.writes), shop, err)
	}
	return p.result, nil
}

// Preview is what Put would do with valid items of different ids, without doing it.
func (s *Store) Preview(ctx context.Context, shop event.ShopID, items ...Item) (Result, error) {
	var sum Result
	for some := range slices.Chunk(items, batch) {
		p, err := s.plan(ctx, shop, some)
		if err != nil {
			return sum, err
		}
		sum.add(p.result)
	}
	return sum, nil
}

func (r *Result) add(o Result) {
	r.Added, r.Updated, r.Unchanged = r.Added+o.Added, r.Updated+o.Updated, r.Unchanged+o.Unchanged
}

func (s *Store) plan(ctx context.Context, shop event.ShopID, items []Item) (plan, error) {
	p := plan{changes: map[event.ItemID]Change{}}
	stored, err := s.stored(ctx, shop, items)
	if err != nil {
		return p, err
	}
	now := s.now().UTC().Truncate(time.Millisecond)
	for _, it := range items {
		old, known := stored[it.ID]
		it.UpdatedAt, it.Created = old.UpdatedAt, it.Created.UTC().Truncate(time.Millisecond)
		if it.Created.IsZero() {
			it.Created = old.Created
		}
		if known && it == old {
			p.result.Unchanged++
			continue
		}
		it.UpdatedAt = now
		if known {
			p.result.Updated++
			if it.Price != old.Price || it.Hidden != old.Hidden || it.SoldOut != old.SoldOut {
				p.changes[it.ID] = Change{Price: it.Price, Hidden: it.Hidden, SoldOut: it.SoldOut, At: now}
			}
		} else {
			p.result.Added++
			p.changes[it.ID] = Change{Price: it.Price, Hidden: it.Hidden, SoldOut: it.SoldOut, New: true, At: now}
		}
		body, err := json.Marshal(it)
		if err != nil {
			return p, fmt.Errorf("encode item %s: %w", it.ID, err)
		}
		p.writes = append(p.writes, table.Item{Key: itemKey(shop, it.ID), Body: body})
	}
	return p, nil
}

func (s *Store) stored(ctx context.Context, shop event.ShopID, items []Item) (map[event.ItemID]Item, error) {
	keys := make([]table.Key, len(items))
	for i, it := range items {
		keys[i] = itemKey(shop, it.ID)
	}
	found, err := s.tables.GetAll(ctx, keys...)
	if err != nil {
		return nil, fmt.Errorf("read %d items of %s: %w", len(items), shop, err)
	}
	stored := make(map[event.ItemID]Item, len(found))
	for _, f := range found {
		it, err := decode(f)
		if err != nil {
			return nil, err
		}
		stored[it.ID] = it
	}
	return stored, nil
}

func decode(stored table.Item) (Item, error) {
	var it Item
	if err := json.Unmarshal(stored.Body, &it); err != nil {
		return it, fmt.Errorf("decode item %s: %w", stored.Key.Sort, err)
	}
	it.Created, it.UpdatedAt = it.Created.UTC(), it.UpdatedAt.UTC()
	return it, nil
}

// Item reads one item; NotFound when the shop has none of that id.
func (s *Store) Item(ctx context.Context, shop event.ShopID, id event.ItemID) (Item, error) {
	if id == "" {
		return Item{}, fault.New(fault.NotFound, "no such item")
	}
	stored, err := s.tables.Get(ctx, itemKey(shop, id))
	if fault.Is(err, fault.NotFound) {
		return Item{}, fault.Wrap(fault.NotFound, err, "no such item")
	}
	if err != nil {
		return Item{}, fmt.Errorf("read item %s: %w", id, err)
	}
	return decode(stored)
}

// Items reads the items of these ids, in no order; ids that the shop does not have, or that cannot be one, are passed over.
func (s *Store) Items(ctx context.Context, shop event.ShopID, ids ...event.ItemID) ([]Item, error) {
	var all []Item
	ids = slices.Clone(ids)
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id event.ItemID) bool { return id == "" || len(id) > MaxID })
	for some := range slices.Chunk(ids, batch) {
		asked := make([]Item, len(some))
		for i, id := range some {
			asked[i].ID = id
		}
		found, err := s.stored(ctx, shop, asked)
		if err != nil {
			return nil, err
		}
		for _, it := range found {
			all = append(all, it)
		}
	}
	return all, nil
}

// Delete removes items, and tells warm processes to show them no longer before it does; ids that the shop does not have are passed over, so it may be repeated.
func (s *Store) Delete(ctx context.Context, shop event.ShopID, ids ...event.ItemID) error {
	found, err := s.Items(ctx, shop, ids...)
	if err != nil {
		return err
	}
	now, changes := s.now().UTC().Truncate(time.Millisecond), map[event.ItemID]Change{}
	for _, it := range found {
		changes[it.ID] = Change{Price: it.Price, Gone: true, At: now}
	}
	if err := s.append(ctx, shop, changes); err != nil {
		return err
	}
	for _, it := range found {
		if err := s.tables.Write(ctx, table.Delete(itemKey(shop, it.ID), table.Always())); err != nil {
			return fmt.Errorf("delete item %s: %w", it.ID, err)
		}
	}
	return nil
}

// List hands every item of a shop to each, in byte order of ids; an error of each ends it.
func (s *Store) List(ctx context.Context, shop event.ShopID, each func(Item) error) error {
	q := table.Query{Table: Table, Partition: table.Partition(string(shop), "items")}
	for {
		page, err := s.tables.Query(ctx, q)
		if err != nil {
			return fmt.Errorf("list items of %s: %w", shop, err)
		}
		for _, stored := range page.Items {
			it, err := decode(stored)
			if err != nil {
				return err
			}
			if err := each(it); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		q.Cursor = page.Next
	}
}

// All is every item of a shop, in byte order of ids.
func (s *Store) All(ctx context.Context, shop event.ShopID) ([]Item, error) {
	var all []Item
	err := s.List(ctx, shop, func(it Item) error {
		all = append(all, it)
		return nil
	})
	return all, err
}

// Apply sets price and availability of known items, as a shop's stock system reports them; ids the shop does not have are counted as unknown.
func (s *Store) Apply(ctx context.Context, shop event.ShopID, changes map[event.ItemID]Change) (updated, unknown int, err error) {
	ids := make([]Item, 0, len(changes))
	for id := range changes {
		ids = append(ids, Item{ID: id})
	}
	for len(ids) > 0 {
		n := min(batch, len(ids))
		stored, err := s.stored(ctx, shop, ids[:n])
		if err != nil {
			return updated, unknown, err
		}
		edited := make([]Item, 0, len(stored))
		for id, it := range stored {
			c := changes[id]
			it.Price, it.Hidden, it.SoldOut = c.Price, c.Hidden, c.SoldOut
			edited = append(edited, it)
		}
		r, err := s.Put(ctx, shop, edited...)
		updated, unknown = updated+r.Updated, unknown+n-len(stored)
		if err != nil {
			return updated, unknown, err
		}
		ids = ids[n:]
	}
	return updated, unknown, nil
}
