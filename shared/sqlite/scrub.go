package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"

	"shopkeeper/shared/fault"
)

// Scrub removes what the file still says of somebody who was erased from its tables: the changes that a feed keeps for its retention, and messages in queues and of the bus, dead ones too, with one of the
// words in a key or a body. It returns how many records went. Consumers of a feed do not see the changes that were removed.
func (db *DB) Scrub(ctx context.Context, words ...string) (int, error) {
	feeds, err := db.feeds(ctx)
	if err != nil {
		return 0, fmt.Errorf("list feeds: %w", err)
	}
	removed := int64(0)
	for _, word := range words {
		if word == "" {
			continue
		}
		err := db.update(ctx, func(t *tx) error {
			n, err := t.exec(`DELETE FROM messages WHERE instr(body, ?) > 0`, []byte(word))
			removed += n
			for _, name := range feeds {
				if err != nil {
					return err
				}
				n, err = t.exec(`DELETE FROM "feed_`+name+`" WHERE instr(pk, ?) > 0 OR instr(sk, ?) > 0 OR instr(coalesce(oldbody, x''), ?) > 0 OR instr(coalesce(newbody, x''), ?) > 0`,
					word, word, []byte(word), []byte(word))
				removed += n
			}
			return err
		})
		if err != nil {
			return int(removed), fmt.Errorf("scrub feeds and queues: %w", err)
		}
	}
	return int(removed), nil
}

// Compact writes the file anew without the bytes of what was deleted or replaced, and empties the engine's log, so that a look at the bytes finds only what the tables hold. Others may read meanwhile, and
// wait to write. Unavailable: another process was reading all the time, and the log could not be emptied.
func (db *DB) Compact(ctx context.Context) error {
	if err := db.open(); err != nil {
		return err
	}
	c, err := connect(db.path, db.busy)
	if err != nil {
		return err
	}
	err = c.run("VACUUM")
	if err == nil {
		err = c.truncateLog(ctx)
	}
	if closeErr := c.close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("compact the database: %w", err)
	}
	return nil
}

// truncateTries bounds how often emptying the log is tried: each waits for readers for as long as the busy timeout.
const truncateTries = 5

func (c *conn) truncateLog(ctx context.Context) error {
	for range truncateTries {
		if err := ctx.Err(); err != nil {
			return unavailable(err, "no time was left to empty the log")
		}
		busy, err := c.number("PRAGMA wal_checkpoint(TRUNCATE)")
		if err != nil || busy == 0 {
			return err
		}
	}
	return fault.New(fault.Unavailable, "another process reads the database all the time")
}

// Dump hands over every record of the file: where it lies, and its values one after the other, with a line break between. It is for whoever must know what is stored, whatever the engine splits
// over its pages.
func (db *DB) Dump(ctx context.Context, each func(where string, values []byte) error) error {
	var names []string
	err := db.read(ctx, func(c *conn) error {
		return c.query(func(v []driver.Value) bool {
			names = append(names, text(v[0]))
			return true
		}, `SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
	})
	if err != nil {
		return fmt.Errorf("list what is stored: %w", err)
	}
	for _, name := range names {
		var failed error
		err := db.read(ctx, func(c *conn) error {
			var line []byte
			return c.query(func(v []driver.Value) bool {
				line = line[:0]
				where := name
				for i, value := range v {
					switch value := value.(type) {
					case string:
						if i == 0 && name == "items" {
							where = value
						}
						line = append(append(line, value...), '\n')
					case []byte:
						line = append(append(line, value...), '\n')
					}
				}
				failed = each(where, line)
				return failed == nil && ctx.Err() == nil
			}, `SELECT * FROM "`+strings.ReplaceAll(name, `"`, `""`)+`"`)
		})
		if failed != nil {
			return failed
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("read what is stored: %w", err)
		}
	}
	return nil
}
