// Package segment groups customers by conditions that a marketer states, and keeps every group up to date as customers change.
//
// A condition is one expression over a Customer, checked when it is saved and evaluated by one evaluator everywhere: live from the feeds of profiles
// and people, in the nightly sweep (time moves people in and out too), in previews, offers and filters. A subject is a person, or a visitor who is
// nobody's yet; its id is the person's or the visitor's.
//
// A feed only says who changed. What counts is what is stored when the Keeper looks: it reads the subject's entry in the roster first and the
// profile and the person after it, writes the entry under the condition that nobody else did meanwhile, and looks again after every write. So
// a change that is told twice, late or out of order changes nothing, and no change is missed: its telling comes after it.
//
// Days are UTC days, and every "days since" is a whole number of them. So time alone moves nobody within a day; the sweep right after midnight does.
package segment

import (
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/table"
)

// Table holds definitions (partition shop, sort "d#<id>"), how the sweep stands beside them, one roster entry per subject with the segments it is in
// (partition shop#r#<shard>, sort <hash>#<subject>, so that the first of a shard are a fair sample) and one record per membership (partition
// shop#s#<segment>#<shard>, sort subject).
const Table table.Name = "segments"

// Shards is how many partitions the roster and each segment are spread over, by a hash of the subject.
const Shards = 16

// ID names a segment within its shop: 1 to 64 characters of [a-z0-9-].
type ID string

// Definition is a segment as the marketer stated it.
type Definition struct {
	Shop        event.ShopID `json:"-"`
	ID          ID           `json:"id"`
	Version     int64        `json:"-"` // of the stored item: what If-Match compares
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	Condition   string       `json:"condition"`
	Standard    bool         `json:"standard,omitempty"` // ships with the product: large, medium, small, new, loyal, lapsing
	Created     time.Time    `json:"created"`
	Updated     time.Time    `json:"updated"`
	Counted     int          `json:"counted"` // members at the last sweep
	CountedAt   time.Time    `json:"countedAt,omitzero"`
}

// Attribute is a name that a condition may use: what the editor offers as completion and the manual prints.
type Attribute struct {
	Name    string `json:"name"`    // "revenue", "orders.count", "did(name, days)"
	Type    string `json:"type"`    // "number", "text", "true or false", "time"; of a function what it returns
	Doc     string `json:"doc"`     // one sentence
	Example string `json:"example"` // a whole condition
}

// Member is a subject in a segment.
type Member struct {
	Subject string    `json:"subject"`
	Since   time.Time `json:"since"`
}

// The notices that the bus carries when a subject enters or leaves; Detail is a Moved. A notice comes at least once, after the membership is stored; repeats
// have the same id.
const (
	EnteredType = "segment.entered"
	LeftType    = "segment.left"
)

// Moved is the detail of a notice.
type Moved struct {
	Segment ID        `json:"segment"`
	Subject string    `json:"subject"`
	At      time.Time `json:"at"`
}
