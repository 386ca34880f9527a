package demo

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
)

// refreshAfter is how old the shop's picture of its range may be: an import shows within that time.
const refreshAfter = 20 * time.Second

// goods holds the range in memory, arranged for pages.
type goods struct {
	source Catalog
	now    func() time.Time

	mu     sync.Mutex
	loaded time.Time
	last   *assortment
}

// assortment is one reading of the range. It is never changed.
type assortment struct {
	byID        map[event.ItemID]catalog.Item
	departments []department
	newest      []catalog.Item
}

// department is a top category with its visible items by title, then id.
type department struct {
	Slug, Name string
	Items      []catalog.Item
}

func newGoods(source Catalog, now func() time.Time) *goods { return &goods{source: source, now: now} }

// current reads the range again when it is stale. While the source fails, the last reading is good enough.
func (g *goods) current(ctx context.Context) (*assortment, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.last != nil && g.now().Sub(g.loaded) < refreshAfter {
		return g.last, nil
	}
	items, err := g.source.Items(ctx)
	if err != nil && g.last == nil {
		return nil, err
	}
	g.loaded = g.now()
	if err == nil {
		g.last = arrange(items)
	}
	return g.last, nil
}

func arrange(items []catalog.Item) *assortment {
	a := &assortment{byID: make(map[event.ItemID]catalog.Item, len(items))}
	names := map[string][]catalog.Item{}
	for _, it := range items {
		if it.Hidden {
			continue
		}
		a.byID[it.ID] = it
		a.newest = append(a.newest, it)
		top := topCategory(it.Category)
		names[top] = append(names[top], it)
	}
	for name, list := range names {
		slices.SortFunc(list, byTitle)
		a.departments = append(a.departments, department{Slug: slug(name), Name: name, Items: list})
	}
	slices.SortFunc(a.departments, func(x, y department) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Slug, y.Slug))
	})
	slices.SortFunc(a.newest, byNewest)
	return a
}

func (a *assortment) department(slug string) (department, bool) {
	i := slices.IndexFunc(a.departments, func(d department) bool { return d.Slug == slug })
	if i < 0 {
		return department{}, false
	}
	return a.departments[i], true
}

// search finds items whose title, category or brand has every word, or a word that begins with it; titles that begin with the first word come first.
func (a *assortment) search(query string) []catalog.Item {
	words := strings.Fields(strings.ToLower(query))
	if len(words) == 0 {
		return nil
	}
	var found []catalog.Item
	for _, it := range a.newest {
		if matches(it, words) {
			found = append(found, it)
		}
	}
	first := func(it catalog.Item) int {
		if strings.HasPrefix(strings.ToLower(it.Title), words[0]) {
			return 0
		}
		return 1
	}
	slices.SortFunc(found, func(x, y catalog.Item) int { return cmp.Or(cmp.Compare(first(x), first(y)), byTitle(x, y)) })
	return found
}

func matches(it catalog.Item, words []string) bool {
	text := " " + strings.ToLower(it.Title+" "+it.Category+" "+it.Brand)
	for _, w := range words {
		if !strings.Contains(text, " "+w) {
			return false
		}
	}
	return true
}

// sorts are the orders a visitor may choose, the first is the default.
var sorts = []struct {
	Key, Label string
	compare    func(x, y catalog.Item) int
}{
	{"title", "Name", byTitle},
	{"price", "Price, low to high", func(x, y catalog.Item) int { return cmp.Or(cmp.Compare(x.Price, y.Price), byTitle(x, y)) }},
	{"price-down", "Price, high to low", func(x, y catalog.Item) int { return cmp.Or(cmp.Compare(y.Price, x.Price), byTitle(x, y)) }},
	{"new", "Newest", byNewest},
}

func byTitle(x, y catalog.Item) int {
	return cmp.Or(cmp.Compare(x.Title, y.Title), cmp.Compare(x.ID, y.ID))
}

func byNewest(x, y catalog.Item) int {
	return cmp.Or(y.Created.Compare(x.Created), cmp.Compare(x.ID, y.ID))
}

// topCategory is the first part of a path such as "Kitchen > Baking".
func topCategory(path string) string {
	top, _, _ := strings.Cut(path, ">")
	return cmp.Or(strings.TrimSpace(top), "Everything else")
}

// slug makes a name fit for an address: letters and digits of any script, the rest dashes.
func slug(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r > 127)
	})
	return strings.Join(words, "-")
}
