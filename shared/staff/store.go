package staff

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/table"
)

// Store keeps accounts, sessions and the audit log. It is safe for concurrent use.
type Store struct {
	now    func() time.Time
	tables table.Store
	tokens *identity.Signer
	hasher hasher

	making sync.Mutex
	decoy  string // the hash that the password of an unknown login is compared with; made at the first login
}

// New is a Store on a table store; keys sign sessions.
func New(now func() time.Time, tables table.Store, keys *identity.Keyring) (*Store, error) {
	tokens, err := identity.NewSigner(keys, identity.PurposeStaff)
	if err != nil {
		return nil, err
	}
	s := &Store{now: now, tables: tables, tokens: tokens, hasher: make(hasher, hashing)}
	return s, nil
}

// decoyHash is the hash of a password that nobody has.
func (s *Store) decoyHash(ctx context.Context) (string, error) {
	s.making.Lock()
	defer s.making.Unlock()
	if s.decoy != "" {
		return s.decoy, nil
	}
	var err error
	s.decoy, err = s.hasher.hash(ctx, NewPassword())
	return s.decoy, err
}

// load reads the item at k into v and returns its version.
func (s *Store) load(ctx context.Context, k table.Key, v any) (int64, error) {
	it, err := s.tables.Get(ctx, k, table.Strong)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", Table, err)
	}
	return it.Version, decode(it, v)
}

func decode(it table.Item, v any) error {
	if err := json.Unmarshal(it.Body, v); err != nil {
		return fmt.Errorf("decode an item of %s: %w", Table, err)
	}
	return nil
}

func encode(k table.Key, v any, expires time.Time) (table.Item, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return table.Item{}, fmt.Errorf("encode an item of %s: %w", Table, err)
	}
	return table.Item{Key: k, Body: body, Expires: expires}, nil
}

// all reads every item of a query.
func (s *Store) all(ctx context.Context, q table.Query, each func(table.Item) error) error {
	q.Strong = true
	for {
		page, err := s.tables.Query(ctx, q)
		if err != nil {
			return fmt.Errorf("list %s: %w", Table, err)
		}
		for _, it := range page.Items {
			if err := each(it); err != nil {
				return err
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return nil
		}
	}
}

func inShop(shop event.ShopID, sort ...string) table.Key {
	return table.Key{Table: Table, Partition: table.Partition(string(shop)), Sort: table.Partition(sort...)}
}

// condition asks for a stored version; 0 means there must be none yet.
func condition(version int64) table.Cond {
	if version == 0 {
		return table.IfAbsent()
	}
	return table.IfVersion(version)
}

// notThere gives a NotFound of the table words for a client.
func notThere(err error, what string) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(fault.NotFound, err, "there is no such "+what)
	}
	return err
}
