package people

import (
	"bytes"
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
	for _, name := range slices.Sorted(maps.Keys(told.Traits)) {
		if name != "userId" && name != "" {
			p.set(name, told.Traits[name], told)
		}
	}
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

func put[V any](m map[string]V, name string, v V) map[string]V {
	if m == nil {
		m = map[string]V{}
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

// undone says whether a merge was undone and not renewed.
func (m Merge) undone() bool { return !m.Undone.IsZero() }

// renewedBy says whether an identify received at a time merges again what was undone.
func (m Merge) renewedBy(received time.Time) bool { return received.After(m.Undone) }
