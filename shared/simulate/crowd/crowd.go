// Package crowd makes up shops of any size, to measure how models grow: millions of clicks on hundreds of thousands of items, each made when it is asked for and nothing of it kept.
//
// It is not the demonstration shop (package simulate), whose customers have reasons. Here only the shape matters:
//
//	items       in categories of three levels; popularity within a category and of categories falls as a power of the rank
//	people      some visits each, mostly in the two kinds of thing they care for
//	visits      lengths are exponential with a few crawlers among them; each stays within a corner of its category, where one item leads to those
//	            near it, and leaves it now and then for what everybody looks at
//
// A rank is drawn as n u^(1/(1-s)) for a uniform u: the density of ranks then falls as rank^-s, so that the best of n has the share n^-(1-s).
//
// Everything is a pure function of the seed and the number of the item, person or visit, so that equal seeds give equal shops in any order of asking.
package crowd

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"time"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
)

// Size is how large a shop is. All numbers are above 0, and there are at least as many items as Categories.
type Size struct {
	Items      int
	Categories int // of the lowest level
	Visits     int
	Clicks     int // about so many, over all visits
}

// Of is a shop with so many clicks: ten a visit, and an item for twenty of them, as in a large shop's season.
func Of(clicks int) Size {
	return Size{Items: max(clicks/20, 50), Categories: max(clicks/4000, 5), Visits: max(clicks/10, 10), Clicks: clicks}
}

const (
	visitsEach = 4 // of a person
	days       = 90
	itemSlope  = 0.6 // s of items within a category
	shopSlope  = 0.4 // s of categories
	corner     = 12  // items near an item
	crawlers   = 500 // one visit of so many is ten times as long
	longest    = 400
)

// Begin is the time of the first visit.
var Begin = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// End is the time at which all visits are over.
func End() time.Time { return Begin.AddDate(0, 0, days+1) }

// Shop is one made-up shop. Safe for concurrent use.
type Shop struct {
	seed uint64
	size Size
}

// New describes a shop.
func New(seed uint64, size Size) *Shop { return &Shop{seed, size} }

// People is how many visitors the shop has.
func (s *Shop) People() int { return (s.size.Visits + visitsEach - 1) / visitsEach }

// Visit is what one person looked at at one time, oldest first, the same item more than once perhaps. Items belongs to the iterator. Time is of the last click.
type Visit struct {
	Person int
	Time   time.Time
	Items  []item.Ordinal
}

// Visits goes through all visits, person by person; a person's visits are in order of time, the shop's are not.
func (s *Shop) Visits() iter.Seq[Visit] {
	return func(yield func(Visit) bool) {
		var v Visit
		for n := range s.size.Visits {
			v = s.visit(n, v.Items[:0])
			if !yield(v) {
				return
			}
		}
	}
}

// VisitsOf are one person's visits.
func (s *Shop) VisitsOf(person int) []Visit {
	var out []Visit
	for n := person * visitsEach; n < min((person+1)*visitsEach, s.size.Visits); n++ {
		out = append(out, s.visit(n, nil))
	}
	return out
}

func (s *Shop) visit(n int, items []item.Ordinal) Visit {
	person := n / visitsEach
	taste := rand.New(rand.NewPCG(s.seed, uint64(person)<<1))
	homes := [2]int{rank(taste, s.size.Categories, shopSlope), rank(taste, s.size.Categories, shopSlope)}
	random := rand.New(rand.NewPCG(s.seed, uint64(n)<<1|1))
	category := homes[random.IntN(2)]
	if random.IntN(5) == 0 {
		category = rank(random, s.size.Categories, shopSlope)
	}
	length := 1 + int(random.ExpFloat64()*(float64(s.size.Clicks)/float64(s.size.Visits)-0.5))
	if random.IntN(crawlers) == 0 {
		length *= 10
	}
	at := s.popular(random, category)
	for range min(length, longest) {
		items = append(items, at)
		at = s.next(random, at, category)
	}
	part := days * 24 * time.Hour / visitsEach
	when := time.Duration(n%visitsEach)*part + time.Duration(random.Int64N(int64(part)))
	return Visit{Person: person, Time: Begin.Add(when.Truncate(time.Second)), Items: items}
}

// next is where a visit goes from an item: mostly near it, then within the category, then anywhere.
func (s *Shop) next(random *rand.Rand, from item.Ordinal, category int) item.Ordinal {
	switch draw := random.IntN(20); {
	case draw < 11:
		first, count := s.members(s.categoryOf(from))
		return item.Ordinal(first + (int(from)-first+random.IntN(2*corner+1)-corner+count)%count)
	case draw < 18:
		return s.popular(random, category)
	default:
		return s.popular(random, rank(random, s.size.Categories, shopSlope))
	}
}

// popular draws one of a category's items.
func (s *Shop) popular(random *rand.Rand, category int) item.Ordinal {
	first, count := s.members(category)
	return item.Ordinal(first + rank(random, count, itemSlope))
}

// members are a category's items: consecutive ordinals, nearly as many in each.
func (s *Shop) members(category int) (first, count int) {
	first = category * s.size.Items / s.size.Categories
	return first, (category+1)*s.size.Items/s.size.Categories - first
}

func (s *Shop) categoryOf(i item.Ordinal) int {
	c := int(i) * s.size.Categories / s.size.Items
	for first, count := s.members(c); int(i) >= first+count; first, count = s.members(c) {
		c++
	}
	return c
}

// rank draws a number below n, 0 the likeliest.
func rank(random *rand.Rand, n int, slope float64) int {
	return min(int(float64(n)*math.Pow(random.Float64(), 1/(1-slope))), n-1)
}

var (
	materials = [...]string{"Oak", "Steel", "Linen", "Copper", "Glass", "Wool", "Bamboo", "Leather", "Cotton", "Stone", "Cork"}
	things    = [...]string{"Lamp", "Chair", "Kettle", "Shelf", "Basket", "Blanket", "Mug", "Clock", "Tray", "Frame", "Vase", "Stool", "Board"}
)

// Items goes through the catalog in the order of ordinals, which is that of the ids. One in fifty is sold out, one in a hundred hidden.
func (s *Shop) Items() iter.Seq[model.Item] {
	return func(yield func(model.Item) bool) {
		for n := range s.size.Items {
			if !yield(s.item(n)) {
				return
			}
		}
	}
}

func (s *Shop) item(n int) model.Item {
	random := rand.New(rand.NewPCG(s.seed+1, uint64(n)))
	c := s.categoryOf(item.Ordinal(n))
	id := fmt.Sprintf("p%08d", n)
	return model.Item{ID: id, Title: fmt.Sprintf("%s %s No. %d", materials[random.IntN(len(materials))], things[random.IntN(len(things))], n),
		URL: "/products/" + id, Image: "/pictures/" + id + ".jpg", Price: int64(math.Exp(3+random.NormFloat64())*100) + 99, Currency: "EUR",
		Category: fmt.Sprintf("Floor %d > Aisle %d > Shelf %d", c%8, c%64, c), Brand: fmt.Sprintf("Brand %d", rank(random, 500, itemSlope)),
		SoldOut: random.IntN(50) == 0, Hidden: random.IntN(100) == 0, Created: Begin.AddDate(0, 0, -random.IntN(700))}
}
