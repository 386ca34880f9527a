package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// What is remembered of the messages handed to one person, and so the largest cap.
const (
	MaxTouches   = 60
	TouchesReach = 90 * 24 * time.Hour
)

// Cap bounds the messages to one person over all campaigns: at most Messages in any period of length Within. The zero Cap is none. At most MaxTouches messages
// within TouchesReach can be told.
type Cap struct {
	Messages int
	Within   time.Duration
}

// Touch is a message that was, or may have been, handed to a person.
type Touch struct {
	Campaign CampaignID `json:"c"`
	Step     int        `json:"s,omitempty"`
	At       time.Time  `json:"at"` // the end of its claim: the latest time at which it can have been handed
}

// touches is the record of one person.
type touches struct {
	person  event.PersonID
	version int64 // 0: there is none
	list    []Touch
}

func touchesKey(shop event.ShopID, person event.PersonID) table.Key {
	return table.Key{Table: Table, Partition: table.Partition(string(shop), "t", string(person)), Sort: "touches"}
}

// Touches are the messages that were, or may have been, handed to a person lately, oldest first.
func (s *Store) Touches(ctx context.Context, shop event.ShopID, person event.PersonID) ([]Touch, error) {
	it, err := s.tables.Get(ctx, touchesKey(shop, person), table.Strong)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("messages lately to %s: %w", person, err)
	}
	t, err := touchesOf(person, &it)
	return t.list, err
}

type touchesBody struct {
	Touches []Touch `json:"touches"`
}

func touchesOf(person event.PersonID, it *table.Item) (touches, error) {
	t := touches{person: person}
	if it == nil {
		return t, nil
	}
	var body touchesBody
	if err := json.Unmarshal(it.Body, &body); err != nil {
		return t, fault.Wrap(fault.Internal, err, "the messages lately to "+string(person)+" are not readable")
	}
	t.version, t.list = it.Version, body.Touches
	return t, nil
}

// put is the op that stores t in place of what it was read from.
func (t touches) put(shop event.ShopID) (table.Op, error) {
	body, err := json.Marshal(touchesBody{t.list})
	if err != nil {
		return table.Op{}, fmt.Errorf("encode the messages lately to %s: %w", t.person, err)
	}
	it := table.Item{Key: touchesKey(shop, t.person), Body: body}
	if len(t.list) > 0 {
		it.Expires = t.list[len(t.list)-1].At.Add(TouchesReach)
	}
	if t.version == 0 {
		return table.Put(it, table.IfAbsent()), nil
	}
	return table.Put(it, table.IfVersion(t.version)), nil
}

// allows says whether one more message keeps the cap. A touch after now counts too: it is of a claim that has not ended, or the clock was put back.
func (t touches) allows(c Cap, campaign CampaignID, step int, now time.Time) bool {
	if c.Messages <= 0 || c.Within <= 0 {
		return true
	}
	n := 0
	for _, touch := range t.list {
		if touch.At.After(now.Add(-c.Within)) && !touch.of(campaign, step) {
			n++
		}
	}
	return n < c.Messages
}

func (t Touch) of(campaign CampaignID, step int) bool {
	return t.Campaign == campaign && t.Step == step
}

// without is t as it is when the message was surely not handed.
func (t touches) without(campaign CampaignID, step int) touches {
	t.list = slices.DeleteFunc(slices.Clone(t.list), func(touch Touch) bool { return touch.of(campaign, step) })
	return t
}

// with is t with one more message; the oldest of too many go, and those that are older than any cap reaches.
func (t touches) with(touch Touch) touches {
	t = t.without(touch.Campaign, touch.Step)
	t.list = append(t.list, touch)
	slices.SortStableFunc(t.list, func(a, b Touch) int { return a.At.Compare(b.At) })
	t.list = t.list[max(0, len(t.list)-MaxTouches):]
	t.list = slices.DeleteFunc(t.list, func(old Touch) bool { return old.At.Before(touch.At.Add(-TouchesReach)) })
	return t
}
