// Package table is the only way to stored data: few operations, all of which DynamoDB does in one call and SQLite in one transaction.
//
// An item lives at a Key (table, partition, sort), carries one JSON object of attributes and a Version that the store raises on every
// write: to 1 by a put under IfAbsent, to n+1 by a put under IfVersion(n), and by any other put to some positive number larger than before
// (DynamoDB cannot count without reading: its adapter takes the clock's microseconds). The DynamoDB adapter stores the object's members as
// native attributes; the SQLite adapter stores its text.
// Expired items are never returned, and count as absent in conditions, whether or not the engine has removed them yet.
//
// Every partition begins with the shop's id (see Partition): no query can cross shops.
package table

import (
	"context"
	"encoding/json"
	"time"
)

// Limits that both engines keep. They are DynamoDB's.
const (
	MaxItemBytes      = 400 << 10 // attribute names and values together, as DynamoDB counts them (see Size)
	MaxPartitionBytes = 2048
	MaxSortBytes      = 1024
	MaxWriteOps       = 100
)

// Name is a logical table, such as "profiles". An adapter maps it to what the deployment calls it.
type Name string

// Key is an item's address. All three parts are needed, none may be empty.
type Key struct {
	Table     Name
	Partition string
	Sort      string
}

// Partition joins the parts of a partition or sort key, the shop first for partitions. Parts are escaped ('%' as %25, '#' as %23), so that
// no value can reach into another's key space.
func Partition(parts ...string) string { return join(parts) }

// Item is what is stored at a key.
type Item struct {
	Key     Key
	Version int64           // set by the store; ignored on writes
	Body    json.RawMessage // one JSON object; members named pk, sk, ver and ttl are reserved
	Expires time.Time       // zero: never; second precision
}

// ReadOption changes a read.
type ReadOption int

// Strong reads see every write that was acknowledged before. Without it a read may miss the last second.
const Strong ReadOption = 1

// Query asks for one partition's items whose sort key begins with Prefix and lies in [From, To] (each may be empty), in byte order of
// the sort key.
type Query struct {
	Table      Name
	Partition  string
	Prefix     string
	From, To   string // inclusive bounds on the whole sort key
	Descending bool
	Limit      int    // items per page; 0 means the engine's page
	Cursor     string // Page.Next of the page before
	Strong     bool
}

// Page is part of a query's answer. It may be short or empty while Next is set; Next is empty on the last page.
type Page struct {
	Items []Item
	Next  string
}

// Cond is the condition of one op.
type Cond struct {
	kind    condKind
	version int64
}

type condKind uint8

const (
	condNone condKind = iota
	condAbsent
	condVersion
)

// Always is no condition. It is the zero Cond.
func Always() Cond { return Cond{} }

// IfAbsent holds when the key has no item (an expired one counts as none).
func IfAbsent() Cond { return Cond{kind: condAbsent} }

// IfVersion holds when the key has an unexpired item of exactly this version.
func IfVersion(v int64) Cond { return Cond{kind: condVersion, version: v} }

// Absent says whether the condition is IfAbsent.
func (c Cond) Absent() bool { return c.kind == condAbsent }

// Version is the version that the condition asks for, if it asks for one.
func (c Cond) Version() (int64, bool) { return c.version, c.kind == condVersion }

// Op is one part of a Write: a put, a delete, or a check that writes nothing.
type Op struct {
	Kind OpKind
	Item Item // for deletes and checks only its Key counts
	If   Cond
}

// OpKind says what an Op does.
type OpKind uint8

// The kinds of Op. Deleting what is absent is no error unless the condition says so.
const (
	OpPut OpKind = iota
	OpDelete
	OpCheck
)

// Put is an op that stores the item under the condition.
func Put(it Item, c Cond) Op { return Op{Kind: OpPut, Item: it, If: c} }

// Delete is an op that removes the item at k under the condition.
func Delete(k Key, c Cond) Op { return Op{Kind: OpDelete, Item: Item{Key: k}, If: c} }

// Check is an op that only holds the others to a condition.
func Check(k Key, c Cond) Op { return Op{Kind: OpCheck, Item: Item{Key: k}, If: c} }

// ConflictError is inside every Conflict fault of Write: which op failed, first of them, and what is stored there now.
type ConflictError struct {
	Op     int
	Key    Key
	Stored *Item // nil when the key has no item
}

func (e *ConflictError) Error() string {
	return "condition failed on " + string(e.Key.Table) + "/" + e.Key.Partition + "/" + e.Key.Sort
}

// Store is safe for concurrent use. Every method returns Unavailable when the engine cannot be reached or cannot store (disk full, locked),
// Throttled when it asks to slow down; both may be repeated. Invalid names a key or item beyond the limits. No method returns (nil, nil).
type Store interface {
	// Get reads one item; NotFound when the key has none.
	Get(ctx context.Context, k Key, opts ...ReadOption) (Item, error)

	// GetAll reads up to 1,000 items in any order; absent keys are simply missing from the answer. Repeated keys are read once.
	GetAll(ctx context.Context, keys ...Key) ([]Item, error)

	// Query pages through one partition in sort-key order.
	Query(ctx context.Context, q Query) (Page, error)

	// Write applies all ops or none, at most MaxWriteOps, no two on one key. A failed condition is Conflict wrapping *ConflictError. It is
	// durable when it returns. After Unavailable it may or may not have been applied: repeat it with conditions that make that harmless.
	Write(ctx context.Context, ops ...Op) error

	// PutAll stores any number of items in any order without conditions. It may stop half-way: repeat it whole, the result is the same. Two items on one
	// key are Invalid. Versions change; they grow as far as the writers' clocks agree.
	PutAll(ctx context.Context, items ...Item) error
}

// Change is one record of a table's feed. Old is nil for an insert, New is nil for a removal.
type Change struct {
	Seq     string // opaque; unique within the feed, later changes of one partition come later
	Key     Key
	Old     *Item
	New     *Item
	At      time.Time // when it was committed, millisecond precision at best
	Expired bool      // a removal by expiry, not by a caller
}

// Feed hands out the changes of one table in order per partition, at least once. A put that changes neither body nor expiry appears in no
// feed (DynamoDB's streams do the same), though it raises the version.
type Feed interface {
	// Read returns up to limit changes after the consumer's checkpoint, oldest first; none when it has caught up. Reading twice without
	// Commit returns the same changes.
	Read(ctx context.Context, consumer string, limit int) ([]Change, error)

	// Commit moves the consumer's checkpoint to seq, durably. Changes up to and including it are not read again by this consumer.
	Commit(ctx context.Context, consumer, seq string) error
}
