package segment

import (
	"context"
	"fmt"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// standard are the segments that every shop begins with. A shop may change or delete them: they are made once.
//
// Loyal, lapsing and new are the recency and frequency that a small shop knows its customers by; 90 days are a season.
var standard = []Definition{
	{ID: "large", Name: "Large customers", Description: "Together they bring 80 % of the revenue.", Condition: `value == "large"`},
	{ID: "medium", Name: "Medium customers", Description: "They bring the next 15 % of the revenue.", Condition: `value == "medium"`},
	{ID: "small", Name: "Small customers", Description: "They bought, and bring the last 5 % of the revenue.", Condition: `value == "small"`},
	{ID: "new", Name: "New customers", Description: "Their first order is at most 30 days old.", Condition: `orders.count > 0 && days_since_first_order <= 30`},
	{ID: "loyal", Name: "Loyal customers", Description: "Three orders or more, the last at most 90 days ago.", Condition: `orders.count >= 3 && days_since_order <= 90`},
	{ID: "lapsing", Name: "Lapsing customers", Description: "They came back before, and have not ordered for 90 days to a year.", Condition: `orders.count >= 2 && days_since_order > 90 && days_since_order <= 365`},
}

// Found makes the standard segments of a shop that never had them. Repeated, it changes nothing.
func (s *Store) Found(ctx context.Context, shop event.ShopID) error {
	var made mark
	version, err := s.beside(ctx, shop, standardSort, &made)
	if err != nil || version > 0 {
		return err
	}
	now := s.now().UTC().Truncate(time.Millisecond)
	for _, d := range standard {
		d.Shop, d.Standard, d.Created, d.Updated = shop, true, now, now
		op, err := d.op(table.IfAbsent())
		if err != nil {
			return err
		}
		if err := s.write(ctx, shop, now, op); err != nil && !fault.Is(err, fault.Conflict) { // Conflict: the shop has one of this name already
			return fmt.Errorf("make segment %s: %w", d.ID, err)
		}
	}
	return s.putBeside(ctx, shop, standardSort, mark{now}, table.Always())
}
