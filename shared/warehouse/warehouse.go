// Package warehouse makes the lists of a model by SQL, on an engine that is larger than this process: the same lists that package trainer makes of a history in memory.
//
// The archive of events is Parquet by day (package archive). A Run makes it readable as a table, beside the catalog, and works in stages, one SELECT of the folder sql each, whose rows are kept as
// Parquet in a fresh place:
//
//	archive -> events (each once, with the person behind it) -> orders
//	events, orders -> strengths -> pairs -> similar (cosine), related (RP3beta), gram (SLIM); EASE reads pairs
//	events, orders -> clicks -> visits -> sessions (the newest of each item)
//	orders -> baskets -> bought -> together (lift)
//	events, orders -> heat (popular, trending), first (newest), purchases -> repeats (buy again)
//
// # Why both builders make equal lists
//
// The engine counts, in whole numbers: strengths in parts of an order (interaction.Unit), steps of walks in parts of rp3beta.Grain, decays in parts of trend.Fine. Whole numbers add up to the same in
// any order and on any engine. The engine also ranks, by a score of its own that may differ from ours in the last digit, and hands over somewhat more than is kept. The score that
// goes into the model, the order and the cut are then made here, by the very functions that the builder in memory calls. So the sections of the model file are equal to the byte; a test holds them to it.
//
// # What it costs
//
// The engine's work is the sum over people of (items)^2 for pairs, sorts of the events, and a scan of the archive. This process holds what the model holds: 16 bytes for each entry of a
// table before it is cut, 12 for each item of a kept session, 40 an item, the matrix that weights are solved from (packages ease and slim), and one file of the engine's at a time; nothing that grows with the history.
//
// The SQL is the part that Trino, Athena and DuckDB have in common; a test holds it to that. Two things are Trino's and Athena's alone: the column "$path" and the hash of sample.sql.
package warehouse

import "context"

// Type is the type of a column in a file that is registered.
type Type string

// The types: UTF-8, 64 and 32 bits, and a time with milliseconds that means UTC.
const (
	Text     Type = "text"
	Integer  Type = "integer"
	Integer4 Type = "integer4"
	Time     Type = "time"
)

// Column is a column of Parquet files.
type Column struct {
	Name string
	Type Type
}

// Engine runs SQL over Parquet files that a blob.Store beside it holds under the same names. Safe for concurrent use. Names of tables are [a-z0-9_]+, made by us. A statement that is wrong
// is Internal, an engine that fails or does not answer in time Unavailable or Throttled; when ctx ends, a running statement is stopped and the fault is Unavailable.
type Engine interface {
	// Register makes the Parquet files whose names begin with prefix, which ends with a slash, readable as a table, those in folders below included. Registering again changes nothing.
	Register(ctx context.Context, table string, columns []Column, prefix string) error

	// Materialize keeps the rows of a SELECT as Parquet files below a folder of the blob.Store, which ends with a slash, readable as a table, and returns where below they are. The place is fresh: no
	// file of an attempt that failed is in it. Repeating the call with equal arguments, also by another process after a crash, starts no second query and returns the same place, until the table is dropped.
	Materialize(ctx context.Context, table, query, folder string) (place string, err error)

	// Rows hands the rows of a SELECT to each, in its order, as text; a NULL is empty. For small results. An error of each ends it.
	Rows(ctx context.Context, query string, each func(values []string) error) error

	// Drop forgets tables; those that are not there are passed over. Files stay.
	Drop(ctx context.Context, tables ...string) error
}
