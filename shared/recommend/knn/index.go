// Package knn recommends what similar recent sessions went on to look at: VMIS-kNN (Kersbergen, Sprangers, Schelter, "Serenade: low-latency
// session-based recommendation in e-commerce at scale", SIGMOD 2022).
//
// An index holds, for every item, its m newest sessions, newest first. To continue a session we walk its items from the newest, collect the sessions
// that share them (weight: position), keep the k most similar, and let each vote for its items (weight: similarity x closeness of the first match x
// idf of the item). The walk over a posting list stops at the first session older than every candidate, so the work is bounded by m and not by the
// shop's history.
//
// In figures, for an evolving session of L items, D of them distinct, and a neighbour n whose newest shared item is the f-th from the end:
//
//	similarity(n) = sum over shared items of (L - p) / D        p = 0 for the newest
//	score(i)      = idf(i) * sum over neighbours with i of (1 - 0.1 f) * similarity(n)
//	idf(i)        = weight * ln(postings of all items / postings of i)
//
// Sessions are numbered from the newest, so that "newer" is one integer comparison; similarities are whole numbers until the vote, so that the k best are found by counting; idf is multiplied once per
// item and not once per vote. Every ranking has a total order: similarity, then recency; score, then ordinal.
//
// Complexity: O(last x m + k x items of a session) per answer; memory: 4 bytes per posting and 4 per session item.
package knn

import (
	"cmp"
	"math"
	"slices"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/sparse"
)

// Session is one visit, or one order, that is over: its items in the order they were looked at. Repeats are allowed. Time is its newest click in
// Unix seconds.
type Session struct {
	Time  int64
	Items []item.Ordinal
}

// Index is what answers are made from: flat arrays that may be views into a file. Read-only and safe for concurrent use, each goroutine with its own
// Scratch. Session ordinals count from the newest.
type Index struct {
	Settings       Settings
	ItemOffsets    []uint32       // items+1: where an item's postings begin
	Postings       []uint32       // session ordinals, ascending within an item: newest first
	SessionOffsets []uint32       // sessions+1
	SessionItems   []item.Ordinal // the distinct items of a session
	Rarity         []float32      // per item: idf times its weight
	Freshness      []float32      // per session: 2^(-age/half-life); nil when age does not matter
}

// Items is the size of the catalog the index was built for.
func (x *Index) Items() int { return max(len(x.ItemOffsets)-1, 0) }

// Sessions is how many sessions can become neighbours.
func (x *Index) Sessions() int { return max(len(x.SessionOffsets)-1, 0) }

// Build makes an index of a catalog of items. Sessions may come in any order; of two of the same time the earlier in the slice counts as the newer.
// Items at or above the catalog's size are ignored. Settings that mean nothing are Invalid.
func Build(sessions []Session, items int, s Settings) (*Index, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	longest := quantileLength(sessions, s.Longest)
	kept := make([]Session, 0, len(sessions))
	for _, one := range sessions {
		if one.Items = distinct(one.Items, items); len(one.Items) > 0 && len(one.Items) <= longest {
			kept = append(kept, one)
		}
	}
	slices.SortStableFunc(kept, func(a, b Session) int { return cmp.Compare(b.Time, a.Time) })
	kept = reachable(kept, items, s.Newest)

	x := &Index{Settings: s}
	x.store(kept, items)
	x.weigh(kept, items)
	return x, nil
}

// distinct drops repeats and unknown items and keeps the order of first sight.
func distinct(items []item.Ordinal, catalog int) []item.Ordinal {
	out := make([]item.Ordinal, 0, len(items))
	seen := make(map[item.Ordinal]bool, len(items))
	for _, i := range items {
		if int(i) < catalog && !seen[i] {
			seen[i] = true
			out = append(out, i)
		}
	}
	return out
}

func quantileLength(sessions []Session, quantile float64) int {
	if len(sessions) == 0 {
		return 0
	}
	lengths := make([]int, len(sessions))
	for i, s := range sessions {
		lengths[i] = len(s.Items)
	}
	slices.Sort(lengths)
	return lengths[int(quantile*float64(len(lengths)-1))]
}

// reachable drops the sessions that no posting list has room for: m newer ones have each of their items.
func reachable(newestFirst []Session, items, m int) []Session {
	postings := make([]int32, items)
	return slices.DeleteFunc(newestFirst, func(s Session) bool {
		found := false
		for _, i := range s.Items {
			if int(postings[i]) < m {
				postings[i]++
				found = true
			}
		}
		return !found
	})
}

// store lays the sessions out and cuts the posting lists to the newest m. Sessions that were dropped as unreachable had no posting, so the lists are
// the same as before.
func (x *Index) store(newestFirst []Session, items int) {
	var forward sparse.Rows
	forward.Offsets = append(forward.Offsets, 0)
	for _, s := range newestFirst {
		forward.Append(s.Items, nil)
	}
	x.SessionOffsets, x.SessionItems = forward.Offsets, forward.Items

	lists := forward.Transpose(items)
	x.ItemOffsets = make([]uint32, items+1)
	for i := range items {
		sessions, _ := lists.Row(i)
		for _, s := range sessions[:min(len(sessions), x.Settings.Newest)] {
			x.Postings = append(x.Postings, uint32(s))
		}
		x.ItemOffsets[i+1] = uint32(len(x.Postings))
	}
}

func (x *Index) weigh(newestFirst []Session, items int) {
	x.Rarity = make([]float32, items)
	for i := range items {
		x.Rarity[i] = 1
		if n := x.ItemOffsets[i+1] - x.ItemOffsets[i]; n > 0 && x.Settings.IDF > 0 {
			x.Rarity[i] = float32(x.Settings.IDF * math.Log(float64(len(x.Postings))/float64(n)))
		}
	}
	if x.Settings.HalfLife <= 0 || len(newestFirst) == 0 {
		return
	}
	x.Freshness = make([]float32, len(newestFirst))
	for s := range newestFirst {
		age := time.Duration(newestFirst[0].Time-newestFirst[s].Time) * time.Second
		x.Freshness[s] = float32(math.Exp2(-age.Seconds() / x.Settings.HalfLife.Seconds()))
	}
}

// Check refuses an index whose arrays do not fit together or to a catalog of that size (Invalid): after it no answer can leave the arrays.
func (x *Index) Check(items int) error {
	if err := x.Settings.Check(); err != nil {
		return err
	}
	if err := sparse.CheckOffsets("session neighbours: postings", x.ItemOffsets, items, len(x.Postings)); err != nil {
		return err
	}
	if err := sparse.CheckItems("session neighbours: postings", x.Postings, x.Sessions()); err != nil {
		return err
	}
	if err := x.checkOrder(); err != nil {
		return err
	}
	forward := sparse.Rows{Offsets: x.SessionOffsets, Items: x.SessionItems}
	if err := forward.Check("session neighbours: sessions", x.Sessions(), items); err != nil {
		return err
	}
	if len(x.Rarity) != items {
		return fault.Newf(fault.Invalid, "session neighbours: %d rarities for %d items", len(x.Rarity), items)
	}
	if x.Freshness != nil && len(x.Freshness) != x.Sessions() {
		return fault.Newf(fault.Invalid, "session neighbours: %d ages for %d sessions", len(x.Freshness), x.Sessions())
	}
	return nil
}

// checkOrder refuses a posting list that is not strictly ascending: the walk relies on it to end, and counts a session once per item.
func (x *Index) checkOrder() error {
	for i := range x.Items() {
		list := x.Postings[x.ItemOffsets[i]:x.ItemOffsets[i+1]]
		for at := 1; at < len(list); at++ {
			if list[at-1] >= list[at] {
				return fault.Newf(fault.Invalid, "session neighbours: the sessions of item %d are not in order", i)
			}
		}
	}
	return nil
}
