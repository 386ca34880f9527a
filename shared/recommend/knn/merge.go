package knn

// candidate is a session that shares items with the evolving one: bit j of shared stands for the j-th newest distinct item.
type candidate struct {
	session uint32
	shared  uint32
}

// none follows the last posting of every list: above every ordinal.
const none = 1<<32 - 1

// width is how many lists one merge takes.
const width = 4

// merge writes the sessions of up to four lists to dst until it is full, newest first and each once, and returns how many there were. Every list is ascending and ends
// with none. offset is added to the sessions, and the lists' bits begin at shift.
//
// Which list a session comes from is as good as random, so there is no branch on it: all heads are compared with the smallest one, and those that
// are equal move on.
func merge(dst []candidate, lists *[width][]uint32, offset uint32, shift int) int {
	switch last := len(lists[2]) + len(lists[3]); {
	case last == 2 && len(lists[1]) == 1:
		return mergeOne(dst, lists[0], offset, shift)
	case last == 2:
		return mergeTwo(dst, lists[0], lists[1], offset, shift)
	}
	a, b, c, d := lists[0], lists[1], lists[2], lists[3]
	var i, j, k, l int
	for n := range dst {
		head := [width]uint32{a[i], b[j], c[k], d[l]}
		least := min(min(head[0], head[1]), min(head[2], head[3]))
		if least == none {
			return n
		}
		inA, inB, inC, inD := same(head[0], least), same(head[1], least), same(head[2], least), same(head[3], least)
		dst[n] = candidate{least + offset, uint32(inA|inB<<1|inC<<2|inD<<3) << shift}
		i, j, k, l = i+inA, j+inB, k+inC, l+inD
	}
	return len(dst)
}

func mergeOne(dst []candidate, a []uint32, offset uint32, shift int) int {
	n := min(len(dst), len(a)-1)
	for at, session := range a[:n] {
		dst[at] = candidate{session + offset, 1 << shift}
	}
	return n
}

func mergeTwo(dst []candidate, a, b []uint32, offset uint32, shift int) int {
	i, j := 0, 0
	for n := range dst {
		x, y := a[i], b[j]
		least := min(x, y)
		if least == none {
			return n
		}
		inA, inB := same(x, least), same(y, least)
		dst[n] = candidate{least + offset, uint32(inA|inB<<1) << shift}
		i, j = i+inA, j+inB
	}
	return len(dst)
}

func same(a, b uint32) int {
	if a == b {
		return 1
	}
	return 0
}

// union joins two merges of other lists into dst, until it is full.
func union(dst, a, b []candidate) int {
	for n := range dst {
		switch {
		case len(a) == 0 && len(b) == 0:
			return n
		case len(b) == 0 || len(a) > 0 && a[0].session < b[0].session:
			dst[n], a = a[0], a[1:]
		case len(a) == 0 || b[0].session < a[0].session:
			dst[n], b = b[0], b[1:]
		default:
			dst[n] = candidate{a[0].session, a[0].shared | b[0].shared}
			a, b = a[1:], b[1:]
		}
	}
	return len(dst)
}
