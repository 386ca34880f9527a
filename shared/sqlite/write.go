package sqlite

import (
	"context"
	"fmt"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

const (
	putItem = `INSERT INTO items (tab, pk, sk, ver, exp, at, body) VALUES (?, ?, ?, 1, ?, ?, ?)
		ON CONFLICT (tab, pk, sk) DO UPDATE SET
		ver = CASE WHEN exp <> 0 AND exp * 1000 <= excluded.at THEN 1 ELSE ver + 1 END, exp = excluded.exp, at = excluded.at, body = excluded.body`
	touchItem  = `UPDATE items SET at = ? WHERE tab = ? AND pk = ? AND sk = ?`
	deleteItem = `DELETE FROM items WHERE tab = ? AND pk = ? AND sk = ?`
	selectHead = `SELECT ver FROM items WHERE tab = ? AND pk = ? AND sk = ? AND (exp = 0 OR exp > ?)`
)

// Write is table.Store's. After Unavailable because of the caller's deadline it may have been applied.
func (db *DB) Write(ctx context.Context, ops ...table.Op) error {
	ops, err := table.Prepare(ops)
	if err != nil || len(ops) == 0 {
		return err
	}
	return db.update(ctx, func(t *tx) error {
		for i, op := range ops {
			if err := t.check(i, op); err != nil {
				return err
			}
		}
		for _, op := range ops {
			var err error
			switch op.Kind {
			case table.OpPut:
				err = t.put(op.Item)
			case table.OpDelete:
				err = t.delete(op.Item.Key)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// putChunk is how many items of a PutAll share a transaction: enough that the disk counts for little, few enough that others soon have a turn.
const putChunk = 1000

// PutAll is table.Store's.
func (db *DB) PutAll(ctx context.Context, items ...table.Item) error {
	items, err := table.PrepareItems(items)
	if err != nil {
		return err
	}
	for len(items) > 0 {
		chunk := items[:min(putChunk, len(items))]
		items = items[len(chunk):]
		err := db.update(ctx, func(t *tx) error {
			for _, it := range chunk {
				if err := t.put(it); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("put %d items: %w", len(chunk), err)
		}
	}
	return nil
}

// check is a Conflict when the op's condition does not hold. Ops of one write have different keys, so that all can be checked before any is
// carried out.
func (t *tx) check(i int, op table.Op) error {
	version, versioned := op.If.Version()
	if !versioned && !op.If.Absent() {
		return nil
	}
	k := op.Item.Key
	have, err := t.number(selectHead, string(k.Table), k.Partition, k.Sort, t.now/1000)
	if err != nil {
		t.broken = err
		return err
	}
	if versioned && have != 0 && have == version || !versioned && have == 0 {
		return nil
	}
	conflict := &table.ConflictError{Op: i, Key: k}
	if have != 0 {
		it, _, err := stored(t.conn, k)
		if err != nil {
			t.broken = err
			return err
		}
		conflict.Stored = &it
	}
	return fault.Wrap(fault.Conflict, conflict, "what is stored has changed meanwhile")
}

func (t *tx) put(it table.Item) error {
	t.wrote(it.Key)
	_, err := t.exec(putItem, string(it.Key.Table), it.Key.Partition, it.Key.Sort, seconds(it.Expires), t.now, []byte(it.Body))
	return err
}

func (t *tx) delete(k table.Key) error {
	t.wrote(k)
	n, err := t.exec(touchItem, t.now, string(k.Table), k.Partition, k.Sort)
	if err != nil || n == 0 {
		return err
	}
	_, err = t.exec(deleteItem, string(k.Table), k.Partition, k.Sort)
	return err
}

func (t *tx) wrote(k table.Key) {
	t.keys = append(t.keys, k)
	t.tell(tableTopic(k.Table))
}

// tell wakes those who wait for the topic, after the commit.
func (t *tx) tell(topic string) {
	if n := len(t.topics); n == 0 || t.topics[n-1] != topic {
		t.topics = append(t.topics, topic)
	}
}

func millis(n int64) time.Time { return time.UnixMilli(n).UTC() }
