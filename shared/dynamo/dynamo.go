// Package dynamo keeps tables in DynamoDB. Every operation of the contract is one call: a read of less than 4 KB costs half a read unit, a put of
// less than 1 KB one write unit, whatever its condition; only several ops together cost the double price of a transaction.
//
// An item is stored as native attributes: pk and sk (its key), ver (its version), ttl (when it expires, in epoch seconds, absent for never) and the
// members of its body. Numbers keep all their digits.
//
// # Versions
//
// DynamoDB cannot store a whole item and count in one call. A put under a condition knows its next version; any other put takes the clock's
// microseconds and is conditional on a smaller stored version, so that a clock that is behind is noticed and corrected from what is stored.
//
// Behind the point of ver stands the random mark of the write: version 7 may be stored as 7.481920467113. The SDK repeats a call whose answer was
// lost, and a conditional write then fails because of its own first attempt; by the mark it knows itself. Where even that cannot tell (the item
// was changed again or deleted meanwhile) the answer is Unavailable, which promises nothing, and never a wrong Conflict.
package dynamo

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/sdkfault"
	"shopkeeper/shared/table"
)

// Tables maps logical names to what the deployment calls them.
type Tables map[table.Name]string

// Options changes a Store. The zero value is right for production.
type Options struct {
	Now func() time.Time // nil: time.Now

	// Observe is told what each call consumed, per table, when it is not nil; it must be safe for concurrent use. A call whose condition
	// failed is not reported, though it costs a write.
	Observe func(op string, name table.Name, readUnits, writeUnits float64)
}

// Store is tables in DynamoDB.
type Store struct {
	client  *dynamodb.Client
	tables  Tables
	logical map[string]table.Name // tables, inverted
	now     func() time.Time
	observe func(op string, name table.Name, readUnits, writeUnits float64)
}

var _ table.Store = (*Store)(nil)

// Open returns the store of these tables; no call is made yet. opts may be nil.
func Open(cfg aws.Config, tables Tables, opts *Options) *Store {
	if opts == nil {
		opts = &Options{}
	}
	s := &Store{client: dynamodb.NewFromConfig(cfg), tables: tables, logical: map[string]table.Name{}, now: opts.Now, observe: opts.Observe}
	if s.now == nil {
		s.now = time.Now
	}
	for name, physical := range tables {
		s.logical[physical] = name
	}
	return s
}

// physical is a pointer because that is how the SDK wants it.
func (s *Store) physical(name table.Name) (*string, error) {
	p, ok := s.tables[name]
	if !ok {
		return nil, fault.Newf(fault.Internal, "table %q is not configured", name)
	}
	return &p, nil
}

func (s *Store) wanted() types.ReturnConsumedCapacity {
	if s.observe == nil {
		return types.ReturnConsumedCapacityNone
	}
	return types.ReturnConsumedCapacityTotal
}

func (s *Store) read(op string, consumed ...types.ConsumedCapacity) {
	s.report(consumed, func(name table.Name, units float64) { s.observe(op, name, units, 0) })
}

func (s *Store) wrote(op string, consumed ...types.ConsumedCapacity) {
	s.report(consumed, func(name table.Name, units float64) { s.observe(op, name, 0, units) })
}

func (s *Store) report(consumed []types.ConsumedCapacity, tell func(name table.Name, units float64)) {
	if s.observe == nil {
		return // DynamoDB Local reports unasked
	}
	for _, c := range consumed {
		tell(s.logical[aws.ToString(c.TableName)], aws.ToFloat64(c.CapacityUnits))
	}
}

// one is what a call on one table reports: nothing unless it was asked for.
func one(c *types.ConsumedCapacity) []types.ConsumedCapacity {
	if c == nil {
		return nil
	}
	return []types.ConsumedCapacity{*c}
}

// special are DynamoDB's own error codes.
var special = map[string]fault.Kind{
	"ItemCollectionSizeLimitExceededException": fault.Invalid,
	"TransactionConflictException":             fault.Throttled,
	"TransactionInProgressException":           fault.Throttled,
	"TransactionCanceledException":             fault.Throttled,
	"ReplicatedWriteConflictException":         fault.Throttled,
}

func translate(err error) error { return sdkfault.From(err, "the table did not answer", special) }
