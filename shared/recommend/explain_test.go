package recommend

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/event"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/rank"
)

func TestExplain(t *testing.T) {
	again := regular(map[int][]event.ItemID{30: {"i10"}}, map[int][]event.ItemID{20: {"i10"}})
	looked := &profile.Profile{Recent: viewed(testNow, "i00", "i04")}
	r := weighing(rankPrice, 2)
	r.Weights[rankTaste], r.Weights[rankNew] = 1, 1e-9
	ranked, habits, plain := ranking(t, r), habitual(t, PurchaseFeatures, againTimes, 2), testModel(t)
	for name, tt := range map[string]struct {
		m     *Model
		p     *profile.Profile
		shelf Placement
		of    string
		want  []string
	}{
		"for-you by what the ranker weighs":      {ranked, looked, ForYou, "i08", []string{"category", "price"}},
		"buy again by habits":                    {habits, again, BuyAgain, "i10", []string{"times bought"}},
		"an item that the ranking did not touch": {ranked, looked, ForYou, "i01", nil},
		"a model that learned nothing":           {plain, looked, ForYou, "i08", nil},
		"no habits":                              {plain, again, BuyAgain, "i10", nil},
		"a shelf that nobody ranks":              {ranked, looked, Trending, "i08", nil},
		"a stranger":                             {ranked, nil, ForYou, "i08", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var w Worker
			i, _ := tt.m.Lookup(tt.of)
			var got []string
			for _, b := range w.Explain(tt.m, &Query{Now: testNow, Viewer: Viewer{Profile: tt.p}}, tt.shelf, i) {
				if got = append(got, b.What); b.Amount == 0 {
					t.Errorf("%s moved nothing", b.What)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("because (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAtMostTheLoudestReasonsAreTold(t *testing.T) {
	r := &rank.Model{Mean: make([]float32, 6), Weights: []float32{1, -6, 3, 4, 5, 2}}
	row := []float32{1, 1, 1, 1, 1, 1}
	want := []Because{{"b", -6}, {"e", 5}, {"d", 4}, {"c", 3}}
	if diff := cmp.Diff(want, explained(r, []item.Ordinal{7}, row, 7, []string{"a", "b", "c", "d", "e", "f"})); diff != "" {
		t.Errorf("because (-want +got):\n%s", diff)
	}
}
