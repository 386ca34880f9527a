package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/queue"
)

// Defaults of QueueOptions.
const (
	DefaultVisibility = time.Minute // several times what handling a batch takes
	DefaultMaxReceive = 5
	maxDelay          = 15 * time.Minute
	maxReceive        = 10
)

// QueueOptions are a Queue's settings.
type QueueOptions struct {
	Visibility time.Duration // how long a received message stays hidden; 0 means the default
	MaxReceive int           // deliveries without Done before a message is dead; 0 means the default
}

// Queue is a queue.Queue in the file. Messages with no deliveries left wait in its dead-letter queue, Dead.
type Queue struct {
	db         *DB
	name       string
	visibility time.Duration
	maxReceive int
}

var _ queue.Queue = (*Queue)(nil)

// Queue is the queue of that name; it need not be made before.
func (db *DB) Queue(name string, opts *QueueOptions) *Queue {
	q := &Queue{db: db, name: name, visibility: DefaultVisibility, maxReceive: DefaultMaxReceive}
	if opts != nil && opts.Visibility > 0 {
		q.visibility = opts.Visibility
	}
	if opts != nil && opts.MaxReceive > 0 {
		q.maxReceive = opts.MaxReceive
	}
	return q
}

// Dead is where messages go that nobody could deal with. From there they go nowhere by themselves.
func (q *Queue) Dead() *Queue {
	return &Queue{db: q.db, name: deadName(q.name), visibility: q.visibility, maxReceive: 1 << 30}
}

func deadName(name string) string { return name + "/dead" }

// Len is how many messages wait in the queue, hidden ones too.
func (q *Queue) Len(ctx context.Context) (n int64, err error) {
	err = q.db.read(ctx, func(c *conn) error {
		n, err = c.number(`SELECT count(*) FROM messages WHERE queue = ?`, q.name)
		return err
	})
	return n, err
}

// Send is queue.Queue's.
func (q *Queue) Send(ctx context.Context, delay time.Duration, bodies ...[]byte) error {
	if err := checkDelay(delay); err != nil {
		return err
	}
	for i, body := range bodies {
		if len(body) > queue.MaxBodyBytes {
			return fault.InvalidField(fmt.Sprintf("bodies[%d]", i), fmt.Sprintf("has %d bytes, at most %d are allowed", len(body), queue.MaxBodyBytes))
		}
	}
	if len(bodies) == 0 {
		return nil
	}
	kept := make([][]byte, len(bodies)) // the caller's may change once its deadline has passed
	for i, body := range bodies {
		kept[i] = append(make([]byte, 0, len(body)), body...)
	}
	err := q.db.update(ctx, func(t *tx) error { return t.send(q.name, delay, kept) })
	if err != nil {
		return fmt.Errorf("send to %s: %w", q.name, err)
	}
	return nil
}

func checkDelay(d time.Duration) error {
	if d < 0 || d > maxDelay {
		return fault.InvalidField("delay", "is not between 0 and 15 minutes")
	}
	return nil
}

func (t *tx) send(name string, delay time.Duration, bodies [][]byte) error {
	for _, body := range bodies {
		if _, err := t.exec(`INSERT INTO messages (queue, due, attempts, body) VALUES (?, ?, 0, ?)`, name, t.now+delay.Milliseconds(), body); err != nil {
			return err
		}
	}
	t.tell(queueTopic(name))
	return nil
}

// Receive is queue.Queue's. It ends with the context's error when that comes first.
func (q *Queue) Receive(ctx context.Context, limit int, wait time.Duration) ([]queue.Message, error) {
	if limit < 1 || limit > maxReceive {
		return nil, fault.InvalidField("limit", "is not between 1 and 10")
	}
	var over <-chan time.Time // nil until waiting begins
	for {
		sent := q.db.topics.changed(queueTopic(q.name))
		ms, next, err := q.take(ctx, limit)
		if err != nil || len(ms) > 0 || wait <= 0 {
			return ms, err
		}
		if over == nil {
			timer := time.NewTimer(wait)
			defer timer.Stop()
			over = timer.C
		}
		due := time.NewTimer(next)
		select {
		case <-sent:
		case <-due.C:
		case <-over:
			wait = 0 // one last look
		case <-q.db.closing.Done():
			err = errClosed
		case <-ctx.Done():
			err = ctx.Err()
		}
		due.Stop()
		if err != nil {
			return nil, err
		}
	}
}

// longestNap is how long a receiver sleeps when nothing is there and nothing wakes it.
const longestNap = 5 * time.Second

// take receives what is due now. When nothing is, next is how long it will be until something may be. It looks before it asks for a
// transaction, so that an idle queue costs no write.
func (q *Queue) take(ctx context.Context, limit int) (ms []queue.Message, next time.Duration, err error) {
	next = longestNap
	now := q.db.now().UnixMilli()
	err = q.db.read(ctx, func(c *conn) error {
		return c.query(func(v []driver.Value) bool {
			next = min(next, max(0, time.Duration(number(v[0])-now)*time.Millisecond))
			return false
		}, `SELECT due FROM messages WHERE queue = ? ORDER BY due LIMIT 1`, q.name)
	})
	if err != nil || next > 0 {
		return nil, next, err
	}
	var taken []queue.Message
	err = q.db.update(ctx, func(t *tx) (err error) {
		taken, err = q.deliver(t, limit)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("receive from %s: %w", q.name, err)
	}
	return taken, 0, nil
}

// deliver hides the messages that it returns, and moves those without deliveries left to the dead.
func (q *Queue) deliver(t *tx, limit int) (ms []queue.Message, err error) {
	var dead []int64
	for len(ms) == 0 {
		dead = dead[:0]
		readErr := t.query(func(v []driver.Value) bool {
			id, attempts := number(v[0]), number(v[1])
			if attempts >= int64(q.maxReceive) {
				dead = append(dead, id)
			} else {
				ms = append(ms, message(id, attempts+1, bytesOf(v[2])))
			}
			return true
		}, `SELECT id, attempts, body FROM messages WHERE queue = ? AND due <= ? ORDER BY due, id LIMIT ?`, q.name, t.now, int64(limit))
		if readErr != nil {
			t.broken = readErr
			return nil, readErr
		}
		if len(dead) == 0 {
			break
		}
		for _, id := range dead {
			if err := t.bury(q.name, id); err != nil {
				return nil, err
			}
		}
	}
	for _, m := range ms {
		id, _, _ := receipt(m)
		if _, err := t.exec(`UPDATE messages SET attempts = attempts + 1, due = ? WHERE id = ?`, t.now+q.visibility.Milliseconds(), id); err != nil {
			return nil, err
		}
	}
	return ms, nil
}

func (t *tx) bury(name string, id int64) error {
	_, err := t.exec(`UPDATE messages SET queue = ?, attempts = 0, due = ? WHERE id = ?`, deadName(name), t.now, id)
	t.tell(queueTopic(deadName(name)))
	return err
}

// message is the delivery of a message. Its receipt names the delivery by its number.
func message(id, attempts int64, body []byte) queue.Message {
	name := strconv.FormatInt(id, 10)
	return queue.Message{ID: name, Receipt: name + "." + strconv.FormatInt(attempts, 10), Body: body, Attempts: int(attempts)}
}

func receipt(m queue.Message) (id, attempts int64, err error) {
	a, b, _ := strings.Cut(m.Receipt, ".")
	id, errID := strconv.ParseInt(a, 10, 64)
	attempts, errAttempts := strconv.ParseInt(b, 10, 64)
	if errID != nil || errAttempts != nil {
		return 0, 0, fault.InvalidField("receipt", "was not given by this queue")
	}
	return id, attempts, nil
}

// Done is queue.Queue's; Conflict when the message was delivered again meanwhile or is gone.
func (q *Queue) Done(ctx context.Context, m queue.Message) error {
	return q.settle(ctx, m, func(t *tx, id int64) error {
		_, err := t.exec(`DELETE FROM messages WHERE id = ?`, id)
		return err
	})
}

// Retry is queue.Queue's; Conflict as for Done.
func (q *Queue) Retry(ctx context.Context, m queue.Message, delay time.Duration) error {
	if err := checkDelay(delay); err != nil {
		return err
	}
	return q.settle(ctx, m, func(t *tx, id int64) error {
		_, err := t.exec(`UPDATE messages SET due = ? WHERE id = ?`, t.now+delay.Milliseconds(), id)
		t.tell(queueTopic(q.name))
		return err
	})
}

// bury moves a message to the dead at once.
func (q *Queue) bury(ctx context.Context, m queue.Message) error {
	return q.settle(ctx, m, func(t *tx, id int64) error { return t.bury(q.name, id) })
}

// settle has do deal with the delivery that m is, if it is the latest one.
func (q *Queue) settle(ctx context.Context, m queue.Message, do func(t *tx, id int64) error) error {
	id, attempts, err := receipt(m)
	if err != nil {
		return err
	}
	err = q.db.update(ctx, func(t *tx) error {
		n, err := t.number(`SELECT count(*) FROM messages WHERE id = ? AND queue = ? AND attempts = ?`, id, q.name, attempts)
		if err != nil {
			t.broken = err
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "the message was delivered again or is gone")
		}
		return do(t, id)
	})
	if err != nil {
		return fmt.Errorf("message %s of %s: %w", m.ID, q.name, err)
	}
	return nil
}
