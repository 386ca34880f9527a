package archive

import (
	"context"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
	"shopkeeper/shared/order"
)

// OrderRow is a row of an event that tells of an order: the columns that accounts need, so that no others are read. See Row.
type OrderRow struct {
	Event    string    `parquet:"event"`
	Visitor  string    `parquet:"visitor,dict"`
	Person   string    `parquet:"person,dict"`
	Name     string    `parquet:"name,dict"`
	At       time.Time `parquet:"at,timestamp(millisecond:local)"`
	Line     int32     `parquet:"line"`
	Quantity int64     `parquet:"quantity"`
	Price    int64     `parquet:"price"`
	Currency string    `parquet:"currency,dict"`
	Order    string    `parquet:"order_id,dict"`
	Total    int64     `parquet:"order_total"`
	Verdict  string    `parquet:"verdict,dict"`
}

// Narrow is the part of r that accounts need.
func Narrow(r Row) OrderRow {
	return OrderRow{r.Event, r.Visitor, r.Person, r.Name, r.At, r.Line, r.Quantity, r.Price, r.Currency, r.Order, r.Total, r.Verdict}
}

var ofOrders = map[string]bool{
	string(event.OrderCompleted): true, string(event.OrderUpdated): true, string(event.OrderRefunded): true, string(event.OrderCancelled): true,
}

// Owner tells who is behind a row: the person it names, the one whom its visitor became, else the visitor; empty for an imported basket that nobody put a name to.
type Owner func(visitor, person string) string

// Orders hands the rows of orders with from <= At < to to each, every event once, in the order of Read; bots are left out. Who is behind them is known at the end: Owner goes by what anybody
// identified as in these days. Memory: what Read needs for orders, and one entry per known visitor.
func Orders(ctx context.Context, files blob.Store, shop event.ShopID, from, to time.Time, each func(OrderRow) error) (Owner, error) {
	persons := map[string]string{}
	err := days(ctx, files, shop, from, to, func(date string) error {
		seen := newSeen()
		return readDay(ctx, files, shop, date, func(rows []OrderRow) error {
			for _, r := range rows {
				if r.Person != "" && r.Person != r.Visitor {
					persons[r.Visitor] = r.Person
				}
				if !ofOrders[r.Name] || !seen.firstOf(r.Visitor, r.Event, r.Line) || r.Verdict == string(event.Bot) {
					continue
				}
				if !from.IsZero() && r.At.Before(from) || !to.IsZero() && !r.At.Before(to) {
					continue
				}
				if err := each(r); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return func(visitor, person string) string {
		switch {
		case person != "":
			return person
		case persons[visitor] != "":
			return persons[visitor]
		case order.IsAnonymous(event.VisitorID(visitor)):
			return ""
		}
		return visitor
	}, err
}
