package trend

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/recommend/item"
)

const oneDay = 86400

func TestPopularityHalves(t *testing.T) {
	s := Settings{Popular: 10, Near: 5, Prior: 1}
	events := []Event{{0, 100 * oneDay, 1}, {1, 90 * oneDay, 1}, {2, 80 * oneDay, 4}, {3, 101 * oneDay, 1}, {9, 100 * oneDay, 1}, {1, 100 * oneDay, -5}, {1, 100 * oneDay, float32(math.NaN())}}
	h := Measure(events, 4, 100*oneDay, s)
	if diff := cmp.Diff([]float32{1, .5, 1, 1}, h.Popular); diff != "" {
		t.Errorf("popular (-want +got):\n%s", diff)
	}
}

func TestTrending(t *testing.T) {
	s := DefaultSettings
	var events []Event
	for day := range int64(200) { // a steady seller, ten a day
		events = append(events, Event{0, day * oneDay, 10})
	}
	for day := int64(193); day < 200; day++ { // one that came last week, as many a day
		events = append(events, Event{1, day * oneDay, 10})
	}
	events = append(events, Event{2, 10 * oneDay, 1000}) // a hit of last year
	h := Measure(events, 4, 200*oneDay, s)
	if !(h.Trending[1] > h.Trending[0] && h.Trending[0] > h.Trending[2]) {
		t.Errorf("trends are %v, want item 1 above 0 above 2", h.Trending)
	}
	if !(h.Popular[0] > h.Popular[1]) {
		t.Errorf("popularities are %v, want item 0 above 1", h.Popular)
	}
	got := Rank([]item.Ordinal{0, 1, 3}, func(i item.Ordinal) float32 { return h.Trending[i] }, 10)
	if len(got) != 2 || got[0].Item != 1 || got[1].Item != 0 {
		t.Errorf("ranked %v, want 1, 0 and no item without events", got)
	}
}

func TestASteadySellerTrendsAtItsRate(t *testing.T) {
	var events []Event
	for hour := range int64(24 * 1000) {
		events = append(events, Event{0, hour * 3600, 1})
	}
	h := Measure(events, 1, 1000*oneDay, Settings{Popular: 60, Near: 7, Prior: 0})
	near := 24 * 7 / math.Ln2
	if math.Abs(float64(h.Trending[0])/near-1) > .02 {
		t.Errorf("the trend is %v, want about %v", h.Trending[0], near)
	}
}

func TestOrderAndCutOfEventsDoNotMatter(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var events []Event
	for range 5000 {
		events = append(events, Event{item.Ordinal(random.IntN(20)), random.Int64N(400 * oneDay), []float32{.1, .3, 1, -1}[random.IntN(4)]})
	}
	want := Measure(events, 20, 300*oneDay, DefaultSettings)
	random.Shuffle(len(events), func(a, b int) { events[a], events[b] = events[b], events[a] })
	if diff := cmp.Diff(want, Measure(events, 20, 300*oneDay, DefaultSettings)); diff != "" {
		t.Errorf("heat of the same events in another order (-want +got):\n%s", diff)
	}
}

// TestHoursChangeLittle holds the sum by whole hours to the formula.
func TestHoursChangeLittle(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var events []Event
	exact := 0.0
	const now = 300 * oneDay
	for range 500 {
		at := random.Int64N(now)
		events = append(events, Event{0, at, 1})
		exact += math.Exp2(-float64(now-at) / oneDay / DefaultSettings.Popular)
	}
	if got := float64(Measure(events, 1, now, DefaultSettings).Popular[0]); math.Abs(got/exact-1) > .001 {
		t.Errorf("popularity %v, by the formula %v", got, exact)
	}
}

func TestOddTimes(t *testing.T) {
	h := Measure([]Event{{0, math.MinInt64, 1}, {1, math.MaxInt64, 1}, {2, 0, math.MaxFloat32}, {0, 5, 1e-9}}, 3, 1000*oneDay, DefaultSettings)
	if !(h.Popular[1] == 1 && h.Popular[0] == 0 && h.Popular[2] > 0) {
		t.Errorf("popularities %v", h.Popular)
	}
	if Measure(nil, 0, 0, DefaultSettings).Popular == nil {
		t.Error("no list of nothing")
	}
}
