package recommend

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
)

// unmapped is a store that cannot show a file as memory, as a cloud's cannot.
type unmapped struct{ blob.Store }

// shops publishes a model for each of some shops, one day apart, and says how much memory one takes.
func (s *shelfOfFiles) shops(names ...event.ShopID) (versions map[event.ShopID]uint64, weight int64) {
	s.t.Helper()
	versions = map[event.ShopID]uint64{}
	for age, name := range names {
		text, v := file(s.t, testNow.AddDate(0, 0, -1-age))
		if _, err := Publish(s.t.Context(), s.blobs, name, v, text, s.now); err != nil {
			s.t.Fatal(err)
		}
		m, err := Open(text)
		if err != nil {
			s.t.Fatal(err)
		}
		versions[name], weight = v, m.weight()
	}
	return versions, weight
}

// held are the shops that are in memory.
func (ms *Models) held() (shops []event.ShopID) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	for _, name := range []event.ShopID{"books", "lamps", "tea"} {
		if r := ms.shops[name]; r != nil && r.model.Load() != nil {
			shops = append(shops, name)
		}
	}
	return shops
}

func TestModelsAreBounded(t *testing.T) {
	s := newShelfOfFiles(t)
	versions, weight := s.shops("books", "lamps", "tea")
	for name, blobs := range map[string]blob.Store{"mapped": s.blobs, "read whole": unmapped{s.blobs}} {
		t.Run(name, func(t *testing.T) {
			ms := s.memory()
			ms.blobs, ms.memory = blobs, 2*weight
			ask := func(shop event.ShopID) *Model {
				t.Helper()
				s.now = s.now.Add(2 * time.Second)
				m, err := ms.Model(t.Context(), shop)
				if err != nil || m.Version() != versions[shop] {
					t.Fatalf("%s: %v", shop, err)
				}
				return m
			}
			books := ask("books")
			ask("lamps")
			ask("books")
			settled(ms)
			ask("tea")
			if got := fmt.Sprint(ms.held()); got != "[books tea]" {
				t.Errorf("in memory: %s, want what was asked for last", got)
			}
			ask("lamps")
			ask("tea")
			settled(ms)
			if books.Title(0) != "A" || books.Version() != versions["books"] {
				t.Error("who had the model lost it")
			}
			if n := len(ms.held()); n > 2 {
				t.Errorf("%d models in memory, want 2", n)
			}
			ms.memory = 1
			if ask("books"); fmt.Sprint(ms.held()) != "[books]" {
				t.Errorf("in memory: %v, want the one that is larger than the bound, alone", ms.held())
			}
		})
	}
}

// settled waits for refreshes that run beside the answers.
func settled(ms *Models) {
	ms.mu.Lock()
	all := make([]*resident, 0, len(ms.shops))
	for _, r := range ms.shops {
		all = append(all, r)
	}
	ms.mu.Unlock()
	for _, r := range all {
		r.fetching.Lock()
		r.fetching.Unlock() //nolint:staticcheck // whoever held it is done
	}
}

// Many ask for more shops than fit, while new models are published: every answer is made from a whole model of the right shop.
func TestModelsUnderPressure(t *testing.T) {
	s := newShelfOfFiles(t)
	versions, weight := s.shops("books", "lamps", "tea")
	ms := s.memory()
	ms.memory, ms.every, ms.now = weight, time.Nanosecond, time.Now
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for i := range 100 {
				shop := []event.ShopID{"books", "lamps", "tea"}[(n+i)%3]
				m, err := ms.Model(t.Context(), shop)
				if err != nil || m.Version() != versions[shop] || m.Title(0) != "A" {
					t.Errorf("%s: %v", shop, err)
					return
				}
			}
		})
	}
	all.Wait()
	settled(ms)
}
