package backtest

import (
	"io"
	"math"

	"shopkeeper/shared/fault"
)

// NoGroup is the group of an item that has none.
const NoGroup = math.MaxUint32

// ReadGroups reads which group, such as a category or a type of product, each item is in: a file with the columns item and group, found as Read finds its own. Items whose group
// is blank have none, and of two lines for an item the later counts.
func ReadGroups(r io.Reader, f Format, mapping map[string]string) (map[string]string, []Reject, error) {
	groups := map[string]string{}
	from, to := -1, -1
	c := columns{known: map[string]string{}}
	rejects, err := scan(r, f, func(heading []string) error {
		from, to = columnOf(heading, "item", mapping), columnOf(heading, "group", mapping)
		var missing []fault.Field
		for _, one := range []struct {
			field string
			at    int
		}{{"item", from}, {"group", to}} {
			if one.at < 0 {
				missing = append(missing, fault.Field{Path: "map." + one.field, Reason: "no such column among " + joined(heading)})
			}
		}
		if len(missing) > 0 {
			return fault.InvalidFields(missing...)
		}
		c.heading = heading
		return nil
	}, func(record []string) Reject {
		if from >= len(record) || record[from] == "" {
			return Reject{Column: c.heading[from], Reason: "missing"}
		}
		id := c.name(record[from])
		if to >= len(record) || record[to] == "" {
			delete(groups, id)
			return Reject{}
		}
		groups[id] = c.name(record[to])
		return Reject{}
	})
	if err != nil {
		return nil, nil, err
	}
	return groups, rejects, nil
}

// ByGroup replaces the items of events by their groups, so that models are asked for groups. Events of items without one are dropped.
func ByGroup(events []Event, groups map[string]string) []Event {
	out := make([]Event, 0, len(events))
	for _, e := range events {
		if group := groups[e.Item]; group != "" {
			e.Item = group
			out = append(out, e)
		}
	}
	return out
}

// WithGroups tells models which group each item is in; they are asked for items as before.
func (l Log) WithGroups(groups map[string]string) Log {
	numbers := map[string]uint32{}
	l.groups = make([]uint32, len(l.Items))
	for at, id := range l.Items { // numbered in the order of the items: equal logs have equal numbers
		name := groups[id]
		if name == "" {
			l.groups[at] = NoGroup
			continue
		}
		if _, known := numbers[name]; !known {
			numbers[name] = uint32(len(numbers))
		}
		l.groups[at] = numbers[name]
	}
	return l
}
