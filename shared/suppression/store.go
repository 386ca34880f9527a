package suppression

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/table"
)

// Store keeps suppressed addresses. It is safe for concurrent use, and every method may be repeated.
type Store struct {
	tables table.Store
	hasher *identity.Hasher
}

// New is a Store on a table store; addresses are known by the hasher's hashes alone.
func New(tables table.Store, hasher *identity.Hasher) *Store {
	return &Store{tables: tables, hasher: hasher}
}

// weight orders reasons: a weightier one replaces a lighter one, never the other way round. What a person said counts before what a mailbox did, a complaint before everything.
var weight = map[Reason]int{Manual: 1, Bounced: 2, Unsubscribed: 3, Erased: 4, Complained: 5}

func (s *Store) keys(shop event.ShopID, address string) []table.Key {
	var keys []table.Key
	for _, hash := range s.hasher.Hashes(shop, identity.KindEmail, identity.NormalEmail(address)) {
		keys = append(keys, table.Key{Table: Table, Partition: table.Partition(string(shop), hash), Sort: "entry"})
	}
	return keys
}

// attempts bounds how often a write that met another writer is tried again.
const attempts = 10

// Add suppresses an address. An entry with a weightier reason, or an older one with the same, stays as it is. Invalid without address, time or a known reason.
func (s *Store) Add(ctx context.Context, shop event.ShopID, address string, e Entry) error {
	switch {
	case identity.NormalEmail(address) == "":
		return fault.InvalidField("address", "is missing")
	case weight[e.Reason] == 0:
		return fault.InvalidField("reason", "is unsubscribed, bounced, complained, erased or manual")
	case e.At.IsZero():
		return fault.InvalidField("at", "is missing")
	}
	e.At = e.At.UTC()
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode a suppressed address: %w", err)
	}
	key := s.keys(shop, address)[0]
	for range attempts {
		found, err := s.Check(ctx, shop, address)
		if err != nil {
			return err
		}
		if old, ok := found[address]; ok && weight[old.Reason] >= weight[e.Reason] {
			return nil
		}
		cond := table.IfAbsent()
		if it, err := s.tables.Get(ctx, key, table.Strong); err == nil {
			cond = table.IfVersion(it.Version)
		} else if !fault.Is(err, fault.NotFound) {
			return fmt.Errorf("read a suppressed address: %w", err)
		}
		err = s.tables.Write(ctx, table.Put(table.Item{Key: key, Body: body}, cond))
		if err == nil {
			return nil
		}
		if !fault.Is(err, fault.Conflict) {
			return fmt.Errorf("suppress an address: %w", err)
		}
	}
	return fault.New(fault.Unavailable, "an address is being suppressed by too many")
}

// Check says which of the addresses are suppressed, by the address as it was given.
func (s *Store) Check(ctx context.Context, shop event.ShopID, addresses ...string) (map[string]Entry, error) {
	of := map[string][]string{} // partition to addresses
	var keys []table.Key
	for _, a := range addresses {
		for _, k := range s.keys(shop, a) {
			if of[k.Partition] == nil {
				keys = append(keys, k)
			}
			if !slices.Contains(of[k.Partition], a) {
				of[k.Partition] = append(of[k.Partition], a)
			}
		}
	}
	found := map[string]Entry{}
	for few := range slices.Chunk(keys, table.MaxReadKeys) {
		items, err := s.tables.GetAll(ctx, few...)
		if err != nil {
			return nil, fmt.Errorf("check %d addresses: %w", len(addresses), err)
		}
		for _, it := range items {
			var e Entry
			if err := json.Unmarshal(it.Body, &e); err != nil {
				return nil, fmt.Errorf("decode a suppressed address: %w", err)
			}
			for _, a := range of[it.Key.Partition] {
				if weight[found[a].Reason] < weight[e.Reason] {
					found[a] = e
				}
			}
		}
	}
	return found, nil
}

// Lift ends the suppression of an address for the reasons named, for all when none is: when its owner agreed anew, or staff repaired a mistake.
func (s *Store) Lift(ctx context.Context, shop event.ShopID, address string, reasons ...Reason) error {
	for _, k := range s.keys(shop, address) {
		it, err := s.tables.Get(ctx, k, table.Strong)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read a suppressed address: %w", err)
		}
		var e Entry
		if err := json.Unmarshal(it.Body, &e); err != nil {
			return fmt.Errorf("decode a suppressed address: %w", err)
		}
		if len(reasons) > 0 && !slices.Contains(reasons, e.Reason) {
			continue
		}
		if err := s.tables.Write(ctx, table.Delete(k, table.IfVersion(it.Version))); err != nil {
			return fmt.Errorf("lift a suppression: %w", err)
		}
	}
	return nil
}
