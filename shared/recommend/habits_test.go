package recommend

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/event"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend/habit"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/rank"
)

// habitual is the test model with a ranker of purchases that looks at one feature.
func habitual(t testing.TB, kind uint32, feature int, weight float32) *Model {
	t.Helper()
	c := testContents(t)
	r := &habit.Rhythm{Ranker: &rank.Model{Kind: kind, Mean: make([]float32, purchaseWidth), Weights: make([]float32, purchaseWidth)}}
	r.Ranker.Weights[feature] = weight
	for range c.Catalog.Items {
		r.Hazard, r.Interval = append(r.Hazard, .5), append(r.Interval, float32(math.Log1p(7)))
	}
	c.Habits = r
	file, err := model.Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// regular bought items at so many days before now, oldest first.
func regular(orders ...map[int][]event.ItemID) *profile.Profile {
	p := &profile.Profile{}
	for _, o := range orders {
		for days, items := range o {
			p.Ordered(testNow.AddDate(0, 0, -days), items...)
		}
	}
	return p
}

func TestBuyAgainGoesByHabits(t *testing.T) {
	p := regular(map[int][]event.ItemID{30: {"i10", "i11", "i12"}}, map[int][]event.ItemID{20: {"i10", "i11"}}, map[int][]event.ItemID{10: {"i10", "i12"}}, map[int][]event.ItemID{9: {"i10"}})
	for name, tt := range map[string]struct {
		kind    uint32
		feature int
		weight  float32
		want    []string
	}{
		"the most often":            {PurchaseFeatures, againTimes, 1, []string{"i10", "i11", "i12"}},
		"the longest ago":           {PurchaseFeatures, againRecent, 1, []string{"i11", "i12", "i10"}},
		"what was in the last one":  {PurchaseFeatures, againOrders, -1, []string{"i10", "i12", "i11"}},
		"the first that was bought": {PurchaseFeatures, againFirst, 1, []string{"i10", "i11", "i12"}},
		"a list of another time":    {PurchaseFeatures + 1, againRecent, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := habitual(t, tt.kind, tt.feature, tt.weight)
			if tt.want == nil {
				due := testModel(t)
				var w Worker
				for _, s := range w.Answer(due, &Query{Now: testNow, Viewer: Viewer{Profile: p}, Slots: []Slot{{BuyAgain, 3}}}) {
					tt.want = ids(due, s)
				}
			}
			var w Worker
			page := w.Answer(m, &Query{Now: testNow, Viewer: Viewer{Profile: p}, Slots: []Slot{{BuyAgain, 3}}})
			if diff := cmp.Diff(tt.want, ids(m, page[0])); diff != "" {
				t.Errorf("buy again (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFeaturesOfAPurchase(t *testing.T) {
	m := habitual(t, PurchaseFeatures, againTimes, 1)
	p := regular(map[int][]event.ItemID{30: {"i10"}}, map[int][]event.ItemID{20: {"i10", "i11"}}, map[int][]event.ItemID{10: {"i10", "i11"}}, map[int][]event.ItemID{4: {"i12"}})
	var w Worker
	items, rows := w.Purchases(m, &Query{Now: testNow, Viewer: Viewer{Profile: p}})
	if len(items) != 2 || len(rows) != 2*PurchaseWidth {
		t.Fatalf("%d items with %d numbers: one was bought once, and nobody buys it twice", len(items), len(rows))
	}
	log := func(x float64) float32 { return float32(math.Log1p(x)) }
	want := [purchaseWidth]float32{againTimes: log(3), againShare: .75, againRecent: log(10), againDue: log(10) - log(7), againOrders: log(6), againHazard: float32(math.Log(.5)),
		againRate: (2 + 3) / (3. + 6), againPopular: 0, againFirst: log(30), againPace: log(26. / 3), againIdle: log(4) - log(26./3), againOwnDue: log(10) - (2*log(10)+3*log(7))/5}
	for f, name := range PurchaseFeatureNames {
		if got := rows[f]; math.Abs(float64(got-want[f])) > 1e-5 {
			t.Errorf("%s is %v, want %v", name, got, want[f])
		}
	}
}

func TestOddPurchases(t *testing.T) {
	m := habitual(t, PurchaseFeatures, againDue, 1)
	at := func(days int) time.Time { return testNow.AddDate(0, 0, -days) }
	for name, p := range map[string]*profile.Profile{
		"nobody":               nil,
		"nothing":              {},
		"unknown items":        {Purchases: []profile.Purchase{{Item: "?", Times: 9, Last: at(1)}}},
		"no orders":            {Purchases: []profile.Purchase{{Item: "i10", Times: 3, Last: at(1)}}},
		"times that run wild":  {Orders: profile.Orders{Count: -5, First: at(-900), Last: at(99999)}, Purchases: []profile.Purchase{{Item: "i10", Times: 1 << 40, Last: at(-5000), Over: -7}, {Item: "i07", Times: -3, Over: 1 << 40}}},
		"more often than ever": {Orders: profile.Orders{Count: 1, First: at(3), Last: at(3)}, Purchases: []profile.Purchase{{Item: "i10", Times: 50, Last: at(3), Over: 900}}},
	} {
		t.Run(name, func(t *testing.T) {
			var w Worker
			q := Query{Now: testNow, Viewer: Viewer{Profile: p}, Slots: []Slot{{BuyAgain, 3}}}
			for _, pick := range w.Answer(m, &q)[0].Picks {
				if pick.Score-pick.Score != 0 {
					t.Errorf("a score of %v", pick.Score)
				}
			}
			_, rows := w.Purchases(m, &q)
			for _, x := range rows {
				if x-x != 0 {
					t.Fatalf("features %v", rows)
				}
			}
		})
	}
}

func TestBuyAgainAllocatesNothing(t *testing.T) {
	m := habitual(t, PurchaseFeatures, againDue, 1)
	q := Query{Now: testNow, Viewer: Viewer{Profile: regular(map[int][]event.ItemID{30: {"i10", "i11"}}, map[int][]event.ItemID{20: {"i10", "i11"}})}, Slots: []Slot{{BuyAgain, 6}}}
	var w Worker
	w.Answer(m, &q)
	if n := testing.AllocsPerRun(100, func() { w.Answer(m, &q) }); n != 0 {
		t.Errorf("%v allocations an answer", n)
	}
}
