package recommend

import (
	"math"
	"math/bits"
	"time"

	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend/arrival"
	"shopkeeper/shared/recommend/filter"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/rules"
)

// Worker is the working memory of one goroutine: answers allocate nothing once it has grown. The zero value is ready; it may serve any model and shop.
type Worker struct {
	m *Model
	q *Query

	blend model.Blend

	narrow bool // the query has a category or a filter
	epoch  uint32
	cells  []cell   // per item
	barred sieve    // of the items with a cell that is blocked or bought
	places []uint32 // per item: the round in which a source named it, and behind it, in placeBits, where in found it stands
	found  []mention
	named  sieve // of the items in found, where only those count

	round, placeBits uint32
	seeds            []seed
	basket           []item.Ordinal
	taste            []float32        // per category: share of the visitor's interest, 0 to 1
	tasted           []model.Category // categories with taste

	arrival arrival.Scratch
	came    []model.Category // what a stranger came for

	neighbours knn.Scratch
	session    []item.Ordinal
	visiting   bool // the newest seed is of a visit under way
	scored     []item.Scored
	top        item.Top
	row        []candidate  // of the shelf that is being arranged
	standing   []uint16     // 1 + a candidate's number, by a hash of its item; 0 for nobody
	order      []uint32     // those with a place, as they got it
	fetched    item.Ordinal // means nothing: reading memory must have an effect

	able   []item.Ordinal // candidates for the ranker, and beside them
	rows   []float32      // their features
	scores []float32
	placed []item.Scored // place among them, by one source's score

	placement Placement // of the shelf that is being filled
	diversity float32
	ruled     bool   // some items are weighed or forbidden by rules
	capped    bool   // promoted items have had their share of the shelf
	seed      uint64 // of the draws
	pinned    []reserved
	reserved  []reserved
	rest      []Pick
	fact      filter.Fact // of the item that a filter looks at

	drafting drafting

	picks     []Pick
	onShelves sieve          // of the items among them
	among     []item.Ordinal // what exploration chose from
	from      int            // where the shelf that is being filled begins
	shelves   []Shelf
	bounds    [][2]int
}

// cell is what is known of one item while one answer is made. It is small: cells are met in no order, and much of an answer's time is waiting for them.
type cell struct {
	epoch   uint32
	blocked bool // never on this page
	bought  bool // not on this page, but for shelves of repeat purchases
}

// sieve is a set of items that may also hold items nobody added: an answer of no costs no look at the item's cell.
type sieve [64]uint64

func (s *sieve) add(i item.Ordinal) { s[i>>6%64] |= 1 << (i % 64) }

func (s *sieve) may(i item.Ordinal) bool { return s[i>>6%64]&(1<<(i%64)) != 0 }

// mention is what the sources say of an item they name.
type mention struct {
	item    item.Ordinal
	session float32
	related float32
	because item.Ordinal // the seed that spoke loudest for it and may be named
	loudest float32
}

// seed is an item of the visitor's history. Weight is the interest left in it.
type seed struct {
	item   item.Ordinal
	weight float32
	kind   profile.Kind
	at     time.Time
	shown  bool // may be shown or named on this device
}

const maxSeeds = 40

func (w *Worker) begin(m *Model, q *Query) {
	w.m, w.q, w.blend = m, q, m.Blend()
	w.narrow = q.Category != "" || q.Filter.Any()
	w.diversity, w.ruled, w.seed = float32(m.page.Diversity), m.rules != nil && m.rules.Weighs(), w.seedOf()
	if q.Varied.Set {
		w.diversity = q.Varied.Value
	}
	w.picks, w.shelves, w.bounds, w.among = w.picks[:0], w.shelves[:0], w.bounds[:0], w.among[:0]
	w.seeds, w.basket = w.seeds[:0], w.basket[:0]
	if len(w.cells) < m.Len() {
		w.cells, w.places, w.epoch, w.round = make([]cell, m.Len()), make([]uint32, m.Len()), 0, 0
		w.placeBits = uint32(bits.Len(uint(m.Len())))
	}
	w.newRound() // what the answer before was told of is nobody's
	w.barred, w.onShelves = sieve{}, sieve{}
	if w.epoch++; w.epoch == 0 {
		clear(w.cells)
		w.epoch = 1
	}
	for _, c := range w.tasted {
		w.taste[c] = 0
	}
	w.tasted = w.tasted[:0]
	if grow := m.Categories() - len(w.taste); grow > 0 {
		w.taste = append(w.taste, make([]float32, grow)...)
	}
	w.readCaller()
	if q.Viewer.Profile != nil {
		w.readProfile(q.Viewer.Profile)
	}
	w.readArrival()
	w.readTaste()
}

// at is the item's cell, fresh in this answer.
func (w *Worker) at(i item.Ordinal) *cell {
	c := &w.cells[i]
	if c.epoch != w.epoch {
		*c = cell{epoch: w.epoch}
	}
	return c
}

func (w *Worker) block(i item.Ordinal) {
	w.at(i).blocked = true
	w.barred.add(i)
}

func (w *Worker) readCaller() {
	for _, id := range w.q.Exclude {
		if i, ok := w.m.Lookup(string(id)); ok {
			w.block(i)
		}
	}
	for _, id := range w.q.Basket {
		if i, ok := w.m.Lookup(string(id)); ok {
			w.addBasket(i)
		}
	}
	if i, ok := w.m.Lookup(string(w.q.Current)); ok {
		w.block(i)
	}
}

func (w *Worker) addBasket(i item.Ordinal) {
	if !w.at(i).blocked {
		w.block(i)
		w.basket = append(w.basket, i)
	}
}

func (w *Worker) readProfile(p *profile.Profile) {
	for _, id := range p.Dismissed {
		if i, ok := w.m.Lookup(string(id)); ok {
			w.block(i)
		}
	}
	for _, b := range p.Purchases {
		if i, ok := w.m.Lookup(string(b.Item)); ok && b.Times < 2 && !w.m.Repeats().Repeated(i) {
			w.at(i).bought = true
			w.barred.add(i)
		}
	}
	for _, r := range p.Recent {
		if len(w.seeds) == maxSeeds {
			break
		}
		i, ok := w.m.Lookup(string(r.Item))
		if !ok || w.at(i).blocked {
			continue
		}
		w.seeds = append(w.seeds, seed{i, w.decay(r.At) * kindWeights[r.Kind], r.Kind, r.At, w.q.Viewer.Shows(r.By)})
	}
	for _, l := range p.Cart {
		if i, ok := w.m.Lookup(string(l.Item)); ok {
			w.addBasket(i)
		}
	}
}

// kindWeights are how loud a seed speaks, by what was done with it.
var kindWeights = [...]float32{profile.Viewed: 1, profile.Clicked: 1, profile.Wished: 2, profile.Carted: 3, profile.Bought: 4}

func (w *Worker) decay(at time.Time) float32 {
	age := w.q.Now.Sub(at)
	if age <= 0 {
		return 1
	}
	return float32(math.Exp2(-float64(age) / (w.blend.InterestDays * 24 * float64(time.Hour))))
}

// readTaste spreads the seeds' weights over their categories: 1 for the strongest.
func (w *Worker) readTaste() {
	var most float32
	for _, s := range w.seeds {
		c := w.m.CategoryOf(s.item)
		if c == model.None {
			continue
		}
		if w.taste[c] == 0 {
			w.tasted = append(w.tasted, c)
		}
		w.taste[c] += s.weight
		most = max(most, w.taste[c])
	}
	for _, c := range w.tasted {
		w.taste[c] /= most
	}
}

// affinity is the visitor's interest in an item's category, 0 to 1.
func (w *Worker) affinity(i item.Ordinal) float32 {
	if len(w.came) > 0 && w.cameFor(i) != model.None {
		return 1
	}
	if c := w.m.CategoryOf(i); c != model.None {
		return w.taste[c]
	}
	return 0
}

// allowed says whether an item may be put on the page now.
func (w *Worker) allowed(i item.Ordinal) bool {
	return (!w.barred.may(i) || !w.at(i).bought && !w.at(i).blocked) && w.fitting(i)
}

// allowedAgain is allowed for shelves that show what was bought before.
func (w *Worker) allowedAgain(i item.Ordinal) bool {
	return (!w.barred.may(i) || !w.at(i).blocked) && w.fitting(i)
}

// fitting says whether shop, rules and query let an item stand on the shelf.
func (w *Worker) fitting(i item.Ordinal) bool {
	return w.m.Sellable(i) && (!w.ruled || !w.out(i)) && (!w.narrow || w.fits(i))
}

// effect is what rules do to an item; nil for nothing.
func (w *Worker) effect(i item.Ordinal) *rules.Effect {
	if !w.ruled {
		return nil
	}
	return w.m.rules.Effect(i)
}

// out says whether a rule forbids the item on the shelf that is being filled.
func (w *Worker) out(i item.Ordinal) bool {
	e := w.effect(i)
	return e != nil && e.Out&(1<<w.placement) != 0
}

// promoted says whether a rule boosts the item on the shelf that is being filled.
func (w *Worker) promoted(i item.Ordinal) bool {
	e := w.effect(i)
	return e != nil && e.Factor[w.placement] > 1
}

// offer lets an item compete for the shelf, weighed by the rules.
func (w *Worker) offer(i item.Ordinal, score float32) {
	if e := w.effect(i); e != nil {
		score *= e.Factor[w.placement]
	}
	w.top.Offer(i, score)
}

// ruleOf is the rule that weighs an item on this shelf, 0 for none.
func (w *Worker) ruleOf(i item.Ordinal) uint16 {
	if e := w.effect(i); e != nil {
		return e.By[w.placement]
	}
	return 0
}

func (w *Worker) fits(i item.Ordinal) bool {
	f := w.q.Filter
	if w.q.Category != "" && !InCategory(w.m.CategoryPath(i), w.q.Category) {
		return false
	}
	if f.Expression != nil {
		w.fact = w.m.fact(i, w.q.Now)
		return f.Expression.Match(&w.fact)
	}
	price := w.m.Price(i)
	return (f.Category == "" || InCategory(w.m.CategoryPath(i), f.Category)) && (f.Brand == "" || w.m.Brand(i) == f.Brand) &&
		price >= f.MinPrice && (f.MaxPrice == 0 || price <= f.MaxPrice)
}
