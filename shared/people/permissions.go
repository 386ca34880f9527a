package people

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// permissionKey is where a decision stays on record: by its time, and by its content, so that the same decision told twice is one.
func permissionKey(shop event.ShopID, id event.PersonID, p Permission, body []byte) table.Key {
	sum := sha256.Sum256(body)
	return key(shop, id, table.Partition("permission", fmt.Sprintf("%014d", p.At.UnixMilli()), hex.EncodeToString(sum[:8])))
}

func (p Permission) item(shop event.ShopID, id event.PersonID) (table.Item, error) {
	body, err := json.Marshal(p)
	if err != nil {
		return table.Item{}, fmt.Errorf("encode a permission: %w", err)
	}
	return table.Item{Key: permissionKey(shop, id, p, body), Body: body}, nil
}

func (p Permission) check() error {
	switch {
	case p.Channel != Email && p.Channel != SMS && p.Channel != Phone && p.Channel != Post:
		return fault.InvalidField("channel", "is email, sms, phone or post")
	case p.At.IsZero():
		return fault.InvalidField("at", "is missing")
	}
	return nil
}

// Permit puts a decision on record and, unless a later one is known, makes it the person's. Repeating it changes nothing. A person who is not known yet is made.
func (s *Store) Permit(ctx context.Context, shop event.ShopID, id event.PersonID, p Permission) error {
	if err := p.check(); err != nil {
		return err
	}
	p.At, p.Confirmed = p.At.UTC().Truncate(time.Millisecond), p.Confirmed.UTC().Truncate(time.Millisecond)
	if p.Confirmed.IsZero() {
		p.Confirmed = time.Time{}
	}
	record, err := p.item(shop, id)
	if err != nil {
		return err
	}
	for range attempts {
		person, err := s.Read(ctx, shop, id, table.Strong)
		if fault.Is(err, fault.NotFound) {
			person, err = Person{Shop: shop, ID: id, Created: p.At}, nil
		}
		if err != nil {
			return err
		}
		ops := []table.Op{table.Put(record, table.Always())}
		if person.permit(p) || person.Version == 0 {
			put, err := person.put()
			if err != nil {
				return err
			}
			ops = append(ops, put)
		}
		if err = s.tables.Write(ctx, ops...); err == nil {
			return nil
		}
		if !fault.Is(err, fault.Conflict) {
			return fmt.Errorf("record a permission of person %s: %w", id, err)
		}
	}
	return fault.Newf(fault.Unavailable, "person %s is being changed by too many", id)
}

// permit makes a decision the person's unless a later one is known, and says whether it did. A double opt-in that waits takes back no yes that stands.
func (p *Person) permit(next Permission) bool {
	old, decided := p.Permissions[next.Channel]
	switch {
	case !decided:
	case next.Pending && old.Allows():
		return false
	case next.At.Before(old.At):
		return false
	case next.At.Equal(old.At) && next.weight() <= old.weight():
		return false
	}
	p.Permissions = put(p.Permissions, next.Channel, next)
	if next.At.After(p.Updated) {
		p.Updated = next.At
	}
	return true
}

// weight orders decisions of one time, so that their order of arrival does not matter: a no counts before a yes, a confirmed yes before one that waits.
func (p Permission) weight() int {
	switch {
	case p.Choice == consent.Denied:
		return 3
	case p.Allows():
		return 2
	case p.Choice == consent.Granted:
		return 1
	}
	return 0
}

// Permission is the person's decision on a channel; the zero Permission when there is none, which allows nothing.
func (p Person) Permission(c Channel) Permission { return p.Permissions[c] }

// History are all decisions of a person on every channel, oldest first.
func (s *Store) History(ctx context.Context, shop event.ShopID, id event.PersonID) ([]Permission, error) {
	var all []Permission
	q := table.Query{Table: Table, Partition: PersonKey(shop, id).Partition, Prefix: "permission#", Strong: true}
	for {
		page, err := s.tables.Query(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("permissions of person %s: %w", id, err)
		}
		for _, it := range page.Items {
			var p Permission
			if err := json.Unmarshal(it.Body, &p); err != nil {
				return nil, broken(it, err)
			}
			all = append(all, p)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return all, nil
		}
	}
}
