package segment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Limits of definitions.
const (
	MaxSegments    = 200 // a shop: each costs a microsecond per change
	maxID          = 64
	maxName        = 100  // characters
	maxDescription = 1000 // characters
)

// attempts bounds how often a write that met another writer is tried again.
const attempts = 10

// Store keeps definitions and answers who is in a segment. It is safe for concurrent use.
type Store struct {
	now    func() time.Time
	tables table.Store
}

// NewStore is a Store on a table store.
func NewStore(now func() time.Time, tables table.Store) *Store {
	return &Store{now: now, tables: tables}
}

const definitionPrefix = "d#"

func definitionKey(shop event.ShopID, id ID) table.Key {
	return table.Key{Table: Table, Partition: table.Partition(string(shop)), Sort: definitionPrefix + string(id)}
}

// besideKey is where something about all of a shop's segments stands.
func besideKey(shop event.ShopID, what string) table.Key {
	return table.Key{Table: Table, Partition: table.Partition(string(shop)), Sort: what}
}

// What stands beside the definitions.
const (
	countsSort   = "counts"   // members of each segment at the last sweep
	changedSort  = "changed"  // when a definition last changed
	standardSort = "standard" // that the standard segments were made
	sweepSort    = "sweep"    // how far the sweep is
	valuesSort   = "values"   // the Values
)

// counts are the members at the last sweep. They stand apart from the definitions, so that a sweep is no change of what a marketer is editing.
type counts struct {
	At      time.Time  `json:"at"`
	Members map[ID]int `json:"members"`
}

func (c counts) into(d *Definition) {
	if n, ok := c.Members[d.ID]; ok {
		d.Counted, d.CountedAt = n, c.At
	}
}

// mark is when something was done.
type mark struct {
	At time.Time `json:"at"`
}

// Put stores a new definition (Version 0) or the next version of one, and returns it as stored. Its members are found by the sweep that begins within seconds.
// It is Invalid with the fields' names, Conflict when the id is taken or somebody else changed it, NotFound when it is no more.
func (s *Store) Put(ctx context.Context, d Definition) (Definition, error) {
	if err := d.Validate(); err != nil {
		return Definition{}, err
	}
	now := s.now().UTC().Truncate(time.Millisecond)
	cond := table.IfAbsent()
	if d.Version == 0 {
		list, err := s.List(ctx, d.Shop)
		if err != nil {
			return Definition{}, err
		}
		if len(list) >= MaxSegments {
			return Definition{}, fault.Newf(fault.Invalid, "a shop has at most %d segments: delete one first", MaxSegments)
		}
		d.Created, d.Standard, d.Counted, d.CountedAt = now, false, 0, time.Time{}
	} else {
		before, err := s.Get(ctx, d.Shop, d.ID)
		if err != nil {
			return Definition{}, err
		}
		d.Created, d.Standard, d.Counted, d.CountedAt = before.Created, before.Standard, before.Counted, before.CountedAt
		cond = table.IfVersion(d.Version)
	}
	d.Updated = now
	op, err := d.op(cond)
	if err != nil {
		return Definition{}, err
	}
	if err := s.write(ctx, d.Shop, now, op); err != nil {
		return Definition{}, conflict(err, d)
	}
	d.Version++
	return d, nil
}

func conflict(err error, d Definition) error {
	switch {
	case !fault.Is(err, fault.Conflict):
		return fmt.Errorf("put segment %s: %w", d.ID, err)
	case d.Version == 0:
		return fault.Wrap(fault.Conflict, err, "there is a segment of this id already")
	}
	return fault.Wrap(fault.Conflict, err, "somebody else changed this segment meanwhile: load it again")
}

// write makes ops, and marks that definitions changed.
func (s *Store) write(ctx context.Context, shop event.ShopID, at time.Time, ops ...table.Op) error {
	body, err := json.Marshal(mark{at})
	if err != nil {
		return fmt.Errorf("encode mark: %w", err)
	}
	return s.tables.Write(ctx, append(ops, table.Put(table.Item{Key: besideKey(shop, changedSort), Body: body}, table.Always()))...)
}

// op stores d under a condition. Counts stand apart.
func (d Definition) op(cond table.Cond) (table.Op, error) {
	d.Counted, d.CountedAt = 0, time.Time{}
	body, err := json.Marshal(d)
	if err != nil {
		return table.Op{}, fmt.Errorf("encode segment %s: %w", d.ID, err)
	}
	return table.Put(table.Item{Key: definitionKey(d.Shop, d.ID), Body: body}, cond), nil
}

// Validate names everything that is wrong with a definition in one Invalid fault.
func (d Definition) Validate() error {
	var wrong []fault.Field
	refuse := func(path, reason string) { wrong = append(wrong, fault.Field{Path: path, Reason: reason}) }
	if !ValidID(string(d.ID)) {
		refuse("id", "must be 1 to 64 characters of a-z, 0-9 and -")
	}
	if n := utf8.RuneCountInString(d.Name); strings.TrimSpace(d.Name) == "" || n > maxName || !utf8.ValidString(d.Name) {
		refuse("name", fmt.Sprintf("must be 1 to %d characters", maxName))
	}
	if utf8.RuneCountInString(d.Description) > maxDescription || !utf8.ValidString(d.Description) {
		refuse("description", fmt.Sprintf("must be at most %d characters", maxDescription))
	}
	_, err := Compile(d.Condition)
	if len(wrong) == 0 {
		return err // with its SyntaxError
	}
	if err != nil {
		f, _ := errors.AsType[*fault.Error](err)
		wrong = append(wrong, f.Fields...)
	}
	return fault.InvalidFields(wrong...)
}

// ValidID says whether text may name a segment.
func ValidID(text string) bool {
	if text == "" || len(text) > maxID {
		return false
	}
	return strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// Get is a definition; NotFound when there is none.
func (s *Store) Get(ctx context.Context, shop event.ShopID, id ID) (Definition, error) {
	it, err := s.tables.Get(ctx, definitionKey(shop, id), table.Strong)
	if fault.Is(err, fault.NotFound) {
		return Definition{}, fault.Newf(fault.NotFound, "there is no segment %q", string(id))
	}
	if err != nil {
		return Definition{}, fmt.Errorf("read segment %s: %w", id, err)
	}
	d, err := decodeDefinition(shop, it)
	if err != nil {
		return Definition{}, err
	}
	c, err := s.counts(ctx, shop)
	c.into(&d)
	return d, err
}

// List is all definitions of a shop, by id.
func (s *Store) List(ctx context.Context, shop event.ShopID) ([]Definition, error) {
	c, err := s.counts(ctx, shop)
	if err != nil {
		return nil, err
	}
	var list []Definition
	q := table.Query{Table: Table, Partition: definitionKey(shop, "x").Partition, Prefix: definitionPrefix, Strong: true}
	for {
		page, err := s.tables.Query(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("list segments: %w", err)
		}
		for _, it := range page.Items {
			d, err := decodeDefinition(shop, it)
			if err != nil {
				return nil, err
			}
			c.into(&d)
			list = append(list, d)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return list, nil
		}
	}
}

func decodeDefinition(shop event.ShopID, it table.Item) (Definition, error) {
	d := Definition{Shop: shop, Version: it.Version}
	if err := json.Unmarshal(it.Body, &d); err != nil {
		return d, fault.Wrap(fault.Internal, err, "the segment "+it.Key.Sort+" is not readable")
	}
	d.ID = ID(strings.TrimPrefix(it.Key.Sort, definitionPrefix))
	return d, nil
}

func (s *Store) counts(ctx context.Context, shop event.ShopID) (c counts, err error) {
	_, err = s.beside(ctx, shop, countsSort, &c)
	return c, err
}

// beside reads what stands beside the definitions into v; version 0 and v untouched when there is nothing.
func (s *Store) beside(ctx context.Context, shop event.ShopID, what string, v any) (version int64, err error) {
	it, err := s.tables.Get(ctx, besideKey(shop, what), table.Strong)
	if fault.Is(err, fault.NotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read %s of segments: %w", what, err)
	}
	if err := json.Unmarshal(it.Body, v); err != nil {
		return 0, fault.Wrap(fault.Internal, err, "the record "+what+" is not readable")
	}
	return it.Version, nil
}

func (s *Store) putBeside(ctx context.Context, shop event.ShopID, what string, v any, cond table.Cond) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s of segments: %w", what, err)
	}
	if err := s.tables.Write(ctx, table.Put(table.Item{Key: besideKey(shop, what), Body: body}, cond)); err != nil {
		return fmt.Errorf("write %s of segments: %w", what, err)
	}
	return nil
}

// Delete removes a definition; version 0 means whatever version. The sweep that begins within seconds takes its members out. Deleting what is gone is no error; Conflict says that somebody changed it.
func (s *Store) Delete(ctx context.Context, shop event.ShopID, id ID, version int64) error {
	cond := table.Always()
	if version != 0 {
		cond = table.IfVersion(version)
	}
	err := s.write(ctx, shop, s.now().UTC().Truncate(time.Millisecond), table.Delete(definitionKey(shop, id), cond))
	if err != nil {
		return conflict(err, Definition{ID: id, Version: version})
	}
	return nil
}
