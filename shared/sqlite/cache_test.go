package sqlite

import (
	"fmt"
	"path/filepath"
	"testing"

	"shopkeeper/shared/table"
)

// twoCaches are the caches of two processes with one file open.
func twoCaches(t *testing.T) (a, b *cache) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gen")
	caches := [2]*cache{}
	for i := range caches {
		gen, err := openGeneration(path)
		if err != nil {
			t.Fatal(err)
		}
		caches[i] = newCache(gen, 1<<20)
	}
	return caches[0], caches[1]
}

// read is what Get does: from the cache, or from the file (it) and then into the cache.
func read(c *cache, it table.Item) table.Item {
	got, ok, ticket := c.get(it.Key)
	if ok {
		return got
	}
	c.put(it, ticket)
	return it
}

func TestCacheDoesNotAnswerOnceAnotherProcessCommits(t *testing.T) {
	old, fresh := item("a", 1), item("a", 2)
	tests := map[string]func(a, b *cache){
		"after a whole commit": func(_, b *cache) { b.begin([]table.Key{old.Key}); b.end() },
		"during its commit":    func(_, b *cache) { b.begin([]table.Key{old.Key}) },
		"during its commit, begun before ours ended": func(a, b *cache) {
			a.begin(nil)
			b.begin([]table.Key{old.Key})
			a.end()
		},
		"after its commit, begun before ours ended": func(a, b *cache) {
			a.begin(nil)
			b.begin([]table.Key{old.Key})
			a.end()
			b.end()
		},
		"after its commit, ended before ours": func(a, b *cache) {
			a.begin(nil)
			b.begin([]table.Key{old.Key})
			b.end()
			a.end()
		},
		"after ours that followed its death in a commit": func(a, b *cache) {
			b.begin([]table.Key{old.Key})
			a.begin(nil)
			a.end()
		},
	}
	for name, happen := range tests {
		t.Run(name, func(t *testing.T) {
			a, b := twoCaches(t)
			read(a, old) // learns the generation
			read(a, old)
			if _, ok, _ := a.get(old.Key); !ok {
				t.Fatal("the item is not in the cache")
			}
			happen(a, b)
			if got := read(a, fresh); string(got.Body) != string(fresh.Body) {
				t.Errorf("read %s, want %s", got.Body, fresh.Body)
			}
		})
	}
}

func TestCacheKeepsNothingReadBeforeACommit(t *testing.T) {
	old := item("a", 1)
	for name, commit := range map[string]func(a, b *cache){
		"of its own process":  func(a, _ *cache) { a.begin([]table.Key{old.Key}); a.end() },
		"of another":          func(_, b *cache) { b.begin([]table.Key{old.Key}); b.end() },
		"that is going on":    func(a, _ *cache) { a.begin([]table.Key{old.Key}) },
		"of two that overlap": func(a, b *cache) { a.begin(nil); b.begin([]table.Key{old.Key}); a.end(); b.end() },
		"going on in another": func(_, b *cache) { b.begin([]table.Key{old.Key}) },
	} {
		t.Run(name, func(t *testing.T) {
			a, b := twoCaches(t)
			a.learn()
			_, _, ticket := a.get(old.Key)
			commit(a, b)
			a.put(old, ticket)
			if _, ok, _ := a.get(old.Key); ok {
				t.Error("the cache answers with what was read before the commit")
			}
		})
	}
}

func TestCacheIsBounded(t *testing.T) {
	a, _ := twoCaches(t)
	a.learn()
	for n := range 20_000 {
		read(a, item(fmt.Sprint(n), n))
		read(a, item("hot", 1))
	}
	kept := 0
	for n := range 20_000 {
		if _, ok := a.young[item(fmt.Sprint(n), 0).Key]; ok {
			kept++
		}
		if _, ok := a.old[item(fmt.Sprint(n), 0).Key]; ok {
			kept++
		}
	}
	if most := (1 << 20) / entryBytes; kept > most || kept < most/4 {
		t.Errorf("%d items kept, at most %d fit", kept, most)
	}
	if _, ok, _ := a.get(item("hot", 1).Key); !ok {
		t.Error("an item that is read all the time was forgotten")
	}
}
