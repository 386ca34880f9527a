package knn

import (
	"math"

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
	Limit          uint32         // sessions of more distinct items are left out; what Settings.Longest came to when the index was built
	Until          int64          // time of the newest session, Unix seconds; 0 when there is none
	ItemOffsets    []uint32       // items+1: where an item's postings begin
	Postings       []uint32       // session ordinals, ascending within an item: newest first
	SessionOffsets []uint32       // sessions+1
	SessionItems   []item.Ordinal // the distinct items of a session, in the order of first sight
	Rarity         []float32      // per item: idf times its weight
	Freshness      []float32      // per session: 2^(-age/half-life); nil when age does not matter
}

// Items is the size of the catalog the index was built for.
func (x *Index) Items() int { return max(len(x.ItemOffsets)-1, 0) }

// Sessions is how many sessions can become neighbours.
func (x *Index) Sessions() int { return max(len(x.SessionOffsets)-1, 0) }

// Bytes is what the arrays take in memory, and near enough in a file.
func (x *Index) Bytes() int {
	return 4 * (len(x.ItemOffsets) + len(x.Postings) + len(x.SessionOffsets) + len(x.SessionItems) + len(x.Rarity) + len(x.Freshness))
}

// postings are the newest sessions with an item, at most n of them.
func (x *Index) postings(i item.Ordinal, n int) []uint32 {
	from, to := x.ItemOffsets[i], x.ItemOffsets[i+1]
	return x.Postings[from:min(to, from+uint32(n))]
}

func (x *Index) session(s uint32) []item.Ordinal {
	return x.SessionItems[x.SessionOffsets[s]:x.SessionOffsets[s+1]]
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
	if !finite(x.Rarity) || !finite(x.Freshness) {
		return fault.New(fault.Invalid, "session neighbours: a weight is not a finite number")
	}
	return nil
}

// checkOrder refuses a posting list that is not strictly ascending: the merge relies on it to end, and counts a session once per item.
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

func finite(values []float32) bool {
	for _, v := range values {
		if math.Float32bits(v)&0x7f800000 == 0x7f800000 {
			return false
		}
	}
	return true
}
