package people

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/event"
)

// maxTraitBytes bounds a person's free traits together: far beyond any customer file, far below what a table holds.
const maxTraitBytes = 64 << 10

// apply puts what was told into the person. Per trait the latest word counts, whatever the order of arrival, and of two at one time the greater, so that
// applying the same again or in another order changes nothing. What the shop vouched for gives way to the shop alone.
func (p *Person) apply(told Pending) {
	if p.Created.IsZero() || told.At.Before(p.Created) {
		p.Created = told.At
	}
	if told.At.After(p.Updated) {
		p.Updated = told.At
	}
	if told.UserID != "" {
		if value, err := json.Marshal(told.UserID); err == nil {
			p.set("userId", value, told)
		}
	}
	p.hear(told)
	for _, name := range slices.Sorted(maps.Keys(told.Traits)) {
		if name != "userId" && name != "" {
			p.set(name, told.Traits[name], told)
		}
	}
}

// hear keeps what the device itself called the person.
func (p *Person) hear(told Pending) {
	for _, name := range [...]string{"firstName", "name", "lastName", "country"} {
		value, ok := told.Traits[name]
		w := Word{Text: textOf(value), At: told.At}
		old := p.Told[told.Visitor][name]
		if !ok || w.At.Before(old.At) || w.At.Equal(old.At) && w.Text <= old.Text {
			continue
		}
		if p.Told[told.Visitor] == nil {
			p.Told = put(p.Told, told.Visitor, Names{})
		}
		p.Told[told.Visitor][name] = w
	}
	for len(p.Told) > MaxTold {
		delete(p.Told, slices.MinFunc(slices.Collect(maps.Keys(p.Told)), func(a, b event.VisitorID) int {
			return cmp.Or(p.Told[a].last().Compare(p.Told[b].last()), cmp.Compare(a, b))
		}))
	}
}

func (n Names) last() (at time.Time) {
	for _, w := range n {
		if w.At.After(at) {
			at = w.At
		}
	}
	return at
}

func (p *Person) set(name string, value json.RawMessage, told Pending) {
	before, known := p.TraitAt[name]
	vouched := p.Vouched[name]
	switch {
	case vouched && !told.Trusted:
		return
	case known && vouched == told.Trusted && told.At.Before(before):
		return
	case known && vouched == told.Trusted && told.At.Equal(before) && bytes.Compare(p.normal(name, value), p.value(name)) <= 0:
		return
	case p.field(name) == nil && !p.fits(name, value):
		return
	}
	p.TraitAt = put(p.TraitAt, name, told.At)
	if told.Trusted {
		p.Vouched = put(p.Vouched, name, true)
	}
	p.store(name, value)
	by := told.Visitor
	if by == event.VisitorID(p.ID) {
		by = "" // the offline channel is the shop
	}
	switch name {
	case "name":
		p.NameBy = by
	case "firstName":
		p.FirstBy = by
	}
}

func put[K comparable, V any](m map[K]V, name K, v V) map[K]V {
	if m == nil {
		m = map[K]V{}
	}
	m[name] = v
	return m
}

// field is where a well-known trait lives; nil for any other.
func (p *Person) field(name string) *string {
	switch name {
	case "userId":
		return &p.UserID
	case "email":
		return &p.Email
	case "phone":
		return &p.Phone
	case "name":
		return &p.Name
	case "firstName":
		return &p.FirstName
	case "lastName":
		return &p.LastName
	case "country":
		return &p.Country
	}
	return nil
}

// store sets a value; one that is nothing removes what was there.
func (p *Person) store(name string, value json.RawMessage) {
	value = p.normal(name, value)
	if f := p.field(name); f != nil {
		*f = textOf(value)
		return
	}
	if value == nil {
		delete(p.Traits, name)
		return
	}
	p.Traits = put(p.Traits, name, value)
}

// normal is a value as it will be read again; nil when it is nothing: null, or for a well-known trait no text.
func (p *Person) normal(name string, value json.RawMessage) json.RawMessage {
	if p.field(name) != nil {
		return jsonOf(textOf(value))
	}
	if string(value) == "null" {
		return nil
	}
	return value
}

// value is what is stored under a name; nil when nothing is.
func (p *Person) value(name string) json.RawMessage {
	if f := p.field(name); f != nil {
		return jsonOf(*f)
	}
	return p.Traits[name]
}

func textOf(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) != nil {
		return ""
	}
	return strings.TrimSpace(text)
}

func jsonOf(text string) json.RawMessage {
	value, err := json.Marshal(text)
	if err != nil || text == "" {
		return nil
	}
	return value
}

func (p *Person) fits(name string, value json.RawMessage) bool {
	size := len(name) + len(value)
	for n, v := range p.Traits {
		if n != name {
			size += len(n) + len(v)
		}
	}
	return size <= maxTraitBytes
}

// before orders pending traits by time, then event: the order in which they are applied.
func before(a, b Pending) int {
	if c := a.At.Compare(b.At); c != 0 {
		return c
	}
	return strings.Compare(string(a.Event), string(b.Event))
}

// stands says whether there is a merge that is not undone.
func (m Merge) stands() bool { return m.Visitor != "" && m.Undone.IsZero() }

// after is the merge as it is after one more event; the zero Merge is none yet.
func (m Merge) after(v event.VisitorID, l Link) Merge {
	switch {
	case m.Visitor == "", !m.stands() && l.Identify && l.Received.After(m.Undone):
		return Merge{Visitor: v, Event: l.Event, At: l.Received, Trusted: l.Trusted}
	case m.stands() && l.Trusted:
		m.Trusted = true
	}
	return m
}
