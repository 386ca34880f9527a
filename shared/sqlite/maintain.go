package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"

	"shopkeeper/shared/table"
)

// maintainChunk is how many rows one transaction of Maintain removes, so that others soon have a turn.
const maintainChunk = 1000

// Maintain removes items that have expired (feeds show them as removed by expiry) and changes that are older than the feed's retention and
// behind every consumer. Call it every minute or so; nothing depends on it but the file's size and the feeds' records of expiry.
func (db *DB) Maintain(ctx context.Context) error {
	if err := db.removeExpired(ctx); err != nil {
		return fmt.Errorf("remove expired items: %w", err)
	}
	feeds, err := db.feeds(ctx)
	if err != nil {
		return fmt.Errorf("list feeds: %w", err)
	}
	for _, name := range feeds {
		if err := db.trim(ctx, name); err != nil {
			return fmt.Errorf("trim the feed of %s: %w", name, err)
		}
	}
	return nil
}

func (db *DB) removeExpired(ctx context.Context) error {
	for again := true; again; {
		err := db.update(ctx, func(t *tx) error {
			var gone []table.Key
			err := t.query(func(v []driver.Value) bool {
				gone = append(gone, table.Key{Table: table.Name(text(v[0])), Partition: text(v[1]), Sort: text(v[2])})
				return true
			}, `SELECT tab, pk, sk FROM items WHERE exp <> 0 AND exp <= ? ORDER BY exp LIMIT ?`, t.now/1000, int64(maintainChunk))
			for _, k := range gone {
				if err == nil {
					err = t.delete(k)
				}
			}
			again = len(gone) == maintainChunk
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// feeds are the tables whose changes the file records.
func (db *DB) feeds(ctx context.Context) (names []string, err error) {
	err = db.read(ctx, func(c *conn) error {
		return c.query(func(v []driver.Value) bool {
			names = append(names, strings.TrimPrefix(text(v[0]), "feed_"))
			return true
		}, `SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 5) = 'feed_' ORDER BY name`)
	})
	return names, err
}

func (db *DB) trim(ctx context.Context, name string) error {
	quoted := `"feed_` + name + `"`
	remove := `DELETE FROM ` + quoted + ` WHERE at < ? AND seq <= coalesce((SELECT min(seq) FROM checkpoints WHERE feed = ?), 9223372036854775807)
		AND seq IN (SELECT seq FROM ` + quoted + ` ORDER BY seq LIMIT ?)` // the oldest come first: no index by time is needed
	for again := true; again; {
		err := db.update(ctx, func(t *tx) error {
			n, err := t.exec(remove, t.now-db.retention.Milliseconds(), name, int64(maintainChunk))
			again = n == maintainChunk
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
