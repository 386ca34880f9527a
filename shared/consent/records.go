package consent

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/table"
)

// Table holds every decision ever made: partition shop#visitor, sort key time and a random end, so that a decision is never overwritten.
const Table table.Name = "consent"

// Record is one decision about one purpose. It proves what was decided, when, and on which words.
type Record struct {
	Purpose Purpose   `json:"purpose"`
	Choice  Choice    `json:"choice"`
	Version string    `json:"version,omitempty"` // of the text that was shown
	Source  string    `json:"source,omitempty"`  // where it was said
	At      time.Time `json:"at"`
}

// Records keeps decisions. Safe for concurrent use.
type Records struct{ store table.Store }

// NewRecords keeps decisions in the store.
func NewRecords(store table.Store) *Records { return &Records{store: store} }

// Append adds a decision.
func (r *Records) Append(ctx context.Context, shop event.ShopID, v event.VisitorID, rec Record) error {
	body, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("encode a decision: %w", err)
	}
	var b [8]byte
	rand.Read(b[:]) // never fails
	sort := fmt.Sprintf("%013d-%s", rec.At.UnixMilli(), hex.EncodeToString(b[:]))
	it := table.Item{Key: table.Key{Table: Table, Partition: partition(shop, v), Sort: sort}, Body: body}
	if err := r.store.Write(ctx, table.Put(it, table.IfAbsent())); err != nil {
		return fmt.Errorf("record a decision: %w", err)
	}
	return nil
}

// All are a visitor's decisions, oldest first.
func (r *Records) All(ctx context.Context, shop event.ShopID, v event.VisitorID) ([]Record, error) {
	var all []Record
	q := table.Query{Table: Table, Partition: partition(shop, v), Strong: true}
	for {
		page, err := r.store.Query(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("read decisions: %w", err)
		}
		for _, it := range page.Items {
			var rec Record
			if err := json.Unmarshal(it.Body, &rec); err != nil {
				return nil, fmt.Errorf("decode decision %s: %w", it.Key.Sort, err)
			}
			all = append(all, rec)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return all, nil
		}
	}
}

// Erase removes a visitor's decisions and returns how many there were.
func (r *Records) Erase(ctx context.Context, shop event.ShopID, v event.VisitorID) (int, error) {
	found := 0
	q := table.Query{Table: Table, Partition: partition(shop, v), Limit: table.MaxWriteOps, Strong: true}
	for {
		page, err := r.store.Query(ctx, q)
		if err != nil {
			return found, fmt.Errorf("read decisions: %w", err)
		}
		var ops []table.Op
		for _, it := range page.Items {
			ops = append(ops, table.Delete(it.Key, table.Always()))
		}
		if len(ops) > 0 {
			if err := r.store.Write(ctx, ops...); err != nil {
				return found, fmt.Errorf("remove decisions: %w", err)
			}
		}
		found += len(ops)
		if q.Cursor = page.Next; q.Cursor == "" {
			return found, nil
		}
	}
}

func partition(shop event.ShopID, v event.VisitorID) string {
	return table.Partition(string(shop), string(v))
}
