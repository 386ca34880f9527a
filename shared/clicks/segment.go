package clicks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Segment is what was noted at once.
type Segment struct {
	Key    string // of two segments the later written has the larger key, as far as clocks agree
	Visits []Visit
	Gone   []string // hashes of visitors whose visits up to Until are forgotten
	Until  int64    // Unix seconds
}

// Owner is the visitor's part of a visit's name, as Gone has it.
func (v Visit) Owner() string {
	owner, _, _ := strings.Cut(v.Session, "/")
	return owner
}

// body is a segment as it is stored.
type body struct {
	Visits []Visit  `json:"v,omitempty"`
	Gone   []string `json:"g,omitempty"`
	Until  int64    `json:"u,omitempty"`
}

func (s *Store) write(ctx context.Context, shop event.ShopID, b body) error {
	text, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("encode clicks: %w", err)
	}
	now := s.now()
	sum := sha256.Sum256(text)
	key := table.Key{Table: Table, Partition: table.Partition(string(shop)), Sort: moment(now) + "-" + hex.EncodeToString(sum[:8])}
	if err := s.tables.Write(ctx, table.Put(table.Item{Key: key, Body: text, Expires: now.Add(kept)}, table.Always())); err != nil {
		return fmt.Errorf("note clicks of %s: %w", shop, err)
	}
	return nil
}

// moment is the beginning of keys that are written at a time: 13 digits, so that their order is that of time for 250 years.
func moment(t time.Time) string { return fmt.Sprintf("%013d", max(0, t.UnixMilli())) }

// Read is the newest segments that were written since a time, the oldest of them first; no more than it takes for so many visits.
func (s *Store) Read(ctx context.Context, shop event.ShopID, since time.Time, visits int) ([]Segment, error) {
	var found []Segment
	q := table.Query{Table: Table, Partition: table.Partition(string(shop)), From: moment(since), Descending: true}
	for {
		page, err := s.tables.Query(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("read clicks of %s: %w", shop, err)
		}
		for _, it := range page.Items {
			b, err := decode(it)
			if err != nil {
				continue // not ours, or of another version: what others did still counts
			}
			found = append(found, Segment{it.Key.Sort, b.Visits, b.Gone, b.Until})
			visits -= len(b.Visits)
		}
		if page.Next == "" || visits <= 0 {
			slices.Reverse(found)
			return found, nil
		}
		q.Cursor = page.Next
	}
}

func decode(it table.Item) (body, error) {
	var b body
	if err := json.Unmarshal(it.Body, &b); err != nil {
		return b, fault.Wrap(fault.Invalid, err, "clicks "+it.Key.Sort+" are not readable")
	}
	return b, nil
}

// tries bounds how often a segment is read again because another process changed it.
const tries = 10

// Forget takes a visitor out of everything that is noted, and makes warm processes do so within their next look. Repeated, it says so again.
func (s *Store) Forget(ctx context.Context, shop event.ShopID, v event.VisitorID) error {
	owners := s.hasher.Hashes(shop, kindVisit, string(v))
	q := table.Query{Table: Table, Partition: table.Partition(string(shop)), Strong: true}
	for {
		page, err := s.tables.Query(ctx, q)
		if err != nil {
			return fmt.Errorf("look for clicks to forget in %s: %w", shop, err)
		}
		for _, it := range page.Items {
			if err := s.strike(ctx, it, owners); err != nil {
				return err
			}
		}
		if page.Next == "" {
			break
		}
		q.Cursor = page.Next
	}
	return s.write(ctx, shop, body{Gone: owners, Until: s.now().Unix()})
}

// strike rewrites a segment without the owners' visits.
func (s *Store) strike(ctx context.Context, it table.Item, owners []string) error {
	for range tries {
		b, err := decode(it)
		if err != nil {
			return err
		}
		n := len(b.Visits)
		if b.Visits = slices.DeleteFunc(b.Visits, func(v Visit) bool { return slices.Contains(owners, v.Owner()) }); len(b.Visits) == n {
			return nil
		}
		op := table.Delete(it.Key, table.IfVersion(it.Version))
		if len(b.Visits) > 0 {
			text, err := json.Marshal(b)
			if err != nil {
				return fmt.Errorf("encode clicks: %w", err)
			}
			op = table.Put(table.Item{Key: it.Key, Body: text, Expires: it.Expires}, table.IfVersion(it.Version))
		}
		if err = s.tables.Write(ctx, op); !fault.Is(err, fault.Conflict) {
			return err
		}
		if it, err = s.tables.Get(ctx, it.Key, table.Strong); fault.Is(err, fault.NotFound) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read clicks again: %w", err)
		}
	}
	return fault.New(fault.Unavailable, "clicks are being changed by many at once")
}
