package backtest

import (
	"math"

	"shopkeeper/shared/recommend/item"
)

// gathered is what the parts named for one question.
type gathered struct {
	items  []item.Ordinal
	named  []named   // candidates x parts
	best   []float32 // per part: its highest score
	place  []int32   // per item: its number among items, meaningful where epoch is the current one
	epochs []uint32
	epoch  uint32
	ranked []item.Scored
}

// named is what one part says of one candidate.
type named struct {
	score float32
	rank  int32 // from 1; 0 where the part did not name it
}

// nowhere is the place of an item that may not be answered.
const nowhere = -1

func (g *gathered) reset(items int) {
	g.items, g.named, g.best = g.items[:0], g.named[:0], g.best[:0]
	if len(g.place) < items {
		g.place, g.epochs = make([]int32, items), make([]uint32, items)
	}
	if g.epoch++; g.epoch == 0 {
		clear(g.epochs)
		g.epoch = 1
	}
}

func (g *gathered) bar(i item.Ordinal) {
	if int(i) < len(g.place) {
		g.place[i], g.epochs[i] = nowhere, g.epoch
	}
}

// at is a candidate's number; nowhere for one that may not be answered.
func (g *gathered) at(i item.Ordinal, parts int) int32 {
	if int(i) >= len(g.place) {
		return nowhere
	}
	if g.epochs[i] != g.epoch {
		g.place[i], g.epochs[i] = int32(len(g.items)), g.epoch
		g.items = append(g.items, i)
		for range parts {
			g.named = append(g.named, named{})
		}
	}
	return g.place[i]
}

// gather asks every part.
func (m *blend) gather(h History) {
	g := &m.found
	g.reset(len(m.clues.total))
	for _, i := range h.barred() {
		g.bar(i)
	}
	for p, part := range m.parts {
		g.ranked = part.model.Answer(g.ranked[:0], h, m.deep)
		best, rank := float32(0), int32(0)
		for _, s := range g.ranked {
			c := g.at(s.Item, len(m.parts))
			if c == nowhere {
				continue
			}
			rank++
			g.named[int(c)*len(m.parts)+p] = named{s.Score, rank}
			best = max(best, s.Score)
		}
		g.best = append(g.best, best)
	}
	m.clues.ask(h)
}

// sayings is how many features each part has: its score as a share of its best, the logarithm of the rank, the score itself, and the share crossed with
// the length of the history: some parts are to be believed when little is known, others when much is.
const sayings = 4

func (m *blend) width() int { return sayings*len(m.parts) + clueCount }

func (m *blend) fill(row []float32, h History, c int) {
	g := &m.found
	length := logOf(len(h.Items))
	for p := range m.parts {
		said, at := g.named[c*len(m.parts)+p], sayings*p
		if said.rank == 0 {
			row[at+1] = -logOf(m.deep + 1)
			continue
		}
		if g.best[p] > 0 {
			row[at] = said.score / g.best[p]
		}
		row[at+1] = -logOf(int(said.rank))
		row[at+2] = float32(math.Log1p(max(0, float64(said.score))))
		row[at+3] = row[at] * length
	}
	m.clues.fill(row[sayings*len(m.parts):], h, g.items[c])
}
