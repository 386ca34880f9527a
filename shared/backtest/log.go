package backtest

import (
	"cmp"
	"math"
	"slices"

	"shopkeeper/shared/recommend/content"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/purchase"
	"shopkeeper/shared/recommend/sparse"
)

// Event is one line of a log: somebody, or a session, met an item. Basket is empty where the log has none. Time is in Unix milliseconds, 0 where the log
// has none. Segment is what the user belongs to, empty where the log does not say.
type Event struct {
	User, Basket, Item string
	Time               int64
	Segment            string
}

// Log is a set of events with their names replaced by numbers, in the byte order of the names. Events of one user at one moment in one basket keep the
// order they were given in: often it is the order in which the basket was filled.
type Log struct {
	Users []string
	Items []string // of the training log; an item of a test log that is not among them has an ordinal past the end
	rows  []row

	groups    []uint32       // see WithGroups
	described []content.Item // see WithItems
	segments  []string       // of the users, as the log said last; nil where it says nothing
}

// unnamed is the basket of an event that names none.
const unnamed = math.MaxUint32

// row is an event; basket is the name's order among all baskets.
type row struct {
	user, basket uint32
	item         item.Ordinal
	time         int64
}

// NewLog numbers events.
func NewLog(events []Event) Log {
	return newLog(events, names(events, func(e Event) string { return e.Item }))
}

// Alongside numbers the events of a test log with the items of this one.
func (l Log) Alongside(test []Event) Log {
	known := make(map[string]bool, len(l.Items))
	for _, id := range l.Items {
		known[id] = true
	}
	items := slices.Clone(l.Items)
	for _, id := range names(test, func(e Event) string { return e.Item }) {
		if !known[id] {
			items = append(items, id)
		}
	}
	return newLog(test, items)
}

func newLog(events []Event, items []string) Log {
	users := names(events, func(e Event) string { return e.User })
	user, basket, ordinal := numbers(users), numbers(names(events, func(e Event) string { return e.Basket })), numbers(items)
	rows := make([]row, len(events))
	for i, e := range events {
		rows[i] = row{user[e.User], unnamed, item.Ordinal(ordinal[e.Item]), e.Time}
		if e.Basket != "" {
			rows[i].basket = basket[e.Basket]
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.user, b.user), cmp.Compare(a.time, b.time), cmp.Compare(a.basket, b.basket))
	})
	log := Log{Users: users, Items: items, rows: rows}
	for _, e := range events {
		if e.Segment == "" {
			continue
		}
		if log.segments == nil {
			log.segments = make([]string, len(users))
		}
		log.segments[user[e.User]] = e.Segment
	}
	return log
}

// names are the distinct values of a field, sorted.
func names(events []Event, of func(Event) string) []string {
	seen := make(map[string]bool)
	for _, e := range events {
		seen[of(e)] = true
	}
	out := make([]string, 0, len(seen))
	for name := range seen {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func numbers(names []string) map[string]uint32 {
	out := make(map[string]uint32, len(names))
	for i, name := range names {
		out[name] = uint32(i)
	}
	return out
}

// history is what one user did, oldest first, one entry per basket and distinct item within it.
type history struct {
	items   []item.Ordinal
	times   []int64
	baskets []uint32
	segment string // of the user
}

// histories are the users' events in order of time and basket. An item counts once in a basket, and once in a moment of a log without baskets.
func (l Log) histories() []history {
	out := make([]history, len(l.Users))
	for u, segment := range l.segments {
		out[u].segment = segment
	}
	var user uint32
	seen := map[item.Ordinal]row{} // when the user last met the item
	for _, r := range l.rows {
		if r.user != user {
			user = r.user
			clear(seen)
		}
		last, met := seen[r.item]
		if seen[r.item] = r; met && last.basket == r.basket && (r.basket != unnamed || last.time == r.time) {
			continue
		}
		h := &out[r.user]
		h.items = append(h.items, r.item)
		h.times = append(h.times, r.time)
		h.baskets = append(h.baskets, r.basket)
	}
	return out
}

// first keeps the first time each item appears.
func (h history) first() history {
	out := history{segment: h.segment}
	seen := make(map[item.Ordinal]bool, len(h.items))
	for at, i := range h.items {
		if !seen[i] {
			seen[i] = true
			out.items, out.times, out.baskets = append(out.items, i), append(out.times, h.times[at]), append(out.baskets, h.baskets[at])
		}
	}
	return out
}

func (h history) session() knn.Session {
	if len(h.items) == 0 {
		return knn.Session{}
	}
	return knn.Session{Time: h.times[len(h.times)-1] / 1000, Items: h.items}
}

// order groups a history into its baskets, oldest first. Where the log names no baskets each moment is one.
func (h history) order() purchase.Customer {
	var out purchase.Customer
	for at, i := range h.items {
		if at == 0 || h.baskets[at] != h.baskets[at-1] || h.baskets[at] == unnamed && h.times[at] != h.times[at-1] {
			out = append(out, purchase.Basket{Time: h.times[at] / 1000})
		}
		last := &out[len(out)-1]
		last.Items = append(last.Items, i)
	}
	return out
}

// matrix makes users x items of sets of items: sorted, without repeats.
func matrix(sets [][]item.Ordinal) sparse.Rows {
	m := sparse.Rows{Offsets: make([]uint32, 1, len(sets)+1)}
	for _, set := range sets {
		row := slices.Clone(set)
		slices.Sort(row)
		m.Append(slices.Compact(row), nil)
	}
	return m
}
