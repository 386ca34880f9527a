package staff

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Outcome says what became of an act.
type Outcome string

// The outcomes. An entry is written before the act and completed after it, so that no change is ever without an entry: one that stays Begun tells of a crash in between.
const (
	Begun   Outcome = "begun"
	Done    Outcome = "done"
	Refused Outcome = "refused" // nothing changed; Why has the kind of fault
)

// Actions of the log that no permission stands for.
const (
	LoggedIn    Action = "login"
	LoginFailed Action = "login.failed"
	LoggedOut   Action = "logout"
)

// Entry is one act in the audit log. It has no personal data of customers: ids and what changed in definitions.
type Entry struct {
	Shop    event.ShopID `json:"-"`
	ID      string       `json:"id"` // time and a random end: sorts by time
	At      time.Time    `json:"at"`
	Actor   string       `json:"actor"` // Actor.ID
	Role    Role         `json:"role"`
	Via     Via          `json:"via"`
	Action  Action       `json:"action"`
	Target  string       `json:"target,omitempty"` // "segment/loyal"
	Outcome Outcome      `json:"outcome"`
	Why     string       `json:"why,omitempty"`
	Changes []Change     `json:"changes,omitempty"`
}

// Change is one member of a definition, before and after, as JSON text cut to maxShown bytes; empty for absent.
type Change struct {
	Field  string `json:"field"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// maxShown bounds a value in the log: a template of 100 KB is told by its beginning.
const maxShown = 300

// Diff lists the members that differ between two values as JSON objects, by name; nil stands for no object. Values are cut.
func Diff(before, after any) []Change {
	b, a := members(before), members(after)
	names := maps.Clone(b)
	if names == nil {
		names = map[string]json.RawMessage{}
	}
	maps.Copy(names, a)
	var changes []Change
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !bytes.Equal(b[name], a[name]) {
			changes = append(changes, Change{Field: name, Before: cut(b[name]), After: cut(a[name])})
		}
	}
	return changes
}

// members are those of v as JSON; none when it is no object.
func members(v any) map[string]json.RawMessage {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false) // people read it
	var m map[string]json.RawMessage
	if enc.Encode(v) != nil || json.Unmarshal(text.Bytes(), &m) != nil {
		return nil
	}
	delete(m, "updated") // every change changes it
	return m
}

func cut(text []byte) string {
	if len(text) <= maxShown {
		return string(text)
	}
	end := maxShown
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return string(text[:end]) + " ..."
}

func auditKey(shop event.ShopID, id string) table.Key {
	return table.Key{Table: Table, Partition: auditPartition(shop, id[:len("2006-01")]), Sort: id}
}

func auditPartition(shop event.ShopID, month string) string {
	return table.Partition(string(shop), "audit", month)
}

// auditTime is fixed in width, so that ids sort by time.
const auditTime = "2006-01-02T15:04:05.000000Z"

// Note appends an entry that is complete already.
func (s *Store) Note(ctx context.Context, e Entry) error {
	_, err := s.Begin(ctx, e)
	return err
}

// Begin appends an entry, with the outcome that it has or Begun, and returns it with id and time.
func (s *Store) Begin(ctx context.Context, e Entry) (Entry, error) {
	e.At = s.stamp()
	e.ID = s.now().UTC().Format(auditTime) + newID("-") // finer than At, so that one after the other stays so
	if e.Outcome == "" {
		e.Outcome = Begun
	}
	it, err := encode(auditKey(e.Shop, e.ID), e, time.Time{})
	if err != nil {
		return e, err
	}
	if err := s.tables.Write(ctx, table.Put(it, table.IfAbsent())); err != nil {
		return e, fmt.Errorf("write the audit log: %w", err)
	}
	return e, nil
}

// Complete says what became of an act that was begun. An entry is completed once and never changed again.
func (s *Store) Complete(ctx context.Context, e Entry) error {
	it, err := encode(auditKey(e.Shop, e.ID), e, time.Time{})
	if err != nil {
		return err
	}
	if err := s.tables.Write(ctx, table.Put(it, table.IfVersion(1))); err != nil {
		return fmt.Errorf("complete the audit log: %w", err)
	}
	return nil
}

// auditMonths is how far back Audit looks for the next entry: a log with a gap of two years ends there.
const auditMonths = 24

// Audit pages through the log, newest first. The cursor is the id of the last entry of the page before; Invalid when it is none.
func (s *Store) Audit(ctx context.Context, shop event.ShopID, cursor string, limit int) ([]Entry, string, error) {
	from := s.stamp()
	if cursor != "" {
		at, err := auditAt(cursor)
		if err != nil {
			return nil, "", err
		}
		from = at
	}
	var all []Entry
	month := time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, time.UTC)
	for range auditMonths {
		var err error
		if all, err = s.auditOf(ctx, shop, month, cursor, limit+1, all); err != nil {
			return nil, "", err
		}
		if len(all) > limit {
			return all[:limit], all[limit-1].ID, nil
		}
		month = month.AddDate(0, -1, 0)
	}
	return all, "", nil
}

func auditAt(id string) (time.Time, error) {
	text, _, ok := strings.Cut(id, "Z-")
	at, err := time.Parse(auditTime, text+"Z")
	if !ok || err != nil || len(id) > 64 || at.Year() < 2000 {
		return at, fault.InvalidField("cursor", "is none of ours")
	}
	return at, nil
}

// auditOf appends entries of a month before the cursor, newest first, until there are limit of them.
func (s *Store) auditOf(ctx context.Context, shop event.ShopID, month time.Time, cursor string, limit int, all []Entry) ([]Entry, error) {
	q := table.Query{Table: Table, Partition: auditPartition(shop, month.Format("2006-01")), To: cursor, Descending: true, Limit: limit + 1, Strong: true}
	for {
		page, err := s.tables.Query(ctx, q)
		if err != nil {
			return all, fmt.Errorf("read the audit log: %w", err)
		}
		for _, it := range page.Items {
			if it.Key.Sort == cursor {
				continue
			}
			e := Entry{Shop: shop}
			if err := decode(it, &e); err != nil {
				return all, err
			}
			if all = append(all, e); len(all) >= limit {
				return all, nil
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return all, nil
		}
	}
}

// erasedTarget is what stays in the log of an act on somebody who was erased.
const erasedTarget = "customer/erased"

// Erase takes ids of customers out of the log, and nothing else: that somebody of the staff did something with a customer stays. It returns in how many entries they stood.
func (s *Store) Erase(ctx context.Context, shop event.ShopID, ids ...string) (int, error) {
	found := 0
	now := s.stamp()
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	for range auditMonths {
		q := table.Query{Table: Table, Partition: auditPartition(shop, month.Format("2006-01"))}
		if err := s.all(ctx, q, func(it table.Item) error {
			n, err := s.eraseFrom(ctx, it, ids)
			found += n
			return err
		}); err != nil {
			return found, err
		}
		month = month.AddDate(0, -1, 0)
	}
	return found, nil
}

func (s *Store) eraseFrom(ctx context.Context, it table.Item, ids []string) (int, error) {
	names := func(text string) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return id != "" && strings.Contains(text, id) })
	}
	if !names(string(it.Body)) {
		return 0, nil
	}
	var e Entry
	if err := decode(it, &e); err != nil {
		return 0, err
	}
	if names(e.Target) {
		e.Target = erasedTarget
	}
	e.Changes = slices.DeleteFunc(e.Changes, func(c Change) bool { return names(c.Before) || names(c.After) })
	clean, err := encode(it.Key, e, time.Time{})
	if err != nil {
		return 0, err
	}
	if err := s.tables.Write(ctx, table.Put(clean, table.IfVersion(it.Version))); err != nil {
		return 0, fmt.Errorf("take somebody out of the audit log: %w", err)
	}
	return 1, nil
}
