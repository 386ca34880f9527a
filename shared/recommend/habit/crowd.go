package habit

import (
	"math"
	"slices"

	"shopkeeper/shared/recommend/purchase"
)

const day = 86400

// prior is how many observations a customer's own rate or interval needs before it counts as much as everybody's.
const prior = 3

// crowd is what all customers together say about things: items, or groups of items.
type crowd struct {
	counts   []float32 // baskets that hold it
	hazard   []float32 // chance that a basket of somebody who bought it before holds it
	interval []float32 // usual days between two purchases by one customer, as a logarithm
	offsets  []uint32  // per thing: where its days begin
	days     []int32   // of every basket that holds it, ascending
}

// newCrowd counts things. of yields the things of a basket, each once.
func newCrowd(customers []purchase.Customer, things int, of func(purchase.Basket) []uint32) *crowd {
	c := &crowd{counts: make([]float32, things), hazard: make([]float32, things), interval: make([]float32, things), offsets: make([]uint32, things+1)}
	var (
		first, last         = make([]int32, things), make([]int64, things)
		again, chances      = make([]float64, things), make([]float64, things)
		logs, gaps          = make([]float64, things), make([]float64, things)
		allAgain, allChance = 1.0, 20.0
		allLogs, allGaps    = math.Log(30), 1.0
		met                 []uint32
	)
	for i := range first {
		first[i] = -1
	}
	for _, customer := range customers {
		met = met[:0]
		for at, b := range customer {
			for _, i := range of(b) {
				c.counts[i]++
				c.offsets[i+1]++
				if first[i] < 0 {
					first[i], met = int32(at), append(met, i)
				} else {
					again[i]++
					logs[i] += logDays(b.Time - last[i])
					gaps[i]++
				}
				last[i] = b.Time
			}
		}
		for _, i := range met {
			chances[i] += float64(len(customer) - 1 - int(first[i]))
			first[i] = -1
		}
	}
	for i := range things {
		allAgain, allChance = allAgain+again[i], allChance+chances[i]
		allLogs, allGaps = allLogs+logs[i], allGaps+gaps[i]
		c.offsets[i+1] += c.offsets[i]
	}
	for i := range things { // a thing that few bought is like all others
		c.hazard[i] = float32((again[i] + prior*allAgain/allChance*10) / (chances[i] + prior*10))
		c.interval[i] = float32((logs[i] + prior*allLogs/allGaps) / (gaps[i] + prior))
	}
	c.dates(customers, of)
	return c
}

func (c *crowd) dates(customers []purchase.Customer, of func(purchase.Basket) []uint32) {
	c.days = make([]int32, c.offsets[len(c.counts)])
	next := slices.Clone(c.offsets)
	for _, customer := range customers {
		for _, b := range customer {
			for _, i := range of(b) {
				c.days[next[i]] = days(b.Time)
				next[i]++
			}
		}
	}
	for i := range c.counts {
		slices.Sort(c.days[c.offsets[i]:c.offsets[i+1]])
	}
}

// within is how many baskets of the days before today held it, today left out.
func (c *crowd) within(i uint32, today, window int32) float32 {
	of := c.days[c.offsets[i]:c.offsets[i+1]]
	from, _ := slices.BinarySearch(of, today-window)
	to, _ := slices.BinarySearch(of, today)
	return float32(to - from)
}

func days(seconds int64) int32 {
	return int32(min(max(seconds/day, math.MinInt32/2), math.MaxInt32/2))
}

// logDays is the logarithm of 1 + days; times that run backwards are none.
func logDays(seconds int64) float64 { return math.Log1p(max(0, float64(seconds)/day)) }
