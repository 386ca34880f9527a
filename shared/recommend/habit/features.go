package habit

import (
	"math"

	"shopkeeper/shared/recommend/purchase"
)

// Features names the features in the order of a row.
var Features = [...]string{
	"bought before", "share of the last 2 baskets", "share of the last 5 baskets", "share of the last 10 baskets", "share of the last 25 baskets", "share of the last 50 baskets",
	"share of all baskets", "share, fading fast by basket", "share, fading by basket", "share, fading slowly by basket", "share, half after 2 weeks", "share, half after 6 weeks",
	"share, half after 4 months", "times bought", "baskets since the last time", "days since the last time", "due by interval", "due by own interval alone", "own rate",
	"days since the first time",
	"popularity", "rate of everybody", "interval of everybody", "popular in the last week", "popular in the last 4 weeks", "trend",
	"near customers", "similar customers",
	"group: share of the last 2 baskets", "group: share of the last 10 baskets", "group: share, fading by basket", "group: share, half after 6 weeks", "group: baskets since the last time", "group: due",
	"group: own rate", "group: popularity", "share of the group's purchases", "share of the group's popularity",
	"baskets", "items in a basket", "days since the last basket", "days between baskets", "different items",
}

const (
	width        = len(Features)
	boughtBefore = 0
	ownRate      = 18
	similarHave  = 27
)

// row fills the features of one candidate.
func (a *asker) row(x []float32, c candidate) {
	m, i := a.model, c.item
	a.own(x[:20], m.items, a.items.find(i), i)
	week, month, quarter := m.items.within(i, a.today, 7), m.items.within(i, a.today, 28), m.items.within(i, a.today, 91)
	x[20], x[21], x[22] = log(m.items.counts[i]), float32(math.Log(float64(m.items.hazard[i]))), m.items.interval[i]
	x[23], x[24], x[25] = log(week), log(month), float32(math.Log(float64((week/7+.02)/(quarter/91+.02))))
	x[26], x[27] = float32(c.near), float32(c.similar)
	if g := m.groupOf[i]; g != NoGroup {
		var of [20]float32
		t := a.groups.find(g)
		a.own(of[:], m.groups, t, g)
		x[28], x[29], x[30], x[31], x[32], x[33], x[34] = of[1], of[3], of[8], of[11], of[14], of[16], of[18]
		x[35] = log(m.groups.counts[g])
		x[37] = m.items.counts[i] / (m.groups.counts[g] + 1)
		if own := a.items.find(i); own != nil && t != nil {
			x[36] = own.count / t.count
		}
	}
	x[38], x[39], x[40], x[41], x[42] = log(float32(len(a.customer))), a.size, a.idle, a.pace, log(float32(len(a.items.traces)))
}

// own fills what the customer did with one thing.
func (a *asker) own(x []float32, all *crowd, t *trace, thing uint32) {
	n := float32(len(a.customer))
	x[14], x[15] = log(n), a.age // longer ago than the customer knows the shop
	x[18] = all.hazard[thing] / 4
	if t == nil {
		return
	}
	x[0] = 1
	for w, window := range windows {
		x[1+w] = t.within[w] / min(float32(window), n)
	}
	x[6] = t.count / n
	copy(x[7:10], t.fading[:])
	copy(x[10:13], t.aging[:])
	x[13] = log(t.count)
	x[14] = log(n - 1 - float32(t.last))
	since := float32(logDays(a.now - t.since))
	x[15] = since
	usual := float64(all.interval[thing])
	x[16] = since - float32((t.logs+prior*usual)/(t.gaps+prior))
	if t.gaps > 0 {
		x[17] = since - float32(t.logs/t.gaps)
	}
	x[18] = (t.count - 1 + 2*prior*all.hazard[thing]) / (n - 1 - float32(t.first) + 2*prior)
	x[19] = float32(logDays(a.now - t.from))
}

// asker is one customer's question, and the working memory for the next.
type asker struct {
	model                 *Model
	customer              purchase.Customer
	now                   int64
	today                 int32
	age, size, idle, pace float32 // the customer's: since the first basket, items in a basket, since the last basket, between baskets; times as logarithms of days
	weigh                 weighing
	items, groups         diary
	view                  view
}

// read takes a customer's history in.
func (a *asker) read(m *Model, c purchase.Customer, now int64) {
	a.model, a.customer, a.now, a.today = m, c, now, days(now)
	a.weigh.read(c, now)
	if a.view.groupOf = m.groupOf; len(a.view.marks) < len(m.groups.counts) {
		a.view.marks, a.view.mark = make([]uint32, len(m.groups.counts)), 0
	}
	a.items.read(c, len(m.items.counts), a.view.items, &a.weigh)
	a.groups.read(c, len(m.groups.counts), a.view.groups, &a.weigh)
	a.age, a.size, a.idle, a.pace = 0, 0, 0, 0
	if len(c) == 0 {
		return
	}
	latest := c[max(0, len(c)-windows[2]):]
	for _, b := range latest {
		a.size += float32(len(b.Items)) / float32(len(latest))
	}
	first, last := c[0].Time, c[len(c)-1].Time
	a.age, a.idle = float32(logDays(now-first)), float32(logDays(now-last))
	a.pace = float32(logDays((last - first) / int64(len(c))))
}

// view shows baskets as items, and as groups, each once.
type view struct {
	groupOf []uint32
	marks   []uint32 // per group: the mark of the basket that last held it
	mark    uint32
	buffer  []uint32
}

// items are the known items of a basket, until the next look.
func (v *view) items(b purchase.Basket) []uint32 {
	v.buffer = v.buffer[:0]
	for _, i := range b.Items {
		if int(i) < len(v.groupOf) {
			v.buffer = append(v.buffer, uint32(i))
		}
	}
	return v.buffer
}

// groups are the groups of a basket's items, until the next look.
func (v *view) groups(b purchase.Basket) []uint32 {
	v.buffer = v.buffer[:0]
	v.mark++
	for _, i := range b.Items {
		if int(i) >= len(v.groupOf) {
			continue
		}
		if g := v.groupOf[i]; g != NoGroup && v.marks[g] != v.mark {
			v.marks[g] = v.mark
			v.buffer = append(v.buffer, g)
		}
	}
	return v.buffer
}

func log(x float32) float32 { return float32(math.Log1p(float64(x))) }
