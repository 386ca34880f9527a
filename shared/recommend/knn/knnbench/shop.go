// Package knnbench makes up shops of any size to measure session neighbours with. Nothing in it is used to answer a visitor.
//
// Popularity follows a power law with exponent 1: the item of rank r is picked with probability proportional to 1/r. A session has a topic, topics are as
// unequal as items, and most of its clicks stay within the topic, so that sessions do have neighbours. Lengths are geometric. Equal shapes and seeds
// give equal sessions.
package knnbench

import (
	"math"
	"math/rand/v2"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
)

// Shop is the shape of a made-up shop.
type Shop struct {
	Items    int
	Sessions int
	Clicks   int // of all sessions together, about
	Topics   int
}

// Large is the size at which memory, building and answers are promised.
var Large = Shop{Items: 500_000, Sessions: 1_000_000, Clicks: 10_000_000, Topics: 5_000}

// Dense has few items and many sessions, so that every posting list is full and neighbours are many.
var Dense = Shop{Items: 4_000, Sessions: 300_000, Clicks: 3_000_000, Topics: 40}

// faithful is the share of clicks that stay within the session's topic.
const faithful = 0.85

// second is the time between the ends of two sessions.
const second = 7

// Make makes the sessions, oldest first.
func (s Shop) Make(seed uint64) []knn.Session {
	random := rand.New(rand.NewPCG(seed, 0x5e55))
	ordinals := make([]item.Ordinal, s.Items) // by topic, then by rank within it: popularity says nothing about the ordinal
	for at, i := range random.Perm(s.Items) {
		ordinals[at] = item.Ordinal(i)
	}
	size := max(1, s.Items/s.Topics)
	quit := float64(s.Sessions) / float64(max(s.Clicks, s.Sessions+1))
	all := make([]item.Ordinal, 0, s.Clicks+s.Clicks/8)
	sessions := make([]knn.Session, s.Sessions)
	for at := range sessions {
		topic := rank(random, s.Topics) * size
		from := len(all)
		for n := length(random, quit); n > 0; n-- {
			i := rank(random, s.Items)
			if random.Float64() < faithful {
				i = topic + rank(random, size)
			}
			all = append(all, ordinals[i%s.Items])
		}
		sessions[at] = knn.Session{Time: int64(at) * second, Items: all[from:len(all):len(all)]}
	}
	return sessions
}

// rank is below n, and r with probability proportional to about 1/(r+1).
func rank(random *rand.Rand, n int) int {
	return min(n-1, int(math.Exp(random.Float64()*math.Log(float64(n+1))))-1)
}

// length is at least one click; after each the visitor leaves with probability quit.
func length(random *rand.Rand, quit float64) int {
	return 1 + int(math.Log(1-random.Float64())/math.Log(1-quit))
}
