// Package mail hands messages to a provider and says honestly what became of each.
//
// No provider takes an idempotency token, so the caller claims a message in its ledger before Send and settles it after. What makes that safe
// is the Outcome: only Accepted and Refused are answers; Deferred promises that the provider does not have the message; everything else is
// Unknown, and an Unknown message must never be handed over again.
package mail

import (
	"context"
	"time"
)

// Address is a mailbox with the name people see, which may be empty and in any script.
type Address struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email"`
}

// Message is one mail to one person.
type Message struct {
	ID          string // left part of the Message-ID, without angle brackets or domain: the same for the same ledger row, 1 to 200 characters of [A-Za-z0-9._-]
	From        Address
	ReplyTo     Address // zero: From
	To          Address
	Subject     string
	Text        string // required: mail without a text part is junk to many filters
	HTML        string // may be empty
	Unsubscribe string // https address of the one-click unsubscribe (RFC 8058); empty only for mail that a person asked for by an action, such as a confirmation
	Tags        Tags
}

// Tags come back with what the provider later tells of the message. None of them is personal. Values are 1 to 256 characters of [A-Za-z0-9_-].
type Tags struct {
	Shop     string
	Campaign string
	Person   string
	Step     string
}

// Outcome is what is known of a message after Send.
type Outcome uint8

// The outcomes. The zero Outcome is Unknown: whatever was not answered may have been sent.
const (
	Unknown  Outcome = iota // handed over, no answer seen: it may have been sent
	Accepted                // the provider has it
	Deferred                // the provider surely does not have it and may take it later (4xx, throttled, no connection)
	Refused                 // the provider will never take it (5xx, bad address, suppressed)
)

// Result is the outcome of one message.
type Result struct {
	Outcome    Outcome
	ProviderID string        // what the provider calls the message, when it said
	Code       string        // the provider's code: "250", "451", "MAILBOX_FULL"
	Detail     string        // for people; contains no address
	BadAddress bool          // with Refused: the address, not the message, is at fault
	RetryAfter time.Duration // with Deferred: when the provider asked for a pause; 0: the caller decides
}

// Sender is safe for concurrent use.
type Sender interface {
	// Send hands over at most Batch messages and returns one Result for each, in their order, always: a failure is a Result, not an error. When ctx
	// ends, messages that are not begun are Deferred and those in flight are answered or Unknown.
	Send(ctx context.Context, messages ...Message) []Result

	// Batch is how many messages one Send may have: 1 for SMTP, 50 for SES.
	Batch() int
}
