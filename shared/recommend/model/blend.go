package model

import "shopkeeper/shared/fault"

// Blend is how sources are mixed where nothing learned ranks them, and how fast interest fades. It stands in the file because a ranker is only right for the features it was taught with.
type Blend struct {
	Live         float64 // share of session neighbours while a visit is under way; the rest is item-item weights
	Return       float64 // the same for somebody who comes back
	Taste        float64 // what an item of the favourite category gains
	InterestDays float64 // in which the interest in an item halves
}

// DefaultBlend was set by a time split on the demonstration shop.
var DefaultBlend = Blend{Live: 0.6, Return: 0.35, Taste: 0.3, InterestDays: 14}

// Check refuses a blend that means nothing (Invalid).
func (b Blend) Check() error {
	if !(b.Live >= 0 && b.Live <= 1 && b.Return >= 0 && b.Return <= 1 && b.Taste >= 0 && b.Taste <= 100 && b.InterestDays > 0 && b.InterestDays < 1e6) {
		return fault.Newf(fault.Invalid, "blend: %+v makes no sense", b)
	}
	return nil
}

// Blend is the file's, or the default one.
func (m *Model) Blend() Blend { return m.blend }

func putBlend(w *writer, b Blend) {
	if b != (Blend{}) {
		put(w, blendShares, []float64{b.Live, b.Return, b.Taste, b.InterestDays})
	}
}

func readBlend(r *reader) Blend {
	if _, ok := r.sections[blendShares]; !ok {
		return DefaultBlend
	}
	s := view[float64](r, blendShares)
	if len(s) != 4 {
		r.refuse("%v are %d numbers, not 4", blendShares, len(s))
		return DefaultBlend
	}
	b := Blend{s[0], s[1], s[2], s[3]}
	r.check(b.Check())
	return b
}
