package recommend

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"shopkeeper/shared/clicks"
	"shopkeeper/shared/event"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
)

// Clicks tells what visitors did since a time, see package clicks.
type Clicks interface {
	Read(ctx context.Context, shop event.ShopID, since time.Time, visits int) ([]clicks.Segment, error)
}

const (
	liveSessions = 10_000           // visits that a process keeps beside a model
	liveVisits   = 2 * liveSessions // read when a process starts: a visit may come in parts
	liveOverlap  = 5 * time.Second  // read again each time, because writers' clocks differ and reads may be late
)

// live is what visitors did since the model was trained. All overlays of one file share it. Answers read sessions; everything else belongs to whoever holds resident.fetching.
type live struct {
	sessions atomic.Pointer[knn.Live] // nil while nobody did anything
	read     time.Time                // when it was read last; zero: never
	seen     map[string]bool          // segments of the last read
	gone     map[string]int64         // by visitor: what was forgotten up to when, Unix seconds
	open     map[string]run           // by visitor: the visit that goes on, where the shop does not name visits
}

// run is a visit that goes on until the visitor pauses.
type run struct {
	id   string
	last int64
}

// Continue is what sessions like this one went on to, those of the last minutes included, in no order; see knn.Index.Candidates.
func (m *Model) Continue(dst []item.Scored, s *knn.Scratch, items []item.Ordinal, n int) []item.Scored {
	if l := m.live.sessions.Load(); l != nil {
		return l.Candidates(dst, s, items, n)
	}
	return m.Sessions().Candidates(dst, s, items, n)
}

// hear reads what is new. One caller at a time.
func (m *Model) hear(ctx context.Context, from Clicks, shop event.ShopID, now time.Time) error {
	l := m.live
	since := l.read.Add(-liveOverlap)
	if l.read.IsZero() { // what the index holds is older than its newest session, unless that one is from the future
		since = time.Unix(min(m.Sessions().Until, m.Trained().Unix()), 0)
	}
	segments, err := from.Read(ctx, shop, since, liveVisits)
	if err != nil {
		return err
	}
	seen := make(map[string]bool, len(segments))
	var fresh []clicks.Segment
	for _, s := range segments {
		seen[s.Key] = true
		if !l.seen[s.Key] {
			fresh = append(fresh, s)
		}
	}
	m.forget(fresh)
	for _, s := range fresh {
		for _, v := range s.Visits {
			m.visit(v)
		}
	}
	l.read, l.seen = now, seen
	return nil
}

// forget drops the visits of whoever was forgotten.
func (m *Model) forget(segments []clicks.Segment) {
	l := m.live
	var owners []string
	for _, s := range segments {
		for _, owner := range s.Gone {
			if l.gone == nil {
				l.gone = map[string]int64{}
			}
			l.gone[owner] = max(l.gone[owner], s.Until)
			delete(l.open, owner)
			owners = append(owners, owner)
		}
	}
	old := l.sessions.Load()
	if len(owners) == 0 || old == nil {
		return
	}
	next := knn.NewLive(m.Sessions(), liveSessions)
	for id, s := range old.All() {
		owner, _, _ := strings.Cut(id, "/")
		if !slices.Contains(owners, owner) {
			next.Add(id, s)
		}
	}
	l.sessions.Store(next)
}

// visit adds what one visitor did, unless it was forgotten since or the index has it. Items that the file does not have are passed over.
func (m *Model) visit(v clicks.Visit) {
	l := m.live
	if v.At <= l.gone[v.Owner()] || v.At <= m.Sessions().Until && m.Sessions().Until <= m.Trained().Unix() {
		return
	}
	var known []item.Ordinal
	for _, id := range v.Items {
		if i, ok := m.Model.Lookup(string(id)); ok {
			known = append(known, i)
		}
	}
	if len(known) == 0 {
		return
	}
	sessions := l.sessions.Load()
	if sessions == nil {
		sessions = knn.NewLive(m.Sessions(), liveSessions)
		l.sessions.Store(sessions)
	}
	sessions.Add(l.named(v), knn.Session{Time: v.At, Items: known})
}

// named is the name of the visit: the shop's, or a new one after each pause of the visitor.
func (l *live) named(v clicks.Visit) string {
	if v.Session != v.Owner() {
		return v.Session
	}
	r, known := l.open[v.Session]
	if !known || v.At-r.last >= int64(visitGap/time.Second) {
		r.id = fmt.Sprintf("%s/%d", v.Session, v.At)
	}
	r.last = max(r.last, v.At)
	if l.open == nil || len(l.open) > liveSessions {
		l.open = map[string]run{}
	}
	l.open[v.Session] = r
	return r.id
}
