package recommend

import (
	"sync"

	"shopkeeper/shared/locale"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend/arrival"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
)

// arrivals is what the file's items and categories are found by when a stranger arrives; made when it is first asked for, at about the cost of reading every item's address once.
type arrivals struct {
	once  sync.Once
	index *arrival.Index
}

// arrivalIndex is shared by all overlays of one file.
func (m *Model) arrivalIndex() *arrival.Index {
	m.ways.once.Do(func() { m.ways.index = arrival.NewIndex(m.Model) })
	return m.ways.index
}

// readArrival takes what the request tells of a visitor without history for a taste. An item whose page it is counts like one that was just looked at; categories like
// interests, with everything below them. Whoever has a history is known better by it.
func (w *Worker) readArrival() {
	w.came = w.came[:0]
	if w.q.Arrival == (arrival.Arrival{}) || len(w.seeds) > 0 {
		return
	}
	found := w.m.arrivalIndex().Read(w.q.Arrival, w.m.landed, &w.arrival)
	if !found.Landed {
		w.came = append(w.came, found.Categories...)
		return
	}
	if !w.at(found.Item).blocked {
		w.block(found.Item)
		w.seeds = append(w.seeds, seed{found.Item, 1, profile.Viewed, w.q.Now, true})
	}
}

// cameFor is the category among those the visitor came for that an item is in, None for none.
func (w *Worker) cameFor(i item.Ordinal) model.Category {
	for c := w.m.CategoryOf(i); c != model.None; c = w.m.Parent(c) {
		for _, wanted := range w.came {
			if c == wanted {
				return c
			}
		}
	}
	return model.None
}

func (w *Worker) becauseCame(i item.Ordinal) Reason {
	return Reason{Key: locale.BecauseCame, Category: w.cameFor(i)}
}

// lead fills the first places of a shelf, as many as limit, with the best of what the visitor came for: the same number for each category, the first ones taking what is left over.
// offer lets a category's items compete.
func (w *Worker) lead(limit int, offer func(model.Category)) {
	for n, c := range w.came {
		if share := w.left(limit) / (len(w.came) - n); share > 0 {
			w.leadWith(share, c, offer)
		}
	}
	for _, c := range w.came { // places that another category could not fill
		if left := w.left(limit); left > 0 {
			w.leadWith(left, c, offer)
		}
	}
}

func (w *Worker) leadWith(places int, c model.Category, offer func(model.Category)) {
	from := len(w.picks)
	w.top.Reset(places)
	offer(c)
	w.take(FromCategory, w.becauseCame)
	for _, p := range w.picks[from:] {
		w.block(p.Item)
	}
}

// leading is how many places of trending and new go to what the visitor came for: half, because a word is a guess, and the rest shows what else there is.
func (w *Worker) leading(limit int) int {
	if len(w.came) == 0 {
		return 0
	}
	return (limit + 1) / 2
}
