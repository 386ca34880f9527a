package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Aliases lead from what SDKs know a visitor by to the visitor and the person. A binding is made once and never changed but by an erasure (see Release), so it is remembered until Forget is
// called. Safe for concurrent use. Every method returns what its table returns.
type Aliases struct {
	store     table.Store
	addresses *Hasher // nil: addresses lead nowhere
	known     recent
}

// NewAliases keeps aliases in the store.
func NewAliases(store table.Store) *Aliases { return &Aliases{store: store} }

// NewAddressedAliases also knows whom an e-mail address leads to.
func NewAddressedAliases(store table.Store, addresses *Hasher) *Aliases {
	return &Aliases{store: store, addresses: addresses}
}

// binding is the body of an alias.
type binding struct {
	Visitor event.VisitorID `json:"v,omitempty"`
	Person  event.PersonID  `json:"p,omitempty"`
	User    string          `json:"u,omitempty"` // of an owner record: hash of the userId that the person's account has
}

// The kinds of alias, the second part of the partition.
const (
	anonymousAlias = "a"
	userAlias      = "u"
	ownerAlias     = "o"
)

// aliasKey is where the binding of a client's id lives. Only a hash of the id is stored.
func aliasKey(shop event.ShopID, kind, id string) table.Key {
	sum := sha256.Sum256([]byte(string(shop) + "\x00" + kind + "\x00" + id))
	hash := base64.RawURLEncoding.EncodeToString(sum[:])
	return table.Key{Table: Table, Partition: table.Partition(string(shop), kind, hash), Sort: "alias"}
}

// Visitor is whom the anonymousId is bound to; NotFound when it is bound to nobody.
func (a *Aliases) Visitor(ctx context.Context, shop event.ShopID, anonymousID string) (event.VisitorID, error) {
	b, err := a.read(ctx, aliasKey(shop, anonymousAlias, anonymousID))
	return b.Visitor, err
}

// Bind ties the anonymousId to the visitor unless it is tied already, and returns whom it is tied to now.
func (a *Aliases) Bind(ctx context.Context, shop event.ShopID, anonymousID string, v event.VisitorID) (event.VisitorID, error) {
	key := aliasKey(shop, anonymousAlias, anonymousID)
	if b, ok := a.known.find(key.Partition); ok {
		return b.Visitor, nil
	}
	if err := a.own(ctx, shop, string(v), anonymousAlias, key); err != nil {
		return "", err
	}
	b, err := a.bind(ctx, key, binding{Visitor: v})
	return b.Visitor, err
}

// Person is who the userId stands for; NotFound when the shop never saw it.
func (a *Aliases) Person(ctx context.Context, shop event.ShopID, userID string) (event.PersonID, error) {
	b, err := a.read(ctx, aliasKey(shop, userAlias, userID))
	return b.Person, err
}

// EnsurePerson is who the userId stands for, made when the shop never saw it. A new userId gets the preferred person (who so far had traits but no account) unless another userId has that
// one; an empty preference means a fresh person.
func (a *Aliases) EnsurePerson(ctx context.Context, shop event.ShopID, userID string, preferred event.PersonID) (event.PersonID, error) {
	key := aliasKey(shop, userAlias, userID)
	b, err := a.read(ctx, key)
	if err == nil || !fault.Is(err, fault.NotFound) {
		return b.Person, err
	}
	if preferred == "" {
		preferred = NewPerson()
	}
	for {
		b, err := a.claim(ctx, shop, key, preferred)
		if !fault.Is(err, fault.Conflict) {
			return b.Person, err
		}
		preferred = NewPerson() // the preferred one has another account
	}
}

// claim ties userId and person to each other, or returns whom the userId was tied to meanwhile. It is Conflict when the person has another userId.
func (a *Aliases) claim(ctx context.Context, shop event.ShopID, key table.Key, p event.PersonID) (binding, error) {
	b := binding{Person: p}
	alias, err := itemOf(key, b)
	if err != nil {
		return binding{}, err
	}
	owner, err := itemOf(aliasKey(shop, ownerAlias, string(p)), binding{User: key.Partition})
	if err != nil {
		return binding{}, err
	}
	err = a.store.Write(ctx, table.Put(alias, table.IfAbsent()), table.Put(owner, table.IfAbsent()))
	if err == nil {
		a.known.add(key.Partition, b)
		return b, nil
	}
	if !fault.Is(err, fault.Conflict) {
		return binding{}, fmt.Errorf("bind a user: %w", err)
	}
	first, readErr := a.read(ctx, key)
	if fault.Is(readErr, fault.NotFound) {
		return binding{}, err
	}
	return first, readErr
}

// HasAccount says whether a userId stands for the person; one made of traits alone has none.
func (a *Aliases) HasAccount(ctx context.Context, shop event.ShopID, p event.PersonID) (bool, error) {
	_, err := a.read(ctx, aliasKey(shop, ownerAlias, string(p)))
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// bind puts b if the key is free, and returns what is there.
func (a *Aliases) bind(ctx context.Context, key table.Key, b binding) (binding, error) {
	it, err := itemOf(key, b)
	if err != nil {
		return binding{}, err
	}
	err = a.store.Write(ctx, table.Put(it, table.IfAbsent()))
	if conflict, ok := errors.AsType[*table.ConflictError](err); ok {
		if conflict.Stored == nil {
			return a.read(ctx, key)
		}
		b, err = bindingOf(*conflict.Stored)
	}
	if err != nil {
		return binding{}, fmt.Errorf("bind an alias: %w", err)
	}
	a.known.add(key.Partition, b)
	return b, nil
}

func (a *Aliases) read(ctx context.Context, key table.Key) (binding, error) {
	if b, ok := a.known.find(key.Partition); ok {
		return b, nil
	}
	it, err := a.store.Get(ctx, key, table.Strong)
	if err != nil {
		return binding{}, fmt.Errorf("read an alias: %w", err)
	}
	b, err := bindingOf(it)
	if err != nil {
		return binding{}, err
	}
	a.known.add(key.Partition, b)
	return b, nil
}

func itemOf(key table.Key, b binding) (table.Item, error) {
	body, err := json.Marshal(b)
	if err != nil {
		return table.Item{}, fmt.Errorf("encode an alias: %w", err)
	}
	return table.Item{Key: key, Body: body}, nil
}

func bindingOf(it table.Item) (binding, error) {
	var b binding
	if err := json.Unmarshal(it.Body, &b); err != nil {
		return binding{}, fmt.Errorf("decode alias %s: %w", it.Key.Partition, err)
	}
	return b, nil
}

// Switched is the visitor that a device becomes when it identified as one person and now identifies as another: always the same for the same change, so that a repeated message belongs to the same one.
func Switched(shop event.ShopID, from event.VisitorID, to event.PersonID) event.VisitorID {
	sum := sha256.Sum256([]byte("switch\x00" + string(shop) + "\x00" + string(from) + "\x00" + string(to)))
	return event.VisitorID(visitorPrefix + base64.RawURLEncoding.EncodeToString(sum[:16]))
}

// recentLimit is how many bindings each of the two generations holds: a few megabytes in all.
const recentLimit = 20_000

// recent remembers bindings in two generations: when the young one is full it becomes the old one, which is dropped. The zero value is ready.
type recent struct {
	mu         sync.Mutex
	young, old map[string]binding
}

func (r *recent) find(key string) (binding, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.young[key]
	if !ok {
		if b, ok = r.old[key]; ok {
			r.put(key, b)
		}
	}
	return b, ok
}

func (r *recent) add(key string, b binding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put(key, b)
}

func (r *recent) put(key string, b binding) {
	if len(r.young) >= recentLimit {
		r.old, r.young = r.young, nil
	}
	if r.young == nil {
		r.young = make(map[string]binding)
	}
	r.young[key] = b
}
