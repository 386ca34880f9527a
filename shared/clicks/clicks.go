// Package clicks hands what visitors did in the last minutes to the processes that recommend, so that it counts before the next training.
//
// The consumer of the events feed notes what it folded, one item a batch and shop: a segment. A warm process asks a few times a minute, or as soon as it hears of a change, for the segments since
// the last it saw, and lays their visits over the session neighbours of its model; one that starts reads those since the newest session of the model. So nothing is written or read in a request, and a process that is
// killed loses nothing: the feed brings its batch again, and noting it twice is extending a visit by what it has.
//
// A segment says what was looked at together and when, never by whom: a visit is named by keyed hashes of the visitor and of the client's session. Only what may be kept gets here, as the folder hands
// on nothing else. Forgetting a visitor rewrites the segments that have them, and leaves a segment that says so, which makes warm processes drop their visits. Segments end after two days; by then a training knows what was in them.
package clicks

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/table"
)

// Table holds segments: partition the shop, sort key the time of writing in Unix milliseconds and what tells segments of one moment apart.
const Table table.Name = "clicks"

const (
	kept    = 48 * time.Hour // then a segment ends
	longest = 100            // items of one visit in one segment; a basket of more says little of any of them
	crowded = 250            // visits of one segment: at 100 bytes an item far below what an item of the table may have
)

// MaxAge is how long ago something may have happened when it arrives: what is older is for training alone, as imports of history are not live.
const MaxAge = 24 * time.Hour

// Visit is what one visitor did together. Session names it as far as anybody may know; two of one name are one visit.
type Visit struct {
	Session string         `json:"s"`           // keyed hash of the visitor, and after a '/' of the session or order where the shop told one
	Items   []event.ItemID `json:"i"`           // in the order in which they were looked at
	At      int64          `json:"t"`           // of the newest, Unix seconds
	Order   bool           `json:"o,omitempty"` // bought together
}

// Store notes and reads segments. It is safe for concurrent use.
type Store struct {
	now    func() time.Time
	tables table.Store
	hasher *identity.Hasher

	mu      sync.Mutex
	waiting map[event.ShopID][]Visit
}

// NewStore is a Store. hasher may be nil for who only reads.
func NewStore(now func() time.Time, tables table.Store, hasher *identity.Hasher) *Store {
	return &Store{now: now, tables: tables, hasher: hasher, waiting: map[event.ShopID][]Visit{}}
}

// seen are the events that say what somebody is interested in now.
var seen = map[event.Name]bool{event.ProductViewed: true, event.ProductClicked: true, event.RecommendationClick: true, event.AddedToWishlist: true, event.ProductAdded: true, event.OrderCompleted: true}

// Hear takes events of one visitor that may be kept. They wait for the next Flush.
func (s *Store) Hear(events []event.Event) {
	if len(events) == 0 {
		return
	}
	now := s.now()
	var visits []Visit
	for _, e := range sorted(events) {
		if !seen[e.Name] || len(e.Lines) == 0 || now.Sub(e.At) > MaxAge {
			continue
		}
		visits = appendVisit(visits, s.visit(&e, now))
	}
	if len(visits) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting[events[0].Shop] = append(s.waiting[events[0].Shop], visits...)
}

func sorted(events []event.Event) []event.Event {
	return slices.SortedStableFunc(slices.Values(events), func(a, b event.Event) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
	})
}

// visit is one event as a visit. A clock that is ahead must not make it the newest for ever.
func (s *Store) visit(e *event.Event, now time.Time) Visit {
	v := Visit{Session: s.hasher.Hash(e.Shop, kindVisit, string(e.Visitor)), At: min(e.At.Unix(), now.Unix()), Order: e.Name == event.OrderCompleted}
	together := e.Session
	if v.Order && e.Order != nil {
		together = e.Order.ID
	}
	if together != "" {
		v.Session += "/" + s.hasher.Hash(e.Shop, kindVisit, string(e.Visitor)+"\x00"+together)
	}
	for _, l := range e.Lines {
		if l.Item != "" && len(v.Items) < longest {
			v.Items = append(v.Items, l.Item)
		}
	}
	return v
}

// kindVisit keeps these hashes apart from all others of the same names: who has both cannot tell that they are of one visitor.
const kindVisit = "visit"

// appendVisit lets a visit go on that the last one began.
func appendVisit(visits []Visit, v Visit) []Visit {
	if len(v.Items) == 0 {
		return visits
	}
	if n := len(visits); n > 0 && !v.Order && !visits[n-1].Order && visits[n-1].Session == v.Session && len(visits[n-1].Items)+len(v.Items) <= longest {
		last := &visits[n-1]
		last.Items, last.At = append(last.Items, v.Items...), v.At
		return visits
	}
	return append(visits, v)
}

// Flush writes what waits. After an error it waits no more: the feed brings it again.
func (s *Store) Flush(ctx context.Context) error {
	s.mu.Lock()
	waiting := s.waiting
	s.waiting = map[event.ShopID][]Visit{}
	s.mu.Unlock()
	for shop, visits := range waiting {
		for few := range slices.Chunk(visits, crowded) {
			if err := s.write(ctx, shop, body{Visits: few}); err != nil {
				return err
			}
		}
	}
	return nil
}
