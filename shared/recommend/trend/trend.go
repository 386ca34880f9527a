// Package trend ranks items without knowing who asks: popular, trending and newest, over the whole shop and within each category. These lists answer a
// stranger, and stand in wherever a better source has nothing.
//
// An event's weight halves with age. Popular looks back far, trending near and against the item's own past:
//
//	heat(i, h)  = sum over events of i of weight * 2^(-age/h)
//	popular(i)  = heat(i, Popular)
//	trending(i) = near(i) * sqrt(near(i) / (usual(i) + Prior)),   near = heat(i, Near), usual(i) = heat(i, Popular) * Near/Popular
//
// A weight counts in whole parts (interaction.Unit), and the age of an event in whole hours before the item's newest one; from there to now it is exact. So the sum is of whole numbers,
// the same in any order and on any engine, and nothing is too old to count beside what is as old.
//
// A steady seller has near = usual: its trend is its own rate, damped when it is small. One that sells four times its usual rate counts double.
// Ties are broken by ordinal. Items that are left out (hidden, not for sale) are the caller's to drop before.
//
// Complexity: one pass over the events, one sort per list.
package trend

import (
	"math"

	"shopkeeper/shared/recommend/interaction"
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

// Fine is how many parts the decay of an hour is counted in.
const Fine = 1 << 24

// most is the weight above which an event counts no more, in parts: sums of a hundred thousand of them still fit.
const most = 1 << 24

// Decays are what is left of a weight after 0, 1, 2 ... hours at a half-life in days, in parts of Fine, until nothing is left or the hours end.
func Decays(halfLife float64, hours int64) []int64 {
	var left []int64
	for h := int64(0); h <= hours; h++ {
		d := int64(math.Round(Fine * math.Exp2(-float64(h)/24/halfLife)))
		if d == 0 {
			break
		}
		left = append(left, d)
	}
	return left
}

// Sums are the whole numbers that an item's heat is made of: the weights of its events, decayed until the newest of them, in parts of interaction.Unit times Fine.
type Sums struct {
	Newest        int64 // Unix seconds, not after now
	Popular, Near int64
}

// Measure sums events as of now (Unix seconds). Later events count as if they were now; weights at or below zero, and unknown items, do not count.
func Measure(events []Event, items int, now int64, s Settings) Heat {
	sums := make([]Sums, items)
	for i := range sums {
		sums[i].Newest = math.MinInt64
	}
	oldest := now
	for _, e := range events {
		if int(e.Item) < items && parts(e.Weight) > 0 {
			sums[e.Item].Newest = max(sums[e.Item].Newest, since(e.Time, now))
			oldest = min(oldest, since(e.Time, now))
		}
	}
	popular, near := Decays(s.Popular, (now-oldest)/3600), Decays(s.Near, (now-oldest)/3600)
	for _, e := range events {
		if int(e.Item) >= items {
			continue
		}
		sum := &sums[e.Item]
		hours, weight := (sum.Newest-since(e.Time, now))/3600, parts(e.Weight)
		if weight > 0 && hours < int64(len(popular)) {
			sum.Popular += weight * popular[hours]
		}
		if weight > 0 && hours < int64(len(near)) {
			sum.Near += weight * near[hours]
		}
	}
	return HeatOf(sums, now, s)
}

// ancient is the age, in seconds, above which nothing is older: some 35,000 years.
const ancient = 1 << 40

// since is when an event counts from.
func since(t, now int64) int64 { return max(min(t, now), now-ancient) }

func parts(weight float32) int64 {
	if !(weight > 0) {
		return 0
	}
	return int64(min(most, math.Round(float64(weight)*interaction.Unit)))
}

// HeatOf is every item's heat from its sums.
func HeatOf(sums []Sums, now int64, s Settings) Heat {
	h := Heat{make([]float32, len(sums)), make([]float32, len(sums))}
	for i, sum := range sums {
		if sum.Popular == 0 && sum.Near == 0 {
			continue
		}
		days := float64(now-sum.Newest) / 86400
		popular := float64(sum.Popular) / (interaction.Unit * Fine) * math.Exp2(-days/s.Popular)
		near := float64(sum.Near) / (interaction.Unit * Fine) * math.Exp2(-days/s.Near)
		h.Popular[i] = float32(popular)
		if near > 0 {
			h.Trending[i] = float32(near * math.Sqrt(near/(popular*s.Near/s.Popular+s.Prior)))
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
