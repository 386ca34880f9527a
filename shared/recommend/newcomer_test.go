package recommend

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/disk"
	"shopkeeper/shared/event"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend/content"
	"shopkeeper/shared/recommend/model"
)

func lamp(id event.ItemID, at time.Time) catalog.Item {
	return catalog.Item{ID: id, Title: "Lamp " + string(id), Price: 120, Currency: "GBP", Category: "Home > C1", Brand: "B1", UpdatedAt: at}
}

func TestNewItems(t *testing.T) {
	later := testNow.Add(time.Hour)
	delta := catalog.Delta{Changes: map[event.ItemID]catalog.Change{
		"new1": {Price: 120, New: true, At: later}, "a-new": {Price: 77, New: true, At: later.Add(time.Second)}, "sold": {New: true, SoldOut: true, At: later}, "late": {New: true, At: later},
		"i01": {Price: 101, Gone: true, At: later}, "before": {New: true, At: testNow.Add(-time.Hour)},
	}}
	m := testModel(t)
	t.Run("what must be read is what the file does not have", func(t *testing.T) {
		missing := m.Missing(delta)
		slices.Sort(missing)
		if diff := cmp.Diff([]event.ItemID{"a-new", "late", "new1", "sold"}, missing); diff != "" {
			t.Errorf("missing (-want +got):\n%s", diff)
		}
	})
	over := m.With(delta, lamp("new1", later), lamp("a-new", later.Add(time.Second)), lamp("sold", later))
	var w Worker
	t.Run("new items are the first of their shelf, newest first", func(t *testing.T) {
		page := w.Answer(over, &Query{Now: later, Slots: []Slot{{NewItems, 4}}})
		if diff := cmp.Diff([]string{"a-new", "new1", "i00", "i02"}, ids(over, page[0])); diff != "" {
			t.Errorf("new (-want +got):\n%s", diff)
		}
	})
	t.Run("a new item has a page of similar ones, and is similar to them", func(t *testing.T) {
		page := w.Answer(over, &Query{Now: later, Current: "new1", Slots: []Slot{{Similar, 6}}})
		for _, p := range page[0].Picks {
			if got := over.CategoryPath(p.Item); got != "Home > C1" {
				t.Errorf("%s of %s is shown as similar", over.ID(p.Item), got)
			}
		}
		alike, _ := over.Similar(page[0].Picks[0].Item)
		page = w.Answer(over, &Query{Now: later, Current: event.ItemID(over.ID(page[0].Picks[0].Item)), Slots: []Slot{{Similar, 30}}})
		if !slices.Contains(ids(over, page[0]), "new1") || len(alike) == 0 {
			t.Errorf("%v has no new item", ids(over, page[0]))
		}
	})
	t.Run("who looked at a new item is shown what it is like", func(t *testing.T) {
		page := w.Answer(over, &Query{Now: later, Viewer: Viewer{Profile: viewer(later, "new1")}, Slots: []Slot{{ViewedBefore, 4}, {ForYou, 4}}})
		if got := ids(over, page[0]); !slices.Equal(got, []string{"new1"}) {
			t.Errorf("viewed before: %v", got)
		}
		if got := over.CategoryPath(page[1].Picks[0].Item); got != "Home > C1" {
			t.Errorf("for you begins with an item of %s", got)
		}
	})
	t.Run("its price is the one of the delta", func(t *testing.T) {
		i, _ := over.Lookup("a-new")
		if got := over.Fragment(i); !bytes.Contains(got, []byte(`"amount":77`)) || !bytes.Contains(got, []byte(`Lamp a-new`)) {
			t.Errorf("%s", got)
		}
	})
	t.Run("equal changes leave the model as it is", func(t *testing.T) {
		if over.With(delta) != over {
			t.Error("another model for the same changes")
		}
		if missing := over.Missing(delta); !slices.Equal(missing, []event.ItemID{"late"}) {
			t.Errorf("missing %v, want the one that was not there yet", missing)
		}
	})
	t.Run("a new item that is deleted goes", func(t *testing.T) {
		gone := catalog.Delta{Changes: map[event.ItemID]catalog.Change{"new1": {Gone: true, At: later.Add(time.Minute)}}}
		next := over.With(gone)
		if _, ok := next.Lookup("new1"); ok || next.Len() != m.Len() {
			t.Errorf("%d items", next.Len())
		}
	})
}

func viewer(now time.Time, items ...string) *profile.Profile {
	return &profile.Profile{Recent: viewed(now, items...)}
}

func TestModelsReadNewItemsOnce(t *testing.T) {
	blobs, err := disk.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &shelfOfFiles{t: t, blobs: blobs, now: testNow}
	s.publish(1)
	feed := &feed{delta: catalog.Delta{Changes: map[event.ItemID]catalog.Change{"n": {New: true, Price: 5, At: testNow}}}}
	ms := s.memory()
	ms.deltas = feed
	m, err := ms.Model(t.Context(), "tea")
	if err != nil || m.Len() != 1 {
		t.Fatalf("%v; an item is there before it is stored", err)
	}
	feed.items = []catalog.Item{{ID: "n", Title: "N", UpdatedAt: testNow}}
	for range 2 {
		r := ms.resident("tea")
		r.fetching.Lock()
		err := ms.refresh(t.Context(), "tea", r, false)
		r.fetching.Unlock()
		if err != nil {
			t.Fatal(err)
		}
	}
	if m, err = ms.Model(t.Context(), "tea"); err != nil {
		t.Fatal(err)
	}
	if _, ok := m.Lookup("n"); !ok || feed.reads != 2 {
		t.Errorf("the new item is known: %v, after %d reads; want true, 2", ok, feed.reads)
	}
}

// feed is a catalog's changes; an item may be told of before it is there.
type feed struct {
	delta catalog.Delta
	items []catalog.Item
	reads int
}

func (f *feed) Delta(context.Context, event.ShopID) (catalog.Delta, error) { return f.delta, nil }

func (f *feed) Items(context.Context, event.ShopID, ...event.ItemID) ([]catalog.Item, error) {
	f.reads++
	return f.items, nil
}

// TestNewItemsAreFoundByTheirWords imports an item of a category that the model has never heard of.
func TestNewItemsAreFoundByTheirWords(t *testing.T) {
	c := testContents(t)
	described := make([]content.Item, len(c.Catalog.Items))
	for at := range described {
		described[at] = content.Item{Title: c.Catalog.Items[at].Title, Category: c.Catalog.Items[at].Category}
		if at >= 10 && at < 20 {
			described[at].Title = "Enamel teapot " + c.Catalog.Items[at].ID
		}
	}
	var err error
	if c.Content, err = content.Build(t.Context(), described); err != nil {
		t.Fatal(err)
	}
	file, err := model.Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	later := testNow.Add(time.Hour)
	delta := catalog.Delta{Changes: map[event.ItemID]catalog.Change{"pot": {New: true, Price: 500, At: later}}}
	pot := catalog.Item{ID: "pot", Title: "A teapot of enamel", Category: "Outlet", Price: 500, UpdatedAt: later}
	over := m.With(delta, pot)
	var w Worker
	for current, wanted := range map[event.ItemID][]string{"pot": {"i10", "i11", "i12", "i13", "i14", "i15", "i16", "i17", "i18", "i19"}, "i12": {"pot"}} {
		page := w.Answer(over, &Query{Now: later, Current: current, Slots: []Slot{{Similar, 10}}})
		shown := ids(over, page[0])
		for _, id := range wanted {
			if !slices.Contains(shown, id) {
				t.Errorf("beside %s stand %v, want %s among them", current, shown, id)
			}
		}
	}
	t.Run("one that is told otherwise is placed anew", func(t *testing.T) {
		delta.Changes["pot"] = catalog.Change{New: true, Price: 500, At: later.Add(time.Minute)}
		spade := catalog.Item{ID: "pot", Title: "Item", Category: "Home > C2", Price: 500, UpdatedAt: later.Add(time.Minute)}
		next := over.With(delta, spade)
		i, _ := next.Lookup("pot")
		alike, _ := next.Similar(i)
		if len(alike) == 0 || next.CategoryPath(alike[0]) != "Home > C2" {
			t.Errorf("it is like %v", alike)
		}
	})
}
