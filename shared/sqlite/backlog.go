package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"
)

// Backlog is what waits for one consumer of a feed, or in one queue. Oldest is when the first of it was stored, or fell due; the zero time when nothing waits.
type Backlog struct {
	Feed     string // a table's, or empty
	Queue    string // or empty
	Consumer string // of the feed
	Waiting  int64
	Oldest   time.Time
}

// Backlogs are all feeds with their consumers, then all queues that are not empty, in order. Changes that a feed has forgotten wait for nobody.
func (db *DB) Backlogs(ctx context.Context) ([]Backlog, error) {
	var all []Backlog
	names, err := db.feeds(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		quoted := `"feed_` + name + `"`
		err := db.read(ctx, func(c *conn) error {
			return c.query(func(v []driver.Value) bool {
				all = append(all, Backlog{Feed: name, Consumer: text(v[0]), Waiting: number(v[1]), Oldest: moment(v[2])})
				return true
			}, `SELECT k.consumer, count(f.seq), min(f.at) FROM checkpoints k LEFT JOIN `+quoted+` f ON f.seq > k.seq WHERE k.feed = ? GROUP BY k.consumer ORDER BY k.consumer`, name)
		})
		if err != nil {
			return nil, fmt.Errorf("backlog of the feed of %s: %w", name, err)
		}
	}
	err = db.read(ctx, func(c *conn) error {
		return c.query(func(v []driver.Value) bool {
			all = append(all, Backlog{Queue: text(v[0]), Waiting: number(v[1]), Oldest: moment(v[2])})
			return true
		}, `SELECT queue, count(*), min(due) FROM messages GROUP BY queue ORDER BY queue`)
	})
	if err != nil {
		return nil, fmt.Errorf("backlog of the queues: %w", err)
	}
	return all, nil
}

// moment is a time in milliseconds; the zero time for NULL.
func moment(v driver.Value) time.Time {
	if v == nil {
		return time.Time{}
	}
	return millis(number(v))
}
