package replay

import (
	"context"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// BusyVisitor is who cannot be read or written now, where a Busy store is asked.
const BusyVisitor = "v_busy"

// Busy is a store that has too much to do where one visitor is concerned.
type Busy struct{ table.Store }

func busy(keys ...table.Key) error {
	if slices.ContainsFunc(keys, func(k table.Key) bool { return strings.Contains(k.Partition, BusyVisitor) }) {
		return &fault.Error{Kind: fault.Throttled, Detail: "too many requests", RetryAfter: 3 * time.Second}
	}
	return nil
}

// Get is Throttled for the busy visitor.
func (b Busy) Get(ctx context.Context, k table.Key, opts ...table.ReadOption) (table.Item, error) {
	if err := busy(k); err != nil {
		return table.Item{}, err
	}
	return b.Store.Get(ctx, k, opts...)
}

// Write is Throttled as a whole when one of the items is the busy visitor's.
func (b Busy) Write(ctx context.Context, ops ...table.Op) error {
	for _, op := range ops {
		if err := busy(op.Item.Key); err != nil {
			return err
		}
	}
	return b.Store.Write(ctx, ops...)
}

// PutAll is Throttled before anything is stored when one of the items is the busy visitor's.
func (b Busy) PutAll(ctx context.Context, items ...table.Item) error {
	for _, it := range items {
		if err := busy(it.Key); err != nil {
			return err
		}
	}
	return b.Store.PutAll(ctx, items...)
}
