package campaign

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/table"
)

// Store keeps the campaigns of all shops. It is safe for concurrent use.
type Store struct {
	now    func() time.Time
	tables table.Store
}

// NewStore makes a Store; now stamps changes.
func NewStore(now func() time.Time, tables table.Store) *Store {
	return &Store{now: now, tables: tables}
}

// The parts of the table's sort key.
const (
	definitionPart = "c"
	progressPart   = "p"
	activePart     = "a"
)

func key(shop event.ShopID, part string, id ledger.CampaignID) table.Key {
	return table.Key{Table: Table, Partition: table.Partition(string(shop)), Sort: table.Partition(part, string(id))}
}

func definitionOf(it table.Item) (Definition, error) {
	var d Definition
	if err := json.Unmarshal(it.Body, &d); err != nil {
		return d, fault.Wrap(fault.Internal, err, "the campaign "+it.Key.Sort+" is not readable")
	}
	d.Shop, d.Version = event.ShopID(table.Split(it.Key.Partition)[0]), it.Version
	return d, nil
}

// Get reads a campaign, consistently; NotFound when there is none.
func (s *Store) Get(ctx context.Context, shop event.ShopID, id ledger.CampaignID) (Definition, error) {
	if !idPattern.MatchString(string(id)) {
		return Definition{}, fault.New(fault.NotFound, "there is no such campaign")
	}
	it, err := s.tables.Get(ctx, key(shop, definitionPart, id), table.Strong)
	if fault.Is(err, fault.NotFound) {
		return Definition{}, fault.New(fault.NotFound, "there is no such campaign")
	}
	if err != nil {
		return Definition{}, fmt.Errorf("read campaign %s: %w", id, err)
	}
	return definitionOf(it)
}

// List reads all campaigns of a shop, the latest made first.
func (s *Store) List(ctx context.Context, shop event.ShopID) ([]Definition, error) {
	items, err := s.query(ctx, shop, definitionPart)
	if err != nil {
		return nil, err
	}
	all := make([]Definition, 0, len(items))
	for _, it := range items {
		d, err := definitionOf(it)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b Definition) int { return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

// active lists the campaigns that the product has something to do for, by id.
func (s *Store) active(ctx context.Context, shop event.ShopID) ([]ledger.CampaignID, error) {
	items, err := s.query(ctx, shop, activePart)
	if err != nil {
		return nil, err
	}
	ids := make([]ledger.CampaignID, len(items))
	for i, it := range items {
		ids[i] = ledger.CampaignID(table.Split(it.Key.Sort)[1])
	}
	return ids, nil
}

func (s *Store) query(ctx context.Context, shop event.ShopID, part string) ([]table.Item, error) {
	var items []table.Item
	q := table.Query{Table: Table, Partition: table.Partition(string(shop)), Prefix: part + "#", Strong: true}
	for {
		page, err := s.tables.Query(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("list campaigns of %s: %w", shop, err)
		}
		items = append(items, page.Items...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return items, nil
		}
	}
}

// Put stores a campaign that is valid and returns it as it is stored. With Version 0 it is a new one, a draft; otherwise it replaces a draft of that version. Conflict: it changed
// meanwhile, exists already, or is no draft any more. What the product itself keeps of it (status, times, audience) cannot be put.
func (s *Store) Put(ctx context.Context, d Definition) (Definition, error) {
	if err := d.Validate(); err != nil {
		return Definition{}, err
	}
	now := s.now().UTC().Truncate(time.Millisecond)
	kept := Definition{Status: Draft, Created: now}
	if d.Version != 0 {
		old, err := s.Get(ctx, d.Shop, d.ID)
		switch {
		case err != nil:
			return Definition{}, err
		case old.Version != d.Version:
			return Definition{}, fault.New(fault.Conflict, "the campaign has been changed by somebody else meanwhile")
		case old.Status != Draft:
			return Definition{}, fault.Newf(fault.Conflict, "a campaign that is %s cannot be changed", old.Status)
		}
		kept = old
	}
	d.Status, d.Why, d.Created, d.Updated = kept.Status, kept.Why, kept.Created, now
	d.Started, d.Begun, d.Planned, d.Ended, d.Audience, d.Nobodies = time.Time{}, time.Time{}, time.Time{}, time.Time{}, 0, 0
	return s.write(ctx, d)
}

// write stores d in place of its version, and its mark.
func (s *Store) write(ctx context.Context, d Definition) (Definition, error) {
	body, err := json.Marshal(d)
	if err != nil {
		return Definition{}, fmt.Errorf("encode campaign %s: %w", d.ID, err)
	}
	condition := table.IfAbsent()
	if d.Version != 0 {
		condition = table.IfVersion(d.Version)
	}
	mark := table.Delete(key(d.Shop, activePart, d.ID), table.Always())
	if d.active() {
		mark = table.Put(table.Item{Key: key(d.Shop, activePart, d.ID), Body: []byte("{}")}, table.Always())
	}
	if err := s.tables.Write(ctx, table.Put(table.Item{Key: key(d.Shop, definitionPart, d.ID), Body: body}, condition), mark); err != nil {
		if fault.Is(err, fault.Conflict) {
			return Definition{}, fault.Wrap(fault.Conflict, err, "the campaign has been changed by somebody else meanwhile")
		}
		return Definition{}, fmt.Errorf("store campaign %s: %w", d.ID, err)
	}
	d.Version++
	return d, nil
}

// Delete removes a draft of a version; 0 is any. Conflict: it has changed, or is no draft any more. What was sent stays on record.
func (s *Store) Delete(ctx context.Context, shop event.ShopID, id ledger.CampaignID, version int64) error {
	d, err := s.Get(ctx, shop, id)
	switch {
	case err != nil:
		return err
	case version != 0 && version != d.Version:
		return fault.New(fault.Conflict, "the campaign has been changed by somebody else meanwhile")
	case d.Status != Draft:
		return fault.Newf(fault.Conflict, "a campaign that is %s cannot be deleted", d.Status)
	}
	if err := s.tables.Write(ctx, table.Delete(key(shop, definitionPart, id), table.IfVersion(d.Version))); err != nil {
		return fmt.Errorf("delete campaign %s: %w", id, err)
	}
	return nil
}
