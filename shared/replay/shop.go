package replay

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/blob"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/table"
)

// Found makes a shop with its keys.
func Found(ctx context.Context, now func() time.Time, store table.Store, keys *identity.Keyring, s shop.Settings, secrets map[shop.KeyKind]string) error {
	seal, err := identity.NewSealer(keys)
	if err != nil {
		return err
	}
	shops := shop.NewStore(now, store, seal)
	if err := shops.Put(ctx, s); err != nil {
		return err
	}
	for kind, key := range secrets {
		if err := shops.AddKey(ctx, s.ID, kind, "test", key); err != nil {
			return err
		}
	}
	return nil
}

// kinds are the categories of History's items.
const kinds = 4

// History gives a shop items t00, t01 ... in four categories, and customers who stay in theirs: three to eight views within the last 90 days, the third of them an order.
func History(ctx context.Context, now time.Time, store table.Store, files blob.Store, id event.ShopID, items, customers int) error {
	goods := make([]catalog.Item, items)
	for i := range goods {
		goods[i] = catalog.Item{ID: itemID(i), Title: fmt.Sprintf("Tea %d", i), URL: fmt.Sprintf("/p/t%02d", i), Price: int64(200 + i), Currency: "GBP",
			Category: fmt.Sprintf("Tea > Kind %d", i%kinds), Created: now.AddDate(0, 0, -i)}
	}
	if _, err := catalog.NewStore(func() time.Time { return now }, store).Put(ctx, id, goods...); err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(3, 4))
	var events []event.Event
	for c := range customers {
		at := now.Add(-time.Duration(random.IntN(90*24)) * time.Hour).UTC()
		for n := range 3 + random.IntN(6) {
			e := event.Event{Shop: id, Visitor: event.VisitorID(fmt.Sprintf("v_%d", c)), ID: event.ID(fmt.Sprintf("h%d-%d", c, n)), Type: event.Track, Name: event.ProductViewed,
				At: at.Add(time.Duration(n) * time.Minute), ReceivedAt: at, Session: "s", Lines: []event.Line{{Item: itemID(random.IntN(items/kinds)*kinds + c%kinds)}}}
			if n == 2 {
				e.Name, e.Order = event.OrderCompleted, &event.Order{ID: fmt.Sprintf("o%d", c), Currency: "GBP"}
			}
			events = append(events, e)
		}
	}
	return archive.Append(ctx, files, "history", events...)
}

func itemID(i int) event.ItemID { return event.ItemID(fmt.Sprintf("t%02d", i)) }
