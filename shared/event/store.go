package event

import (
	"encoding/json"
	"fmt"
	"time"

	"shopkeeper/shared/table"
)

// Table holds every event once: partition shop#visitor, sort key the message id. Its feed drives profiles and the archive.
const Table table.Name = "events"

// Retention is how long the events table keeps an event after it was received; the archive keeps it longer. It must exceed the 24 h in which clients may repeat a message.
const Retention = 90 * 24 * time.Hour

// Key is where an event lives.
func Key(shop ShopID, visitor VisitorID, id ID) table.Key {
	return table.Key{Table: Table, Partition: table.Partition(string(shop), string(visitor)), Sort: table.Partition(string(id))}
}

// Item is the event as it is stored.
func (e Event) Item() (table.Item, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return table.Item{}, fmt.Errorf("encode event %s: %w", e.ID, err)
	}
	return table.Item{Key: Key(e.Shop, e.Visitor, e.ID), Body: body, Expires: e.ReceivedAt.Add(Retention)}, nil
}

// FromItem undoes Item.
func FromItem(it table.Item) (Event, error) {
	var e Event
	owner, id := table.Split(it.Key.Partition), table.Split(it.Key.Sort)
	if len(owner) != 2 || len(id) != 1 {
		return e, fmt.Errorf("event key %q/%q has another shape", it.Key.Partition, it.Key.Sort)
	}
	if err := json.Unmarshal(it.Body, &e); err != nil {
		return e, fmt.Errorf("decode event %s: %w", it.Key.Sort, err)
	}
	e.Shop, e.Visitor, e.ID = ShopID(owner[0]), VisitorID(owner[1]), ID(id[0])
	return e, nil
}
