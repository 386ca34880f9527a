package recommend

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/clicks"
	"shopkeeper/shared/event"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/model"
)

// told is a stream of clicks that hands out what was written since.
type told struct {
	segments []clicks.Segment
	err      error
	asked    []time.Time
}

func (c *told) Read(_ context.Context, _ event.ShopID, since time.Time, _ int) ([]clicks.Segment, error) {
	c.asked = append(c.asked, since)
	return c.segments, c.err
}

// letters is a model of ten items, trained on one session, an hour before testNow.
func letters(t *testing.T) *Model {
	t.Helper()
	var items []model.Item
	for n := range 10 {
		items = append(items, model.Item{ID: string(rune('a' + n)), Title: "x"})
	}
	c, err := model.NewCatalog(items)
	if err != nil {
		t.Fatal(err)
	}
	trained := testNow.Add(-time.Hour)
	sessions, err := knn.Build([]knn.Session{{Time: trained.Unix(), Items: []item.Ordinal{0, 1}}}, len(items), knn.DefaultSettings)
	if err != nil {
		t.Fatal(err)
	}
	text, err := model.Encode(model.Contents{Trained: trained, Catalog: c, Sessions: sessions})
	if err != nil {
		t.Fatal(err)
	}
	m, err := Open(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// after is what the model expects after an item.
func (m *Model) after(id string) (ids string) {
	i, _ := m.Lookup(id)
	var s knn.Scratch
	for _, found := range m.Continue(nil, &s, []item.Ordinal{i}, 10) {
		ids += m.ID(found.Item)
	}
	return ids
}

func visit(who string, ago time.Duration, items ...event.ItemID) clicks.Visit {
	return clicks.Visit{Session: who, Items: items, At: testNow.Add(-ago).Unix()}
}

func segment(n int, visits ...clicks.Visit) clicks.Segment {
	return clicks.Segment{Key: fmt.Sprint(n), Visits: visits}
}

func TestHear(t *testing.T) {
	hear := func(t *testing.T, m *Model, c *told) {
		t.Helper()
		if err := m.hear(t.Context(), c, "tea", testNow); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("what nobody did before the training is known at once", func(t *testing.T) {
		m := letters(t)
		c := &told{segments: []clicks.Segment{segment(1, visit("v/1", time.Minute, "c", "d"))}}
		if got := m.after("c"); got != "" {
			t.Fatalf("before: %q", got)
		}
		hear(t, m, c)
		if got := m.after("c"); got != "d" {
			t.Errorf("after c comes %q, want d", got)
		}
		if got := m.after("a"); got != "b" {
			t.Errorf("after a comes %q, want b as it was trained", got)
		}
	})
	t.Run("what is told again counts once", func(t *testing.T) {
		m := letters(t)
		c := &told{segments: []clicks.Segment{segment(1, visit("v/1", time.Minute, "c")), segment(2, visit("v/1", time.Second, "d"))}}
		for range 3 {
			hear(t, m, c)
		}
		c.segments = append(c.segments, segment(3, visit("v/1", time.Minute, "c"))) // delivered again, in a segment of its own
		hear(t, m, c)
		if n := m.live.sessions.Load().Len(); n != 1 || m.after("c") != "d" {
			t.Errorf("%d sessions, after c comes %q", n, m.after("c"))
		}
		if first, second := c.asked[0], c.asked[1]; !first.Equal(m.Trained()) || !second.Equal(testNow.Add(-liveOverlap)) {
			t.Errorf("asked since %v, then %v", first, second)
		}
	})
	t.Run("what the index holds is not laid over it", func(t *testing.T) {
		m := letters(t)
		hear(t, m, &told{segments: []clicks.Segment{segment(1, visit("v/1", 2*time.Hour, "c", "d"))}})
		if m.live.sessions.Load() != nil {
			t.Error("an old visit is live")
		}
	})
	t.Run("unknown items are passed over", func(t *testing.T) {
		m := letters(t)
		hear(t, m, &told{segments: []clicks.Segment{segment(1, visit("v/1", time.Minute, "c", "zebra", "d"), visit("v/2", time.Minute, "zebra"))}})
		if n := m.live.sessions.Load().Len(); n != 1 || m.after("c") != "d" {
			t.Errorf("%d sessions, after c comes %q", n, m.after("c"))
		}
	})
	t.Run("without a session a pause begins a new visit", func(t *testing.T) {
		m := letters(t)
		hear(t, m, &told{segments: []clicks.Segment{segment(1, visit("v", 50*time.Minute, "c"), visit("v", 40*time.Minute, "d"), visit("v", time.Minute, "e"))}})
		if n := m.live.sessions.Load().Len(); n != 2 || m.after("c") != "d" || m.after("e") != "" {
			t.Errorf("%d visits, after c comes %q, after e %q", n, m.after("c"), m.after("e"))
		}
	})
	t.Run("who is forgotten leaves, also when their visits come late", func(t *testing.T) {
		m := letters(t)
		c := &told{segments: []clicks.Segment{segment(1, visit("v/1", time.Minute, "c", "d"), visit("w/1", time.Minute, "e", "f"))}}
		hear(t, m, c)
		c.segments = append(c.segments, clicks.Segment{Key: "2", Gone: []string{"v"}, Until: testNow.Unix()}, segment(3, visit("v/1", time.Second, "c", "g")))
		hear(t, m, c)
		if got := m.after("c") + "," + m.after("e"); got != ",f" {
			t.Errorf("after c and e come %q, want nothing and f", got)
		}
		later := visit("v/2", -time.Minute, "c", "h")
		c.segments = append(c.segments, segment(4, later))
		if hear(t, m, c); m.after("c") != "h" {
			t.Errorf("who comes back is not heard: %q", m.after("c"))
		}
	})
	t.Run("a stream that cannot be read changes nothing and is read again", func(t *testing.T) {
		m := letters(t)
		c := &told{segments: []clicks.Segment{segment(1, visit("v/1", time.Minute, "c", "d"))}, err: errors.New("away")}
		if err := m.hear(t.Context(), c, "tea", testNow); err == nil {
			t.Error("no error")
		}
		c.err = nil
		if hear(t, m, c); m.after("c") != "d" {
			t.Error("not heard afterwards")
		}
	})
	t.Run("changes of the catalog leave it as it is", func(t *testing.T) {
		m := letters(t)
		hear(t, m, &told{segments: []clicks.Segment{segment(1, visit("v/1", time.Minute, "c", "d"))}})
		if next := m.With(catalog.Delta{Changes: map[event.ItemID]catalog.Change{"d": {SoldOut: true, At: testNow}}}); next.after("c") != "d" || next == m {
			t.Errorf("after c comes %q", next.after("c"))
		}
	})
}
