package sqlite

import (
	"slices"
	"sync"
	"sync/atomic"

	"shopkeeper/shared/table"
)

// cache keeps items that Get has read. An answer from it is what the file held at that moment:
//
//   - It answers only while the shared generation is the known one. Another process's commit changes the generation before the commit can be
//     seen, and whoever finds an even one that is not the known one empties the cache.
//   - This process's commit drops the items it writes before they can be seen, and lets nothing in until it is over (the known generation is
//     odd meanwhile). What it does not write stays right.
//   - A reader puts in what it read only if the generation was even before it read and is the same, and the known one, still.
//
// It holds half of its bytes in a young and half in an old generation of items: when the young is full it becomes the old, whose items are
// forgotten unless they were read.
type cache struct {
	gen   *generation
	known atomic.Uint64
	limit int // bytes of one generation of items; 0: the cache keeps nothing

	mu         sync.RWMutex
	young, old map[table.Key]table.Item
	bytes      int // of young
}

// entryBytes is what an item takes in the cache besides its strings and body, about.
const entryBytes = 200

func newCache(gen *generation, limit int) *cache {
	c := &cache{gen: gen, limit: max(0, limit/2)}
	c.known.Store(1) // none yet: the first reader learns it
	c.empty()
	return c
}

// empty needs the lock, or nobody else who knows c.
func (c *cache) empty() {
	c.young, c.old, c.bytes = map[table.Key]table.Item{}, nil, 0
}

// get is the item at k, its body shared with the cache, if the cache has it. Otherwise ticket is for put, after the item was read.
func (c *cache) get(k table.Key) (it table.Item, ok bool, ticket uint64) {
	if c.limit == 0 {
		return table.Item{}, false, 1
	}
	ticket = c.gen.load()
	if ticket != c.known.Load() {
		c.learn()
		return table.Item{}, false, c.gen.load()
	}
	c.mu.RLock()
	it, ok = c.young[k]
	aged := false
	if !ok {
		it, ok = c.old[k]
		aged = ok
	}
	c.mu.RUnlock()
	if aged {
		c.put(it, ticket)
	}
	return it, ok, ticket
}

// learn empties the cache when another process has committed.
func (c *cache) learn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if g := c.gen.load(); g%2 == 0 && g != c.known.Load() {
		c.empty()
		c.known.Store(g)
	}
}

// put keeps an item that was read after ticket was given. The cache owns its body from now on.
func (c *cache) put(it table.Item, ticket uint64) {
	if ticket%2 == 1 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gen.load() != ticket || c.known.Load() != ticket {
		return
	}
	size := entryBytes + len(it.Key.Partition) + len(it.Key.Sort) + len(it.Body)
	if c.bytes+size > c.limit {
		c.young, c.old, c.bytes = map[table.Key]table.Item{}, c.young, 0
	}
	c.young[it.Key] = it
	c.bytes += size
}

// begin is called with the engine's write lock, before the commit of a transaction that writes the keys; end follows, however that went.
func (c *cache) begin(keys []table.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.gen.load()
	if g != c.known.Load() {
		c.empty()
	}
	for _, k := range keys {
		delete(c.young, k)
		delete(c.old, k)
	}
	odd := g + 1 + g%2
	c.known.Store(odd)
	c.gen.store(odd)
}

// end may come after another process's begin, which took the engine's lock when the commit gave it up: then the generation is that one's.
func (c *cache) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if odd := c.known.Load(); c.gen.replace(odd, odd+1) {
		c.known.Store(odd + 1)
	}
}

// own is the item with a body that is the caller's.
func own(it table.Item) table.Item {
	it.Body = slices.Clone(it.Body)
	return it
}
