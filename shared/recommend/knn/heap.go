package knn

// replaceOldest makes room for a newer session when there are m candidates: the oldest leaves. It says false, and changes nothing, when the session is
// itself older than all of them. The heap is made on first use: most answers never have m candidates.
func (s *Scratch) replaceOldest(session uint32) bool {
	if len(s.oldest) == 0 {
		for _, c := range s.candidates {
			s.oldest = append(s.oldest, c.session)
		}
		for at := len(s.oldest)/2 - 1; at >= 0; at-- {
			siftDown(s.oldest, at)
		}
	}
	if session > s.oldest[0] {
		return false
	}
	s.candidates[s.slot[s.oldest[0]]].similarity = 0
	s.oldest[0] = session
	siftDown(s.oldest, 0)
	return true
}

// siftDown restores a max-heap below one place.
func siftDown(heap []uint32, at int) {
	moving := heap[at]
	for {
		child := 2*at + 1
		if child >= len(heap) {
			break
		}
		if right := child + 1; right < len(heap) && heap[right] > heap[child] {
			child = right
		}
		if moving >= heap[child] {
			break
		}
		heap[at] = heap[child]
		at = child
	}
	heap[at] = moving
}

// nthSmallest reorders values and returns the one that would be at place n if they were sorted (Hoare's selection). Values differ from each other.
func nthSmallest(values []uint32, n int) uint32 {
	from, to := 0, len(values)-1
	for from < to {
		pivot := medianOfThree(values[from], values[(from+to)/2], values[to])
		left, right := from, to
		for left <= right {
			for values[left] < pivot {
				left++
			}
			for values[right] > pivot {
				right--
			}
			if left <= right {
				values[left], values[right] = values[right], values[left]
				left++
				right--
			}
		}
		switch {
		case n <= right:
			to = right
		case n >= left:
			from = left
		default:
			return values[n]
		}
	}
	return values[n]
}

func medianOfThree(a, b, c uint32) uint32 {
	return max(min(a, b), min(max(a, b), c))
}
