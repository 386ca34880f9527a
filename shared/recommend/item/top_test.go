package item

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestTop(t *testing.T) {
	tests := map[string]struct {
		offered []Scored
		n       int
		want    []Scored
	}{
		"nothing offered":                         {nil, 3, nil},
		"nothing kept":                            {[]Scored{{1, 2}}, 0, nil},
		"a negative number keeps nothing":         {[]Scored{{1, 2}}, -1, nil},
		"best first":                              {[]Scored{{1, 2}, {2, 9}, {3, 4}}, 2, []Scored{{2, 9}, {3, 4}}},
		"the smaller ordinal wins a tie":          {[]Scored{{9, 1}, {4, 1}, {7, 1}}, 2, []Scored{{4, 1}, {7, 1}}},
		"negative scores are below zero":          {[]Scored{{1, -2}, {2, 0}, {3, -1}}, 3, []Scored{{2, 0}, {3, -1}, {1, -2}}},
		"infinity is above and below all numbers": {[]Scored{{1, float32(math.Inf(-1))}, {2, 5}, {3, float32(math.Inf(1))}}, 3, []Scored{{3, float32(math.Inf(1))}, {2, 5}, {1, float32(math.Inf(-1))}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var top Top
			top.Reset(tt.n)
			for _, s := range tt.offered {
				top.Offer(s.Item, s.Score)
			}
			if diff := gocmp.Diff(tt.want, top.Append(nil)); diff != "" {
				t.Errorf("top (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTopEqualsASort(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var top Top
	for range 200 {
		all := make([]Scored, random.IntN(60))
		for i := range all {
			all[i] = Scored{Ordinal(i), float32(random.IntN(9) - 4)}
		}
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		n := random.IntN(20)
		top.Reset(n)
		for _, s := range all {
			top.Offer(s.Item, s.Score)
		}
		slices.SortFunc(all, func(a, b Scored) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Item, b.Item)) })
		want := all[:min(n, len(all))]
		if got := top.Append([]Scored{}); !slices.Equal(want, got) {
			t.Fatalf("want %v, got %v", want, got)
		}
	}
}

func TestNotANumberComesLast(t *testing.T) {
	var top Top
	top.Reset(1)
	top.Offer(1, float32(math.NaN()))
	top.Offer(2, -5)
	if got := top.Append(nil); len(got) != 1 || got[0].Item != 2 {
		t.Errorf("got %v, want item 2", got)
	}
}
