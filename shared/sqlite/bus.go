package sqlite

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"shopkeeper/shared/bus"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/queue"
)

// How the bus delivers. A notice that cannot be handled yet comes again after 1 s, 2 s, 4 s ... 5 min: for about a day, as EventBridge does.
const (
	busVisibility = 5 * time.Minute
	busAttempts   = 300
	firstBackOff  = time.Second
	longBackOff   = 5 * time.Minute
	busWait       = 20 * time.Second
)

// Bus is a bus.Bus in the file: each rule has a queue, to which Publish sends what matches.
type Bus struct {
	db   *DB
	name string
	back func(attempts int) time.Duration
}

var _ bus.Bus = (*Bus)(nil)

// Bus is the bus of that name; it need not be made before. Rules that were ever registered with it are known.
func (db *DB) Bus(name string) *Bus { return &Bus{db: db, name: name, back: backOff} }

func backOff(attempts int) time.Duration {
	return min(firstBackOff<<min(attempts-1, 20), longBackOff)
}

// Publish is bus.Bus's.
func (b *Bus) Publish(ctx context.Context, notices ...bus.Notice) error {
	bodies, err := encode(notices)
	if err != nil || len(notices) == 0 {
		return err
	}
	types := make([]string, len(notices))
	for i, n := range notices {
		types[i] = n.Type
	}
	err = b.db.update(ctx, func(t *tx) error {
		rules, err := b.rules(t.conn)
		if err != nil {
			t.broken = err
			return err
		}
		for name, prefix := range rules {
			for i, kind := range types {
				if !matches(kind, prefix) {
					continue
				}
				if err := t.send(b.queueName(name), 0, bodies[i:i+1]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("publish %d notices: %w", len(notices), err)
	}
	return nil
}

// encode checks the notices and is their JSON.
func encode(notices []bus.Notice) ([][]byte, error) {
	var fields []fault.Field
	bodies := make([][]byte, len(notices))
	for i, n := range notices {
		at := fmt.Sprintf("notices[%d]", i)
		for _, part := range [...]struct{ name, value string }{{"id", n.ID}, {"shop", n.Shop}, {"type", n.Type}} {
			if part.value == "" {
				fields = append(fields, fault.Field{Path: at + "." + part.name, Reason: "is missing"})
			}
		}
		var object map[string]json.RawMessage
		if err := json.Unmarshal(n.Detail, &object); err != nil || object == nil {
			fields = append(fields, fault.Field{Path: at + ".detail", Reason: "is not a JSON object"})
			continue
		}
		body, err := json.Marshal(n)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "a notice cannot be written as JSON")
		}
		if len(body) > bus.MaxBytes {
			fields = append(fields, fault.Field{Path: at, Reason: fmt.Sprintf("has %d bytes, at most %d are allowed", len(body), bus.MaxBytes)})
		}
		bodies[i] = body
	}
	if len(fields) > 0 {
		return nil, fault.InvalidFields(fields...)
	}
	return bodies, nil
}

func matches(kind, prefix string) bool {
	rest, ok := strings.CutPrefix(kind, prefix)
	return ok && (prefix == "" || rest == "" || rest[0] == '.')
}

// rules are the registered rules' prefixes by name.
func (b *Bus) rules(c *conn) (map[string]string, error) {
	rules := map[string]string{}
	err := c.query(func(v []driver.Value) bool {
		rules[text(v[0])] = text(v[1])
		return true
	}, `SELECT name, prefix FROM rules WHERE bus = ?`, b.name)
	return rules, err
}

func (b *Bus) queueName(rule string) string { return "bus/" + b.name + "/" + rule }

// queue is where a rule's notices wait.
func (b *Bus) queue(rule string) *Queue {
	return b.db.Queue(b.queueName(rule), &QueueOptions{Visibility: busVisibility, MaxReceive: busAttempts})
}

// Failed is where the notices lie, as JSON, that a rule could not handle.
func (b *Bus) Failed(rule string) *Queue { return b.queue(rule).Dead() }

// Register makes the rules those of the bus, durably: notices published from now on wait for them, also while nobody runs. What waits for a
// rule that is no more goes to where its failures lie.
func (b *Bus) Register(ctx context.Context, rules ...bus.Rule) error {
	names := map[string]bool{}
	for _, r := range rules {
		if r.Name == "" || names[r.Name] {
			return fault.InvalidField("rules", fmt.Sprintf("the name %q is empty or there twice", r.Name))
		}
		names[r.Name] = true
	}
	err := b.db.update(ctx, func(t *tx) error {
		known, err := b.rules(t.conn)
		if err != nil {
			t.broken = err
			return err
		}
		for name := range known {
			if names[name] {
				continue
			}
			if _, err := t.exec(`DELETE FROM rules WHERE bus = ? AND name = ?`, b.name, name); err != nil {
				return err
			}
			if _, err := t.exec(`UPDATE messages SET queue = ?, attempts = 0 WHERE queue = ?`, deadName(b.queueName(name)), b.queueName(name)); err != nil {
				return err
			}
		}
		for _, r := range rules {
			if prefix, ok := known[r.Name]; ok && prefix == r.Prefix {
				continue
			}
			if _, err := t.exec(`INSERT INTO rules (bus, name, prefix) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET prefix = excluded.prefix`, b.name, r.Name, r.Prefix); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("register rules: %w", err)
	}
	return nil
}

// Run registers the rules and delivers to them, each in a goroutine of its own, until ctx ends. Its error is that of registering.
func (b *Bus) Run(ctx context.Context, rules ...bus.Rule) error {
	if err := b.Register(ctx, rules...); err != nil {
		return err
	}
	b.Deliver(ctx, rules...)
	return nil
}

// Deliver is Run for rules that are registered.
func (b *Bus) Deliver(ctx context.Context, rules ...bus.Rule) {
	var group sync.WaitGroup
	for _, r := range rules {
		group.Go(func() { b.deliver(ctx, r) })
	}
	group.Wait()
}

// deliver hands a rule its notices, one after the other. A notice in work when ctx ends is settled still, or comes again.
func (b *Bus) deliver(ctx context.Context, r bus.Rule) {
	q := b.queue(r.Name)
	for ctx.Err() == nil {
		ms, err := q.Receive(ctx, maxReceive, busWait)
		if errors.Is(err, errClosed) {
			return
		}
		if err != nil && ctx.Err() == nil {
			b.db.log.Warn("cannot receive notices", "rule", r.Name, "err", err)
			pause(ctx, retryAfter)
		}
		for _, m := range ms {
			if err := b.handle(ctx, q, r, m); err != nil {
				b.db.log.Warn("cannot settle a notice; it will come again", "rule", r.Name, "message", m.ID, "err", err)
			}
		}
	}
}

func (b *Bus) handle(ctx context.Context, q *Queue, r bus.Rule, m queue.Message) error {
	settle := context.WithoutCancel(ctx)
	var n bus.Notice
	err := json.Unmarshal(m.Body, &n)
	if err == nil {
		err = r.Handle(ctx, n)
	}
	switch {
	case err == nil:
		return q.Done(settle, m)
	case fault.Retryable(err) || ctx.Err() != nil:
		b.db.log.Info("a notice comes again", "rule", r.Name, "notice", n.ID, "attempt", m.Attempts, "err", err)
		return q.Retry(settle, m, b.back(m.Attempts))
	default:
		b.db.log.Error("a notice cannot be handled", "rule", r.Name, "notice", n.ID, "err", err)
		return q.bury(settle, m)
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
