package table

import "time"

// The bytes of the attributes that every stored item has besides its body's members: names pk, sk and ver, and ver's number (in DynamoDB a
// version and a mark, up to 32 digits).
const fixedBytes = 2 + 2 + 3 + 17

// Size is what it takes up as DynamoDB counts it: names and values in UTF-8, about half a byte per digit, three bytes for a list or object
// and one for each of its elements. Reading costs half a unit for every 4 KB begun, writing one unit for every KB begun. A body that is no
// JSON object counts with its length.
func Size(it Item) int {
	_, size, err := canonical(it.Body)
	if err != nil {
		size = len(it.Body)
	}
	return size + overhead(it)
}

func overhead(it Item) int {
	size := fixedBytes + len(it.Key.Partition) + len(it.Key.Sort)
	if it.Expires != (time.Time{}) {
		size += len("ttl") + 6
	}
	return size
}
