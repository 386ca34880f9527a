package people

import (
	"time"

	"shopkeeper/shared/consent"
)

// Channel is a way to reach a person.
type Channel string

// The channels.
const (
	Email Channel = "email"
	SMS   Channel = "sms"
	Phone Channel = "phone"
	Post  Channel = "post"
)

// Permission is what a person decided about being written to by one channel. It proves what was decided, when, where and on which words.
type Permission struct {
	Channel   Channel        `json:"channel"`
	Choice    consent.Choice `json:"choice"`
	Text      string         `json:"text,omitempty"`   // version of the words that were shown
	Source    string         `json:"source,omitempty"` // where it was said: "checkout", "import", "preference-centre", "one-click"
	At        time.Time      `json:"at"`
	Confirmed time.Time      `json:"confirmed,omitzero"` // when a double opt-in was confirmed
	Pending   bool           `json:"pending,omitempty"`  // a double opt-in that waits for its confirmation: not a yes yet
}

// Allows says whether messages may be sent: never without a yes, and never on one that waits for its confirmation.
func (p Permission) Allows() bool { return p.Choice == consent.Granted && !p.Pending }
