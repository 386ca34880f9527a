package consent

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/table"
)

// Name is something that a person, a device or a visitor is known by; Kind is one of identity.Kind...
type Name struct{ Kind, Text string }

// Erased is the list of who was erased and when. It holds keyed hashes alone, and stays for good: so what happened before an erasure is dropped, however late it arrives, while somebody who comes
// back by an act of their own is somebody new.
//
// Partition shop#erased has one record, "epoch", which every erasure changes: a process that finds it unchanged need not look any name up again, and one that finds none knows that nobody ever
// was erased. Partition shop#erased#<hash of a name> says when that name was erased, shop#erased#<id of the erasure> which messages it removed. Safe for concurrent use.
type Erased struct {
	store  table.Store
	hasher *identity.Hasher
	change func()

	mu    sync.Mutex
	shops map[event.ShopID]*Tombstones
}

// NewErased keeps the list in the store. changed is called when another erasure is seen than before; nil for nothing.
func NewErased(store table.Store, hasher *identity.Hasher, changed func()) *Erased {
	if changed == nil {
		changed = func() {}
	}
	return &Erased{store: store, hasher: hasher, change: changed, shops: map[event.ShopID]*Tombstones{}}
}

// tombstone says that a name was erased.
type tombstone struct {
	At      time.Time `json:"at"`
	Erasure string    `json:"erasure"`
}

// chunk is some of the messages that an erasure removed: sorted hashes, base64.
type chunk struct {
	Messages []byte `json:"m"`
}

const (
	messageHash   = 8      // bytes of a message's hash: two of a person's messages are never the same by chance
	chunkMessages = 20_000 // in one item
	maxTombstones = 50_000 // names remembered of a shop
)

func erasedKey(shop event.ShopID, sort string, rest ...string) table.Key {
	return table.Key{Table: Table, Partition: table.Partition(append([]string{string(shop), "erased"}, rest...)...), Sort: sort}
}

// Note records an erasure. It may be repeated, also with more names and messages.
func (e *Erased) Note(ctx context.Context, shop event.ShopID, erasure string, at time.Time, names []Name, messages []event.ID) error {
	body, err := json.Marshal(tombstone{At: at.UTC(), Erasure: erasure})
	if err != nil {
		return fmt.Errorf("encode a tombstone: %w", err)
	}
	items := map[table.Key]table.Item{}
	for _, n := range names {
		if n.Text != "" {
			k := erasedKey(shop, "erased", e.hasher.Hash(shop, n.Kind, n.Text))
			items[k] = table.Item{Key: k, Body: body}
		}
	}
	hashes := e.messages(shop, messages)
	for i := 0; len(hashes) > 0; i++ {
		n := min(len(hashes), chunkMessages*messageHash)
		body, err := json.Marshal(chunk{hashes[:n]})
		if err != nil {
			return fmt.Errorf("encode the messages of an erasure: %w", err)
		}
		k := erasedKey(shop, fmt.Sprintf("messages#%04d", i), erasure)
		items[k] = table.Item{Key: k, Body: body}
		hashes = hashes[n:]
	}
	var all []table.Item
	for _, it := range items {
		all = append(all, it)
	}
	if err := e.store.PutAll(ctx, all...); err != nil {
		return fmt.Errorf("store tombstones: %w", err)
	}
	epoch := table.Item{Key: erasedKey(shop, "epoch"), Body: json.RawMessage(`{"erasure":` + strconv.Quote(erasure) + `}`)}
	if err := e.store.Write(ctx, table.Put(epoch, table.Always())); err != nil {
		return fmt.Errorf("announce an erasure: %w", err)
	}
	return nil
}

func (e *Erased) messages(shop event.ShopID, messages []event.ID) []byte {
	hashes := make([]string, len(messages))
	for i, m := range messages {
		hashes[i] = e.message(shop, m)
	}
	slices.Sort(hashes)
	return []byte(strings.Join(slices.Compact(hashes), ""))
}

// message is the short hash of a message id, raw.
func (e *Erased) message(shop event.ShopID, id event.ID) string {
	return short(e.hasher.Hash(shop, identity.KindMessage, string(id)))
}

func short(hash string) string {
	_, text, _ := strings.Cut(hash, ".")
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) < messageHash {
		panic("consent: a keyed hash of another shape")
	}
	return string(raw[:messageHash])
}

// Look reads whether anybody was erased since the last time, and returns the shop's tombstones as they are now.
func (e *Erased) Look(ctx context.Context, shop event.ShopID, opts ...table.ReadOption) (*Tombstones, error) {
	it, err := e.store.Get(ctx, erasedKey(shop, "epoch"), opts...)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, fmt.Errorf("read who was erased: %w", err)
	}
	e.mu.Lock()
	t := e.shops[shop]
	fresh := t == nil || t.version != it.Version
	if fresh {
		t = &Tombstones{list: e, shop: shop, version: it.Version, names: map[string]*tombstone{}, removed: map[string]map[string]bool{}}
		e.shops[shop] = t
	}
	e.mu.Unlock()
	if fresh && it.Version > 0 {
		e.change()
	}
	return t, nil
}

// Tombstones are who was erased from one shop, as of one Look. Safe for concurrent use.
type Tombstones struct {
	list    *Erased
	shop    event.ShopID
	version int64 // 0: nobody ever was

	mu      sync.Mutex
	names   map[string]*tombstone // by the current key's hash; nil: not erased
	removed map[string]map[string]bool
}

// None says that nobody ever was erased.
func (t *Tombstones) None() bool { return t.version == 0 }

// Has says whether one of the names was erased, whenever that was.
func (t *Tombstones) Has(ctx context.Context, names ...Name) (bool, error) {
	found, err := t.find(ctx, names)
	return len(found) > 0, err
}

// Refuse says whether what happened at a time to somebody of these names must not be kept: it happened before the erasure of one of them, or is a message that the erasure removed.
func (t *Tombstones) Refuse(ctx context.Context, happened time.Time, message event.ID, names ...Name) (bool, error) {
	found, err := t.find(ctx, names)
	if err != nil {
		return false, err
	}
	for _, stone := range found {
		if !happened.After(stone.At) {
			return true, nil
		}
		removed, err := t.messages(ctx, stone.Erasure)
		if err != nil {
			return false, err
		}
		for _, hash := range t.list.hasher.Hashes(t.shop, identity.KindMessage, string(message)) {
			if message != "" && removed[short(hash)] {
				return true, nil
			}
		}
	}
	return false, nil
}

// find are the tombstones of those names that have one.
func (t *Tombstones) find(ctx context.Context, names []Name) ([]*tombstone, error) {
	if t.None() {
		return nil, nil
	}
	var found []*tombstone
	var keys []table.Key
	owner := map[string]string{} // partition to the current hash
	t.mu.Lock()
	for _, n := range names {
		if n.Text == "" {
			continue
		}
		hashes := t.list.hasher.Hashes(t.shop, n.Kind, n.Text)
		if stone, known := t.names[hashes[0]]; known {
			if stone != nil {
				found = append(found, stone)
			}
			continue
		}
		for _, h := range hashes {
			k := erasedKey(t.shop, "erased", h)
			keys, owner[k.Partition] = append(keys, k), hashes[0]
		}
	}
	t.mu.Unlock()
	if len(keys) == 0 {
		return found, nil
	}
	read, err := t.read(ctx, keys, owner)
	return append(found, read...), err
}

// read looks names up and remembers the answer, also that there is none.
func (t *Tombstones) read(ctx context.Context, keys []table.Key, owner map[string]string) ([]*tombstone, error) {
	items, err := t.list.store.GetAll(ctx, keys...)
	if err != nil {
		return nil, fmt.Errorf("read tombstones: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.names) > maxTombstones {
		clear(t.names)
	}
	for _, hash := range owner {
		t.names[hash] = nil
	}
	var found []*tombstone
	for _, it := range items {
		var stone tombstone
		if err := json.Unmarshal(it.Body, &stone); err != nil {
			return nil, fmt.Errorf("decode a tombstone: %w", err)
		}
		t.names[owner[it.Key.Partition]] = &stone
		found = append(found, &stone)
	}
	return found, nil
}

// messages are the hashes of what an erasure removed.
func (t *Tombstones) messages(ctx context.Context, erasure string) (map[string]bool, error) {
	t.mu.Lock()
	known, ok := t.removed[erasure]
	t.mu.Unlock()
	if ok {
		return known, nil
	}
	removed := map[string]bool{}
	q := table.Query{Table: Table, Partition: erasedKey(t.shop, "any", erasure).Partition, Prefix: "messages#"}
	for {
		page, err := t.list.store.Query(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("read the messages of an erasure: %w", err)
		}
		for _, it := range page.Items {
			var c chunk
			if err := json.Unmarshal(it.Body, &c); err != nil {
				return nil, fmt.Errorf("decode the messages of an erasure: %w", err)
			}
			for hash := range slices.Chunk(c.Messages, messageHash) {
				removed[string(hash)] = true
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	t.mu.Lock()
	t.removed[erasure] = removed
	t.mu.Unlock()
	return removed, nil
}
