package sqlite

import (
	"context"
	"database/sql/driver"
	"encoding/base64"
	"fmt"
	"time"
	"unicode/utf8"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// pageBytes and pageItems bound a page of Query when the caller's limit does not: DynamoDB's megabyte, and no more than fits a screen's scroll.
const (
	pageBytes = 1 << 20
	pageItems = 1000
)

const selectItem = `SELECT ver, exp, body FROM items WHERE tab = ? AND pk = ? AND sk = ?`

// Get is table.Store's. Every read is a strong one.
func (db *DB) Get(ctx context.Context, k table.Key, _ ...table.ReadOption) (table.Item, error) {
	if err := table.ValidateKey(k); err != nil {
		return table.Item{}, err
	}
	if err := db.open(); err != nil {
		return table.Item{}, err
	}
	it, ok, ticket := db.cache.get(k)
	if ok {
		return db.live(own(it))
	}
	err := db.read(ctx, func(c *conn) (err error) {
		it, ok, err = stored(c, k)
		return err
	})
	switch {
	case err != nil:
		return table.Item{}, fmt.Errorf("get %s %q %q: %w", k.Table, k.Partition, k.Sort, err)
	case !ok:
		return table.Item{}, errNoItem
	}
	db.cache.put(own(it), ticket)
	return db.live(it)
}

// Peek is the item at k as Get would answer it now, if it is in memory. Its body is shared: nobody may change it. false says only that Get must be asked.
func (db *DB) Peek(k table.Key) (table.Item, bool) {
	if db.open() != nil {
		return table.Item{}, false
	}
	it, ok, _ := db.cache.get(k)
	return it, ok && !it.Expired(db.now())
}

var errNoItem = fault.New(fault.NotFound, "no item has this key")

// live is the item unless it has expired.
func (db *DB) live(it table.Item) (table.Item, error) {
	if it.Expired(db.now()) {
		return table.Item{}, errNoItem
	}
	return it, nil
}

// stored is the item at k, expired or not.
func stored(c *conn, k table.Key) (it table.Item, ok bool, err error) {
	err = c.query(func(v []driver.Value) bool {
		it, ok = table.Item{Key: k, Version: number(v[0]), Body: bytesOf(v[2]), Expires: expiry(v[1])}, true
		return false
	}, selectItem, string(k.Table), k.Partition, k.Sort)
	return it, ok, err
}

// expiry undoes seconds; 0 and NULL are never.
func expiry(v driver.Value) time.Time {
	if n := number(v); n != 0 {
		return time.Unix(n, 0).UTC()
	}
	return time.Time{}
}

func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// GetAll is table.Store's.
func (db *DB) GetAll(ctx context.Context, keys ...table.Key) ([]table.Item, error) {
	keys, err := table.PrepareKeys(keys)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	now := db.now()
	items := make([]table.Item, 0, len(keys))
	err = db.read(ctx, func(c *conn) error {
		for _, k := range keys {
			it, ok, err := stored(c, k)
			if err != nil {
				return err
			}
			if ok && !it.Expired(now) {
				items = append(items, it)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("get %d items: %w", len(keys), err)
	}
	return items, nil
}

// The statements of Query: both bounds are inclusive, or, for a page after another, one excludes the last key seen. An upper bound of NULL is none.
const (
	selectRange = `SELECT sk, ver, exp, body FROM items WHERE tab = ? AND pk = ? AND sk >= ? AND sk <= ? AND (exp = 0 OR exp > ?)`
	ascending   = selectRange + ` ORDER BY sk LIMIT ?`
	descending  = selectRange + ` ORDER BY sk DESC LIMIT ?`
)

// Query is table.Store's.
func (db *DB) Query(ctx context.Context, q table.Query) (table.Page, error) {
	if err := table.ValidateQuery(q); err != nil {
		return table.Page{}, err
	}
	low, high, err := bounds(q)
	if err != nil {
		return table.Page{}, err
	}
	limit := pageItems
	if q.Limit > 0 {
		limit = min(limit, q.Limit)
	}
	statement := ascending
	if q.Descending {
		statement = descending
	}
	var page table.Page
	var size int
	err = db.read(ctx, func(c *conn) error {
		return c.query(func(v []driver.Value) bool {
			if len(page.Items) == limit || size > pageBytes {
				page.Next = cursorAfter(page.Items[len(page.Items)-1].Key.Sort)
				return false
			}
			k := table.Key{Table: q.Table, Partition: q.Partition, Sort: text(v[0])}
			page.Items = append(page.Items, table.Item{Key: k, Version: number(v[1]), Expires: expiry(v[2]), Body: bytesOf(v[3])})
			size += len(k.Sort) + len(page.Items[len(page.Items)-1].Body)
			return true
		}, statement, string(q.Table), q.Partition, low, high, db.now().Unix(), int64(limit)+1)
	})
	if err != nil {
		return table.Page{}, fmt.Errorf("query %s %q: %w", q.Table, q.Partition, err)
	}
	return page, nil
}

// greatest sorts after every valid sort key: UTF-8 has no byte above 0xf4.
const greatest = "\xff"

// bounds is the inclusive range of sort keys that a query's prefix, bounds and cursor leave.
func bounds(q table.Query) (low, high string, err error) {
	low, high = max(q.From, q.Prefix), greatest
	if q.Prefix != "" {
		high = q.Prefix + greatest
	}
	if q.To != "" {
		high = min(high, q.To)
	}
	if q.Cursor == "" {
		return low, high, nil
	}
	last, err := cursorKey(q.Cursor)
	switch {
	case err != nil:
		return "", "", err
	case q.Descending:
		high = min(high, before(last))
	default:
		low = max(low, last+"\x00")
	}
	return low, high, nil
}

// before is an inclusive upper bound that leaves out last itself and nothing that sorts before it: the byte below its last one, followed by
// bytes that no key has.
func before(last string) string {
	end := len(last) - 1
	if last[end] == 0 {
		return last[:end]
	}
	return last[:end] + string([]byte{last[end] - 1}) + greatest
}

// cursorMark tells a cursor from other base64.
const cursorMark = "after:"

func cursorAfter(sort string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorMark + sort))
}

func cursorKey(cursor string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	n := len(cursorMark)
	if err != nil || len(raw) <= n || len(raw) > n+table.MaxSortBytes || string(raw[:n]) != cursorMark || !utf8.Valid(raw) {
		return "", fault.InvalidField("cursor", "was not given by a page of this query")
	}
	return string(raw[n:]), nil
}
