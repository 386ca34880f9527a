package recommend

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/rules"
	"shopkeeper/shared/recommend/sparse"
)

// worlds is how many shops, catalogs, pages, profiles, rules and filters are made up.
const worlds = 10_000

// TestPromisesOverRandomWorlds holds pages of random shops to what is promised, by a second, slow and plain statement of it.
func TestPromisesOverRandomWorlds(t *testing.T) {
	var w, again Worker
	for seed := range uint64(worlds) {
		u := newUniverse(t, rand.New(rand.NewPCG(seed, 7)))
		for range 2 {
			u.look()
			page := slices.Clone(w.Answer(u.m, &u.q))
			u.check(seed, page)
			if diff := cmp.Diff(page, again.Answer(u.m, &u.q)); diff != "" {
				t.Fatalf("world %d: equal questions, other answers:\n%s", seed, diff)
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
}

// universe is a shop with a model that the catalog went on from, rules, and a question.
type universe struct {
	*testing.T
	r     *rand.Rand
	items map[string]catalog.Item // as they are now; deleted ones are not there
	m     *Model
	doc   rules.Document
	now   time.Time
	q     Query
	p     *profile.Profile
	least int64 // price, of a filter

	trained []model.Item  // as the model was trained with them
	delta   catalog.Delta // what changed since, with the items that are new
	added   []catalog.Item
}

func newUniverse(t *testing.T, r *rand.Rand) *universe {
	u := &universe{T: t, r: r, items: map[string]catalog.Item{}, now: testNow.Add(time.Hour)}
	n := r.IntN(24)
	var items []model.Item
	for i := range n {
		it := u.item(fmt.Sprintf("i%02d", i))
		u.items[string(it.ID)] = it
		items = append(items, model.Item{ID: string(it.ID), Title: it.Title, Price: it.Price, Currency: "GBP", Category: it.Category, Brand: it.Brand, Hidden: it.Hidden, SoldOut: it.SoldOut, Created: it.Created})
	}
	u.trained = items
	u.m = u.train(items)
	u.change(n)
	u.demand()
	return u
}

func (u *universe) item(id string) catalog.Item {
	it := catalog.Item{ID: event.ItemID(id), Title: id, Price: int64(u.r.IntN(50)), Currency: "GBP", Hidden: u.r.IntN(9) == 0, SoldOut: u.r.IntN(9) == 0, UpdatedAt: testNow}
	it.Category = []string{"", "A", "A > B", "A > C", "D"}[u.r.IntN(5)]
	it.Brand = []string{"", "x", "y"}[u.r.IntN(3)]
	if u.r.IntN(3) > 0 {
		it.Created = testNow.AddDate(0, 0, -u.r.IntN(40))
	}
	return it
}

// train makes a model of random sessions, weights and lists: whatever it says, the promises hold.
func (u *universe) train(items []model.Item) *Model {
	c, err := model.NewCatalog(items)
	u.must(err)
	n := len(items)
	contents := model.Contents{Trained: testNow, Catalog: c}
	if n > 0 {
		var sessions []knn.Session
		for range u.r.IntN(12) {
			s := knn.Session{Time: testNow.Unix() - int64(u.r.IntN(9999))}
			for range 1 + u.r.IntN(4) {
				s.Items = append(s.Items, item.Ordinal(u.r.IntN(n)))
			}
			sessions = append(sessions, s)
		}
		contents.Sessions, err = knn.Build(sessions, n, knn.DefaultSettings)
		u.must(err)
		for i := range n {
			var row []item.Ordinal
			var weights []float32
			for j := range n {
				if j != i && u.r.IntN(4) == 0 {
					row, weights = append(row, item.Ordinal(j)), append(weights, u.r.Float32())
				}
			}
			contents.Related.Append(row, weights)
		}
		contents.Similar = contents.Related
	} else {
		contents.Related, contents.Similar = sparse.Rows{}, sparse.Rows{}
	}
	for _, members := range c.Members() {
		var list []item.Scored
		for rank, i := range members {
			if u.r.IntN(3) > 0 {
				list = append(list, item.Scored{Item: i, Score: 100 / float32(rank+1)})
			}
		}
		contents.Popular, contents.Trending, contents.Newest = append(contents.Popular, list), append(contents.Trending, list), append(contents.Newest, members)
	}
	file, err := model.Encode(contents)
	u.must(err)
	m, err := Open(file)
	u.must(err)
	return m
}

// change lets the catalog go on: prices and availability change, items are deleted, and new ones come.
func (u *universe) change(n int) {
	delta := catalog.Delta{Changes: map[event.ItemID]catalog.Change{}}
	var added []catalog.Item
	for i := range n + 4 {
		id := event.ItemID(fmt.Sprintf("i%02d", i))
		at := testNow.Add(time.Duration(1+u.r.IntN(30)) * time.Minute)
		it, known := u.items[string(id)]
		switch {
		case !known:
			it = u.item(string(id))
			it.UpdatedAt = at
			if u.r.IntN(2) > 0 {
				delta.Changes[id], u.items[string(id)] = catalog.Change{Price: it.Price, Hidden: it.Hidden, SoldOut: it.SoldOut, New: true, At: at}, it
				added = append(added, it)
			}
		case u.r.IntN(8) == 0:
			delta.Changes[id] = catalog.Change{Gone: true, At: at}
			delete(u.items, string(id))
		case u.r.IntN(4) == 0:
			it.Price, it.Hidden, it.SoldOut = int64(u.r.IntN(50)), u.r.IntN(3) == 0, u.r.IntN(3) == 0
			delta.Changes[id], u.items[string(id)] = catalog.Change{Price: it.Price, Hidden: it.Hidden, SoldOut: it.SoldOut, At: at}, it
		}
	}
	u.delta, u.added = delta, added
	u.m = u.m.With(delta, added...)
}

func (u *universe) demand() {
	share := func() float64 { return []float64{0, 0.1, 0.3, 0.5}[u.r.IntN(4)] }
	u.doc = rules.Document{Version: 1, Settings: rules.Settings{Diversity: 2 * share(), Rotation: 2 * share(), NewShare: share(), PromotedShare: share(), PromotedMost: 1 - share()}}
	for n := range u.r.IntN(4) {
		r := rules.Rule{ID: rules.ID(fmt.Sprint("r", n)), Name: "R", Kind: []rules.Kind{rules.Pin, rules.Boost, rules.Bury, rules.Exclude}[u.r.IntN(4)], Priority: u.r.IntN(3), Paused: u.r.IntN(6) == 0}
		switch u.r.IntN(3) {
		case 0:
			r.Items = u.some(3)
		case 1:
			r.Category = []string{"A", "A > B", "D"}[u.r.IntN(3)]
		default:
			r.Brand, r.MaxPrice = "x", int64(u.r.IntN(40))
		}
		switch r.Kind {
		case rules.Pin:
			r.Place, r.Count, r.Placements = 1+u.r.IntN(5), u.r.IntN(3), []string{"for-you", "trending"}
		case rules.Boost, rules.Bury:
			r.Strength = 1 + 9*u.r.Float64()
		}
		if len(r.Placements) == 0 && u.r.IntN(2) == 0 {
			r.Placements = []string{"trending", "similar"}
		}
		if u.r.IntN(5) == 0 {
			r.Ends = u.now.Add(time.Duration(u.r.IntN(3)-1) * time.Minute)
		}
		u.doc.Rules = append(u.doc.Rules, r)
	}
	u.m = u.m.Under(u.doc, u.now)
}

func (u *universe) some(most int) []event.ItemID {
	var ids []event.ItemID
	for range u.r.IntN(most + 1) {
		if id := event.ItemID(fmt.Sprintf("i%02d", u.r.IntN(28))); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// look makes a question of a random visitor.
func (u *universe) look() {
	u.q = Query{Now: u.now, Seed: u.r.Uint32(), Exclude: u.some(3), Basket: u.some(2), Varied: Share{u.r.IntN(2) == 0, u.r.Float32()}}
	for _, p := range u.r.Perm(int(Together)) {
		u.q.Slots = append(u.q.Slots, Slot{Placement(p + 1), 1 + u.r.IntN(8)})
	}
	if u.r.IntN(3) == 0 {
		u.q.Current = event.ItemID(fmt.Sprintf("i%02d", u.r.IntN(28)))
	}
	if u.r.IntN(4) == 0 {
		u.q.Category = "A"
	}
	if u.r.IntN(4) == 0 {
		u.q.Filter = Filter{Brand: "x", MinPrice: int64(u.r.IntN(10))}
		if u.r.IntN(2) == 0 {
			f, err := ParseFilter(fmt.Sprintf(`brand == "x" and price >= %d`, u.q.Filter.MinPrice))
			u.must(err)
			u.least, u.q.Filter = u.q.Filter.MinPrice, f
		} else {
			u.least = u.q.Filter.MinPrice
		}
	}
	u.p = &profile.Profile{ID: fmt.Sprint(u.r.Uint32()), Visits: u.r.Int64N(4), Dismissed: u.some(2)}
	for n, id := range u.some(5) {
		u.p.Recent = append(u.p.Recent, profile.Recent{Item: id, Kind: profile.Kind(n % 5), At: u.now.Add(time.Duration(6-u.r.IntN(12)) * time.Hour)})
	}
	for _, id := range u.some(2) {
		u.p.Purchases = append(u.p.Purchases, profile.Purchase{Item: id, Times: 1 + u.r.IntN(2), Last: testNow.AddDate(0, 0, -9)})
	}
	for _, id := range u.some(1) {
		u.p.Cart = append(u.p.Cart, profile.CartLine{Item: id, Quantity: 1})
	}
	if u.r.IntN(5) > 0 {
		u.q.Viewer.Profile = u.p
	} else {
		u.p = &profile.Profile{}
	}
}

// may says whether an item may stand on a shelf at all.
func (u *universe) may(id string, p Placement) bool {
	it, there := u.items[id]
	name := event.ItemID(id)
	if !there || it.Hidden || it.SoldOut || name == u.q.Current || slices.Contains(u.q.Exclude, name) || slices.Contains(u.q.Basket, name) || slices.Contains(u.p.Dismissed, name) {
		return false
	}
	if slices.ContainsFunc(u.p.Cart, func(l profile.CartLine) bool { return l.Item == name }) {
		return false
	}
	if p != BuyAgain && slices.ContainsFunc(u.p.Purchases, func(b profile.Purchase) bool { return b.Item == name && b.Times < 2 }) {
		return false
	}
	if u.q.Category != "" && !InCategory(it.Category, u.q.Category) || u.q.Filter.Any() && (it.Brand != "x" || it.Price < u.least) {
		return false
	}
	return !slices.ContainsFunc(u.doc.Rules, func(r rules.Rule) bool { return r.Kind == rules.Exclude && u.speaks(r, it, p) })
}

// speaks says whether a rule holds now, here, and for the item.
func (u *universe) speaks(r rules.Rule, it catalog.Item, p Placement) bool {
	return r.Open(u.now) && (len(r.Placements) == 0 || slices.Contains(r.Placements, p.String())) && (len(r.Items) == 0 || slices.Contains(r.Items, it.ID)) &&
		(r.Category == "" || InCategory(it.Category, r.Category)) && (r.Brand == "" || it.Brand == r.Brand) && it.Price >= r.MinPrice && (r.MaxPrice == 0 || it.Price <= r.MaxPrice)
}

func (u *universe) check(seed uint64, page []Shelf) {
	gone, looked := map[string]bool{}, map[string]bool{} // on the page; looked at, so that for-you and what follows may leave it out
	for n, shelf := range page {
		limit := u.q.Slots[n].Limit
		if !slices.ContainsFunc(u.p.Recent, func(r profile.Recent) bool { return looked[string(r.Item)] }) {
			u.pins(seed, shelf, limit, gone)
		}
		if shelf.Placement == ForYou {
			for _, r := range u.p.Recent {
				looked[string(r.Item)] = true
			}
		}
		last := float32(1)
		for at, pick := range shelf.Picks {
			id := u.m.ID(pick.Item)
			if !u.may(id, shelf.Placement) {
				u.Errorf("world %d: %s must not stand on %s", seed, id, shelf.Placement)
			}
			if gone[id] {
				u.Errorf("world %d: %s is on the page before %s", seed, id, shelf.Placement)
			}
			if !(pick.Score >= 0 && pick.Score <= last) || !(pick.Propensity > 0 && pick.Propensity <= 1) {
				u.Errorf("world %d: %s at %d of %s: score %v after %v, propensity %v", seed, id, at+1, shelf.Placement, pick.Score, last, pick.Propensity)
			}
			gone[id], last = true, pick.Score
		}
		u.full(seed, shelf, limit, gone, looked)
	}
}

// full holds a shelf to being full: what is filled from the whole catalog has an empty place only when nothing is left that may stand there.
func (u *universe) full(seed uint64, shelf Shelf, limit int, gone, looked map[string]bool) {
	switch shelf.Placement {
	case ForYou, Trending, Similar, Together:
	default:
		return
	}
	if len(shelf.Picks) > limit {
		u.Errorf("world %d: %d items on a %s of %d", seed, len(shelf.Picks), shelf.Placement, limit)
	}
	for id := range u.items {
		if len(shelf.Picks) < limit && !gone[id] && !looked[id] && u.may(id, shelf.Placement) {
			u.Errorf("world %d: %s has %d of %d items, and %s is left", seed, shelf.Placement, len(shelf.Picks), limit, id)
		}
	}
}

// pins holds a shelf with one pin of listed items to it: the first of them that may stand there do so, at their places unless the shelf is shorter.
func (u *universe) pins(seed uint64, shelf Shelf, limit int, gone map[string]bool) {
	var pins []rules.Rule
	for _, r := range u.doc.Rules {
		if r.Kind == rules.Pin && r.Open(u.now) && slices.Contains(r.Placements, shelf.Placement.String()) {
			pins = append(pins, r)
		}
	}
	if len(pins) != 1 || len(pins[0].Items) == 0 || pins[0].Place > limit {
		return
	}
	r, at := pins[0], pins[0].Place-1
	count := r.Count
	if count == 0 {
		count = len(r.Items)
	}
	for _, name := range r.Items {
		if count == 0 || at >= limit || !u.may(string(name), shelf.Placement) || gone[string(name)] || !u.speaks(r, u.items[string(name)], shelf.Placement) {
			continue
		}
		shown := ids(u.m, shelf)
		if at < len(shown) && shown[at] != string(name) && len(shown) == limit || !slices.Contains(shown, string(name)) {
			u.Errorf("world %d: %s is pinned to place %d of %s: %v", seed, name, at+1, shelf.Placement, shown)
		}
		at, count = at+1, count-1
	}
}

func (u *universe) must(err error) {
	u.Helper()
	if err != nil {
		u.Fatal(err)
	}
}

func TestBadInput(t *testing.T) {
	many := func(n int) *profile.Profile {
		p := &profile.Profile{}
		for i := range n {
			p.Recent = append(p.Recent, profile.Recent{Item: event.ItemID(fmt.Sprintf("i%02d", i%60)), At: testNow.Add(-time.Duration(i) * time.Second)})
		}
		return p
	}
	m := testModel(t)
	tests := map[string]Query{
		"nothing at all":                        {},
		"a history of 100,000 events":           {Viewer: Viewer{Profile: many(100_000)}},
		"events of the future":                  {Viewer: Viewer{Profile: viewer(testNow.AddDate(500, 0, 0), "i00", "i01")}},
		"a clock before all events":             {Viewer: Viewer{Profile: viewer(testNow, "i00")}, Now: time.Unix(-1<<40, 0)},
		"an id of ten kilobytes":                {Current: event.ItemID(make([]byte, 10<<10)), Exclude: []event.ItemID{event.ItemID(make([]byte, 10<<10))}},
		"the same item in the basket for ever":  {Basket: slices.Repeat([]event.ItemID{"i00"}, 200)},
		"variety that is no number":             {Varied: Share{true, float32(math.NaN())}},
		"a profile of negative and huge counts": {Viewer: Viewer{Profile: &profile.Profile{Visits: math.MinInt64, Purchases: []profile.Purchase{{Item: "i07", Times: math.MaxInt, Last: testNow.AddDate(900, 0, 0)}}}}},
	}
	for name, q := range tests {
		t.Run(name, func(t *testing.T) {
			q.Slots = []Slot{{ViewedBefore, 6}, {ForYou, 12}, {BuyAgain, 6}, {Trending, 8}}
			var w Worker
			page := w.Answer(m, &q)
			if len(page[1].Picks) != 12 && len(page[0].Picks) == 0 {
				t.Errorf("for-you has %d of 12 items", len(page[1].Picks))
			}
			for _, s := range page {
				for _, p := range s.Picks {
					if !(p.Score >= 0 && p.Score <= 1) || !(p.Propensity > 0 && p.Propensity <= 1) {
						t.Errorf("%+v", p)
					}
				}
			}
		})
	}
	t.Run("items of prices and categories without measure", func(t *testing.T) {
		at := testNow.Add(time.Hour)
		deep := catalog.Item{ID: "deep", Title: "Deep", Price: math.MaxInt64, Category: string(slices.Repeat([]byte("a > "), 10_000)), UpdatedAt: at, Created: testNow.AddDate(900, 0, 0)}
		over := m.With(catalog.Delta{Changes: map[event.ItemID]catalog.Change{"deep": {New: true, Price: math.MinInt64, At: at}}}, deep)
		var w Worker
		if got := ids(over, w.Answer(over, &Query{Now: at, Slots: []Slot{{NewItems, 3}}})[0]); len(got) != 3 || got[0] != "deep" {
			t.Errorf("new: %v", got)
		}
	})
}
