package ingest

import (
	"encoding/json"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/people"
)

// unit is one message that rows of a file come to: an event, or an item. Whose event it is, is known by the shop's ids until the batch is stored.
type unit struct {
	rows   int // how many rows it stands for
	event  *event.Event
	user   string // userId of the person whose offline channel the event belongs to
	device string // anonymousId, when there is no user
	traits map[string]json.RawMessage
	item   *catalog.Item

	permission *people.Permission // a decision that comes with the traits
}

// builder turns rows into units. add returns false for a row that is well-formed but neither item nor order ("other"); it leaves no trace of a row that the reader
// rejected. emit's error ends everything. end emits what is still open.
type builder interface {
	add(r *reader, emit func(unit) error) (kept bool, err error)
	end(emit func(unit) error) error
}

func newBuilder(job *Job) builder {
	switch job.As {
	case Orders:
		return &orders{window: newWindow(job.Shop), people: newPeople(job.Shop)}
	case Events:
		return &events{shop: job.Shop, people: newPeople(job.Shop)}
	case Items:
		return &items{}
	case OnlineRetail:
		return &retail{window: newWindow(job.Shop), people: newPeople(job.Shop), goods: map[event.ItemID]*good{}}
	default:
		return &customers{people: newPeople(job.Shop), contacts: job.As == Contacts}
	}
}
