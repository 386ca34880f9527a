// Package people holds the personal data of a shop's known persons, and nothing else does: names, addresses, telephone numbers, user ids and any other trait.
//
// Partition shop#person of the table has the person ("person"), traits that were accepted and wait to be applied ("in#<event id>"), one record for every visitor ever merged into the person
// ("merge#<visitor>"), so that each merge can be explained and undone, one for every visitor of somebody else that ever named the person ("named#<visitor>"), and one for every decision on being written to ("permission#<time>#<content>"). Partitions shop#index#<letters> are what
// people are searched by.
package people

import (
	"encoding/json"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/table"
)

// Table holds people.
const Table table.Name = "people"

// Person is one known person. Every field but ID may be empty; nothing assumes Latin letters or two names.
type Person struct {
	Shop        event.ShopID               `json:"-"`
	ID          event.PersonID             `json:"-"`
	Version     int64                      `json:"-"`
	UserID      string                     `json:"userId,omitempty"`
	Email       string                     `json:"email,omitempty"`
	Phone       string                     `json:"phone,omitempty"`
	Name        string                     `json:"name,omitempty"`
	FirstName   string                     `json:"firstName,omitempty"`
	LastName    string                     `json:"lastName,omitempty"`
	Country     string                     `json:"country,omitempty"`
	Traits      map[string]json.RawMessage `json:"traits,omitempty"`      // the rest
	TraitAt     map[string]time.Time       `json:"traitAt,omitempty"`     // when each field or trait was last set: the latest wins, whatever the order of arrival
	Vouched     map[string]bool            `json:"vouched,omitempty"`     // fields and traits that the shop itself told: what a browser merely claims does not replace them
	NameBy      event.VisitorID            `json:"nameBy,omitempty"`      // the device that told Name; empty when the shop did
	FirstBy     event.VisitorID            `json:"firstBy,omitempty"`     // the device that told FirstName; empty when the shop did
	Told        map[event.VisitorID]Names  `json:"told,omitempty"`        // what each device called the person, of the latest MaxTold devices
	Permissions map[Channel]Permission     `json:"permissions,omitempty"` // the latest decision for each channel; the history stands beside the person
	Created     time.Time                  `json:"created"`
	Updated     time.Time                  `json:"updated"`
}

// MaxTold bounds the devices whose own words for a person are kept.
const MaxTold = 16

// Names is what one device told of a person's name: the traits firstName, name, lastName and country, each with the time of the latest word.
type Names map[string]Word

// Word is a trait as text, and when it was told.
type Word struct {
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

// Pending is a set of traits that collect accepted with an event; the profile function applies it once and removes it. It is stored in the same call as, and before,
// its event.
type Pending struct {
	Shop    event.ShopID               `json:"-"`
	Person  event.PersonID             `json:"-"`
	Event   event.ID                   `json:"-"`
	Visitor event.VisitorID            `json:"visitor"`
	UserID  string                     `json:"userId,omitempty"`
	Trusted bool                       `json:"trusted,omitempty"`
	At      time.Time                  `json:"at"`
	Traits  map[string]json.RawMessage `json:"traits,omitempty"`

	Permission *Permission `json:"permission,omitempty"` // a decision that came with the traits
}

// Merge records that a visitor's doings count as the person's. Undone merges stay on record; only a new identify from that visitor, later than Undone, merges again.
type Merge struct {
	Visitor event.VisitorID `json:"visitor"`
	Event   event.ID        `json:"event"` // the identify that did it; empty for staff
	At      time.Time       `json:"at"`
	Trusted bool            `json:"trusted,omitempty"`
	Undone  time.Time       `json:"undone,omitzero"`
}

// PersonKey is where a person lives.
func PersonKey(shop event.ShopID, id event.PersonID) table.Key { return key(shop, id, "person") }

// PendingKey is where the traits of one event wait.
func PendingKey(shop event.ShopID, id event.PersonID, ev event.ID) table.Key {
	return key(shop, id, table.Partition("in", string(ev)))
}

// MergeKey is where the merge of a visitor is recorded.
func MergeKey(shop event.ShopID, id event.PersonID, v event.VisitorID) table.Key {
	return key(shop, id, table.Partition("merge", string(v)))
}

func key(shop event.ShopID, id event.PersonID, sort string) table.Key {
	return table.Key{Table: Table, Partition: table.Partition(string(shop), string(id)), Sort: sort}
}
