package sqlite

import (
	"sync"
	"time"

	"shopkeeper/shared/table"
)

// pollEvery is how often a DB looks whether another process has written.
const pollEvery = 200 * time.Millisecond

// topics wakes those who wait for something to be written: a table's change, a queue's message.
type topics struct {
	mu      sync.Mutex
	waiting map[string]chan struct{}
}

func (t *topics) changed(topic string) <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting == nil {
		t.waiting = map[string]chan struct{}{}
	}
	ch, ok := t.waiting[topic]
	if !ok {
		ch = make(chan struct{})
		t.waiting[topic] = ch
	}
	return ch
}

func (t *topics) tell(names ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, name := range names {
		if ch, ok := t.waiting[name]; ok {
			close(ch)
			delete(t.waiting, name)
		}
	}
}

func (t *topics) tellAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, ch := range t.waiting {
		close(ch)
		delete(t.waiting, name)
	}
}

// Changed is closed at the next change of a table: at once for one by this process, within a fraction of a second for another's. It may be
// closed without one. Ask for it before reading the feed, so that no change falls in between.
func (db *DB) Changed(name table.Name) <-chan struct{} { return db.topics.changed(tableTopic(name)) }

func tableTopic(name table.Name) string { return "table " + string(name) }

func queueTopic(name string) string { return "queue " + name }

// watch wakes everybody when another process has written, until Close.
func (db *DB) watch() {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for seen := db.gen.load(); ; {
		select {
		case <-tick.C:
			if g := db.gen.load(); g != seen {
				seen = g
				db.topics.tellAll()
			}
		case <-db.closing.Done():
			return
		}
	}
}
