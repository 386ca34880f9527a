// Package buyagain knows which items people come back for, and when the next time is due: coffee yes, kettles no.
//
// Of every item, over the people who bought it:
//
//	rate     = (people who bought it again + 1) / (people who bought it + Prior)     shrunk towards never
//	interval = median days between two purchases of it by one person
//
// For one person who bought the item n times, last d days ago:
//
//	score = rate * (1 + ln n) * due(d / interval)
//	due(x) = x below 1: it is early; 2^(-(x-1)) above: the longer ago, the likelier they get it elsewhere
//
// The person's own interval is used instead of the item's when they bought it at least three times. Purchases of one day are one purchase.
//
// Complexity: a sort of the purchases; an answer is linear in the person's items.
package buyagain

import (
	"cmp"
	"math"
	"slices"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
)

// prior is how many people who never come back an item is believed to have before it is observed.
const prior = 10

// Purchase is one line of an order. Person is any number that tells people apart; Day is days since 1970 UTC.
type Purchase struct {
	Person uint32
	Item   item.Ordinal
	Day    int32
}

// Stats are what is known per item; the arrays may be views into a file. Interval is in days, 0 where nobody came back.
type Stats struct {
	Rate     []float32
	Interval []float32
	Buyers   []uint32
}

// Check refuses arrays that do not fit a catalog of that size (Invalid).
func (s *Stats) Check(items int) error {
	if len(s.Rate) != items || len(s.Interval) != items || len(s.Buyers) != items {
		return fault.Newf(fault.Invalid, "buy again: %d, %d and %d entries for %d items", len(s.Rate), len(s.Interval), len(s.Buyers), items)
	}
	return nil
}

// Measure counts who came back for what. Purchases are reordered; unknown items are ignored.
func Measure(purchases []Purchase, items int) *Stats {
	slices.SortFunc(purchases, func(a, b Purchase) int {
		return cmp.Or(cmp.Compare(a.Item, b.Item), cmp.Compare(a.Person, b.Person), cmp.Compare(a.Day, b.Day))
	})
	purchases = slices.Compact(purchases)
	s := &Stats{make([]float32, items), make([]float32, items), make([]uint32, items)}
	again := make([]uint32, items)
	gaps := make([][]float32, items)
	for at, p := range purchases {
		if int(p.Item) >= items {
			break // sorted: all others are unknown too
		}
		if at == 0 || purchases[at-1].Item != p.Item || purchases[at-1].Person != p.Person {
			s.Buyers[p.Item]++
			continue
		}
		if at < 2 || purchases[at-2].Item != p.Item || purchases[at-2].Person != p.Person {
			again[p.Item]++
		}
		gaps[p.Item] = append(gaps[p.Item], float32(p.Day-purchases[at-1].Day))
	}
	for i := range items {
		c := Counts{Buyers: s.Buyers[i], Again: again[i]}
		if n := len(gaps[i]); n > 0 {
			slices.Sort(gaps[i])
			c.Low, c.High = gaps[i][(n-1)/2], gaps[i][n/2]
		}
		s.set(i, c)
	}
	return s
}

// Counts is what is counted of an item: people who bought it, those who bought it again, and the two middle gaps between two purchases by one person, in days, which are one where
// their number is odd.
type Counts struct {
	Buyers, Again uint32
	Low, High     float32
}

// Of makes Stats of what was counted elsewhere, per item: what Measure makes.
func Of(counts []Counts) *Stats {
	s := &Stats{make([]float32, len(counts)), make([]float32, len(counts)), make([]uint32, len(counts))}
	for i, c := range counts {
		s.set(i, c)
	}
	return s
}

func (s *Stats) set(i int, c Counts) {
	s.Buyers[i] = c.Buyers
	if c.Again > 0 {
		s.Rate[i] = float32(c.Again+1) / float32(c.Buyers+prior)
		s.Interval[i] = (c.Low + c.High) / 2
	}
}

// Habit is what a person did with one item: how often it was bought, and the days (since 1970 UTC) of the first and the last time. First may be 0 when it is
// not known.
type Habit struct {
	Item        item.Ordinal
	Times       int
	First, Last int32
}

// Score is how likely a person wants the item again today (days since 1970 UTC); 0 for an item that nobody bought twice, or that is unknown.
func (s *Stats) Score(h Habit, today int32) float32 {
	if int(h.Item) >= len(s.Rate) || s.Rate[h.Item] <= 0 || h.Times < 1 {
		return 0
	}
	interval := float64(s.Interval[h.Item])
	if h.Times >= 3 && h.First > 0 && h.Last > h.First {
		interval = float64(h.Last-h.First) / float64(h.Times-1)
	}
	ratio := float64(max(0, today-h.Last)) / max(interval, 1)
	due := ratio
	if ratio > 1 {
		due = math.Exp2(1 - ratio)
	}
	return float32(float64(s.Rate[h.Item]) * (1 + math.Log(float64(h.Times))) * due)
}

// Repeated says whether people come back for an item often enough that having bought it is no reason to hide it.
func (s *Stats) Repeated(i item.Ordinal) bool {
	return int(i) < len(s.Rate) && s.Rate[i] >= often
}

// often is the share of its buyers that makes an item one that is bought again and again.
const often = 0.2
