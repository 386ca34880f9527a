package rules

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/filter"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/sqlite/sqlitetest"
)

var (
	begin  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	places = []string{"", "viewed-before", "for-you", "trending"}
)

func lift(id ID) Rule {
	return Rule{ID: id, Name: "Lift " + string(id), Kind: Boost, Category: "Tea", Strength: 2}
}

func TestValidate(t *testing.T) {
	tests := map[string]struct {
		edit func(*Rule)
		want []string
	}{
		"as it should be":                 {func(*Rule) {}, nil},
		"no target":                       {func(r *Rule) { r.Category = "" }, []string{"items"}},
		"a kind that there is not":        {func(r *Rule) { r.Kind = "hide" }, []string{"kind", "strength"}},
		"no strength":                     {func(r *Rule) { r.Strength = 0 }, []string{"strength"}},
		"a strength that is no number":    {func(r *Rule) { r.Strength = math.NaN() }, []string{"strength"}},
		"a strength without end":          {func(r *Rule) { r.Strength = math.Inf(1) }, []string{"strength"}},
		"a strength that excludes":        {func(r *Rule) { r.Kind = Exclude }, []string{"strength"}},
		"a pin without place":             {func(r *Rule) { r.Kind, r.Strength = Pin, 0 }, []string{"placements", "place"}},
		"a pin":                           {func(r *Rule) { r.Kind, r.Strength, r.Place, r.Placements = Pin, 0, 3, []string{"for-you"} }, nil},
		"a place of what is no pin":       {func(r *Rule) { r.Place, r.Count = 1, 1 }, []string{"place", "count"}},
		"an unknown placement, twice":     {func(r *Rule) { r.Placements = []string{"x", "x"} }, []string{"placements[0]", "placements[1]", "placements[1]"}},
		"an end before the beginning":     {func(r *Rule) { r.Starts, r.Ends = begin, begin }, []string{"ends"}},
		"prices the wrong way round":      {func(r *Rule) { r.MinPrice, r.MaxPrice = 5, 4 }, []string{"maxPrice"}},
		"an item's id of ten kilobytes":   {func(r *Rule) { r.Items = []event.ItemID{event.ItemID(make([]byte, 10<<10))} }, []string{"items[0]"}},
		"an id that is none, and no name": {func(r *Rule) { r.ID, r.Name = "A b", " " }, []string{"id", "name"}},
		"a filter with a mistake":         {func(r *Rule) { r.Filter = "prize > 1" }, []string{"filter"}},
		"a filter alone":                  {func(r *Rule) { r.Category, r.Filter = "", "price > 1" }, nil},
		"an item twice":                   {func(r *Rule) { r.Items = []event.ItemID{"a", "a"} }, []string{"items[1]"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := lift("a")
			tt.edit(&r)
			if diff := cmp.Diff(tt.want, fields(r.Validate(places[1:]))); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
	if diff := cmp.Diff([]string{"diversity", "newShare", "promotedMost"}, fields(Settings{Diversity: math.NaN(), NewShare: 0.6, PromotedShare: 0.3, PromotedMost: 0.2}.Validate())); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if err := Standard.Validate(); err != nil {
		t.Errorf("the standard settings: %v", err)
	}
}

func fields(err error) []string {
	var paths []string
	if f, ok := errors.AsType[*fault.Error](err); ok {
		for _, field := range f.Fields {
			paths = append(paths, field.Path)
		}
	}
	return paths
}

func TestStore(t *testing.T) {
	s := NewStore(func() time.Time { return begin }, sqlitetest.Open(t, nil), places[1:])
	if d, err := s.Read(t.Context(), "tea"); err != nil || d.Version != 0 || d.Settings != Standard || len(d.Rules) != 0 {
		t.Fatalf("an empty shop: %+v, %v", d, err)
	}
	b, err := s.Put(t.Context(), "tea", lift("b"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Put(t.Context(), "tea", lift("a"))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("an id that is taken", func(t *testing.T) {
		if _, err := s.Put(t.Context(), "tea", lift("a")); !fault.Is(err, fault.Conflict) {
			t.Errorf("%v, want Conflict", err)
		}
	})
	t.Run("a change of one does not make another stale", func(t *testing.T) {
		b.Name = "Other"
		next, err := s.Put(t.Context(), "tea", b)
		if err != nil || next.Version <= a.Version || next.Created != begin {
			t.Errorf("%+v, %v", next, err)
		}
		if _, err := s.Put(t.Context(), "tea", b); !fault.Is(err, fault.Conflict) {
			t.Errorf("the version before: %v, want Conflict", err)
		}
		if got, err := s.Get(t.Context(), "tea", "a"); err != nil || got.Version != a.Version {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("settings", func(t *testing.T) {
		d, err := s.Read(t.Context(), "tea")
		if err != nil {
			t.Fatal(err)
		}
		want := Settings{Diversity: 0.5, PromotedMost: 1}
		stored, err := s.PutSettings(t.Context(), "tea", want, d.Version)
		if err != nil || stored.Version != d.Version+1 {
			t.Errorf("version %d after %d, %v", stored.Version, d.Version, err)
		}
		if _, err := s.PutSettings(t.Context(), "tea", want, d.Version); !fault.Is(err, fault.Conflict) {
			t.Errorf("the version before: %v, want Conflict", err)
		}
		if d, err = s.Read(t.Context(), "tea"); err != nil || d.Settings != want || len(d.Rules) != 2 || d.Version != stored.Version {
			t.Errorf("%+v, %v", d, err)
		}
	})
	t.Run("removed", func(t *testing.T) {
		if err := s.Delete(t.Context(), "tea", "a", a.Version+7); !fault.Is(err, fault.Conflict) {
			t.Errorf("another version: %v, want Conflict", err)
		}
		if err := s.Delete(t.Context(), "tea", "a", a.Version); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(t.Context(), "tea", "a"); !fault.Is(err, fault.NotFound) {
			t.Errorf("%v, want NotFound", err)
		}
	})
	t.Run("too many", func(t *testing.T) {
		for n := range MaxRules - 1 {
			if _, err := s.Put(t.Context(), "tea", lift(ID(fmt.Sprintf("r%d", n)))); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Put(t.Context(), "tea", lift("one-more")); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v, want Invalid", err)
		}
	})
}

// shelf is a catalog of items: id i<n>, category of its parity, price n.
type shelf int

func (s shelf) Len() int { return int(s) }

func (s shelf) Lookup(id string) (item.Ordinal, bool) {
	for i := range s {
		if id == fmt.Sprint("i", int(i)) {
			return item.Ordinal(i), true
		}
	}
	return 0, false
}

func (s shelf) CategoryPath(i item.Ordinal) string { return []string{"Tea > Black", "Teapots"}[i%2] }
func (s shelf) Brand(i item.Ordinal) string        { return []string{"A", "B", ""}[i%3] }
func (s shelf) Price(i item.Ordinal) int64         { return int64(i) }

func (s shelf) Fact(i item.Ordinal) filter.Fact {
	return filter.Fact{Category: s.CategoryPath(i), Brand: s.Brand(i), Price: s.Price(i)}
}

// Ranked leaves the last item out: it is newer than the ranking.
func (s shelf) Ranked() []item.Ordinal {
	var all []item.Ordinal
	for i := int(s) - 2; i >= 0; i-- {
		all = append(all, item.Ordinal(i))
	}
	return all
}

func TestCompile(t *testing.T) {
	d := Document{Version: 3, Rules: []Rule{
		lift("a"),
		{ID: "b", Kind: Bury, Brand: "A", Strength: 4, Priority: 1, Placements: []string{"for-you"}},
		{ID: "c", Kind: Exclude, Items: []event.ItemID{"i2", "nobody's"}, Placements: []string{"trending"}},
		{ID: "d", Kind: Pin, Category: "Teapots", MinPrice: 3, Place: 2, Count: 2, Placements: []string{"for-you"}},
		{ID: "over", Kind: Exclude, Category: "Tea", Ends: begin},
		{ID: "soon", Kind: Exclude, Category: "Tea", Starts: begin.Add(time.Hour)},
		{ID: "idle", Kind: Exclude, Category: "Tea", Paused: true},
	}}
	c := Compile(d, begin, shelf(10), places)
	t.Run("a boost of a category goes below it, not beside it", func(t *testing.T) {
		if e := c.Effect(2); e == nil || e.Factor[3] != 2 || c.Rules[e.By[3]-1].ID != "a" {
			t.Errorf("%+v", e)
		}
		if e := c.Effect(1); e != nil {
			t.Errorf("a teapot: %+v", e)
		}
	})
	t.Run("the higher priority decides, where it speaks", func(t *testing.T) {
		e := c.Effect(6)
		if e == nil || e.Factor[2] != 0.25 || e.Factor[3] != 2 || c.Rules[e.By[2]-1].ID != "b" {
			t.Errorf("%+v", e)
		}
	})
	t.Run("an exclusion is of its placement", func(t *testing.T) {
		if e := c.Effect(2); e.Out != 1<<3 {
			t.Errorf("%b", e.Out)
		}
	})
	t.Run("a pin takes the most popular, then what is newer", func(t *testing.T) {
		want := []Pinned{{Place: 1, Count: 2, By: 5, Items: []item.Ordinal{7, 5, 3, 9}}}
		want[0].By = c.Pins[2][0].By
		if diff := cmp.Diff(want, c.Pins[2]); diff != "" || c.Rules[want[0].By-1].ID != "d" || c.Pins[3] != nil {
			t.Errorf("pins (-want +got):\n%s", diff)
		}
	})
	t.Run("a filter targets what it lets through", func(t *testing.T) {
		c := Compile(Document{Rules: []Rule{{ID: "f", Kind: Exclude, Filter: `price > 6 and within("Tea")`}}}, begin, shelf(10), places)
		for i := range item.Ordinal(10) {
			if out := c.Effect(i) != nil; out != (i == 8) {
				t.Errorf("item %d is targeted: %v", i, out)
			}
		}
	})
	t.Run("what is boosted is promoted", func(t *testing.T) {
		if diff := cmp.Diff([]item.Ordinal{8, 6, 4, 2, 0}, c.Promoted()); diff != "" {
			t.Errorf("promoted (-want +got):\n%s", diff)
		}
	})
	t.Run("equal texts, equal rules", func(t *testing.T) {
		if d.Active(begin) == d.Active(begin.Add(time.Hour)) || d.Active(begin) != d.Active(begin.Add(time.Minute)) {
			t.Error("what is active does not follow the dates")
		}
	})
}
