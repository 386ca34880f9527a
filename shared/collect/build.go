package collect

import (
	"encoding/json"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/shop"
)

// Longest texts of an event's fields, in bytes.
const (
	maxQuery    = 200
	maxCategory = 200
	maxToken    = 400
	maxSession  = 60
)

// build makes the event of a message; who it belongs to is set later. Nothing personal is in it.
func (m *message) build(s shop.Settings, received time.Time, verdict event.Verdict) (event.Event, error) {
	received = received.UTC().Truncate(time.Millisecond)
	e := event.Event{
		Shop: s.ID, ID: m.id(), Type: m.kind, At: m.happened(received), ReceivedAt: received, Verdict: verdict,
		Session: clean(string(m.context.SessionID), maxSession),
	}
	if m.kind == event.Identify || m.kind == event.Group || m.kind == event.Alias {
		return e, nil
	}
	props, err := event.ParseProperties(m.Properties)
	if err != nil {
		return e, err
	}
	m.name(&e)
	currency := event.Currency(props.Text(3, "currency"))
	if currency == "" {
		currency = s.Currency
	}
	e.Lines = props.Lines(e.Name, currency)
	e.Order = props.Order(e.Name, currency)
	e.Query = clean(props.Text(maxQuery, "query"), maxQuery)
	if e.Category = clean(props.Text(maxCategory, "category"), maxCategory); e.Category == "" {
		e.Category = clean(string(m.Category), maxCategory)
	}
	e.Recommendation = clean(props.Text(maxToken, "recommendationId", "recommendation_id", "impressionId", "impression_id"), maxToken)
	e.Path = event.PagePath(or(props.Text(maxPath, "path"), or(props.Text(maxPath, "url"), or(m.context.Page.Path, m.context.Page.URL))))
	if e.Properties, err = props.Scrub(); err != nil {
		return e, err
	}
	return e, nil
}

// maxPath is how much of a page's address is looked at.
const maxPath = 4000

// name sets the event's name. A page is never taken for an event of the shop, however it is called.
func (m *message) name(e *event.Event) {
	if m.kind == event.Track {
		e.Name, _ = event.Canonical(string(m.Event))
		return
	}
	n, understood := event.Canonical(string(m.Name))
	if !understood && n != "" {
		e.Name = n
	}
}

// clean is text that may be kept: short, and nobody's address.
func clean(text string, limit int) string {
	text = strings.TrimSpace(text)
	if event.LooksLikeEmail(text) {
		return ""
	}
	return event.Cut(text, limit)
}

// maxTraits is the most traits that one message may set.
const maxTraits = 200

// traits are what the message says of the person: the traits of an identify, and context.traits under them. They are for the people table only.
func (m *message) traits() (map[string]json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	sources := []json.RawMessage{m.context.Traits}
	if m.kind == event.Identify {
		sources = append(sources, m.Traits)
	}
	for _, raw := range sources {
		var traits map[string]json.RawMessage
		if len(raw) == 0 || json.Unmarshal(raw, &traits) != nil {
			continue
		}
		for name, value := range traits {
			if storable, ok := event.Storable(value); ok && name != "" && len(name) <= maxTraitName {
				all[name] = storable
			}
		}
	}
	if len(all) > maxTraits {
		return nil, fault.InvalidField("traits", "has more than 200 members")
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all, nil
}

const maxTraitName = 200
