// Package queue is work that is done later, at least once: messages wait durably until somebody has dealt with them.
package queue

import (
	"context"
	"time"
)

// MaxBodyBytes is the largest message. It is SQS's limit of 256 KiB (the newer 1 MiB is not relied upon).
const MaxBodyBytes = 256 << 10

// Message is one piece of work. ID and Receipt are set by the queue: the ID names the message, the Receipt this one delivery of it.
type Message struct {
	ID       string
	Receipt  string
	Body     []byte
	Attempts int // deliveries including this one
}

// Queue is safe for concurrent use. Methods return Unavailable or Throttled, which may be repeated; a repeated Send may store twice.
// Messages come in no promised order. After MaxReceive deliveries without Done (a setting of the queue) a message moves to its dead-letter queue.
type Queue interface {
	// Send stores the bodies, durably when it returns; each becomes visible after delay (0 to 15 minutes). Too large a body is Invalid and nothing
	// is stored. Any number of bodies.
	Send(ctx context.Context, delay time.Duration, bodies ...[]byte) error

	// Receive takes up to limit visible messages (1 to 10) and hides them for the queue's visibility time-out. None when nothing is there within wait.
	Receive(ctx context.Context, limit int, wait time.Duration) ([]Message, error)

	// Done removes a message for good. A receipt that timed out meanwhile may be refused with Conflict or ignored; the message will then come again.
	Done(ctx context.Context, m Message) error

	// Retry makes a message visible again after delay, sooner or later than its visibility time-out would.
	Retry(ctx context.Context, m Message, delay time.Duration) error
}
