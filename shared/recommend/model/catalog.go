package model

import (
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
)

// Item is what a model knows of a product. Price is in minor units of Currency. Category is a path such as "Home > Kitchen". Text is the description; a file keeps only its words (package
// content), so that Detail has none.
type Item struct {
	ID       string
	Title    string
	URL      string
	Image    string
	Price    int64
	Currency string
	Category string
	Brand    string
	Text     string
	Hidden   bool
	SoldOut  bool
	Created  time.Time
}

// Separator stands between the parts of a category path.
const Separator = " > "

// Catalog is a shop's items in the order of their ordinals, with the categories they are in.
type Catalog struct {
	Items      []Item
	Categories []string   // paths, sorted, ancestors included
	Parents    []Category // None at the top
	CategoryOf []Category // per item
	ordinals   map[string]item.Ordinal
}

// NewCatalog sorts items and numbers them. An item without an id or with one that another has is Invalid.
func NewCatalog(items []Item) (*Catalog, error) {
	c := &Catalog{Items: slices.Clone(items), ordinals: make(map[string]item.Ordinal, len(items))}
	slices.SortStableFunc(c.Items, func(a, b Item) int { return strings.Compare(a.ID, b.ID) })
	paths := map[string]bool{}
	for at := range c.Items {
		one := &c.Items[at]
		if one.ID == "" {
			return nil, fault.InvalidField("id", "an item without an id")
		}
		if at > 0 && c.Items[at-1].ID == one.ID {
			return nil, fault.InvalidField("id", "two items with the id "+one.ID)
		}
		c.ordinals[one.ID] = item.Ordinal(at)
		one.Category = CleanPath(one.Category)
		for path := one.Category; path != ""; path = above(path) {
			paths[path] = true
		}
	}
	c.number(paths)
	return c, nil
}

func (c *Catalog) number(paths map[string]bool) {
	for path := range paths {
		c.Categories = append(c.Categories, path)
	}
	slices.Sort(c.Categories)
	numbers := make(map[string]Category, len(c.Categories))
	for n, path := range c.Categories {
		numbers[path] = Category(n)
	}
	find := func(path string) Category {
		if path == "" {
			return None
		}
		return numbers[path]
	}
	for _, path := range c.Categories {
		c.Parents = append(c.Parents, find(above(path)))
	}
	for _, one := range c.Items {
		c.CategoryOf = append(c.CategoryOf, find(one.Category))
	}
}

// CleanPath drops empty parts and the spaces around parts: "Home>Kitchen" and "Home > Kitchen > " are one category.
func CleanPath(path string) string {
	var parts []string
	for part := range strings.SplitSeq(path, ">") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, Separator)
}

func above(path string) string {
	at := strings.LastIndex(path, Separator)
	return path[:max(at, 0)]
}

// Ordinal finds an item by its id.
func (c *Catalog) Ordinal(id string) (item.Ordinal, bool) {
	i, ok := c.ordinals[id]
	return i, ok
}

// Members lists the items for sale of every category, those of the categories below it included, and under None, the first entry, all.
func (c *Catalog) Members() [][]item.Ordinal {
	members := make([][]item.Ordinal, len(c.Categories)+1)
	for at, one := range c.Items {
		if one.Hidden || one.SoldOut {
			continue
		}
		members[0] = append(members[0], item.Ordinal(at))
		for cat := c.CategoryOf[at]; cat != None; cat = c.Parents[cat] {
			members[cat+1] = append(members[cat+1], item.Ordinal(at))
		}
	}
	return members
}
