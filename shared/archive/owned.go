package archive

import (
	"context"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
	"shopkeeper/shared/order"
)

// Owned is Read for accounts by customer: Person is whoever did it, the person whom an anonymous visitor became included, else the visitor; empty for an imported basket that
// nobody put a name to. Bots are left out. Memory: one entry per known visitor besides what Read needs.
func Owned(ctx context.Context, files blob.Store, shop event.ShopID, from, to time.Time, each func(Row) error) error {
	owners, err := owners(ctx, files, shop, from, to)
	if err != nil {
		return err
	}
	return Read(ctx, files, shop, from, to, func(r Row) error {
		if r.Verdict == string(event.Bot) {
			return nil
		}
		if r.Person == "" {
			r.Person = owners[r.Visitor]
		}
		if r.Person == "" && !order.IsAnonymous(event.VisitorID(r.Visitor)) {
			r.Person = r.Visitor
		}
		return each(r)
	})
}
