// Package suppression knows which addresses must not be written to, whatever anybody allowed, and why.
//
// It keeps keyed hashes of addresses alone: whoever reads the table learns no address, and an entry survives the erasure of its person, which is what keeps an erased
// person from being written to again.
package suppression

import (
	"time"

	"shopkeeper/shared/table"
)

// Table holds entries: partition shop#<keyed hash of the address>, sort key "entry".
const Table table.Name = "suppression"

// Reason is why an address is not written to.
type Reason string

// The reasons.
const (
	Unsubscribed Reason = "unsubscribed"
	Bounced      Reason = "bounced"
	Complained   Reason = "complained"
	Erased       Reason = "erased"
	Manual       Reason = "manual"
)

// Entry is one suppressed address. It does not say which.
type Entry struct {
	Reason Reason    `json:"reason"`
	Source string    `json:"source,omitempty"` // where it came from: "one-click", "ses", a campaign's id
	At     time.Time `json:"at"`
}
