// Package trend ranks items without knowing who asks: popular, trending and newest, over the whole shop and within each category. These lists answer a
// stranger, and stand in wherever a better source has nothing.
//
// An event's weight halves with age. Popular looks back far, trending near and against the item's own past:
//
//	heat(i, h)  = sum over events of i of weight * 2^(-age/h)
//	popular(i)  = heat(i, Popular)
//	trending(i) = near(i) * sqrt(near(i) / (usual(i) + Prior)),   near = heat(i, Near), usual(i) = heat(i, Popular) * Near/Popular
//
// A steady seller has near = usual: its trend is its own rate, damped when it is small. One that sells four times its usual rate counts double.
// Ties are broken by ordinal. Items that are left out (hidden, not for sale) are the caller's to drop before.
//
// Complexity: one pass over the events, one sort per list.
package trend

import (
	"math"

	"shopkeeper/shared/recommend/item"
)

// Settings are what a shop may vary.
type Settings struct {
	Popular float64 // half-life of popularity, days
	Near    float64 // half-life of trends, days
	Prior   float64 // weighted events an item needs before its trend is believed
	Top     int     // items kept per list
}

// DefaultSettings look back a season for what is popular and a week for what is moving.
var DefaultSettings = Settings{Popular: 60, Near: 7, Prior: 2, Top: 100}

// Event is something done with an item: its weight says how much it counts. Time is in Unix seconds.
type Event struct {
	Item   item.Ordinal
	Time   int64
	Weight float32
}

// Heat is every item's popular and trending score at a moment.
type Heat struct {
	Popular  []float32
	Trending []float32
}

// Measure sums events as of now (Unix seconds). Later events count as if they were now; weights at or below zero, and unknown items, do not count.
func Measure(events []Event, items int, now int64, s Settings) Heat {
	popular, near := make([]float64, items), make([]float64, items)
	for _, e := range events {
		if int(e.Item) >= items || !(e.Weight > 0) {
			continue
		}
		days := float64(max(0, now-e.Time)) / 86400
		popular[e.Item] += float64(e.Weight) * math.Exp2(-days/s.Popular)
		near[e.Item] += float64(e.Weight) * math.Exp2(-days/s.Near)
	}
	h := Heat{make([]float32, items), make([]float32, items)}
	for i := range items {
		h.Popular[i] = float32(popular[i])
		if near[i] > 0 {
			usual := popular[i] * s.Near / s.Popular
			h.Trending[i] = float32(near[i] * math.Sqrt(near[i]/(usual+s.Prior)))
		}
	}
	return h
}

// Rank lists the best n of some items by score, best first; items without a positive score are left out.
func Rank(among []item.Ordinal, score func(item.Ordinal) float32, n int) []item.Scored {
	var top item.Top
	top.Reset(n)
	for _, i := range among {
		if s := score(i); s > 0 {
			top.Offer(i, s)
		}
	}
	return top.Append(nil)
}
