package offer

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"shopkeeper/shared/event"
	"shopkeeper/shared/table"
)

// Erase removes what is kept about the subjects: their histories with offers and the records of orders that counted; it returns how many records those were. Sums over all subjects stay; they name
// nobody. It may be repeated.
func (r *Results) Erase(ctx context.Context, shop event.ShopID, subjects ...string) (found int, err error) {
	for _, id := range subjects {
		n, err := r.erase(ctx, shop, id)
		found += n
		if err != nil {
			return found, fmt.Errorf("erase what was offered: %w", err)
		}
	}
	return found, nil
}

func (r *Results) erase(ctx context.Context, shop event.ShopID, id string) (found int, err error) {
	q := table.Query{Table: Table, Partition: historyPartition(shop, id), Limit: table.MaxWriteOps / 2, Strong: true}
	for {
		page, err := r.tables.Query(ctx, q)
		if err != nil {
			return found, err
		}
		var orders, histories []table.Op
		for _, it := range page.Items {
			var h history
			if err := json.Unmarshal(it.Body, &h); err == nil { // one that is not readable goes all the same
				for _, hash := range h.Orders {
					orders = append(orders, table.Delete(countedKey(shop, hash), table.Always()))
				}
			}
			histories = append(histories, table.Delete(it.Key, table.Always()))
		}
		for few := range slices.Chunk(append(unique(orders), histories...), table.MaxWriteOps) { // histories last: they lead to the orders
			if err := r.tables.Write(ctx, few...); err != nil {
				return found, err
			}
			found += len(few)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return found, nil
		}
	}
}

// unique drops a second op on a key.
func unique(ops []table.Op) []table.Op {
	seen := map[table.Key]bool{}
	return slices.DeleteFunc(ops, func(o table.Op) bool {
		had := seen[o.Item.Key]
		seen[o.Item.Key] = true
		return had
	})
}
