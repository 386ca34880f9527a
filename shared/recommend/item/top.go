package item

import (
	"math"
	"slices"
)

// Top keeps the best n of the items offered to it: by score, then by ordinal. As soon as there are n it is a binary heap of 64-bit keys with the worst of the best
// at its root, so that an item that is not good enough costs one comparison. The zero value keeps nothing; call Reset first. Memory is reused
// from one Reset to the next. Not for concurrent use.
type Top struct {
	keys []uint64
	n    int
}

// Reset empties the selection and sets how many it keeps.
func (t *Top) Reset(n int) {
	t.keys = t.keys[:0]
	t.n = max(n, 0)
}

// Offer adds an item if it is among the best so far. No item may be offered twice. A score that is not a number is below every number.
func (t *Top) Offer(i Ordinal, score float32) {
	key := keyOf(i, score)
	if len(t.keys) == t.n {
		if t.n == 0 || key <= t.keys[0] {
			return
		}
		t.keys[0] = key
		t.down(0)
		return
	}
	if t.keys = append(t.keys, key); len(t.keys) == t.n {
		for at := t.n/2 - 1; at >= 0; at-- {
			t.down(at)
		}
	}
}

// Least is the score below which Offer keeps nothing: what costs no call costs no time.
func (t *Top) Least() float32 {
	if len(t.keys) < t.n || t.n == 0 {
		return float32(math.Inf(-1))
	}
	return fromKey(t.keys[0]).Score
}

// Append adds what was kept to dst, best first, and empties the selection.
func (t *Top) Append(dst []Scored) []Scored {
	slices.Sort(t.keys)
	for _, key := range slices.Backward(t.keys) {
		dst = append(dst, fromKey(key))
	}
	t.keys = t.keys[:0]
	return dst
}

// Drain adds what was kept to dst in no order, and empties the selection.
func (t *Top) Drain(dst []Scored) []Scored {
	for _, key := range t.keys {
		dst = append(dst, fromKey(key))
	}
	t.keys = t.keys[:0]
	return dst
}

func (t *Top) down(at int) {
	keys := t.keys
	key := keys[at]
	for {
		child := 2*at + 1
		if child >= len(keys) {
			break
		}
		if right := child + 1; right < len(keys) && keys[right] < keys[child] {
			child = right
		}
		if key <= keys[child] {
			break
		}
		keys[at] = keys[child]
		at = child
	}
	keys[at] = key
}

// keyOf orders like (score ascending, ordinal descending): the bits of a float compare like an integer once negative numbers are turned over.
func keyOf(i Ordinal, score float32) uint64 {
	bits := math.Float32bits(score)
	switch {
	case score != score:
		bits = 0
	case bits&(1<<31) != 0:
		bits = ^bits
	default:
		bits |= 1 << 31
	}
	return uint64(bits)<<32 | uint64(^uint32(i))
}

func fromKey(key uint64) Scored {
	bits := uint32(key >> 32)
	switch {
	case bits == 0:
		bits = math.Float32bits(float32(math.NaN()))
	case bits&(1<<31) != 0:
		bits &^= 1 << 31
	default:
		bits = ^bits
	}
	return Scored{Item: Ordinal(^uint32(key)), Score: math.Float32frombits(bits)}
}
