package model

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/buyagain"
	"shopkeeper/shared/recommend/content"
	"shopkeeper/shared/recommend/habit"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/rank"
	"shopkeeper/shared/recommend/sparse"
	"shopkeeper/shared/recommend/together"
)

var day = time.Date(2010, 12, 9, 12, 0, 0, 0, time.UTC)

// example is a shop of three items with something in every section.
func example(t testing.TB) Contents {
	t.Helper()
	c, err := NewCatalog([]Item{
		{ID: "tea", Title: "Earl Grey", URL: "/tea", Image: "/tea.svg", Price: 450, Currency: "GBP", Category: "Food > Tea", Brand: "Acme", Created: day},
		{ID: "cup", Title: "Cup ☕", Price: 1200, Currency: "EUR", Category: "Home>Kitchen", SoldOut: true},
		{ID: "mug", Title: "Mug", Price: 900, Currency: "GBP", Category: "Home > Kitchen > Mugs", Brand: "Zen", Created: day.AddDate(0, 0, -1)},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := knn.DefaultSettings
	s.HalfLife, s.Position, s.Near, s.Long = time.Hour, knn.Quadratic, 2, 0.25
	sessions, err := knn.Build([]knn.Session{{Time: 1, Items: []item.Ordinal{0, 1}}, {Time: 2, Items: []item.Ordinal{1, 2}}}, 3, s)
	if err != nil {
		t.Fatal(err)
	}
	var related sparse.Rows
	related.Append([]item.Ordinal{1, 2}, []float32{.5, -.25})
	related.Append(nil, nil)
	related.Append([]item.Ordinal{0}, []float32{.125})
	words, err := content.Build(t.Context(), []content.Item{{Title: "Earl Grey"}, {Title: "Cup"}, {Title: "Cup of tea"}})
	if err != nil {
		t.Fatal(err)
	}
	lists := [][]item.Scored{{{Item: 2, Score: 3}, {Item: 0, Score: 1}}, {{Item: 0, Score: 1}}, nil, {{Item: 2, Score: 3}}, nil, nil}
	return Contents{Trained: day, Catalog: c, Popularity: []float32{1, 2, 3}, Sessions: sessions, Related: related, Similar: related,
		Together: &together.Pairs{Partners: related, Support: []uint32{9, 8, 7}, Confidence: []float32{.9, .8, .7}, Lift: []float32{3, 2, 1}},
		Popular:  lists, Trending: lists, Newest: [][]item.Ordinal{{2, 1}, {1}, nil, nil, {2}, {2}},
		Repeats: &buyagain.Stats{Rate: []float32{.1, .2, .3}, Interval: []float32{1, 2, 3}, Buyers: []uint32{4, 5, 6}},
		Ranker:  &rank.Model{Kind: 1, Mean: []float32{.5, 0}, Weights: []float32{1, -2}, Depth: 1, Feature: []uint32{1}, Cut: []float32{.25}, Value: []float32{0, -1, 1}}, Content: words,
		Blend: Blend{0.5, 0.25, 1, 30},
		Habits: &habit.Rhythm{Hazard: []float32{.1, .2, .3}, Interval: []float32{1, 2, 3}, Ranker: &rank.Model{Kind: 1, Mean: []float32{.5, 0, 1}, Weights: []float32{1, -2, 3}, Depth: 2,
			Feature: []uint32{1, 2, 0}, Cut: []float32{.25, 1, 2}, Value: []float32{0, -1, 1, 2, 3, 4, 5}}}}
}

func encode(t testing.TB, c Contents) []byte {
	t.Helper()
	file, err := Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func open(t testing.TB, file []byte) *Model {
	t.Helper()
	m, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	c := example(t)
	m := open(t, encode(t, c))
	if m.Len() != 3 || !m.Trained().Equal(day) {
		t.Errorf("%d items trained at %v, want 3 at %v", m.Len(), m.Trained(), day)
	}
	for n, want := range c.Catalog.Items {
		i, ok := m.Lookup(want.ID)
		if !ok || int(i) != n {
			t.Errorf("%s is found at %d, %v, want %d", want.ID, i, ok, n)
		}
		if diff := cmp.Diff(want, m.Detail(i)); diff != "" {
			t.Errorf("item %d (-want +got):\n%s", n, diff)
		}
	}
	if diff := cmp.Diff(c.Sessions, m.Sessions()); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(c.Related, m.Weights()); diff != "" {
		t.Errorf("weights (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(c.Together, m.Pairs()); diff != "" {
		t.Errorf("pairs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(c.Repeats, m.Repeats()); diff != "" {
		t.Errorf("repeats (-want +got):\n%s", diff)
	}
	for n, path := range c.Catalog.Categories {
		cat, ok := m.FindCategory(path)
		if !ok || int(cat) != n || m.Path(cat) != path || m.Parent(cat) != c.Catalog.Parents[n] {
			t.Errorf("category %q is %d %q below %d, want %d below %d", path, cat, m.Path(cat), m.Parent(cat), n, c.Catalog.Parents[n])
		}
		if diff := cmp.Diff(c.Popular[n+1], m.Popular(cat), cmpEmpty); diff != "" {
			t.Errorf("popular in %q (-want +got):\n%s", path, diff)
		}
	}
	if diff := cmp.Diff(c.Newest[0], m.Newest(None)); diff != "" {
		t.Errorf("newest (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(c.Trending[0], m.Trending(None)); diff != "" {
		t.Errorf("trending (-want +got):\n%s", diff)
	}
}

var cmpEmpty = cmp.FilterValues(func(a, b []item.Scored) bool { return len(a) == 0 && len(b) == 0 }, cmp.Ignore())

func TestCategories(t *testing.T) {
	c := example(t).Catalog
	want := []string{"Food", "Food > Tea", "Home", "Home > Kitchen", "Home > Kitchen > Mugs"}
	if diff := cmp.Diff(want, c.Categories); diff != "" {
		t.Errorf("categories (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Category{None, 0, None, 2, 3}, c.Parents); diff != "" {
		t.Errorf("parents (-want +got):\n%s", diff)
	}
	members := [][]item.Ordinal{{1, 2}, {2}, {2}, {1}, {1}, {1}} // the cup is sold out
	if diff := cmp.Diff(members, c.Members()); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
}

func TestUnknownNames(t *testing.T) {
	m := open(t, encode(t, example(t)))
	for _, id := range []string{"", "te", "teas", "Tea"} {
		if i, ok := m.Lookup(id); ok {
			t.Errorf("%q is found as item %d", id, i)
		}
	}
	if c, ok := m.FindCategory("Garden"); ok {
		t.Errorf("an unknown category is found as %d", c)
	}
}

func TestEveryItemIsFound(t *testing.T) {
	var items []Item
	for n := range 3000 {
		items = append(items, Item{ID: fmt.Sprintf("sku-%d", n)})
	}
	c, err := NewCatalog(items)
	if err != nil {
		t.Fatal(err)
	}
	m := open(t, encode(t, Contents{Catalog: c}))
	for _, i := range items {
		if at, ok := m.Lookup(i.ID); !ok || m.ID(at) != i.ID {
			t.Errorf("%s is not found", i.ID)
		}
	}
}

func TestEqualContentsGiveEqualFiles(t *testing.T) {
	a, b := encode(t, example(t)), encode(t, example(t))
	if !bytes.Equal(a, b) {
		t.Error("two files of the same contents differ")
	}
	c := example(t)
	c.Catalog.Items[0].Price++
	if open(t, a).Version() == open(t, encode(t, c)).Version() {
		t.Error("two contents have one version")
	}
}

func TestAnEmptyShop(t *testing.T) {
	m := open(t, encode(t, Contents{}))
	if _, ok := m.Lookup("tea"); ok || m.Len() != 0 || len(m.Popular(None)) != 0 {
		t.Error("an empty shop has something")
	}
}

func TestCatalogsThatCannotBe(t *testing.T) {
	for name, items := range map[string][]Item{"no id": {{Title: "x"}}, "one id twice": {{ID: "a"}, {ID: "a"}}} {
		t.Run(name, func(t *testing.T) {
			if _, err := NewCatalog(items); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an invalid fault", err)
			}
		})
	}
}

func TestContentsThatDoNotFit(t *testing.T) {
	tests := map[string]func(*Contents){
		"too few popularities":          func(c *Contents) { c.Popularity = c.Popularity[:1] },
		"weights of an unknown item":    func(c *Contents) { c.Related.Items[0] = 3 },
		"a list that names nobody":      func(c *Contents) { c.Popular[0][0].Item = 3 },
		"too few lists":                 func(c *Contents) { c.Trending = c.Trending[:1] },
		"repeats of another catalog":    func(c *Contents) { c.Repeats.Rate = c.Repeats.Rate[:2] },
		"partners without support":      func(c *Contents) { c.Together.Support = nil },
		"sessions of another catalog":   func(c *Contents) { c.Sessions.Rarity = nil },
		"a category below its children": func(c *Contents) { c.Catalog.Parents[0] = 4 },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			c := example(t)
			spoil(&c)
			if _, err := Encode(c); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an invalid fault", err)
			}
		})
	}
}

func TestAFlippedBitIsFound(t *testing.T) {
	file := encode(t, example(t))
	for at := range file {
		file[at] ^= 1 << (at % 8)
		if _, err := Open(file); !fault.Is(err, fault.Invalid) {
			t.Fatalf("a bit of byte %d is flipped: got %v, want an invalid fault", at, err)
		}
		file[at] ^= 1 << (at % 8)
	}
}

func TestACutFileIsRefused(t *testing.T) {
	file := encode(t, example(t))
	for n := range len(file) {
		if _, err := Open(file[:n]); !fault.Is(err, fault.Invalid) {
			t.Fatalf("%d bytes of %d: got %v, want an invalid fault", n, len(file), err)
		}
	}
}

func TestAFileThatIsNotAlignedIsRead(t *testing.T) {
	file := encode(t, example(t))
	shifted := append(make([]byte, 1, len(file)+1), file...)[1:]
	if m := open(t, shifted); m.Detail(2).Title != "Earl Grey" {
		t.Errorf("the title is %q", m.Detail(2).Title)
	}
}
