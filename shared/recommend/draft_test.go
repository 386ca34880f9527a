package recommend

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/experiment/interleave"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/sparse"
)

// rival is another model of the shop as it is now, trained when the catalog did not have all of the goods.
func (u *universe) rival() *Model {
	delta := catalog.Delta{Changes: map[event.ItemID]catalog.Change{}}
	for id, c := range u.delta.Changes {
		delta.Changes[id] = c
	}
	added := slices.Clone(u.added)
	var items []model.Item
	for _, it := range u.trained {
		now, there := u.items[it.ID]
		if u.r.IntN(5) > 0 || !there {
			items = append(items, it)
			continue
		}
		delta.Changes[now.ID] = catalog.Change{Price: now.Price, Hidden: now.Hidden, SoldOut: now.SoldOut, New: true, At: testNow}
		added = append(added, now)
	}
	return u.train(items).With(delta, added...).Under(u.doc, u.now)
}

// TestSharedListsKeepPromises makes pages of random shops whose for-you two models pick for, and holds them to everything that is promised of a page.
func TestSharedListsKeepPromises(t *testing.T) {
	var w, again Worker
	picks := [3]int{}
	for seed := range uint64(worlds / 4) {
		u := newUniverse(t, rand.New(rand.NewPCG(seed, 8)))
		rival := u.rival()
		for range 2 {
			u.look()
			u.q.Against, u.q.Coin = rival, u.r.Uint64()
			page := slices.Clone(w.Answer(u.m, &u.q))
			u.check(seed, page)
			if diff := cmp.Diff(page, again.Answer(u.m, &u.q)); diff != "" {
				t.Fatalf("world %d: equal questions, other answers:\n%s", seed, diff)
			}
			for _, s := range page {
				var teams [3]int
				for _, p := range s.Picks {
					teams[p.Team]++
					picks[p.Team]++
				}
				if d := teams[interleave.A] - teams[interleave.B]; d < -1 || d > 1 || s.Placement != ForYou && d != 0 || len(s.Among) > 0 && s.Placement == ForYou {
					t.Errorf("world %d: %d of A, %d of B on %s, chosen among %d", seed, teams[interleave.A], teams[interleave.B], s.Placement, len(s.Among))
				}
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d places of nobody, %d of A, %d of B", picks[0], picks[1], picks[2])
	if picks[interleave.A] < worlds/20 || picks[interleave.B] < worlds/20 {
		t.Errorf("hardly any place is a team's: %v", picks)
	}
}

// apart is testModel's shop as a model sees it that ties each item to those of its category that are furthest from it.
func apart(t *testing.T) *Model {
	t.Helper()
	c := testContents(t)
	c.Sessions, c.Related = nil, sparse.Rows{}
	for i := range 60 {
		var row []item.Ordinal
		var weights []float32
		for j := i % 4; j < 60; j += 4 {
			if j != i {
				row, weights = append(row, item.Ordinal(j)), append(weights, float32(max(i-j, j-i))/60)
			}
		}
		c.Related.Append(row, weights)
	}
	text, err := model.Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Open(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSharedList(t *testing.T) {
	m, other := testModel(t), apart(t)
	q := Query{Slots: []Slot{{Trending, 4}, {ForYou, 8}, {NewItems, 4}}, Now: testNow, Viewer: Viewer{Profile: viewer(testNow.AddDate(0, 0, -3), "i00", "i01")}}
	var w Worker
	alone := slices.Clone(w.Answer(m, &q))
	before := ids(m, alone[0])
	t.Run("with itself a model shares as if it were alone, and nobody is preferred", func(t *testing.T) {
		q.Against = m
		page := w.Answer(m, &q)
		for _, p := range page[1].Picks {
			if p.Team != interleave.Nobody {
				t.Errorf("%s is %v's", m.ID(p.Item), p.Team)
			}
		}
		q.Against = nil
		if diff := cmp.Diff(ids(m, w.Answer(m, &q)[1])[:7], ids(m, alone[1])[:7]); diff != "" { // the last place may explore
			t.Error(diff)
		}
	})
	t.Run("other shelves are those of the model that is asked", func(t *testing.T) {
		q.Against = other
		page := w.Answer(m, &q)
		if diff := cmp.Diff(before, ids(m, page[0])); diff != "" {
			t.Error(diff)
		}
		if page[0].Policy == Drafted || page[1].Policy != Drafted {
			t.Errorf("policies %v and %v", page[0].Policy, page[1].Policy)
		}
	})
	t.Run("it follows from the coin", func(t *testing.T) {
		lists := map[string]bool{}
		q.Against = other
		for coin := range uint64(40) {
			q.Coin = coin
			first := ids(m, w.Answer(m, &q)[1])
			lists[fmt.Sprint(first)] = true
			if diff := cmp.Diff(first, ids(m, w.Answer(m, &q)[1])); diff != "" {
				t.Error(diff)
			}
		}
		if len(lists) < 2 {
			t.Error("every coin gives the same list")
		}
	})
	t.Run("nothing is allocated", func(t *testing.T) {
		if n := testing.AllocsPerRun(100, func() { w.Answer(m, &q) }); n != 0 {
			t.Errorf("%v allocations an answer", n)
		}
	})
}

// BenchmarkForYou is what a list of both models costs beside that of one.
func BenchmarkForYou(b *testing.B) {
	m := testModel(b)
	for name, against := range map[string]*Model{"one model": nil, "two models": m} {
		b.Run(name, func(b *testing.B) {
			var w Worker
			q := Query{Slots: []Slot{{ForYou, 12}}, Now: testNow, Viewer: Viewer{Profile: viewer(testNow.AddDate(0, 0, -3), "i00", "i01")}, Against: against}
			b.ReportAllocs()
			for b.Loop() {
				w.Answer(m, &q)
			}
		})
	}
}
