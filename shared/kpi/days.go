package kpi

import (
	"cmp"
	"context"
	"slices"
	"time"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
	"shopkeeper/shared/order"
)

// Day is what happened on one day in the shop's time zone.
type Day struct {
	Date     string `json:"date"`     // 2006-01-02
	Visitors int    `json:"visitors"` // who did anything, bots and imported baskets without a name left out
	Events   int    `json:"events"`
	Orders   int    `json:"orders"`
	Revenue  int64  `json:"revenue"` // minor units of the shop's currency, refunds of these days' orders taken off
}

// Days are the last n days up to now, oldest first; days on which nothing happened are there with zeroes. Memory: the visitors and orders of those days.
func Days(ctx context.Context, files blob.Store, shop event.ShopID, currency string, zone *time.Location, now time.Time, n int) ([]Day, error) {
	y, m, d := now.In(zone).Date()
	days, at := make([]Day, n), map[string]int{}
	for i := range days {
		days[i].Date = time.Date(y, m, d-n+1+i, 12, 0, 0, 0, zone).Format(time.DateOnly)
		at[days[i].Date] = i
	}
	from := time.Date(y, m, d-n+1, 0, 0, 0, 0, zone)
	visitors := make([]map[string]struct{}, n)
	b := book{currency: currency, orders: map[string]*entry{}}
	err := archive.Owned(ctx, files, shop, from, now, func(r archive.Row) error {
		b.row(archive.Narrow(r))
		i, ok := at[r.At.In(zone).Format(time.DateOnly)]
		if !ok || r.Line != 0 {
			return nil
		}
		days[i].Events++
		if order.IsAnonymous(event.VisitorID(r.Visitor)) {
			return nil
		}
		if visitors[i] == nil {
			visitors[i] = map[string]struct{}{}
		}
		visitors[i][cmp.Or(r.Person, r.Visitor)] = struct{}{}
		return nil
	})
	if err != nil {
		return nil, err
	}
	b.post()
	for _, e := range b.orders {
		i, ok := at[e.at.In(zone).Format(time.DateOnly)]
		if ok && e.placed && !e.cancelled {
			days[i].Orders++
			days[i].Revenue += max(0, e.worth-e.refunded)
		}
	}
	for i, who := range visitors {
		days[i].Visitors = len(who)
	}
	return slices.Clip(days), nil
}
