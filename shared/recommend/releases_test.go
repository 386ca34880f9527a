package recommend

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/sqlite/sqlitetest"
)

// version is a version as people write it.
func version(v uint64) string { return fmt.Sprintf("%016x", v) }

func (s *shelfOfFiles) use(items Items, v uint64) Pointer {
	s.t.Helper()
	p, err := Use(s.t.Context(), s.blobs, items, "tea", version(v), s.now)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

func TestUse(t *testing.T) {
	items := func(t *testing.T, s *shelfOfFiles) *catalog.Store {
		return catalog.NewStore(func() time.Time { return s.now }, sqlitetest.Open(t, nil))
	}
	t.Run("an older model is used at once, and held", func(t *testing.T) {
		s := newShelfOfFiles(t)
		first, second := s.publish(3), s.publish(2)
		store := items(t, s)
		ms := s.memory()
		s.expect(ms, second)
		p := s.use(store, first)
		if back, err := (Pointer{Files: []string{modelName("tea", second)}, History: p.History}).Previous(); err != nil || back != version(first) {
			t.Errorf("before the second is %s, %v", back, err)
		}
		if !p.Held || len(p.Files) != 2 {
			t.Errorf("pointer %+v", p)
		}
		s.await(ms, first)
		if again := s.use(store, first); again.Files[0] != p.Files[0] {
			t.Errorf("repeated: %+v", again)
		}
		if p = s.use(store, second); p.Held {
			t.Error("the newest is held")
		}
		s.await(ms, second)
	})
	t.Run("what was published since stays kept, and publishing ends the hold", func(t *testing.T) {
		s := newShelfOfFiles(t)
		first, second := s.publish(5), s.publish(4)
		s.use(items(t, s), first)
		third := s.publish(3)
		p, _, err := ReadPointer(t.Context(), s.blobs, "tea")
		if err != nil || p.Held || p.Files[0] != modelName("tea", third) || p.History[1].File != modelName("tea", second) || p.History[2].File != modelName("tea", first) {
			t.Errorf("pointer %+v, %v", p, err)
		}
	})
	t.Run("an item that was hidden or deleted since stays away", func(t *testing.T) {
		s := newShelfOfFiles(t)
		first := s.publish(3)
		s.publish(2)
		store := items(t, s)
		if _, err := store.Put(t.Context(), "tea", catalog.Item{ID: "a", Title: "A", Currency: "GBP", Hidden: true}, catalog.Item{ID: "b", Title: "B", Currency: "GBP"}); err != nil {
			t.Fatal(err)
		}
		s.use(store, first)
		if d, err := store.Delta(t.Context(), "tea"); err != nil || !d.Changes["a"].Hidden || !d.Changes["b"].New {
			t.Errorf("hidden: %+v, %v", d, err)
		}
		gone := items(t, s)
		p, _, err := ReadPointer(t.Context(), s.blobs, "tea")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Use(t.Context(), s.blobs, gone, "tea", p.History[0].Version(), s.now); err != nil {
			t.Fatal(err)
		}
		if d, err := gone.Delta(t.Context(), "tea"); err != nil || !d.Changes["a"].Gone {
			t.Errorf("deleted: %+v, %v", d, err)
		}
	})
	t.Run("a version that is not kept is not found", func(t *testing.T) {
		s := newShelfOfFiles(t)
		s.publish(3)
		for _, v := range []string{"", "0000000000000001", "../../x"} {
			if _, err := Use(t.Context(), s.blobs, items(t, s), "tea", v, s.now); !fault.Is(err, fault.NotFound) {
				t.Errorf("%q: %v", v, err)
			}
		}
	})
	t.Run("a damaged file is not used", func(t *testing.T) {
		s := newShelfOfFiles(t)
		first := s.publish(3)
		s.publish(2)
		s.corrupt(1)
		if _, err := Use(t.Context(), s.blobs, items(t, s), "tea", version(first), s.now); !fault.Is(err, fault.Invalid) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("too much that changed since is a conflict, and the model in use stays", func(t *testing.T) {
		s := newShelfOfFiles(t)
		first, second := s.publish(3), s.publish(2)
		if _, err := Use(t.Context(), s.blobs, busyCatalog{}, "tea", version(first), s.now); !fault.Is(err, fault.Conflict) {
			t.Errorf("error %v", err)
		}
		s.expect(s.memory(), second)
	})
}

// busyCatalog changed more than can be told.
type busyCatalog struct{}

func (busyCatalog) List(context.Context, event.ShopID, func(catalog.Item) error) error { return nil }

func (busyCatalog) Tell(context.Context, event.ShopID, map[event.ItemID]catalog.Change) error {
	return fault.New(fault.Conflict, "too many")
}

func TestNotesGoWithTheirModel(t *testing.T) {
	s := newShelfOfFiles(t)
	var first uint64
	for age := 2 * KeepModels; age > 0; age-- {
		v := s.publish(age)
		if first == 0 {
			first = v
		}
		if err := Note(t.Context(), s.blobs, "tea", v, []byte(version(v))); err != nil {
			t.Fatal(err)
		}
	}
	files, err := s.blobs.List(t.Context(), "models/tea/", "", 100)
	if err != nil || len(files) != 2*KeepModels+1 {
		t.Errorf("%d files, want %d models, as many notes and the pointer; %v", len(files), KeepModels, err)
	}
	if _, err := Notes(t.Context(), s.blobs, "tea", version(first)); !fault.Is(err, fault.NotFound) {
		t.Errorf("notes of a model that is gone: %v", err)
	}
	p, _, err := ReadPointer(t.Context(), s.blobs, "tea")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := Notes(t.Context(), s.blobs, "tea", p.History[0].Version()); err != nil || string(text) != p.History[0].Version() {
		t.Errorf("notes %q, %v", text, err)
	}
}

// A pointer that was written before there was a history still knows what to go back to.
func TestPointerWithoutHistory(t *testing.T) {
	s := newShelfOfFiles(t)
	if _, err := s.blobs.Put(t.Context(), pointerName("tea"), strings.NewReader(`{"files":["models/tea/b.model","models/tea/a.model"],"published":"2026-11-22T00:00:00Z"}`)); err != nil {
		t.Fatal(err)
	}
	p, _, err := ReadPointer(t.Context(), s.blobs, "tea")
	if err != nil {
		t.Fatal(err)
	}
	if back, err := p.Previous(); err != nil || back != "a" {
		t.Errorf("previous %q, %v", back, err)
	}
}
