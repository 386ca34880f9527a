package knn

import (
	"cmp"
	"math"
	"slices"
	"time"

	"shopkeeper/shared/recommend/item"
)

// alwaysShort items never make a session too long: a quantile of a young shop's few sessions says nothing about crawlers.
const alwaysShort = 10

// unknownLimit is the longest session let in when there are none to learn a limit from.
const unknownLimit = 200

// Build makes an index of a catalog of items. Sessions may come in any order; of two of the same time the earlier in the slice counts as the newer.
// Items at or above the catalog's size are ignored. Settings that mean nothing are Invalid.
//
// Two passes over the clicks and one sort of the sessions; beside the index itself it needs 16 bytes per session and 8 per item.
func Build(sessions []Session, items int, s Settings) (*Index, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	return within(sessions, items, s, limitOf(sessions, s.Longest)), nil
}

// Rebuild makes the index of sessions that were chosen elsewhere: every one that is among the newest of one of its items, newest first; limit is Limit, until the end of the newest session of
// all. It is the index that Build makes of all sessions.
func Rebuild(sessions []Session, items int, s Settings, limit uint32, until int64) (*Index, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	x := &Index{Settings: s, Limit: limit, Until: until}
	times := x.store(sessions, newestFirst(sessions), items)
	x.post(items)
	x.weigh(times)
	return x, nil
}

// Length is how many sessions have so many clicks.
type Length struct{ Clicks, Sessions int64 }

// LimitOf is the longest session let in, of sessions counted by length, ascending; quantile is Settings.Longest.
func LimitOf(lengths []Length, quantile float64) uint32 {
	var all, below int64
	for _, l := range lengths {
		all += l.Sessions
	}
	at := int64(quantile * float64(all-1))
	for _, l := range lengths {
		if below += l.Sessions; at < below {
			return max(alwaysShort, uint32(min(l.Clicks, math.MaxUint32)))
		}
	}
	return unknownLimit
}

// Empty is the index of no sessions, with DefaultSettings.
func Empty(items int) *Index { return within(nil, items, DefaultSettings, unknownLimit) }

func within(sessions []Session, items int, s Settings, limit uint32) *Index {
	x := &Index{Settings: s, Limit: limit}
	times := x.store(sessions, newestFirst(sessions), items)
	x.post(items)
	x.weigh(times)
	return x
}

// limitOf is the longest session let in: repeats counted, as the published quantile does.
func limitOf(sessions []Session, quantile float64) uint32 {
	if len(sessions) == 0 {
		return unknownLimit
	}
	lengths := make([]uint32, len(sessions))
	for i, s := range sessions {
		lengths[i] = uint32(min(len(s.Items), math.MaxUint32))
	}
	slices.Sort(lengths)
	return max(alwaysShort, lengths[int(quantile*float64(len(lengths)-1))])
}

// dated is a session's place in the slice that Build was given, and its time.
type dated struct {
	time int64
	at   uint32
}

func newestFirst(sessions []Session) []dated {
	order := make([]dated, len(sessions))
	for at, s := range sessions {
		order[at] = dated{s.Time, uint32(at)}
	}
	slices.SortFunc(order, func(a, b dated) int { return cmp.Or(cmp.Compare(b.time, a.time), cmp.Compare(a.at, b.at)) })
	return order
}

// store lays out the sessions that can become neighbours, newest first, counts each item's postings into ItemOffsets[item+1], and returns the sessions'
// times. Too long sessions are left out, and those that no posting list has room for: m newer ones have each of their items.
func (x *Index) store(sessions []Session, order []dated, items int) (times []int64) {
	clicks := 0
	for _, s := range sessions {
		clicks += len(s.Items)
	}
	flat := make([]item.Ordinal, 0, clicks)
	x.SessionOffsets = append(make([]uint32, 0, len(order)+1), 0)
	seen := make([]uint32, items) // the place in order, plus one, of the last session with the item
	x.ItemOffsets = make([]uint32, items+1)
	counts := x.ItemOffsets[1:]
	most := uint32(x.Settings.Newest)
	times = make([]int64, 0, len(order))
	for place, o := range order {
		from := len(flat)
		for _, i := range sessions[o.at].Items {
			if int(i) < items && seen[i] != uint32(place)+1 {
				seen[i] = uint32(place) + 1
				flat = append(flat, i)
			}
		}
		if from == 0 && len(flat) > 0 && len(times) == 0 {
			x.Until = max(x.Until, o.time)
		}
		if uint64(len(flat)-from) > uint64(x.Limit) || !count(counts, flat[from:], most) {
			flat = flat[:from]
			continue
		}
		x.SessionOffsets = append(x.SessionOffsets, uint32(len(flat)))
		times = append(times, o.time)
	}
	x.SessionItems, x.SessionOffsets = tight(flat), tight(x.SessionOffsets)
	return times
}

// count adds a session to the lists that have room, and says whether there was one.
func count(counts []uint32, items []item.Ordinal, most uint32) bool {
	found := false
	for _, i := range items {
		if counts[i] < most {
			counts[i]++
			found = true
		}
	}
	return found
}

// tight gives back memory that was reserved for nothing.
func tight[T any](values []T) []T {
	if cap(values) > len(values)+len(values)/8 {
		return append(make([]T, 0, len(values)), values...)
	}
	return values
}

// post turns the counts of ItemOffsets into offsets and fills the posting lists, newest session first, until each is full.
func (x *Index) post(items int) {
	total := uint32(0)
	next := make([]uint32, items)
	for i := range items {
		next[i] = total
		total += x.ItemOffsets[i+1]
		x.ItemOffsets[i+1] = total
	}
	x.Postings = make([]uint32, total)
	for s := range x.Sessions() {
		for _, i := range x.session(uint32(s)) {
			if at := next[i]; at < x.ItemOffsets[i+1] {
				x.Postings[at] = uint32(s)
				next[i]++
			}
		}
	}
}

func (x *Index) weigh(times []int64) {
	x.Rarity = make([]float32, x.Items())
	for i := range x.Rarity {
		x.Rarity[i] = x.Settings.rarity(float64(len(x.Postings)), float64(x.ItemOffsets[i+1]-x.ItemOffsets[i]))
	}
	if x.Settings.HalfLife <= 0 {
		return
	}
	x.Freshness = make([]float32, len(times))
	for s, t := range times {
		x.Freshness[s] = fade(x.Until, t, x.Settings.HalfLife)
	}
}

// rarity is idf times its weight of an item that n of all postings name; 1 when rarity does not matter, or the item is in no session.
func (s Settings) rarity(all, n float64) float32 {
	if n == 0 || s.IDF == 0 {
		return 1
	}
	return float32(s.IDF * math.Log(all/n))
}

// oldest is the age, in half-lives, after which sessions fade no further: a click from the future must not silence all others.
const oldest = 60

// fade is the weight left of something that happened at a moment.
func fade(now, then int64, halfLife time.Duration) float32 {
	return float32(math.Exp2(-min(oldest, max(0, float64(now)-float64(then))/halfLife.Seconds())))
}
