// Package bus tells whoever listens that something happened: "visitor entered segment", "model published". Publishers do not know listeners.
package bus

import (
	"context"
	"encoding/json"
	"time"
)

// MaxBytes is the largest notice with all its fields, as EventBridge counts an entry.
const MaxBytes = 256 << 10

// Notice is one thing that happened. ID is made by the publisher: a listener sees a notice at least once and drops repeats by it.
type Notice struct {
	ID     string          `json:"id"`
	Shop   string          `json:"shop"`
	Type   string          `json:"type"` // dotted, past tense: "model.published"
	At     time.Time       `json:"at"`
	Detail json.RawMessage `json:"detail"` // one JSON object
}

// Bus is safe for concurrent use. Publish is durable when it returns: every rule that matches gets each notice at least once, in no promised
// order. It returns Invalid (a notice too large or without ID, Shop or Type; nothing is published), Unavailable or Throttled; repeated after
// those, notices may be delivered twice.
type Bus interface {
	Publish(ctx context.Context, notices ...Notice) error
}

// Handler deals with one notice. A retryable fault brings the notice again; any other error sends it to the rule's failure sink.
type Handler func(ctx context.Context, n Notice) error

// Rule is a subscription: notices whose Type is Prefix or begins with Prefix and a dot ("" matches all).
type Rule struct {
	Name   string // unique within the bus, stable across restarts: the undelivered wait under it
	Prefix string
	Handle Handler
}
