package knn

import (
	"math"
	"slices"

	"shopkeeper/shared/recommend/item"
)

// recent is one side of a Live: sessions that are newer than an index, in the index's own form, but changeable. Sessions are numbered downwards from
// capacity, so that as in the index a newer one has a smaller ordinal; one that grows becomes the newest. When no number is left all are numbered anew.
type recent struct {
	index    *Index
	bound    int
	limit    uint32   // sessions of more items are no neighbours
	next     uint32   // ordinals from here on were given out
	last     uint32   // no session has a larger ordinal
	slots    []uint32 // per ordinal: slot+1; 0 for one whose session has moved on
	visits   []visit  // per slot
	free     []uint32
	ordinals map[string]uint32 // by the session's id
	lists    map[item.Ordinal]*list
	rarity   []float32 // per item: as if the number of all postings were the index's
	shift    float32   // what is added to rarity for the postings that came since
	total    int       // postings of both
	newest   int64     // time of the newest session of both
}

// visit is a session that may grow. One that grew too long has no items any more, and gets none.
type visit struct {
	id    string
	time  int64
	items []item.Ordinal
	long  bool
}

// longestVisit bounds the work of one more click, whatever the index's limit is.
const longestVisit = 1000

func newRecent(x *Index, bound int) *recent {
	r := &recent{index: x, bound: bound, limit: min(x.Limit, longestVisit), slots: make([]uint32, 4*bound), ordinals: map[string]uint32{}, lists: map[item.Ordinal]*list{},
		rarity: slices.Clone(x.Rarity), total: len(x.Postings), newest: x.Until}
	r.next, r.last = r.capacity(), r.capacity()
	return r
}

func (r *recent) capacity() uint32 { return uint32(len(r.slots)) }

func (r *recent) at(ordinal uint32) *visit { return &r.visits[r.slots[ordinal]-1] }

func (r *recent) session(ordinal uint32) []item.Ordinal { return r.at(ordinal).items }

// postings are the newest sessions with an item, at most n of them.
func (r *recent) postings(i item.Ordinal, n int) []uint32 {
	if l := r.lists[i]; l != nil {
		found := l.sessions()
		return found[:min(len(found), n)]
	}
	return nil
}

// fading is how much the sessions of the index faded since it was built.
func (r *recent) fading() float32 { return r.weightAt(r.index.Until) }

func (r *recent) freshness(ordinal uint32) float32 { return r.weightAt(r.at(ordinal).time) }

func (r *recent) weightAt(then int64) float32 {
	if half := r.index.Settings.HalfLife; half > 0 {
		return fade(r.newest, then, half)
	}
	return 1
}

// apply makes one change. Items that are not in the catalog are not kept, and neither is a session without any.
func (r *recent) apply(c change) {
	ordinal, known := r.ordinals[c.id]
	if !known && !slices.ContainsFunc(c.items, r.has) {
		return
	}
	if r.next == 0 {
		r.renumber()
		ordinal = r.ordinals[c.id]
	}
	var slot uint32
	if known {
		slot = r.slots[ordinal]
		r.slots[ordinal] = 0
	} else {
		slot = r.admit(c.id)
	}
	r.next--
	r.slots[r.next] = slot
	r.ordinals[c.id] = r.next
	v := r.at(r.next)
	r.newest = max(r.newest, c.time)
	v.time = r.newest
	for _, i := range v.items {
		r.lists[i].move(ordinal, r.next)
	}
	r.grow(v, c.items)
	r.reweigh()
}

func (r *recent) has(i item.Ordinal) bool { return int(i) < r.index.Items() }

// admit gives a new session a slot; with the bound reached it is that of the oldest.
func (r *recent) admit(id string) uint32 {
	if len(r.ordinals) >= r.bound {
		r.dropOldest()
	}
	if n := len(r.free); n > 0 {
		slot := r.free[n-1]
		r.free = r.free[:n-1]
		r.visits[slot-1] = visit{id: id, items: r.visits[slot-1].items[:0]}
		return slot
	}
	r.visits = append(r.visits, visit{id: id})
	return uint32(len(r.visits))
}

func (r *recent) dropOldest() {
	r.last = r.oldest()
	v := r.at(r.last)
	r.withdraw(v, r.last)
	delete(r.ordinals, v.id)
	r.free = append(r.free, r.slots[r.last])
	r.slots[r.last] = 0
}

// oldest is the largest ordinal in use.
func (r *recent) oldest() uint32 {
	at := min(r.last, r.capacity()-1)
	for r.slots[at] == 0 {
		at--
	}
	return at
}

// grow adds items to the newest session, unless that makes it too long for a neighbour.
func (r *recent) grow(v *visit, items []item.Ordinal) {
	for _, i := range items {
		if v.long || !r.has(i) || slices.Contains(v.items, i) {
			continue
		}
		if uint64(len(v.items)) >= uint64(r.limit) {
			r.withdraw(v, r.next)
			v.items, v.long = v.items[:0], true
			return
		}
		v.items = append(v.items, i)
		l := r.lists[i]
		if l == nil {
			l = &list{}
			r.lists[i] = l
		}
		l.prepend(r.next)
		r.recount(i, l)
	}
}

// withdraw takes a session out of all lists.
func (r *recent) withdraw(v *visit, ordinal uint32) {
	for _, i := range v.items {
		l := r.lists[i]
		l.remove(ordinal)
		r.recount(i, l)
		if len(l.sessions()) == 0 {
			delete(r.lists, i)
		}
	}
}

// recount follows the length of an item's list, which with the index's is cut to m.
func (r *recent) recount(i item.Ordinal, l *list) {
	before := int(r.index.ItemOffsets[i+1] - r.index.ItemOffsets[i])
	now := min(r.index.Settings.Newest, before+len(l.sessions()))
	r.total += now - l.counted(before)
	l.extra = now - before
	r.rarity[i] = r.index.Settings.rarity(r.base(), float64(now))
}

// base is the number of postings that rarity is computed with.
func (r *recent) base() float64 { return float64(max(1, len(r.index.Postings))) }

func (r *recent) reweigh() {
	if s := r.index.Settings; s.IDF > 0 && r.total > 0 {
		r.shift = float32(s.IDF * math.Log(float64(r.total)/r.base()))
	}
}

// renumber gives the sessions the largest ordinals, in their order.
func (r *recent) renumber() {
	moved := make([]uint32, len(r.slots))
	to := r.capacity()
	for from := len(r.slots) - 1; from >= 0; from-- {
		if slot := r.slots[from]; slot != 0 {
			to--
			r.slots[from], r.slots[to] = 0, slot
			moved[from] = to
			r.ordinals[r.visits[slot-1].id] = to
		}
	}
	for _, l := range r.lists {
		for at, from := range l.sessions() {
			l.sessions()[at] = moved[from]
		}
	}
	r.next, r.last = to, r.capacity()
}

// all gives the sessions, oldest first.
func (r *recent) all(yield func(string, Session) bool) {
	for at := len(r.slots) - 1; at >= int(r.next); at-- {
		if r.slots[at] == 0 {
			continue
		}
		v := r.at(uint32(at))
		if !yield(v.id, Session{v.time, slices.Clone(v.items)}) {
			return
		}
	}
}
