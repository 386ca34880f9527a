package tracking

import (
	"hash/maphash"
	"sync"
	"time"
)

// Recent remembers the clicks of the last second, to tell a scanner that follows every link at once. It is one process's memory: another Lambda sees other clicks, which makes
// the verdict more lenient, never wrong. It is safe for concurrent use.
type Recent struct {
	seed maphash.Seed

	mu     sync.Mutex
	clicks map[uint64][]click // by mail
	since  time.Time
}

type click struct {
	link uint64
	at   time.Time
}

// maxRecent bounds the mails that are remembered; beyond it the memory begins anew.
const maxRecent = 10_000

// NewRecent is an empty memory.
func NewRecent() *Recent {
	return &Recent{seed: maphash.MakeSeed(), clicks: map[uint64][]click{}}
}

// Others notes a click and says how many other links of the same mail were followed within Together before it.
func (r *Recent) Others(m Mark, link string, at time.Time) int {
	mail := maphash.Comparable(r.seed, struct {
		shop, campaign, person string
		step                   int
	}{string(m.Shop), string(m.Campaign), string(m.Person), m.Step})
	this := maphash.String(r.seed, link)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.clicks) >= maxRecent || at.Sub(r.since) > time.Minute {
		clear(r.clicks)
		r.since = at
	}
	var kept []click
	others := 0
	for _, c := range r.clicks[mail] {
		if at.Sub(c.at) <= Together && c.link != this {
			kept = append(kept, c)
			others++
		}
	}
	r.clicks[mail] = append(kept, click{this, at})
	return others
}
