package consent

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/table"
)

// Forgotten is a visitor whose data was removed from the tables, and still has to be removed from the archive: that is done by the night, file by file.
type Forgotten struct {
	Visitor event.VisitorID `json:"visitor"`
	At      time.Time       `json:"at"`
}

// forgottenKey lists them in a partition of their own, shop#forgotten; visitor ids begin with v_ or p_, so it is nobody's.
func forgottenKey(shop event.ShopID, v event.VisitorID) table.Key {
	return table.Key{Table: Table, Partition: table.Partition(string(shop), "forgotten"), Sort: table.Partition(string(v))}
}

// NoteForgotten puts a visitor on the list. It may be repeated.
func (r *Records) NoteForgotten(ctx context.Context, shop event.ShopID, f Forgotten) error {
	body, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encode a forgotten visitor: %w", err)
	}
	if err := r.store.Write(ctx, table.Put(table.Item{Key: forgottenKey(shop, f.Visitor), Body: body}, table.Always())); err != nil {
		return fmt.Errorf("note a forgotten visitor: %w", err)
	}
	return nil
}

// ListForgotten is who is on the list.
func (r *Records) ListForgotten(ctx context.Context, shop event.ShopID) ([]Forgotten, error) {
	var all []Forgotten
	q := table.Query{Table: Table, Partition: forgottenKey(shop, "any").Partition, Strong: true}
	for {
		page, err := r.store.Query(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("list forgotten visitors: %w", err)
		}
		for _, it := range page.Items {
			var f Forgotten
			if err := json.Unmarshal(it.Body, &f); err != nil {
				return nil, fmt.Errorf("decode forgotten visitor %s: %w", it.Key.Sort, err)
			}
			all = append(all, f)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return all, nil
		}
	}
}

// DropForgotten takes a visitor off the list, after the archive has forgotten them too.
func (r *Records) DropForgotten(ctx context.Context, shop event.ShopID, v event.VisitorID) error {
	if err := r.store.Write(ctx, table.Delete(forgottenKey(shop, v), table.Always())); err != nil {
		return fmt.Errorf("drop a forgotten visitor: %w", err)
	}
	return nil
}
