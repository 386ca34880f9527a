package offer

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// definitionPrefix begins the sort keys of definitions.
const definitionPrefix = "d#"

// maxOffers bounds a shop's offers: warm processes keep the active ones in memory.
const maxOffers = 1000

// Store keeps definitions. It is safe for concurrent use.
type Store struct {
	now    func() time.Time
	tables table.Store
}

// NewStore makes a Store; now stamps definitions.
func NewStore(now func() time.Time, tables table.Store) *Store {
	return &Store{now: now, tables: tables}
}

// DefinitionKey is where a definition lives.
func DefinitionKey(shop event.ShopID, id ID) table.Key {
	return table.Key{Table: Table, Partition: table.Partition(string(shop)), Sort: definitionPrefix + table.Partition(string(id))}
}

// Put stores a definition and returns it as it is stored. Version 0 makes a new one, any other replaces exactly that version; Conflict says that somebody else was faster, or that the
// id is taken. Invalid names every wrong field.
func (s *Store) Put(ctx context.Context, d Definition) (Definition, error) {
	if err := d.Validate(); err != nil {
		return Definition{}, err
	}
	cond := table.IfAbsent()
	d.Updated = s.now().UTC().Truncate(time.Millisecond)
	if d.Version > 0 {
		cond = table.IfVersion(d.Version)
	}
	if d.Version == 0 || d.Created.IsZero() {
		d.Created = d.Updated
	}
	d.Starts, d.Ends, d.Created = d.Starts.UTC(), d.Ends.UTC(), d.Created.UTC()
	body, err := json.Marshal(d)
	if err != nil {
		return Definition{}, fmt.Errorf("encode offer %s: %w", d.ID, err)
	}
	if err := s.tables.Write(ctx, table.Put(table.Item{Key: DefinitionKey(d.Shop, d.ID), Body: body}, cond)); err != nil {
		if fault.Is(err, fault.Conflict) {
			return Definition{}, fault.Wrap(fault.Conflict, err, "the offer was changed, removed or made by somebody else meanwhile")
		}
		return Definition{}, fmt.Errorf("store offer %s: %w", d.ID, err)
	}
	d.Version++
	return d, nil
}

// Get reads one definition; NotFound when the shop has none of that id.
func (s *Store) Get(ctx context.Context, shop event.ShopID, id ID) (Definition, error) {
	it, err := s.tables.Get(ctx, DefinitionKey(shop, id), table.Strong)
	if fault.Is(err, fault.NotFound) {
		return Definition{}, fault.Newf(fault.NotFound, "this shop has no offer %q", id)
	}
	if err != nil {
		return Definition{}, fmt.Errorf("read offer %s: %w", id, err)
	}
	return decodeDefinition(shop, it)
}

// List reads all definitions of a shop, by id.
func (s *Store) List(ctx context.Context, shop event.ShopID) ([]Definition, error) {
	q := table.Query{Table: Table, Partition: table.Partition(string(shop)), Prefix: definitionPrefix}
	var all []Definition
	for {
		page, err := s.tables.Query(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("list offers of %s: %w", shop, err)
		}
		for _, it := range page.Items {
			d, err := decodeDefinition(shop, it)
			if err != nil {
				return nil, err
			}
			all = append(all, d)
		}
		if q.Cursor = page.Next; q.Cursor == "" || len(all) >= maxOffers {
			return all, nil
		}
	}
}

// Delete removes exactly that version of a definition; its results stay. Conflict when it is another version by now, or gone.
func (s *Store) Delete(ctx context.Context, shop event.ShopID, id ID, version int64) error {
	if err := s.tables.Write(ctx, table.Delete(DefinitionKey(shop, id), table.IfVersion(version))); err != nil {
		return fmt.Errorf("delete offer %s: %w", id, err)
	}
	return nil
}

func decodeDefinition(shop event.ShopID, it table.Item) (Definition, error) {
	var d Definition
	if err := json.Unmarshal(it.Body, &d); err != nil {
		return d, fmt.Errorf("decode offer %s: %w", it.Key.Sort, err)
	}
	parts := table.Split(strings.TrimPrefix(it.Key.Sort, definitionPrefix))
	if len(parts) != 1 {
		return d, fault.Newf(fault.Internal, "offer key %q has another shape", it.Key.Sort)
	}
	d.Shop, d.ID, d.Version = shop, ID(parts[0]), it.Version
	return d, nil
}
