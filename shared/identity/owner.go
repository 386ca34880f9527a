package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Beside each alias stands, in the partition of whom it leads to, an owner record: so an erasure finds the aliases of a person or visitor, of which only hashes are known. The owner record of a
// userId has the sort key "alias", those of other kinds "<kind>#<hash>".

// emailAlias is the kind of an alias from an e-mail address; its hash is keyed.
const emailAlias = "e"

// own notes that the alias at key may lead to the owner. It is stored before the alias: a note too many is harmless.
func (a *Aliases) own(ctx context.Context, shop event.ShopID, owner, kind string, key table.Key) error {
	it := ownerItem(shop, owner, kind, key)
	if err := a.store.Write(ctx, table.Put(it, table.Always())); err != nil {
		return fmt.Errorf("note the owner of an alias: %w", err)
	}
	return nil
}

func ownerItem(shop event.ShopID, owner, kind string, key table.Key) table.Item {
	k := aliasKey(shop, ownerAlias, owner)
	parts := table.Split(key.Partition)
	k.Sort = table.Partition(kind, parts[len(parts)-1])
	return table.Item{Key: k, Body: json.RawMessage(`{}`)}
}

// ByEmail is whom the address leads to; NotFound when it leads to nobody.
func (a *Aliases) ByEmail(ctx context.Context, shop event.ShopID, email string) (event.PersonID, error) {
	keys, err := a.emailKeys(shop, email)
	if err != nil {
		return "", err
	}
	for _, key := range keys {
		b, err := a.read(ctx, key)
		if err == nil || !fault.Is(err, fault.NotFound) {
			return b.Person, err
		}
	}
	return "", fault.New(fault.NotFound, "the address leads to nobody")
}

// EnsureByEmail is whom the address leads to. A free address is tied to the preferred person, or to a fresh one when none is preferred; one that is taken stays with whom it has.
func (a *Aliases) EnsureByEmail(ctx context.Context, shop event.ShopID, email string, preferred event.PersonID) (event.PersonID, error) {
	p, err := a.ByEmail(ctx, shop, email)
	if err == nil || !fault.Is(err, fault.NotFound) {
		return p, err
	}
	keys, err := a.emailKeys(shop, email)
	if err != nil {
		return "", err
	}
	if preferred == "" {
		preferred = NewPerson()
	}
	if err := a.own(ctx, shop, string(preferred), emailAlias, keys[0]); err != nil {
		return "", err
	}
	b, err := a.bind(ctx, keys[0], binding{Person: preferred})
	return b.Person, err
}

// emailKeys are where the alias of an address may lie, by every key of the ring, the current one first.
func (a *Aliases) emailKeys(shop event.ShopID, email string) ([]table.Key, error) {
	email = NormalEmail(email)
	switch {
	case a.addresses == nil:
		return nil, fault.New(fault.Internal, "addresses lead nowhere without keys")
	case email == "":
		return nil, fault.InvalidField("email", "is empty")
	}
	var keys []table.Key
	for _, hash := range a.addresses.Hashes(shop, KindEmail, email) {
		keys = append(keys, table.Key{Table: Table, Partition: table.Partition(string(shop), emailAlias, hash), Sort: "alias"})
	}
	return keys, nil
}

// Release unties whatever leads to the person or visitor, for erasure, and returns how many aliases that were. Other processes remember them until their Forget.
func (a *Aliases) Release(ctx context.Context, shop event.ShopID, owner string) (int, error) {
	keys, owners, err := a.owned(ctx, shop, owner)
	if err != nil {
		return 0, err
	}
	defer a.Forget()
	found := 0
	for _, key := range keys {
		it, err := a.store.Get(ctx, key, table.Strong)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return found, fmt.Errorf("read an alias: %w", err)
		}
		b, err := bindingOf(it)
		if err != nil || string(b.Person) != owner && string(b.Visitor) != owner {
			continue // a note too many
		}
		if err := a.store.Write(ctx, table.Delete(key, table.Always())); err != nil {
			return found, fmt.Errorf("release an alias: %w", err)
		}
		found++
	}
	for few := range slices.Chunk(owners, table.MaxWriteOps) { // last: until here a repetition finds the aliases
		var ops []table.Op
		for _, k := range few {
			ops = append(ops, table.Delete(k, table.Always()))
		}
		if err := a.store.Write(ctx, ops...); err != nil {
			return found, fmt.Errorf("release an owner: %w", err)
		}
	}
	return found, nil
}

// owned are the keys of aliases that may lead to the owner, and of the records that say so.
func (a *Aliases) owned(ctx context.Context, shop event.ShopID, owner string) (aliases, records []table.Key, err error) {
	q := table.Query{Table: Table, Partition: aliasKey(shop, ownerAlias, owner).Partition, Strong: true}
	for {
		page, err := a.store.Query(ctx, q)
		if err != nil {
			return nil, nil, fmt.Errorf("aliases of an owner: %w", err)
		}
		for _, it := range page.Items {
			records = append(records, it.Key)
			if kind, hash, ok := strings.Cut(it.Key.Sort, "#"); ok {
				aliases = append(aliases, table.Key{Table: Table, Partition: table.Partition(string(shop), kind, hash), Sort: "alias"})
				continue
			}
			b, err := bindingOf(it)
			if err != nil {
				return nil, nil, err
			}
			aliases = append(aliases, table.Key{Table: Table, Partition: b.User, Sort: "alias"})
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return aliases, records, nil
		}
	}
}

// Forget empties the memory of bindings: after an erasure, whoever carried it out.
func (a *Aliases) Forget() { a.known.clear() }

func (r *recent) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.young, r.old = nil, nil
}

// Addressed says whether addresses lead anywhere: whether there are keys to hash them by.
func (a *Aliases) Addressed() bool { return a.addresses != nil }

// DeviceAlias names an anonymousId as the aliases do, by a hash: what Devices finds is compared with it.
func DeviceAlias(shop event.ShopID, anonymousID string) string {
	return aliasKey(shop, anonymousAlias, anonymousID).Partition
}

// Devices are the anonymousIds that may lead to the visitor, each as DeviceAlias names it.
func (a *Aliases) Devices(ctx context.Context, shop event.ShopID, v event.VisitorID) ([]string, error) {
	keys, _, err := a.owned(ctx, shop, string(v))
	var names []string
	for _, k := range keys {
		if parts := table.Split(k.Partition); len(parts) == 3 && parts[1] == anonymousAlias {
			names = append(names, k.Partition)
		}
	}
	return names, err
}
