package knn

import "slices"

// list is an ascending posting list that grows at its beginning.
type list struct {
	buffer []uint32
	from   int
	extra  int // postings by which the item's list, cut to m, is longer than the index's
}

func (l *list) sessions() []uint32 { return l.buffer[l.from:] }

func (l *list) counted(before int) int { return before + l.extra }

// prepend adds an ordinal that is smaller than all others.
func (l *list) prepend(ordinal uint32) {
	if l.from == 0 {
		grown := make([]uint32, 2*len(l.buffer)+4)
		l.from = len(grown) - len(l.buffer)
		copy(grown[l.from:], l.buffer)
		l.buffer = grown
	}
	l.from--
	l.buffer[l.from] = ordinal
}

// move gives a session of the list the smallest ordinal.
func (l *list) move(from, to uint32) {
	at, _ := slices.BinarySearch(l.sessions(), from)
	copy(l.buffer[l.from+1:], l.buffer[l.from:l.from+at])
	l.buffer[l.from] = to
}

func (l *list) remove(ordinal uint32) {
	at, _ := slices.BinarySearch(l.sessions(), ordinal)
	copy(l.buffer[l.from+1:], l.buffer[l.from:l.from+at])
	l.from++
}
