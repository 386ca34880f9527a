package profile

import (
	"slices"
	"time"

	"shopkeeper/shared/event"
)

// How an event is folded once. The feed repeats from a checkpoint: what it may bring again are at most the changes of one batch, in the same order. So the
// batch of the event source mapping, and of the local loop, must not be larger than MaxApplied: then every repeated event is among the latest ids.
//
// The floor is for a feed that is read again from far back, as when a mapping is made anew: events received well before the oldest id are taken as folded. "Well"
// is lateness, because changes of a visitor arrive in the order of their commit, which may differ from that of their receipt by as long as a request may take.
const (
	MaxApplied = 100
	lateness   = 15 * time.Minute
)

// hash36 is FNV-1a with a finalizer, cut to what is stored.
func hash36(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	return h >> 28 & hashMask
}

// has says whether the event is among the latest ids, or below the floor.
func (a *Applied) has(e *event.Event) bool { return a.latest(e.ID) || e.ReceivedAt.Before(a.Floor) }

func (a *Applied) latest(id event.ID) bool {
	h := hash36(string(id))
	return slices.ContainsFunc(a.IDs, func(x AppliedID) bool { return x.Hash == h })
}

func (a *Applied) add(e *event.Event) {
	a.Count++
	if len(a.IDs) >= MaxApplied {
		if floor := a.IDs[0].Received.Add(-lateness); floor.After(a.Floor) {
			a.Floor = floor
		}
		a.IDs = slices.Delete(a.IDs, 0, 1)
	}
	a.IDs = append(a.IDs, AppliedID{Hash: hash36(string(e.ID)), Received: e.ReceivedAt.UTC().Truncate(time.Minute)})
}
