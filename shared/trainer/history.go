package trainer

import (
	"cmp"
	"math"
	"slices"
	"time"

	"shopkeeper/shared/recommend/buyagain"
	"shopkeeper/shared/recommend/interaction"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/sparse"
	"shopkeeper/shared/recommend/trend"
)

// nobody is the person of an anonymous basket.
const nobody = math.MaxUint32

// visitGap ends a visit where the log names no sessions, in seconds.
const visitGap = 30 * 60

// history is an Input with names replaced by numbers, in order of time.
type history struct {
	items   int
	people  int
	events  []record
	orders  []order
	unknown int // events and order lines of items that are not in the catalog
	lines   int
	most    int // items that one person holds
}

// record is an Interaction. session is 0 where the log names none.
type record struct {
	time            int64 // Unix seconds
	person, session uint32
	item            item.Ordinal
	kind            interaction.Kind
}

// order is a Basket: its distinct items in the order of the lines.
type order struct {
	time   int64
	person uint32
	items  []item.Ordinal
}

// numbering gives each name the next number.
type numbering map[string]uint32

func (n numbering) of(name string) uint32 {
	number, known := n[name]
	if !known {
		number = uint32(len(n))
		n[name] = number
	}
	return number
}

func newHistory(in Input, c *model.Catalog) history {
	h := history{items: len(c.Items), most: DefaultLimits.Held}
	people, sessions := numbering{}, numbering{"": 0}
	for _, e := range in.Interactions {
		i, ok := c.Ordinal(e.Item)
		if !ok {
			h.unknown++
			continue
		}
		h.events = append(h.events, record{e.Time.Unix(), people.of(e.Person), sessions.of(e.Session), i, e.Kind})
	}
	for _, b := range in.Baskets {
		o := order{time: b.Time.Unix(), person: nobody}
		if b.Person != "" {
			o.person = people.of(b.Person)
		}
		for _, id := range b.Items {
			i, ok := c.Ordinal(id)
			if !ok {
				h.unknown++
			} else if !slices.Contains(o.items, i) {
				o.items = append(o.items, i)
			}
		}
		h.lines += len(o.items)
		if len(o.items) > 0 {
			h.orders = append(h.orders, o)
		}
	}
	h.people = len(people)
	slices.SortStableFunc(h.events, func(a, b record) int { return cmp.Compare(a.time, b.time) })
	slices.SortStableFunc(h.orders, func(a, b order) int { return cmp.Compare(a.time, b.time) })
	return h
}

// before is the part of the history before a moment.
func (h history) before(moment int64) history {
	events, _ := slices.BinarySearchFunc(h.events, moment, func(r record, t int64) int { return cmp.Compare(r.time, t) })
	orders, _ := slices.BinarySearchFunc(h.orders, moment, func(o order, t int64) int { return cmp.Compare(o.time, t) })
	h.events, h.orders = h.events[:events], h.orders[:orders]
	return h
}

// end is the time of the last event; 0 when there is none.
func (h history) end() int64 {
	var end int64
	if n := len(h.events); n > 0 {
		end = h.events[n-1].time
	}
	if n := len(h.orders); n > 0 {
		end = max(end, h.orders[n-1].time)
	}
	return end
}

// visits are the sessions: the visits of the log, and each order as one.
func (h history) visits() []knn.Session {
	events := slices.DeleteFunc(slices.Clone(h.events), func(r record) bool { return r.kind > interaction.Order })
	slices.SortStableFunc(events, func(a, b record) int {
		return cmp.Or(cmp.Compare(a.session, b.session), cmp.Compare(a.owner(), b.owner()))
	})
	var out []knn.Session
	for at, r := range events {
		if at == 0 || !sameVisit(events[at-1], r) {
			out = append(out, knn.Session{})
		}
		last := &out[len(out)-1]
		last.Time, last.Items = r.time, append(last.Items, r.item)
	}
	for _, o := range h.orders {
		out = append(out, knn.Session{Time: o.time, Items: o.items})
	}
	slices.SortStableFunc(out, func(a, b knn.Session) int { return cmp.Compare(a.Time, b.Time) })
	return out
}

// owner tells visits without a session apart; a named session is one visit whoever is signed in.
func (r record) owner() uint32 {
	if r.session != 0 {
		return 0
	}
	return r.person
}

func sameVisit(a, b record) bool {
	if a.session != b.session || a.owner() != b.owner() {
		return false
	}
	return b.session != 0 || b.time-a.time < visitGap
}

// strengths is people x items: what each event says, in whole parts of an order, summed and held between 0 and 1.
func (h history) strengths(w interaction.Weights) sparse.Rows {
	type entry struct {
		person uint32
		item   item.Ordinal
		units  int64
	}
	entries := make([]entry, 0, len(h.events)+h.lines)
	for _, r := range h.events {
		entries = append(entries, entry{r.person, r.item, w.Units(r.kind)})
	}
	for _, o := range h.orders {
		for _, i := range o.items {
			if o.person != nobody {
				entries = append(entries, entry{o.person, i, interaction.Unit})
			}
		}
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.person, b.person), cmp.Compare(a.item, b.item))
	})
	m := sparse.Rows{Offsets: make([]uint32, 1, h.people+1), Values: []float32{}}
	at := 0
	var held []item.Scored
	for person := range uint32(h.people) {
		held = held[:0]
		for at < len(entries) && entries[at].person == person {
			i, sum := entries[at].item, int64(0)
			for ; at < len(entries) && entries[at].person == person && entries[at].item == i; at++ {
				sum += entries[at].units
			}
			if sum > 0 {
				held = append(held, item.Scored{Item: i, Score: float32(min(sum, interaction.Unit)) / interaction.Unit})
			}
		}
		for _, s := range strongest(held, h.most) {
			m.Items, m.Values = append(m.Items, s.Item), append(m.Values, s.Score)
		}
		m.Offsets = append(m.Offsets, uint32(len(m.Items)))
	}
	return m
}

// strongest are so many strongest of some items, in their order.
func strongest(held []item.Scored, most int) []item.Scored {
	if len(held) > most {
		var top item.Top
		top.Reset(most)
		for _, s := range held {
			top.Offer(s.Item, s.Score)
		}
		held = top.Append(held[:0])
		slices.SortFunc(held, func(a, b item.Scored) int { return cmp.Compare(a.Item, b.Item) })
	}
	return held
}

// baskets is orders x items.
func (h history) baskets() sparse.Rows {
	m := sparse.Rows{Offsets: make([]uint32, 1, len(h.orders)+1)}
	for _, o := range h.orders {
		m.Append(slices.Sorted(slices.Values(o.items)), nil)
	}
	return m
}

// heat weighs every event for the lists of what is popular.
func (h history) heat(w interaction.Weights) []trend.Event {
	out := make([]trend.Event, 0, len(h.events)+h.lines)
	for _, r := range h.events {
		out = append(out, trend.Event{Item: r.item, Time: r.time, Weight: float32(w.Of(r.kind) / w.Order)})
	}
	for _, o := range h.orders {
		for _, i := range o.items {
			out = append(out, trend.Event{Item: i, Time: o.time, Weight: 1})
		}
	}
	return out
}

// purchases are what known people bought.
func (h history) purchases() []buyagain.Purchase {
	var out []buyagain.Purchase
	for _, r := range h.events {
		if r.kind == interaction.Order {
			out = append(out, buyagain.Purchase{Person: r.person, Item: r.item, Day: dayOf(r.time)})
		}
	}
	for _, o := range h.orders {
		for _, i := range o.items {
			if o.person != nobody {
				out = append(out, buyagain.Purchase{Person: o.person, Item: i, Day: dayOf(o.time)})
			}
		}
	}
	return out
}

func dayOf(unix int64) int32 { return int32(unix / int64(24*time.Hour/time.Second)) }

// firstSeen is the time of each item's first event, 0 for an item without one.
func (h history) firstSeen() []int64 {
	first := make([]int64, h.items)
	see := func(i item.Ordinal, t int64) {
		if first[i] == 0 || t < first[i] {
			first[i] = t
		}
	}
	for _, r := range h.events {
		see(r.item, r.time)
	}
	for _, o := range h.orders {
		for _, i := range o.items {
			see(i, o.time)
		}
	}
	return first
}
