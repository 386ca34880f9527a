package table

import (
	"fmt"
	"time"
	"unicode/utf8"

	"shopkeeper/shared/fault"
)

// More limits that both engines keep.
const (
	MaxWriteBytes = 4 << 20 // the items of one Write together
	MaxReadKeys   = 1000    // the keys of one GetAll
	MaxDepth      = 31      // lists and objects inside each other within one member
)

// ValidateKey says whether k may address an item: every part is there, within its limit and valid UTF-8. The fault is Invalid and names
// every wrong part.
func ValidateKey(k Key) error {
	fields := keyFields(nil, "", k)
	if len(fields) == 0 {
		return nil
	}
	return fault.InvalidFields(fields...)
}

func keyFields(fields []fault.Field, at string, k Key) []fault.Field {
	wrong := func(path, reason string) { fields = append(fields, fault.Field{Path: at + path, Reason: reason}) }
	if k.Table == "" {
		wrong("table", "is missing")
	}
	for _, part := range [...]struct {
		name, value string
		limit       int
	}{{"partition", k.Partition, MaxPartitionBytes}, {"sort", k.Sort, MaxSortBytes}} {
		switch {
		case part.value == "":
			wrong(part.name, "is missing")
		case len(part.value) > part.limit:
			wrong(part.name, fmt.Sprintf("has %d bytes, at most %d are allowed", len(part.value), part.limit))
		case !utf8.ValidString(part.value):
			wrong(part.name, "is not valid UTF-8")
		}
	}
	return fields
}

// Validate says whether it may be stored: a valid key, a body that Canonical takes, a size within MaxItemBytes. The fault is Invalid.
func Validate(it Item) error {
	_, _, err := prepare(it)
	return err
}

// prepare is it with a canonical body, and its size.
func prepare(it Item) (Item, int, error) {
	if err := ValidateKey(it.Key); err != nil {
		return Item{}, 0, err
	}
	if !it.Expires.IsZero() && it.Expires.Unix() <= 0 {
		return Item{}, 0, fault.InvalidField("expires", "is before 1970")
	}
	body, size, err := canonical(it.Body)
	if err != nil {
		return Item{}, 0, err
	}
	it.Body = body
	if size += overhead(it); size > MaxItemBytes {
		return Item{}, 0, fault.InvalidField("body", fmt.Sprintf("the item has %d bytes, at most %d are allowed", size, MaxItemBytes))
	}
	return it, size, nil
}

// Prepare is what an adapter does first with the ops of a Write: it checks every rule of the contract that needs no stored state, and
// returns the ops with canonical bodies. The fault is Invalid and names the op.
func Prepare(ops []Op) ([]Op, error) {
	if len(ops) > MaxWriteOps {
		return nil, fault.InvalidField("ops", fmt.Sprintf("%d ops, at most %d are allowed", len(ops), MaxWriteOps))
	}
	prepared := make([]Op, len(ops))
	var total int
	for i, op := range ops {
		for j := range i {
			if ops[j].Item.Key == op.Item.Key {
				return nil, fault.InvalidField(fmt.Sprintf("ops[%d]", i), fmt.Sprintf("has the key of ops[%d]", j))
			}
		}
		if op.Kind == OpPut {
			it, size, err := prepare(op.Item)
			if err != nil {
				return nil, fmt.Errorf("op %d: %w", i, err)
			}
			op.Item = it
			total += size
		} else if err := ValidateKey(op.Item.Key); err != nil {
			return nil, fmt.Errorf("op %d: %w", i, err)
		}
		prepared[i] = op
	}
	if total > MaxWriteBytes {
		return nil, fault.InvalidField("ops", fmt.Sprintf("%d bytes together, at most %d are allowed", total, MaxWriteBytes))
	}
	return prepared, nil
}

// PrepareItems is Prepare for PutAll: canonical bodies, no two items on one key.
func PrepareItems(items []Item) ([]Item, error) {
	prepared := make([]Item, len(items))
	seen := make(map[Key]int, len(items))
	for i, it := range items {
		if j, twice := seen[it.Key]; twice {
			return nil, fault.InvalidField(fmt.Sprintf("items[%d]", i), fmt.Sprintf("has the key of items[%d]", j))
		}
		seen[it.Key] = i
		p, _, err := prepare(it)
		if err != nil {
			return nil, fmt.Errorf("item %d: %w", i, err)
		}
		prepared[i] = p
	}
	return prepared, nil
}

// PrepareKeys is Prepare for GetAll: valid keys, repeated ones dropped, at most MaxReadKeys of them.
func PrepareKeys(keys []Key) ([]Key, error) {
	if len(keys) > MaxReadKeys {
		return nil, fault.InvalidField("keys", fmt.Sprintf("%d keys, at most %d are allowed", len(keys), MaxReadKeys))
	}
	distinct := make([]Key, 0, len(keys))
	seen := make(map[Key]struct{}, len(keys))
	for i, k := range keys {
		if _, twice := seen[k]; twice {
			continue
		}
		if err := ValidateKey(k); err != nil {
			return nil, fmt.Errorf("key %d: %w", i, err)
		}
		seen[k] = struct{}{}
		distinct = append(distinct, k)
	}
	return distinct, nil
}

// ValidateQuery says whether q may be asked. Bounds may be longer than any sort key; they only compare.
func ValidateQuery(q Query) error {
	fields := keyFields(nil, "", Key{Table: q.Table, Partition: q.Partition, Sort: "any"})
	if q.Limit < 0 {
		fields = append(fields, fault.Field{Path: "limit", Reason: "is negative"})
	}
	if len(fields) == 0 {
		return nil
	}
	return fault.InvalidFields(fields...)
}

// Expired says whether the item counts as absent at a time. Both have second precision: an item that expires at 12:00:00 is gone from then on.
func (it Item) Expired(at time.Time) bool {
	return !it.Expires.IsZero() && it.Expires.Unix() <= at.Unix()
}
