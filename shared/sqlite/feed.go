package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strconv"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Feed is the feed of a table that some Open named in Options.Feeds.
func (db *DB) Feed(name table.Name) table.Feed {
	quoted := `"feed_` + string(name) + `"`
	return &feed{
		db: db, name: name,
		read: `SELECT seq, at, pk, sk, expired, oldver, oldexp, oldbody, newver, newexp, newbody FROM ` + quoted + `
			WHERE seq > coalesce((SELECT seq FROM checkpoints WHERE feed = ? AND consumer = ?), 0) ORDER BY seq LIMIT ?`,
	}
}

type feed struct {
	db   *DB
	name table.Name
	read string
}

var _ table.Feed = (*feed)(nil)

// Read is table.Feed's.
func (f *feed) Read(ctx context.Context, consumer string, limit int) ([]table.Change, error) {
	if limit < 1 {
		return nil, fault.InvalidField("limit", "is less than one")
	}
	var changes []table.Change
	err := f.db.read(ctx, func(c *conn) error {
		return c.query(func(v []driver.Value) bool {
			changes = append(changes, f.change(v))
			return true
		}, f.read, string(f.name), consumer, int64(limit))
	})
	if err != nil {
		return nil, fmt.Errorf("read the feed of %s: %w", f.name, err)
	}
	return changes, nil
}

func (f *feed) change(v []driver.Value) table.Change {
	k := table.Key{Table: f.name, Partition: text(v[2]), Sort: text(v[3])}
	return table.Change{
		Seq: strconv.FormatInt(number(v[0]), 10), Key: k, At: millis(number(v[1])), Expired: number(v[4]) != 0,
		Old: image(k, v[5:8]), New: image(k, v[8:11]),
	}
}

// image is an item from its version, expiry and body; nil when they are NULL.
func image(k table.Key, v []driver.Value) *table.Item {
	if v[0] == nil {
		return nil
	}
	return &table.Item{Key: k, Version: number(v[0]), Expires: expiry(v[1]), Body: bytesOf(v[2])}
}

// Commit is table.Feed's. A checkpoint never moves back.
func (f *feed) Commit(ctx context.Context, consumer, seq string) error {
	n, err := strconv.ParseInt(seq, 10, 64)
	if err != nil || n < 1 {
		return fault.InvalidField("seq", "was not given by this feed")
	}
	err = f.db.update(ctx, func(t *tx) error {
		_, err := t.exec(`INSERT INTO checkpoints (feed, consumer, seq) VALUES (?, ?, ?)
			ON CONFLICT (feed, consumer) DO UPDATE SET seq = max(seq, excluded.seq)`, string(f.name), consumer, n)
		return err
	})
	if err != nil {
		return fmt.Errorf("commit the feed of %s for %s: %w", f.name, consumer, err)
	}
	return nil
}
