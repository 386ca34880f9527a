// Package alike finds similar items also where hardly anybody holds them: what the shop says of two items is believed until customers say more.
//
// The cosine of package cosine says nothing of a pair that nobody holds. Here such a pair has a prior, what its words say (package content), that fades as customers come:
//
//	similarity(i, j) = cosine(i, j) + prior * words(i, j) * Strength / (|x(i)| |x(j)| + Strength)
//
// so that the prior counts in full for an item that nobody holds, and for nothing where many hold both. How much words promise differs between shops: a gift shop's customers buy the red cup with the
// blue one, a grocer's buy one of two yoghurts. So the prior is learned: it is the slope of the cosines over the likeness of words, among neighbours by words whom enough customers hold,
//
//	prior = sum words(i, j) cosine(i, j) / sum words(i, j)^2 e(i, j)      over pairs with |x(i)| |x(j)| of at least Strength
//	e(i, j) = |x(i)| |x(j)| / (|x(i)| |x(j)| + shrink), what shrinking left of the cosine
//
// which is empirical Bayes: a pair without customers gets what pairs like it turned out to have. The scale stays that of cosines, and both kinds of items compete in one list.
//
// On a gift shop's year and on a grocer's (backtest, next-item of orders, k 20) it finds more of the items that fewer than five orders hold than cosines alone, and no fewer of the others: recall@20
// .0584 instead of .0045 and .0114 instead of .0076 of those, .0934 instead of .0926 and .0768 instead of .0763 of all. A prior that is set by hand and not learned loses in one of the shops.
//
// Complexity: that of the cosines, and a look-up of words per item. Of each item the widened cosines and the words' neighbours are looked at; pairs in neither have no similarity.
package alike

import (
	"context"

	"shopkeeper/shared/recommend/cosine"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/itemitem"
	"shopkeeper/shared/recommend/sparse"
)

// Settings are what a backtest may vary.
type Settings struct {
	Cosine   cosine.Settings
	Prior    float64 // the similarity of items with the same words that nobody holds; 0: learned
	Strength float64 // how many customers weigh as much as the words
	Words    int     // neighbours by words that an item is compared with
}

// DefaultSettings were chosen on a gift shop's and a grocer's year.
var DefaultSettings = Settings{Cosine: cosine.Settings{Shrink: 20, Top: 20}, Strength: 5, Words: 20}

// wider is how many times as many cosines as an item keeps compete with its neighbours by words.
const wider = 3

// Table is who is similar to whom.
type Table struct {
	Similar sparse.Rows // per item, best first
	Prior   float64     // that was used
}

// Fit lists for every item of the catalog the most similar others. users are customers x items; words are each item's neighbours by what is said of them, with similarities up to 1, and may have
// no rows where nothing is said. The only error is the context's.
func Fit(ctx context.Context, users sparse.Rows, items int, words sparse.Rows, s Settings) (Table, error) {
	cosines, err := cosine.Fit(ctx, users, items, s.Wide())
	if err != nil {
		return Table{}, err
	}
	return Blend(ctx, cosines, cosine.Norms(users, items), words, s)
}

// Wide are the settings of the cosines that Blend wants.
func (s Settings) Wide() cosine.Settings {
	return cosine.Settings{Shrink: s.Cosine.Shrink, Top: wider * s.Cosine.Top}
}

// Blend is Fit on cosines that are there already, best first; norms are the items' |x|.
func Blend(ctx context.Context, cosines sparse.Rows, norms []float64, words sparse.Rows, s Settings) (Table, error) {
	m := merger{settings: s, cosines: cosines, words: words, norms: norms, sums: map[item.Ordinal]float32{}}
	if m.settings.Prior == 0 {
		m.settings.Prior = m.learn()
	}
	t := Table{Similar: sparse.Rows{Offsets: make([]uint32, 1, cosines.Len()+1), Values: []float32{}}, Prior: m.settings.Prior}
	for i := range cosines.Len() {
		if i%1024 == 0 && ctx.Err() != nil {
			return Table{}, ctx.Err()
		}
		t.Similar.Append(itemitem.Split(m.row(i)))
	}
	return t, nil
}

// merger holds what both kinds of neighbours are merged from.
type merger struct {
	settings       Settings
	cosines, words sparse.Rows
	norms          []float64
	sums           map[item.Ordinal]float32
	top            item.Top
	out            []item.Scored
}

// said is an item's neighbours by words.
func (m *merger) said(i int) ([]item.Ordinal, []float32) {
	if i >= m.words.Len() {
		return nil, nil
	}
	items, likeness := m.words.Row(i)
	n := min(len(items), m.settings.Words)
	return items[:n], likeness[:n]
}

// hold reads an item's cosines into sums.
func (m *merger) hold(i int) {
	clear(m.sums)
	held, values := m.cosines.Row(i)
	for at, j := range held {
		m.sums[j] = values[at]
	}
}

func (m *merger) row(i int) []item.Scored {
	m.hold(i)
	said, likeness := m.said(i)
	for at, j := range said {
		m.sums[j] += float32(m.settings.Prior * m.settings.Strength / (m.norms[i]*m.norms[j] + m.settings.Strength) * float64(likeness[at]))
	}
	m.top.Reset(m.settings.Cosine.Top)
	for j, score := range m.sums {
		if score > 0 {
			m.top.Offer(j, score)
		}
	}
	m.out = m.top.Append(m.out[:0])
	return m.out
}

// learn is the slope of the cosines over the likeness of words, at most 1; 0 where no pair has customers enough.
func (m *merger) learn() float64 {
	above, below := 0.0, 0.0
	for i := range m.cosines.Len() {
		said, likeness := m.said(i)
		m.hold(i)
		for at, j := range said {
			evidence := m.norms[i] * m.norms[j]
			if w := float64(likeness[at]); evidence >= m.settings.Strength {
				above += w * float64(m.sums[j])
				below += w * w * evidence / (evidence + m.settings.Cosine.Shrink)
			}
		}
	}
	if below == 0 {
		return 0
	}
	return min(above/below, 1)
}
