package knn

import (
	"iter"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"shopkeeper/shared/recommend/item"
)

// Live lays the sessions of the last minutes or hours over an index: new ones, and ones that grow by a click. An answer is the one that an index would give that was
// built of the sessions of both with the same settings and the same limit of length, idf, ages and the cut to the newest m included; TestLiveEqualsABuild holds it to that. Recency is
// the order of arrival: every click makes its session the newest of all, and one that arrives late counts as of the newest click before it. Items that the
// index's catalog does not have are ignored. A session that the index already holds counts as a second one, so a full build should leave out sessions
// that still go on, and let them come to the Live over it.
//
// There are two copies of the sessions. Readers take the one that is active, and never wait. A writer changes the other one, then makes it the active one; what
// it changed is done again to the first copy before the next change, when its readers have long left (Ramalhete and Correia, "Left-right: a concurrency control
// technique with wait-free population oblivious reads", 2013). A change is seen by every answer that begins after it.
//
// Any number of readers, each with its own Scratch; writers take turns. A click costs the length of its session; memory, twice: 16 bytes per session of the bound, 4 per
// item of the catalog, and about 150 bytes and 12 per click for a session that is kept.
type Live struct {
	index  *Index
	sides  [2]*recent
	active atomic.Uint32
	inside [2]atomic.Int64 // readers per side

	writing sync.Mutex
	behind  []change // what the side that nobody reads has not seen
}

// change is clicks of one session.
type change struct {
	id    string
	time  int64
	items []item.Ordinal
}

// mostSessions bounds a Live's bound.
const mostSessions = 1 << 24

// NewLive begins with nothing newer than the index. At most bound sessions (from one to 16 million) are kept: then the one that was quiet longest leaves.
func NewLive(x *Index, bound int) *Live {
	bound = max(1, min(bound, mostSessions))
	return &Live{index: x, sides: [2]*recent{newRecent(x, bound), newRecent(x, bound)}}
}

// Index is what the sessions are laid over.
func (l *Live) Index() *Index { return l.index }

// Len is the number of sessions kept.
func (l *Live) Len() int {
	side := l.enter()
	defer l.leave(side)
	return len(l.sides[side].ordinals)
}

// All are the sessions kept, the one that was quiet longest first, with copies of their items: what a Live over the next index begins with, its ordinals translated and
// sessions that are not newer than the next index's Until left out. Ones that grew too long have no items. Writers wait while it runs.
func (l *Live) All() iter.Seq2[string, Session] {
	return func(yield func(string, Session) bool) {
		side := l.enter()
		defer l.leave(side)
		l.sides[side].all(yield)
	}
}

// Continue answers as Index.Continue does.
func (l *Live) Continue(dst []item.Scored, s *Scratch, items []item.Ordinal, n int) []item.Scored {
	side := l.enter()
	defer l.leave(side)
	return s.inOrder(dst, s.answer(l.index, l.sides[side], items, n))
}

// Candidates answers as Index.Candidates does.
func (l *Live) Candidates(dst []item.Scored, s *Scratch, items []item.Ordinal, n int) []item.Scored {
	side := l.enter()
	defer l.leave(side)
	return s.inNoOrder(dst, s.answer(l.index, l.sides[side], items, n))
}

// enter names the side to read and keeps writers off it.
func (l *Live) enter() uint32 {
	for {
		side := l.active.Load()
		l.inside[side].Add(1)
		if l.active.Load() == side {
			return side
		}
		l.inside[side].Add(-1) // a writer changed sides in between
	}
}

func (l *Live) leave(side uint32) { l.inside[side].Add(-1) }

// Extend adds a click to the session of that id, or begins one. time is in Unix seconds. Adding a click twice makes its session the newest twice, and
// nothing else.
func (l *Live) Extend(id string, i item.Ordinal, time int64) {
	l.apply(change{id, time, []item.Ordinal{i}})
}

// Add adds all clicks of a session at once, such as an order; to one of that id those it does not have.
func (l *Live) Add(id string, s Session) {
	l.apply(change{id, s.Time, slices.Clone(s.Items)})
}

// apply brings the side that nobody reads up to date and makes it the one that is read.
func (l *Live) apply(c change) {
	l.writing.Lock()
	defer l.writing.Unlock()
	side := 1 - l.active.Load()
	for l.inside[side].Load() != 0 {
		runtime.Gosched()
	}
	for _, missed := range l.behind {
		l.sides[side].apply(missed)
	}
	l.sides[side].apply(c)
	l.behind = append(l.behind[:0], c)
	l.active.Store(side)
}
