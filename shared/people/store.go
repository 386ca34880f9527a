package people

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// attempts bounds how often a write that met another writer is tried again.
const attempts = 10

// Store keeps people. It is safe for concurrent use, and every method may be repeated.
type Store struct{ tables table.Store }

// New is a Store on a table store.
func New(tables table.Store) *Store { return &Store{tables: tables} }

// File is all that is kept of one person.
type File struct {
	Person  Person            // with Version 0 when there is none yet
	Pending []Pending         // oldest first
	Merges  []Merge           // by visitor
	Named   []event.VisitorID // visitors of other persons that said to be this one, in order
}

// Load reads a person's whole partition, consistently. An unknown person has an empty file.
func (s *Store) Load(ctx context.Context, shop event.ShopID, id event.PersonID) (File, error) {
	f := File{Person: Person{Shop: shop, ID: id}}
	q := table.Query{Table: Table, Partition: PersonKey(shop, id).Partition, Strong: true}
	for {
		page, err := s.tables.Query(ctx, q)
		if err != nil {
			return File{}, fmt.Errorf("load person %s: %w", id, err)
		}
		for _, it := range page.Items {
			if err := f.add(it); err != nil {
				return File{}, fmt.Errorf("person %s: %w", id, err)
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			slices.SortFunc(f.Pending, before)
			return f, nil
		}
	}
}

func (f *File) add(it table.Item) error {
	parts := table.Split(it.Key.Sort)
	switch {
	case parts[0] == "person":
		shop, id := f.Person.Shop, f.Person.ID
		if err := json.Unmarshal(it.Body, &f.Person); err != nil {
			return broken(it, err)
		}
		f.Person.Shop, f.Person.ID, f.Person.Version = shop, id, it.Version
	case parts[0] == "in" && len(parts) == 2:
		told := Pending{Shop: f.Person.Shop, Person: f.Person.ID, Event: event.ID(parts[1])}
		if err := json.Unmarshal(it.Body, &told); err != nil {
			return broken(it, err)
		}
		f.Pending = append(f.Pending, told)
	case parts[0] == "merge":
		var m Merge
		if err := json.Unmarshal(it.Body, &m); err != nil {
			return broken(it, err)
		}
		f.Merges = append(f.Merges, m)
	case parts[0] == "named" && len(parts) == 2:
		f.Named = append(f.Named, event.VisitorID(parts[1]))
	}
	return nil
}

func broken(it table.Item, err error) error {
	return fault.Wrap(fault.Internal, err, "the record "+it.Key.Sort+" is not readable")
}

// Item is the pending traits as they are stored.
func (t Pending) Item() (table.Item, error) {
	body, err := json.Marshal(t)
	if err != nil {
		return table.Item{}, fmt.Errorf("encode traits of event %s: %w", t.Event, err)
	}
	return table.Item{Key: PendingKey(t.Shop, t.Person, t.Event), Body: body}, nil
}

// Settle applies what waits, in the file alone.
func (f *File) Settle() {
	for _, told := range f.Pending {
		f.Person.apply(told)
	}
	f.Pending = nil
}

// Alone is the person as the pending traits alone tell it.
func (t Pending) Alone() Person {
	p := Person{Shop: t.Shop, ID: t.Person}
	p.apply(t)
	return p
}

// Apply puts all pending traits into the person and removes them, in one step, and returns the file as it is then.
func (s *Store) Apply(ctx context.Context, shop event.ShopID, id event.PersonID) (File, error) {
	for range attempts {
		f, err := s.Load(ctx, shop, id)
		if err != nil || len(f.Pending) == 0 {
			return f, err
		}
		few := f.Pending[:min(len(f.Pending), maxApplied)]
		ops, err := f.Person.take(few)
		if err != nil {
			return File{}, err
		}
		err = s.tables.Write(ctx, ops...)
		if err == nil && len(few) == len(f.Pending) {
			f.Person.Version++
			f.Pending = nil
			return f, nil
		}
		if err != nil && !fault.Is(err, fault.Conflict) {
			return File{}, fmt.Errorf("apply traits to person %s: %w", id, err)
		}
	}
	return File{}, fault.Newf(fault.Unavailable, "person %s is being changed by too many", id)
}

// maxApplied is how many pending records one step applies: a put for the decision in each, its removal, the person and the index are one write.
const maxApplied = (table.MaxWriteOps - 1 - 2*maxWords) / 2

// take applies pending traits and decisions, and returns the ops that store the person then.
func (p *Person) take(few []Pending) ([]table.Op, error) {
	words := p.words()
	var ops []table.Op
	for _, told := range few {
		p.apply(told)
		ops = append(ops, table.Delete(PendingKey(p.Shop, p.ID, told.Event), table.Always()))
		if told.Permission == nil {
			continue
		}
		p.permit(*told.Permission)
		record, err := told.Permission.item(p.Shop, p.ID)
		if err != nil {
			return nil, err
		}
		if op := table.Put(record, table.Always()); !slices.ContainsFunc(ops, func(o table.Op) bool { return o.Item.Key == record.Key }) {
			ops = append(ops, op)
		}
	}
	op, err := p.put()
	if err != nil {
		return nil, err
	}
	return append(append(ops, op), p.index(words)...), nil
}

// stored is the condition that nobody wrote since version was read; 0 means that there was nothing.
func stored(version int64) table.Cond {
	if version == 0 {
		return table.IfAbsent()
	}
	return table.IfVersion(version)
}

// Link is an event that ties a visitor to a person.
type Link struct {
	Event    event.ID
	Received time.Time
	Identify bool // only an identify renews what was undone
	Trusted  bool
}

// Merge records, by events in their order, that the visitor's doings count as the person's, and says whether they do: not when the merge was undone and no later identify renewed it.
func (s *Store) Merge(ctx context.Context, shop event.ShopID, id event.PersonID, v event.VisitorID, links ...Link) (bool, error) {
	for range attempts {
		before, version, err := s.merge(ctx, shop, id, v)
		if err != nil {
			return false, err
		}
		m := before
		for _, l := range links {
			m = m.after(v, l)
		}
		if m == before {
			return m.stands(), nil
		}
		err = s.putMerge(ctx, shop, id, m, version)
		if err == nil || !fault.Is(err, fault.Conflict) {
			return err == nil && m.stands(), err
		}
	}
	return false, fault.Newf(fault.Unavailable, "the merge of visitor %s is being changed by too many", v)
}

// Name records that a visitor who belongs to another person said to be this one: nothing follows from it, but an erasure looks there, too.
func (s *Store) Name(ctx context.Context, shop event.ShopID, id event.PersonID, v event.VisitorID) error {
	it := table.Item{Key: key(shop, id, table.Partition("named", string(v))), Body: json.RawMessage(`{}`)}
	if err := s.tables.Write(ctx, table.Put(it, table.Always())); err != nil {
		return fmt.Errorf("record that visitor %s named person %s: %w", v, id, err)
	}
	return nil
}

// Stands says whether the visitor's doings count as the person's at present.
func (s *Store) Stands(ctx context.Context, shop event.ShopID, id event.PersonID, v event.VisitorID) (bool, error) {
	m, _, err := s.merge(ctx, shop, id, v)
	return m.stands(), err
}

// Undo marks a merge as undone at a time. It is NotFound when there is none.
func (s *Store) Undo(ctx context.Context, shop event.ShopID, id event.PersonID, v event.VisitorID, at time.Time) error {
	for range attempts {
		m, version, err := s.merge(ctx, shop, id, v)
		switch {
		case err != nil:
			return err
		case version == 0:
			return fault.New(fault.NotFound, "this visitor was never merged into this person")
		case !m.stands():
			return nil
		}
		m.Undone = at
		err = s.putMerge(ctx, shop, id, m, version)
		if err == nil || !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return fault.Newf(fault.Unavailable, "the merge of visitor %s is being changed by too many", v)
}

// Forget removes what links a visitor to the person: the record of the merge and the traits it told that are not applied yet.
func (s *Store) Forget(ctx context.Context, shop event.ShopID, id event.PersonID, v event.VisitorID) error {
	f, err := s.Load(ctx, shop, id)
	if err != nil {
		return err
	}
	ops := []table.Op{table.Delete(MergeKey(shop, id, v), table.Always())}
	for _, told := range f.Pending {
		if told.Visitor == v {
			ops = append(ops, table.Delete(PendingKey(shop, id, told.Event), table.Always()))
		}
	}
	for few := range slices.Chunk(ops, table.MaxWriteOps) {
		if err := s.tables.Write(ctx, few...); err != nil {
			return fmt.Errorf("forget visitor %s of person %s: %w", v, id, err)
		}
	}
	return nil
}

// Erase removes all that is kept of a person, index and history included, and returns how many records that were.
func (s *Store) Erase(ctx context.Context, shop event.ShopID, id event.PersonID) (int, error) {
	var ops []table.Op
	q := table.Query{Table: Table, Partition: PersonKey(shop, id).Partition, Strong: true}
	for {
		page, err := s.tables.Query(ctx, q)
		if err != nil {
			return 0, fmt.Errorf("erase person %s: %w", id, err)
		}
		for _, it := range page.Items {
			if it.Key.Sort == "person" {
				p, err := Decode(it)
				if err != nil {
					return 0, err
				}
				for _, w := range p.words() {
					ops = append(ops, table.Delete(wordKey(shop, w, id), table.Always()))
				}
				ops = append(ops, table.Delete(it.Key, table.Always())) // with its index, or after it: a repetition finds both
				continue
			}
			ops = append(ops, table.Delete(it.Key, table.Always()))
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	for few := range slices.Chunk(ops, table.MaxWriteOps) {
		if err := s.tables.Write(ctx, few...); err != nil {
			return 0, fmt.Errorf("erase person %s: %w", id, err)
		}
	}
	return len(ops), nil
}

// Members are the visitors whose merges stand, in order of merging; of many the latest `limit`.
func (f File) Members(limit int) []Merge {
	var list []Merge
	for _, m := range f.Merges {
		if m.stands() {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b Merge) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return strings.Compare(string(a.Visitor), string(b.Visitor))
	})
	return list[max(0, len(list)-limit):]
}

func (s *Store) merge(ctx context.Context, shop event.ShopID, id event.PersonID, v event.VisitorID) (Merge, int64, error) {
	it, err := s.tables.Get(ctx, MergeKey(shop, id, v), table.Strong)
	if fault.Is(err, fault.NotFound) {
		return Merge{}, 0, nil
	}
	if err != nil {
		return Merge{}, 0, fmt.Errorf("read the merge of visitor %s: %w", v, err)
	}
	var m Merge
	if err := json.Unmarshal(it.Body, &m); err != nil {
		return Merge{}, 0, broken(it, err)
	}
	return m, it.Version, nil
}

func (s *Store) putMerge(ctx context.Context, shop event.ShopID, id event.PersonID, m Merge, version int64) error {
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode the merge of visitor %s: %w", m.Visitor, err)
	}
	if err := s.tables.Write(ctx, table.Put(table.Item{Key: MergeKey(shop, id, m.Visitor), Body: body}, stored(version))); err != nil {
		return fmt.Errorf("record the merge of visitor %s: %w", m.Visitor, err)
	}
	return nil
}
