package sqlite

import (
	"context"
	"fmt"
	"runtime"

	"shopkeeper/shared/table"
)

// maxBatch bounds the calls of one transaction, and so how long the first of them waits for the last.
const maxBatch = 256

// call is one caller's part of a transaction. do runs in the writer's goroutine. It checks before it writes: when it returns an error that is
// not the engine's, it has written nothing, and the transaction goes on with the other calls. It may run twice.
type call struct {
	ctx  context.Context
	do   func(tx *tx) error
	err  error
	done chan struct{}
}

// tx is the transaction that a call takes part in.
type tx struct {
	*conn
	now    int64 // milliseconds
	keys   []table.Key
	topics []string
	broken error // the engine's error, after which the transaction cannot be committed
}

// exec is conn.exec, and remembers an error of the engine.
func (t *tx) exec(text string, args ...any) (int64, error) {
	n, err := t.conn.exec(text, args...)
	if err != nil {
		t.broken = err
	}
	return n, err
}

// update has do run within a transaction and returns after that is on the disk. When ctx ends first, do may still be carried out.
func (db *DB) update(ctx context.Context, do func(tx *tx) error) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err, "no time was left to write")
	}
	c := &call{ctx: ctx, do: do, done: make(chan struct{})}
	select {
	case db.writes <- c:
	case <-ctx.Done():
		return unavailable(ctx.Err(), "no time was left to write")
	case <-db.closing.Done():
		return errClosed
	}
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return unavailable(ctx.Err(), "the write took too long")
	case <-db.ended:
	}
	select {
	case <-c.done:
		return c.err
	default:
		return errClosed
	}
}

// write is the writer's loop: it takes what callers have sent meanwhile, commits it in one transaction and answers them.
//
// While a transaction is on its way to the disk the next one's calls gather. Those just answered often come back with another call at once;
// the loop lets them run before it begins, or they would have to wait for the transaction after the next. It does so only while there are
// several callers and more calls come: it would be a wait for nothing.
func (db *DB) write(c *conn) {
	defer func() {
		db.refuse()
		close(db.ended)
		if err := c.close(); err != nil {
			db.log.Error("cannot close the database", "err", err)
		}
	}()
	batch := make([]*call, 0, maxBatch)
	for several := false; ; several = len(batch) > 1 {
		select {
		case first := <-db.writes:
			batch = append(batch[:0], first)
		case <-db.closing.Done():
			return
		}
		batch = db.gather(batch)
		for n := 0; (several || len(batch) > 1) && n < len(batch); {
			n = len(batch)
			runtime.Gosched()
			batch = db.gather(batch)
		}
		db.commit(c, batch)
		for _, one := range batch {
			close(one.done)
		}
	}
}

func (db *DB) gather(batch []*call) []*call {
	for len(batch) < maxBatch {
		select {
		case one := <-db.writes:
			batch = append(batch, one)
		default:
			return batch
		}
	}
	return batch
}

// refuse answers the calls that came too late.
func (db *DB) refuse() {
	for _, one := range db.gather(nil) {
		one.err = errClosed
		close(one.done)
	}
}

// commit carries the batch out and leaves each call its answer. When there is no room for all, each is tried alone: the small ones may fit.
func (db *DB) commit(c *conn, batch []*call) {
	err := db.transact(c, batch)
	if err != nil && full(err) && len(batch) > 1 {
		for _, one := range batch {
			db.commit(c, []*call{one})
		}
		return
	}
	if err == nil {
		return
	}
	db.log.Warn("a transaction failed", "calls", len(batch), "err", err)
	for _, one := range batch {
		one.err = err
	}
}

// transact runs the batch in one transaction. Its error is every call's.
func (db *DB) transact(c *conn, batch []*call) (err error) {
	if _, err := c.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	t := &tx{conn: c, now: db.now().UnixMilli()}
	defer func() {
		if err != nil {
			c.exec("ROLLBACK") //nolint:errcheck // fails when the engine has rolled back by itself; the first error is the one to tell
		}
	}()
	for _, one := range batch {
		if one.err = one.ctx.Err(); one.err != nil {
			one.err = unavailable(one.err, "no time was left to write")
			continue
		}
		if one.err = one.do(t); t.broken != nil {
			return fmt.Errorf("write: %w", t.broken)
		}
	}
	db.cache.begin(t.keys)
	_, err = c.exec("COMMIT")
	db.cache.end()
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	db.topics.tell(t.topics...)
	return nil
}
