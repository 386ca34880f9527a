package rules

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	"shopkeeper/shared/recommend/filter"
	"shopkeeper/shared/recommend/item"
)

// Items are what rules are compiled against. Ordinals are below Len.
type Items interface {
	Len() int
	Lookup(id string) (item.Ordinal, bool)
	CategoryPath(item.Ordinal) string
	Brand(item.Ordinal) string
	Price(item.Ordinal) int64
	Fact(item.Ordinal) filter.Fact
	Ranked() []item.Ordinal // the most popular first: which of a category is pinned
}

// Places bounds the numbers of placements.
const Places = 16

// Effect is what the rules do to an item, by the number of the placement.
type Effect struct {
	Out    uint16          // bit n: never shown at placement n
	Factor [Places]float32 // scores are multiplied by it; 1 for no rule
	By     [Places]uint16  // which rule, 1 + its place in Compiled.Rules; 0 for none
}

// Pinned is a rule that puts items at a place: the first Count of Items that are allowed.
type Pinned struct {
	Place int // from 0
	Count int
	By    uint16
	Items []item.Ordinal
}

// Compiled are the rules that hold at one time, for one model. It is read-only. A nil Compiled demands nothing.
type Compiled struct {
	Version  int64
	Settings Settings
	Rules    []Rule // that hold now, the one that decides first
	Pins     [Places][]Pinned

	of       []uint32 // per item: its effect
	effects  []Effect // the first does nothing
	promoted []item.Ordinal
}

// Effect is what the rules do to an item; nil for nothing.
func (c *Compiled) Effect(i item.Ordinal) *Effect {
	if e := c.of[i]; e != 0 {
		return &c.effects[e]
	}
	return nil
}

// Promoted are the items that a rule boosts somewhere, the most popular first, at most maxPromoted.
func (c *Compiled) Promoted() []item.Ordinal { return c.promoted }

// Priced says whether any of them goes by price.
func (c *Compiled) Priced() bool {
	return slices.ContainsFunc(c.Rules, func(r Rule) bool { return r.MinPrice > 0 || r.MaxPrice > 0 || r.Filter != "" })
}

// Weighs says whether any item has an effect at all.
func (c *Compiled) Weighs() bool { return len(c.effects) > 1 }

const (
	maxPromoted = 64
	maxPinned   = 50 // candidates of a pin: those behind are for when the first may not be shown
)

// Active says which rules of a document hold at a time: equal texts, equal rules.
func (d Document) Active(at time.Time) string {
	var b []byte
	b = binary.AppendVarint(b, d.Version)
	for i, r := range d.Rules {
		if r.Open(at) {
			b = binary.AppendUvarint(b, uint64(i))
		}
	}
	return string(b)
}

// Compile makes a document's rules that hold at a time ready for a model; placements are the names by number, at most Places. It costs one look at every item for each rule
// that targets more than a list.
func Compile(d Document, at time.Time, items Items, placements []string) *Compiled {
	c := &Compiled{Version: d.Version, Settings: d.Settings, effects: make([]Effect, 1)}
	for _, r := range d.Rules {
		if r.Open(at) {
			c.Rules = append(c.Rules, r)
		}
	}
	slices.SortStableFunc(c.Rules, func(a, b Rule) int { return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.ID, b.ID)) })
	k := compiling{c, items, placements, make([][]uint16, items.Len()), map[string]uint32{}, map[string]*filter.Expression{}}
	for n, r := range c.Rules {
		if e, err := filter.Compile("filter", r.Filter); r.Filter != "" && err == nil { // one that does not compile any more holds for nothing
			k.filters[r.Filter] = e
		}
		if r.Kind == Pin {
			k.pin(uint16(n), r)
			continue
		}
		k.each(r, func(i item.Ordinal) bool {
			k.by[i] = append(k.by[i], uint16(n))
			return true
		})
	}
	c.of = make([]uint32, items.Len())
	for i, by := range k.by {
		if len(by) > 0 {
			c.of[i] = k.effect(by)
		}
	}
	k.promote()
	return c
}

type compiling struct {
	*Compiled
	items      Items
	placements []string
	by         [][]uint16 // per item: the rules that target it
	known      map[string]uint32
	filters    map[string]*filter.Expression
}

// each hands over the items of a rule until the function says enough: a list in its order, anything else the most popular first, then what is newer than the ranking.
func (k *compiling) each(r Rule, do func(item.Ordinal) bool) {
	if len(r.Items) > 0 {
		for _, id := range r.Items {
			if i, ok := k.items.Lookup(string(id)); ok && k.fits(r, i) && !do(i) {
				return
			}
		}
		return
	}
	ranked := k.items.Ranked()
	for _, i := range ranked {
		if k.fits(r, i) && !do(i) {
			return
		}
	}
	for i := len(ranked); i < k.items.Len(); i++ {
		if k.fits(r, item.Ordinal(i)) && !do(item.Ordinal(i)) {
			return
		}
	}
}

func (k *compiling) fits(r Rule, i item.Ordinal) bool {
	if r.Category != "" && !filter.Within(k.items.CategoryPath(i), r.Category) || r.Brand != "" && k.items.Brand(i) != r.Brand {
		return false
	}
	if r.Filter != "" {
		f := k.items.Fact(i)
		if e := k.filters[r.Filter]; e == nil || !e.Match(&f) {
			return false
		}
	}
	price := k.items.Price(i)
	return price >= r.MinPrice && (r.MaxPrice == 0 || price <= r.MaxPrice)
}

func (k *compiling) pin(n uint16, r Rule) {
	p := Pinned{Place: r.Place - 1, Count: r.Count, By: n + 1}
	if p.Count == 0 {
		p.Count = max(len(r.Items), 1)
	}
	k.each(r, func(i item.Ordinal) bool {
		p.Items = append(p.Items, i)
		return len(p.Items) < max(maxPinned, p.Count, len(r.Items))
	})
	for place, name := range k.placements {
		if len(p.Items) > 0 && slices.Contains(r.Placements, name) {
			k.Pins[place] = append(k.Pins[place], p)
		}
	}
}

// effect is the number of what some rules do together; the one that decides is first.
func (k *compiling) effect(by []uint16) uint32 {
	var text []byte
	for _, n := range by {
		text = binary.BigEndian.AppendUint16(text, n)
	}
	if e, ok := k.known[string(text)]; ok {
		return e
	}
	e := Effect{}
	for place, name := range k.placements {
		e.Factor[place] = 1
		for _, n := range by {
			r := k.Rules[n]
			if len(r.Placements) > 0 && !slices.Contains(r.Placements, name) {
				continue
			}
			switch {
			case r.Kind == Exclude:
				e.Out |= 1 << place
			case e.By[place] == 0 && r.Kind == Boost:
				e.Factor[place], e.By[place] = float32(r.Strength), n+1
			case e.By[place] == 0:
				e.Factor[place], e.By[place] = float32(1/r.Strength), n+1
			}
		}
	}
	k.effects = append(k.effects, e)
	k.known[string(text)] = uint32(len(k.effects) - 1)
	return uint32(len(k.effects) - 1)
}

func (k *compiling) promote() {
	boosts := func(i item.Ordinal) bool {
		return slices.ContainsFunc(k.by[i], func(n uint16) bool { return k.Rules[n].Kind == Boost })
	}
	if !slices.ContainsFunc(k.Rules, func(r Rule) bool { return r.Kind == Boost }) {
		return
	}
	for _, i := range k.items.Ranked() {
		if boosts(i) && len(k.promoted) < maxPromoted {
			k.promoted = append(k.promoted, i)
		}
	}
	for i := len(k.items.Ranked()); i < k.items.Len() && len(k.promoted) < maxPromoted; i++ {
		if boosts(item.Ordinal(i)) {
			k.promoted = append(k.promoted, item.Ordinal(i))
		}
	}
}
