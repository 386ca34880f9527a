// Package stream is the edge where changes of a table arrive in batches: from a Lambda event source mapping or from the local loop, which behave alike.
//
// A handler is delivered every change at least once, in order per partition. A change that can be tried again stops the batch there; a change that
// never will be right goes to the failure queue and the rest goes on.
package stream

import (
	"context"

	"shopkeeper/shared/table"
)

// Handler deals with a batch. It returns the sequence of the first change that must be delivered again (everything from it on will be, also what
// succeeded), or "" when the batch is done. An error means the whole batch must be delivered again.
type Handler func(ctx context.Context, batch []table.Change) (retryFrom string, err error)

// Poison is what the failure queue receives for a change that can never be handled: enough to find it and to handle it again after a repair.
type Poison struct {
	Function string     `json:"function"`
	Table    table.Name `json:"table"`
	Key      table.Key  `json:"key"`
	Seq      string     `json:"seq"`
	Reason   string     `json:"reason"`
}
