package recommend

import (
	"math"
	"math/bits"
	"slices"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
)

// Exploration of for-you: with probability exploreShare the last place goes to one of the next exploreWidth candidates, each equally likely.
const (
	exploreShare = 0.1
	exploreWidth = 10
)

// How alike two items are, 0 to 1: the same category, the category above in common, the same brand, or the cosine of who holds them where that says more.
const (
	sameCategory = 0.6
	nearCategory = 0.2
	sameBrand    = 0.2
	alikeRow     = 8 // entries of a row of cosines that are looked at
)

// temperature is what a rotation of 1 comes to: on scores whose best is 1, how much worse an item is that takes the place of a better one e times less often.
const temperature = 0.2

// coldest is where chances end: an item that is worse by more than so many temperatures never takes the place, so that no propensity is too small to weigh by.
const coldest = 4

// candidate is an item that may get a place.
type candidate struct {
	item     item.Ordinal
	category model.Category
	above    model.Category
	brand    uint32
	score    float32 // 1 for the best
	alike    float32 // to what is most like it among those placed
	value    float32
	weight   float32
	promoted bool
	placed   bool
	compared int // with so many of those placed
}

// arrange puts candidates, best first in w.scored, on the shelf: by maximal marginal relevance (Carbonell and Goldstein 1998), so that each place goes to
//
//	argmax over i of  (1 - d) * score(i) - d * max over placed j of alike(i, j)
//
// in O(candidates x places). Where the visitor comes back, each place is drawn instead, with chances in proportion to exp(value / temperature): Plackett and Luce's
// ranking with the values as they are once the places before are filled. The draws follow from the visitor, the day and the visit, so that a page stands still
// while it is looked at, and can be made again. A pick's propensity is its chance given the places before it.
func (w *Worker) arrange(limit int, explore bool, source func(item.Ordinal) Source, why func(item.Ordinal) Reason) Policy {
	w.lineUp(limit)
	n := min(limit, len(w.row))
	width := min(exploreWidth, len(w.row)-n)
	explore = explore && n == limit && limit > 1 && width > 0
	a := arranging{Worker: w, width: width, most: len(w.row), heat: w.heat()}
	if share := w.m.page.PromotedMost; share < 1 {
		a.most = int(share * float64(limit))
	}
	ceiling := w.ceiling()
	for place := range n {
		at, chance, explored := a.next(place, explore && place == n-1)
		if at < 0 {
			break
		}
		c := &w.row[at]
		a.settle(at)
		pick := Pick{Item: c.item, Score: min(c.score, ceiling), Propensity: chance, Source: source(c.item), Reason: why(c.item), Rule: w.ruleOf(c.item)}
		if explored {
			pick.Source = FromExploring
		}
		ceiling = pick.Score
		w.put(pick)
	}
	switch {
	case a.heat > 0 && n > 0:
		return Drawn
	case explore:
		return LastSlot
	}
	return Fixed
}

// lineUp makes candidates of w.scored.
func (w *Worker) lineUp(limit int) {
	w.order = w.order[:0]
	slots := 16 << bits.Len(uint(len(w.scored)))
	w.standing = slices.Grow(w.standing[:0], slots)[:slots]
	clear(w.standing)
	best := float32(0)
	for _, s := range w.scored {
		if s.Score > best {
			best = s.Score
		}
	}
	w.row = slices.Grow(w.row[:0], len(w.scored))[:len(w.scored)]
	for at, s := range w.scored {
		c := &w.row[at]
		*c = candidate{item: s.Item, category: w.m.CategoryOf(s.Item), above: model.None, brand: w.m.BrandOf(s.Item)}
		if c.category != model.None {
			c.above = w.m.Parent(c.category)
		}
		if best > 0 && s.Score > 0 { // not so when it is no number
			c.score = s.Score / best
		}
		c.value = (1 - w.diversity) * c.score
		c.promoted = w.promoted(s.Item)
		w.stand(s.Item, at)
	}
	if w.diversity > 0 { // their rows are on their way from memory all at once
		for _, s := range w.scored[:min(len(w.scored), limit)] {
			if items, _ := w.m.Similar(s.Item); len(items) > 0 {
				w.fetched += items[0]
			}
		}
	}
}

// stand notes where in the row an item is. There are at least sixteen slots for each, so that most searches end at once.
func (w *Worker) stand(i item.Ordinal, at int) {
	slot := w.slot(i)
	for w.standing[slot] != 0 {
		slot = (slot + 1) & uint32(len(w.standing)-1)
	}
	w.standing[slot] = uint16(at + 1)
}

// standsAt is where in the row an item is, nil for one that is not.
func (w *Worker) standsAt(i item.Ordinal) *candidate {
	for slot := w.slot(i); w.standing[slot] != 0; slot = (slot + 1) & uint32(len(w.standing)-1) {
		if c := &w.row[w.standing[slot]-1]; c.item == i {
			return c
		}
	}
	return nil
}

// slot is where the search for an item begins: the golden ratio spreads neighbouring ordinals (Knuth, The Art of Computer Programming, volume 3, 6.4).
func (w *Worker) slot(i item.Ordinal) uint32 {
	return uint32(i) * 0x9e3779b1 >> 16 & uint32(len(w.standing)-1)
}

// heat is the temperature of the draws; 0 for a visitor who is here for the first time, or nobody.
func (w *Worker) heat() float32 {
	if p := w.q.Viewer.Profile; p == nil || p.Visits < 2 {
		return 0
	}
	return float32(w.m.page.Rotation) * temperature
}

// arranging is one shelf under way.
type arranging struct {
	*Worker
	width    int // candidates that exploration reaches
	most     int // promoted items allowed
	promoted int
	heat     float32
}

func (a *arranging) open(c *candidate) bool {
	return !c.placed && (!c.promoted || a.promoted < a.most)
}

// weigh sets what every candidate's chance is in proportion to, and gives the best one, -1 when nobody may have the place, and the sum.
func (a *arranging) weigh() (best int, sum float32) {
	if a.heat == 0 {
		if best = a.best(); best < 0 {
			return best, 0
		}
		return best, 1
	}
	best = -1
	for i := range a.row {
		c := &a.row[i]
		c.weight = 0
		if a.open(c) {
			if a.compare(c); best < 0 || c.value > a.row[best].value {
				best = i
			}
		}
	}
	if best < 0 {
		return best, 0
	}
	for i := range a.row {
		c := &a.row[i]
		if below := (c.value - a.row[best].value) / a.heat; a.open(c) && below >= -coldest {
			c.weight = float32(math.Exp(float64(below)))
			sum += c.weight
		}
	}
	return best, sum
}

// best is the candidate with the highest value. A value only falls as places are filled, and is never above the score's share: who cannot win any more is not compared.
func (a *arranging) best() int {
	best, top := -1, float32(0)
	for i := range a.row {
		c := &a.row[i]
		if best >= 0 && (1-a.diversity)*c.score <= top {
			break
		}
		if !a.open(c) || best >= 0 && c.value <= top {
			continue
		}
		if a.compare(c); best < 0 || c.value > top {
			best, top = i, c.value
		}
	}
	return best
}

// compare brings a candidate's value up to date with the places filled.
func (a *arranging) compare(c *candidate) {
	if c.category == model.None && c.brand == uint32(model.None) {
		c.compared = len(a.order)
	}
	for ; c.compared < len(a.order); c.compared++ {
		placed := &a.row[a.order[c.compared]]
		like := float32(0)
		if c.category != model.None {
			if c.category == placed.category {
				like = sameCategory
			} else if c.above != model.None && c.above == placed.above {
				like = nearCategory
			}
		}
		if c.brand == placed.brand && c.brand != uint32(model.None) {
			like += sameBrand
		}
		if like > c.alike {
			c.alike = like
		}
	}
	c.value = (1-a.diversity)*c.score - a.diversity*c.alike
}

// next chooses who gets a place: the candidate's number, its chance, and whether exploration chose it. -1 when nobody may have it.
func (a *arranging) next(place int, explore bool) (at int, chance float32, explored bool) {
	best, sum := a.weigh()
	if best < 0 {
		return -1, 0, false
	}
	width := 0
	if explore {
		width = a.reachable(best)
	}
	if width == 0 {
		at = a.draw(place, best, sum)
		return at, a.chance(at, best, sum), false
	}
	if u := a.unit(uint32(place) + 1<<16); u < exploreShare {
		at, explored = a.explored(best, int(u/exploreShare*float64(width))), true
		a.remember(best, width)
	} else {
		at = a.draw(place, best, sum)
	}
	return at, (1-exploreShare)*a.chance(at, best, sum) + a.exploring(at, best)*exploreShare/float32(width), explored
}

// draw chooses by weight.
func (a *arranging) draw(place, best int, sum float32) int {
	if a.heat == 0 {
		return best
	}
	at, u := best, float32(a.unit(uint32(place)))*sum
	for i := range a.row {
		if weight := a.row[i].weight; weight > 0 {
			if at, u = i, u-weight; u < 0 {
				break
			}
		}
	}
	return at
}

// chance is the one that draw gives a candidate.
func (a *arranging) chance(at, best int, sum float32) float32 {
	switch {
	case a.heat > 0:
		return a.row[at].weight / sum
	case at == best:
		return 1
	}
	return 0
}

// reachable is how many candidates exploration may choose from: the first width, in the order of scores, of those that have no place and are not the best.
func (a *arranging) reachable(best int) (n int) {
	for i := range a.row {
		if i != best && n < a.width && a.open(&a.row[i]) {
			n++
		}
	}
	return n
}

// explored is the candidate of a number among the reachable ones.
func (a *arranging) explored(best, number int) int {
	last := best
	for i := range a.row {
		if i == best || !a.open(&a.row[i]) {
			continue
		}
		if last = i; number == 0 {
			break
		}
		number--
	}
	return last
}

// remember keeps what exploration chooses from, so that the log can tell what another way to choose would have earned.
func (a *arranging) remember(best, width int) {
	for i := range a.row {
		if i == best || !a.open(&a.row[i]) {
			continue
		}
		if width--; width < 0 {
			return
		}
		a.among = append(a.among, a.row[i].item)
	}
}

// exploring is 1 for a candidate that exploration reaches, else 0.
func (a *arranging) exploring(at, best int) float32 {
	if at == best {
		return 0
	}
	for i, n := 0, 0; i < len(a.row) && n < a.width; i++ {
		if i == best || !a.open(&a.row[i]) {
			continue
		}
		if n++; i == at {
			return 1
		}
	}
	return 0
}

// settle gives the candidate its place, and tells those whom the same people hold.
func (a *arranging) settle(at int) {
	placed := &a.row[at]
	placed.placed = true
	if placed.promoted {
		a.promoted++
	}
	a.order = append(a.order, uint32(at))
	if a.diversity == 0 {
		return
	}
	items, cosines := a.m.Similar(placed.item)
	for n, i := range items[:min(len(items), alikeRow)] {
		if c := a.standsAt(i); c != nil && cosines[n] > c.alike {
			c.alike = min(cosines[n], 1)
			c.value = (1-a.diversity)*c.score - a.diversity*c.alike
		}
	}
}

// unit is a number in [0, 1) that follows from the answer's seed, the shelf and what it is for.
func (w *Worker) unit(what uint32) float64 {
	return unit(w.seed ^ uint64(w.placement)<<56 ^ uint64(what)<<32)
}

// unit is SplitMix64's first number.
func unit(seed uint64) float64 {
	z := seed*0x9e3779b97f4a7c15 + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	return float64(z>>11) / (1 << 53)
}

// seedOf is what the draws of an answer follow from: of a visitor who comes back who, the day and the visit; of anybody else the query's seed.
func (w *Worker) seedOf() uint64 {
	if w.heat() == 0 {
		return uint64(w.q.Seed)
	}
	h := uint64(14695981039346656037)
	for _, b := range []byte(w.q.Viewer.Profile.ID) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	h = (h ^ uint64(w.q.Now.Unix()/86400)) * 1099511628211
	return (h ^ uint64(w.q.Viewer.Profile.Visits)) * 1099511628211
}
