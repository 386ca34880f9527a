package shop

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Table holds shops: partition shop, sort key "settings", and "key#<hash>" for each key (its list). To find the shop of a key, which is all that a request has, one record per key lives in the partition
// "keys#<hash>": the one partition that does not begin with a shop's id. It holds no more than KeyInfo.
const Table table.Name = "shops"

// Remember is how long an answer of the directory may be old. A revoked key ends within it.
const Remember = time.Minute

// Sealer encrypts the secret keys, which must be known to check signatures (identity.Sealer does it).
type Sealer interface {
	Seal(shop event.ShopID, owner string, text []byte) []byte
	Open(shop event.ShopID, owner string, sealed []byte) ([]byte, error)
}

// Store is the Directory kept in a table, with what changes it. Keys are stored as SHA-256 hashes (they are random, 192 bits), secret keys sealed besides. Safe for concurrent use; a change is seen by other processes within
// Remember.
type Store struct {
	store table.Store
	seal  Sealer
	now   func() time.Time

	keys     memory[KeyInfo]
	public   atomic.Pointer[hashed] // the write key that was asked about last
	settings memory[Settings]
	secrets  memory[[][]byte]
}

var _ Directory = (*Store)(nil)

// NewStore keeps shops in the table.
func NewStore(now func() time.Time, store table.Store, seal Sealer) *Store {
	return &Store{store: store, seal: seal, now: now}
}

// storedKey is the body of a key's record in its shop's list.
type storedKey struct {
	KeyInfo
	Sealed []byte `json:"sealed,omitempty"`
}

// Key finds what a key stands for; see Directory.
func (s *Store) Key(ctx context.Context, key string) (KeyInfo, error) {
	last := s.public.Load()
	if last == nil || last.key != key {
		last = &hashed{key, hashOf(key)}
	}
	info, err := s.keys.get(s.now(), last.hash, func() (KeyInfo, error) {
		it, err := s.store.Get(ctx, byHash(last.hash))
		if fault.Is(err, fault.NotFound) {
			return KeyInfo{}, fault.New(fault.Unauthenticated, "the key is unknown or revoked")
		}
		var info KeyInfo
		return info, decode(it, err, &info)
	})
	if err == nil && info.Kind == WriteKey && s.public.Load() != last {
		s.public.Store(last)
	}
	return info, err
}

// hashed is a key, which is no secret, and its hash.
type hashed struct{ key, hash string }

// Settings of a shop; see Directory.
func (s *Store) Settings(ctx context.Context, id event.ShopID) (Settings, error) {
	return s.settings.get(s.now(), string(id), func() (Settings, error) {
		it, err := s.store.Get(ctx, settingsKey(id))
		settings := Settings{ID: id}
		return settings, decode(it, err, &settings)
	})
}

// Secrets are the shop's secret keys, newest first; see Directory.
func (s *Store) Secrets(ctx context.Context, id event.ShopID) ([][]byte, error) {
	return s.secrets.get(s.now(), string(id), func() ([][]byte, error) {
		stored, err := s.list(ctx, id)
		if err != nil {
			return nil, err
		}
		var secrets [][]byte
		for _, k := range stored {
			if k.Kind != SecretKey {
				continue
			}
			secret, err := s.seal.Open(id, k.hash, k.Sealed)
			if err != nil {
				return nil, fault.Wrap(fault.Internal, err, "")
			}
			secrets = append(secrets, secret)
		}
		return secrets, nil
	})
}

// Listed is a key as its shop lists it: never the key itself.
type Listed struct {
	KeyInfo
	Hash string // names the key for Revoke
}

// Keys lists a shop's keys, newest first.
func (s *Store) Keys(ctx context.Context, id event.ShopID) ([]Listed, error) {
	stored, err := s.list(ctx, id)
	if err != nil {
		return nil, err
	}
	listed := make([]Listed, len(stored))
	for i, k := range stored {
		listed[i] = Listed{KeyInfo: k.KeyInfo, Hash: k.hash}
	}
	return listed, nil
}

type listedKey struct {
	storedKey
	hash string
}

func (s *Store) list(ctx context.Context, id event.ShopID) ([]listedKey, error) {
	var all []listedKey
	q := table.Query{Table: Table, Partition: table.Partition(string(id)), Prefix: "key#", Strong: true}
	for {
		page, err := s.store.Query(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("list keys of shop %s: %w", id, err)
		}
		for _, it := range page.Items {
			k := listedKey{hash: strings.TrimPrefix(it.Key.Sort, "key#")}
			if err := decode(it, nil, &k.storedKey); err != nil {
				return nil, err
			}
			all = append(all, k)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	slices.SortFunc(all, func(a, b listedKey) int {
		if c := b.Created.Compare(a.Created); c != 0 {
			return c
		}
		return strings.Compare(a.hash, b.hash)
	})
	return all, nil
}

// Put stores a shop's settings, new or changed, when they are valid.
func (s *Store) Put(ctx context.Context, settings Settings) error {
	if err := settings.Validate(); err != nil {
		return err
	}
	it, err := encode(settingsKey(settings.ID), settings)
	if err != nil {
		return err
	}
	if err := s.store.Write(ctx, table.Put(it, table.Always())); err != nil {
		return fmt.Errorf("store settings of shop %s: %w", settings.ID, err)
	}
	s.settings.drop(string(settings.ID))
	return nil
}

// NewKey makes a key and returns it: it is shown this once. To rotate, make a new one, bring it to where it is used, and Revoke the old.
func (s *Store) NewKey(ctx context.Context, id event.ShopID, kind KeyKind, label string) (string, error) {
	prefix, ok := map[KeyKind]string{WriteKey: "wk_", SecretKey: "sk_"}[kind]
	if !ok {
		return "", fault.InvalidField("kind", "is write or secret")
	}
	var b [24]byte
	rand.Read(b[:]) // never fails
	key := prefix + base64.RawURLEncoding.EncodeToString(b[:])
	return key, s.AddKey(ctx, id, kind, label, key)
}

// minKey is the shortest key that AddKey takes.
const minKey = 16

// AddKey stores a key that was made elsewhere, such as one from a deployment's configuration. Adding a key again changes its label; a key of another shop or kind is Conflict.
func (s *Store) AddKey(ctx context.Context, id event.ShopID, kind KeyKind, label, key string) error {
	if len(key) < minKey || len(key) > 200 {
		return fault.InvalidField("key", "has 16 to 200 bytes")
	}
	hash := hashOf(key)
	info := KeyInfo{Shop: id, Kind: kind, Label: label, Created: s.now().UTC().Truncate(time.Millisecond)}
	if it, err := s.store.Get(ctx, byHash(hash), table.Strong); err == nil {
		var old KeyInfo
		if err := decode(it, nil, &old); err != nil {
			return err
		}
		if old.Shop != id || old.Kind != kind {
			return fault.New(fault.Conflict, "the key is in use elsewhere")
		}
		info.Created = old.Created
	} else if !fault.Is(err, fault.NotFound) {
		return fmt.Errorf("look up a key: %w", err)
	}
	stored := storedKey{KeyInfo: info}
	if kind == SecretKey {
		stored.Sealed = s.seal.Seal(id, hash, []byte(key))
	}
	found, err := encode(byHash(hash), info)
	if err != nil {
		return err
	}
	listed, err := encode(inShop(id, hash), stored)
	if err != nil {
		return err
	}
	if err := s.store.Write(ctx, table.Put(found, table.Always()), table.Put(listed, table.Always())); err != nil {
		return fmt.Errorf("store a key of shop %s: %w", id, err)
	}
	s.keys.drop(hash)
	s.secrets.drop(string(id))
	return nil
}

// Revoke ends a key by its hash. Revoking what is gone is no error.
func (s *Store) Revoke(ctx context.Context, id event.ShopID, hash string) error {
	if _, err := s.store.Get(ctx, inShop(id, hash), table.Strong); fault.Is(err, fault.NotFound) {
		return nil // gone, or another shop's
	} else if err != nil {
		return fmt.Errorf("look up a key of shop %s: %w", id, err)
	}
	if err := s.store.Write(ctx, table.Delete(byHash(hash), table.Always()), table.Delete(inShop(id, hash), table.Always())); err != nil {
		return fmt.Errorf("revoke a key of shop %s: %w", id, err)
	}
	s.keys.drop(hash)
	s.secrets.drop(string(id))
	return nil
}

func hashOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

func byHash(hash string) table.Key {
	return table.Key{Table: Table, Partition: table.Partition("keys", hash), Sort: "key"}
}

func inShop(id event.ShopID, hash string) table.Key {
	return table.Key{Table: Table, Partition: table.Partition(string(id)), Sort: table.Partition("key", hash)}
}

func settingsKey(id event.ShopID) table.Key {
	return table.Key{Table: Table, Partition: table.Partition(string(id)), Sort: "settings"}
}

func encode(k table.Key, v any) (table.Item, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return table.Item{}, fmt.Errorf("encode %s: %w", k.Sort, err)
	}
	return table.Item{Key: k, Body: body}, nil
}

// decode reads what a Get returned into v.
func decode(it table.Item, err error, v any) error {
	if err != nil {
		return fmt.Errorf("read %s: %w", Table, err)
	}
	if err := json.Unmarshal(it.Body, v); err != nil {
		return fmt.Errorf("decode %s/%s: %w", it.Key.Partition, it.Key.Sort, err)
	}
	return nil
}

// memory keeps answers for a while: also "there is none", so that a wrong key is not looked up at every try. The zero value is ready.
type memory[T any] struct {
	mu      sync.Mutex
	answers map[string]remembered[T]
}

type remembered[T any] struct {
	value T
	err   error
	until time.Time
}

// memoryLimit bounds what guesses of keys can fill.
const memoryLimit = 10_000

// get answers from memory, or with load. Only definite answers are remembered. Concurrent misses may load twice. When loading fails for the moment, an answer that just ran out serves on.
func (m *memory[T]) get(now time.Time, key string, load func() (T, error)) (T, error) {
	m.mu.Lock()
	old, ok := m.answers[key]
	m.mu.Unlock()
	if ok && now.Before(old.until) {
		return old.value, old.err
	}
	value, err := load()
	if ok && old.err == nil && fault.Retryable(err) && now.Before(old.until.Add(Remember)) {
		return old.value, nil
	}
	if err != nil && !fault.Is(err, fault.Unauthenticated) && !fault.Is(err, fault.NotFound) {
		return value, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.answers == nil || len(m.answers) >= memoryLimit {
		m.answers = make(map[string]remembered[T])
	}
	m.answers[key] = remembered[T]{value: value, err: err, until: now.Add(Remember)}
	return value, err
}

func (m *memory[T]) drop(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.answers, key)
}
