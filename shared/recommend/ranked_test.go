package recommend

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/rank"
)

// ranking is testModel with a ranker in its file.
func ranking(t testing.TB, r *rank.Model) *Model {
	t.Helper()
	c := testContents(t)
	c.Ranker = r
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

func weighing(feature int, weight float32) *rank.Model {
	r := &rank.Model{Kind: ForYouFeatures, Mean: make([]float32, forYouWidth), Weights: make([]float32, forYouWidth)}
	r.Weights[feature] = weight
	return r
}

func TestTheRankerOrdersForYou(t *testing.T) {
	p := &profile.Profile{Recent: viewed(testNow, "i00", "i04", "i08")}
	q := Query{Shop: "tea", Slots: []Slot{{ForYou, 5}}, Now: testNow, Viewer: Viewer{Profile: p}}
	tests := map[string]struct {
		ranker *rank.Model
		first  func(m *Model, a, b item.Ordinal) bool // a may stand before b
	}{
		"by price, the nearest first":   {weighing(rankPrice, -10), func(m *Model, a, b item.Ordinal) bool { return m.Price(a) <= m.Price(b) }},
		"by price, the farthest first":  {weighing(rankPrice, 10), func(m *Model, a, b item.Ordinal) bool { return m.Price(a) >= m.Price(b) }},
		"the newest first, while it is": {weighing(rankNew, 10), func(m *Model, a, b item.Ordinal) bool { return !m.Created(a).Before(m.Created(b)) }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := ranking(t, tt.ranker)
			m.page.Diversity = 0
			var w Worker
			picks := w.Answer(m, &q)[0].Picks
			for at := 1; at < len(picks)-1; at++ { // the last place may be exploration
				if !tt.first(m, picks[at-1].Item, picks[at].Item) {
					t.Errorf("%s stands before %s", m.ID(picks[at-1].Item), m.ID(picks[at].Item))
				}
			}
			for at, pick := range picks {
				if !(pick.Score > 0 && pick.Score <= 1) || at > 0 && pick.Score > picks[at-1].Score {
					t.Errorf("scores %v", picks)
				}
			}
		})
	}
}

func TestARankerOfAnotherListIsNotUsed(t *testing.T) {
	q := Query{Shop: "tea", Slots: []Slot{{ForYou, 5}}, Now: testNow, Viewer: Viewer{Profile: &profile.Profile{Recent: viewed(testNow, "i00", "i04")}}}
	var plain, other Worker
	want := plain.Answer(testModel(t), &q)[0].Picks
	later := weighing(rankPrice, 10)
	later.Kind = ForYouFeatures + 1
	narrow := &rank.Model{Kind: ForYouFeatures, Mean: make([]float32, 2), Weights: []float32{3, 4}}
	for name, r := range map[string]*rank.Model{"a later list": later, "too few features": narrow, "none": nil} {
		t.Run(name, func(t *testing.T) {
			got := other.Answer(ranking(t, r), &q)[0].Picks
			for at := range want {
				if got[at].Item != want[at].Item {
					t.Fatalf("place %d differs", at)
				}
			}
		})
	}
}

func TestARankedPageAllocatesNothing(t *testing.T) {
	m := ranking(t, weighing(rankSession, 2))
	q := Query{Shop: "tea", Slots: []Slot{{ForYou, 12}}, Now: testNow, Viewer: Viewer{Profile: &profile.Profile{Recent: viewed(testNow, "i00", "i04", "i08")}}}
	var w Worker
	w.Answer(m, &q)
	if n := testing.AllocsPerRun(100, func() { w.Answer(m, &q) }); n != 0 {
		t.Errorf("%v allocations an answer, want none", n)
	}
}

func TestCandidatesMayBeShown(t *testing.T) {
	m := testModel(t)
	var w Worker
	q := Query{Shop: "tea", Now: testNow, Viewer: Viewer{Profile: &profile.Profile{Recent: viewed(testNow, "i01", "i09")}}}
	items, rows := w.Candidates(m, &q)
	if len(items) == 0 || len(rows) != len(items)*ForYouWidth {
		t.Fatalf("%d candidates, %d numbers", len(items), len(rows))
	}
	for _, i := range items {
		if id := m.ID(i); id == "i01" || id == "i09" || id == "i03" || id == "i05" {
			t.Errorf("%s is a candidate: met, hidden or sold out", id)
		}
	}
	if items, _ := w.Candidates(m, &Query{Shop: "tea", Now: testNow}); len(items) != 0 {
		t.Errorf("a stranger has candidates: %v", items)
	}
}

// TestTheBlendIsTheFiles asks models that differ in their blend alone.
func TestTheBlendIsTheFiles(t *testing.T) {
	with := func(b model.Blend) *Model {
		c := testContents(t)
		c.Blend = b
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
	if got := with(model.Blend{}).Blend(); got != model.DefaultBlend {
		t.Errorf("a file without a blend has %+v", got)
	}
	q := Query{Now: testNow.AddDate(0, 0, 14), Viewer: Viewer{Profile: &profile.Profile{Recent: viewed(testNow, "i00", "i04")}}}
	ranking := func(b model.Blend) []item.Scored {
		var w Worker
		return w.Ranking(nil, with(b), &q, nil, 12)
	}
	standard := ranking(model.DefaultBlend)
	for name, b := range map[string]model.Blend{"session neighbours alone": blendOf(1, 1, .3, 14), "item-item weights alone": blendOf(0, 0, .3, 14), "no taste": blendOf(.6, .35, 0, 14)} {
		if slices.Equal(ranking(b), standard) {
			t.Errorf("%s ranks as the default does", name)
		}
	}
	var w Worker
	w.begin(with(blendOf(.6, .35, .3, 7)), &q)
	if got := w.seeds[0].weight; math.Abs(float64(got-.25)) > 1e-3 {
		t.Errorf("after two half-lives an interest weighs %v, want 0.25", got)
	}
	if _, err := model.Encode(model.Contents{Blend: model.Blend{Live: 2, InterestDays: 1}}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a share of 2: %v, want an invalid fault", err)
	}
}

func blendOf(live, back, taste, days float64) model.Blend {
	return model.Blend{Live: live, Return: back, Taste: taste, InterestDays: days}
}

// TestARankerOfSourcesAlone holds the short way of a ranker that asks for the sources' shares only to the long way of one that asks for a price that tells nothing, too.
func TestARankerOfSourcesAlone(t *testing.T) {
	m := testModel(t)
	for name, weights := range map[string][2]float32{"sessions": {1, 1e-3}, "weights": {1e-3, 1}} {
		t.Run(name, func(t *testing.T) {
			short := &rank.Model{Kind: ForYouFeatures, Mean: make([]float32, ForYouWidth), Weights: make([]float32, ForYouWidth)}
			short.Weights[FeatureSession], short.Weights[FeatureRelated] = weights[0], weights[1]
			long := &rank.Model{Kind: ForYouFeatures, Mean: short.Mean, Weights: slices.Clone(short.Weights)}
			long.Weights[FeaturePopular] = math.SmallestNonzeroFloat32
			var w Worker
			for n := range 40 {
				q := &Query{Viewer: Viewer{Profile: viewer(testNow.Add(-time.Hour), fmt.Sprintf("i%02d", n), fmt.Sprintf("i%02d", (n*7+3)%60))}, Now: testNow}
				got, want := w.Ranking(nil, m, q, short, 10), map[item.Ordinal]float32{}
				for _, s := range w.Ranking(nil, m, q, long, 60) {
					want[s.Item] = s.Score
				}
				for at := range got[1:] { // equal ones may swap places when sums are rounded
					if before, after := want[got[at].Item], want[got[at+1].Item]; before < after-1e-4 || after == 0 {
						t.Fatalf("visitor %d: %v at place %d, the long way gives %v", n, got, at, want)
					}
				}
			}
		})
	}
}

// TestTheShortWayBySessions holds pages that go by the session neighbours, and look no further, to those that note all that the item-item weights name: the same items are
// chosen, and as much is known of them.
func TestTheShortWayBySessions(t *testing.T) {
	r := weighing(rankSession, 1)
	r.Weights[rankRelated] = 1e-3
	m := ranking(t, r)
	var w Worker
	short, related := 0, 0
	for n := range 60 {
		for _, keep := range []int{3, 12, 40} {
			q := &Query{Basket: []event.ItemID{"i11"}, Current: "i02", Viewer: Viewer{Profile: viewer(testNow.Add(-time.Hour), fmt.Sprintf("i%02d", n), fmt.Sprintf("i%02d", (n*7+3)%60))}, Now: testNow}
			chosen := func(namedAlone bool) map[item.Ordinal]mention {
				w.begin(m, q)
				w.placement = ForYou
				w.newRound()
				live := w.addNeighbours()
				if namedAlone && !w.goesBySessions(keep) {
					return nil
				}
				w.addItemItem(namedAlone)
				for _, s := range w.seeds {
					w.block(s.item)
				}
				w.rankCandidates(r, live, keep)
				all := map[item.Ordinal]mention{}
				for _, s := range w.top.Append(nil) {
					all[s.Item] = w.said(s.Item)
				}
				return all
			}
			got := chosen(true)
			if got == nil {
				continue
			}
			if want := chosen(false); !maps.Equal(want, got) {
				t.Fatalf("visitor %d, %d items: the long way has %v, the short one %v", n, keep, want, got)
			}
			short++
			for _, said := range got {
				if said.loudest > 0 {
					related++
				}
			}
		}
	}
	if short == 0 || short == 180 || related == 0 {
		t.Errorf("%d of 180 pages went the short way, which knew a reason for %d items", short, related)
	}
}

// TestNothingIsSaidBeforeAnAnswer asks a worker that answered before about items, as its next answer begins.
func TestNothingIsSaidBeforeAnAnswer(t *testing.T) {
	m := testModel(t)
	q := &Query{Viewer: Viewer{Profile: viewer(testNow.Add(-time.Hour), "i01", "i08")}, Now: testNow}
	var w Worker
	w.ask(m, q)
	if len(w.found) == 0 {
		t.Fatal("the sources name nothing")
	}
	named := w.found[len(w.found)-1].item
	w.begin(m, q)
	if got := w.said(named); got != (mention{item: named}) {
		t.Errorf("before the sources were asked %+v is said", got)
	}
}

// TestRoundsBeginAgain lets the number of rounds, which shares its bits with places, run over.
func TestRoundsBeginAgain(t *testing.T) {
	m := testModel(t)
	q := &Query{Viewer: Viewer{Profile: viewer(testNow.Add(-time.Hour), "i01", "i08")}, Now: testNow}
	var w Worker
	w.ask(m, q)
	want := slices.Clone(w.found)
	w.round = 1<<(32-w.placeBits) - 1
	for range 3 {
		if w.ask(m, q); !slices.Equal(w.found, want) {
			t.Fatalf("in round %d %v is said, want %v", w.round, w.found, want)
		}
	}
	if w.round > 10 {
		t.Errorf("round %d", w.round)
	}
}
