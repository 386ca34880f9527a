// Package archive keeps every event for good, as Parquet files by day: what the trainer learns from and the warehouse queries.
//
// Files are named archive/<shop>/dt=<day of the event, UTC>/<first sequence>-<hash of the content>.parquet. The writer is a consumer of the events table's feed
// and may be delivered a batch twice: an equal batch overwrites its own file, one cut differently leaves rows in two files, and readers drop
// events they have already seen that day. An event has one row per line and one row when it has none. All rows of an event stand together in a file.
package archive

import (
	"fmt"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/table"
)

// Row is one line of one event, or an event without lines (Item empty). Money is minor units of Currency; Quantity is at least 1 where there is an item. Columns are
// named as in the tags; times are UTC with millisecond precision.
type Row struct {
	Event          string    `parquet:"event"`
	Visitor        string    `parquet:"visitor,dict"`
	Person         string    `parquet:"person,dict"`
	Type           string    `parquet:"type,dict"`
	Name           string    `parquet:"name,dict"`
	At             time.Time `parquet:"at,timestamp(millisecond:local)"`
	Received       time.Time `parquet:"received,timestamp(millisecond:local)"`
	Session        string    `parquet:"session,dict"`
	Line           int32     `parquet:"line"` // counts the rows of an event from 0
	Item           string    `parquet:"item,dict"`
	Quantity       int64     `parquet:"quantity"`
	Price          int64     `parquet:"price"` // per piece
	Currency       string    `parquet:"currency,dict"`
	Order          string    `parquet:"order_id,dict"`
	Total          int64     `parquet:"order_total"` // of the whole order, on line 0 alone, so that a sum over rows is right
	Coupon         string    `parquet:"coupon,dict"`
	Category       string    `parquet:"category,dict"`
	Brand          string    `parquet:"brand,dict"`
	Query          string    `parquet:"query,dict"`
	Path           string    `parquet:"path,dict"`
	Recommendation string    `parquet:"recommendation,dict"`
	Verdict        string    `parquet:"verdict,dict"` // "bot", or empty
}

const day = 24 * time.Hour

// Rows is the event as it is archived.
func Rows(e event.Event) []Row {
	base := Row{
		Event: string(e.ID), Visitor: string(e.Visitor), Person: string(e.Person), Type: string(e.Type), Name: string(e.Name), At: e.At.UTC(), Received: e.ReceivedAt.UTC(),
		Session: e.Session, Category: e.Category, Query: e.Query, Path: e.Path, Recommendation: e.Recommendation, Verdict: string(e.Verdict),
	}
	if e.Order != nil {
		base.Order, base.Total, base.Currency, base.Coupon = e.Order.ID, e.Order.Total, e.Order.Currency, e.Order.Coupon
	}
	if len(e.Lines) == 0 {
		return []Row{base}
	}
	rows := make([]Row, len(e.Lines))
	for i, l := range e.Lines {
		r := base
		r.Line, r.Item, r.Quantity, r.Price, r.Brand = int32(i), string(l.Item), max(l.Quantity, 1), l.Price, l.Brand
		if l.Category != "" {
			r.Category = l.Category
		}
		if i > 0 {
			r.Total = 0
		}
		rows[i] = r
	}
	return rows
}

func shopPrefix(shop event.ShopID) string {
	return fmt.Sprintf("archive/%s/dt=", table.Partition(string(shop)))
}

// Folder is where a shop's files are, in folders by day, with a slash at the end: what a warehouse reads.
func Folder(shop event.ShopID) string {
	return fmt.Sprintf("archive/%s/", table.Partition(string(shop)))
}

func dayPrefix(shop event.ShopID, date string) string { return shopPrefix(shop) + date + "/" }

func dateOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }
