package itemitem

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/sparse"
)

func table() sparse.Rows {
	var w sparse.Rows
	w.Append([]item.Ordinal{1, 2}, []float32{.5, .25})
	w.Append([]item.Ordinal{0, 2, 3}, []float32{1, .5, -1})
	w.Append([]item.Ordinal{3}, []float32{.25})
	w.Append(nil, nil)
	return w
}

func TestScore(t *testing.T) {
	tests := map[string]struct {
		history   []item.Ordinal
		strengths []float32
		n         int
		want      []item.Scored
	}{
		"nothing is known":                        {nil, nil, 5, nil},
		"unknown items are ignored":               {[]item.Ordinal{99}, nil, 5, nil},
		"an item without weights":                 {[]item.Ordinal{3}, nil, 5, nil},
		"one item":                                {[]item.Ordinal{0}, nil, 5, []item.Scored{{Item: 1, Score: .5}, {Item: 2, Score: .25}}},
		"sums, and what is known is no answer":    {[]item.Ordinal{0, 1}, nil, 5, []item.Scored{{Item: 2, Score: .75}, {Item: 3, Score: -1}}},
		"strengths":                               {[]item.Ordinal{0, 1}, []float32{2, .5}, 5, []item.Scored{{Item: 2, Score: .75}, {Item: 3, Score: -.5}}},
		"an item of no strength only bars itself": {[]item.Ordinal{0, 1}, []float32{1, 0}, 5, []item.Scored{{Item: 2, Score: .25}}},
		"twice counts twice":                      {[]item.Ordinal{2, 2}, nil, 5, []item.Scored{{Item: 3, Score: .5}}},
		"the best n":                              {[]item.Ordinal{0}, nil, 1, []item.Scored{{Item: 1, Score: .5}}},
	}
	var scratch Scratch
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := Score(nil, &scratch, table(), tt.history, tt.strengths, tt.n)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("scored (-want +got):\n%s", diff)
			}
		})
	}
}

func TestScoreWithoutValues(t *testing.T) {
	w := table()
	w.Values = nil
	want := []item.Scored{{Item: 2, Score: 2}, {Item: 3, Score: 1}}
	if diff := cmp.Diff(want, Score(nil, &Scratch{}, w, []item.Ordinal{0, 1}, nil, 5)); diff != "" {
		t.Errorf("scored (-want +got):\n%s", diff)
	}
}

func TestNothingIsAllocatedPerAnswer(t *testing.T) {
	w, dst, history := table(), make([]item.Scored, 0, 5), []item.Ordinal{0, 1}
	var s Scratch
	if n := testing.AllocsPerRun(100, func() { dst = Score(dst[:0], &s, w, history, nil, 5) }); n != 0 {
		t.Errorf("%v allocations per answer, want none", n)
	}
}

func TestPaths(t *testing.T) {
	var users sparse.Rows
	users.Append([]item.Ordinal{0, 1}, nil)
	users.Append([]item.Ordinal{0, 1, 2}, nil)
	got := map[[2]item.Ordinal]float64{}
	err := Paths(t.Context(), users, 3, func(user int, a, b float32) float64 { return float64(a * b * float32(user+1)) }, func(from item.Ordinal, reached []item.Ordinal, sums []float64) {
		for _, to := range reached {
			got[[2]item.Ordinal{from, to}] = sums[to]
		}
	})
	want := map[[2]item.Ordinal]float64{{0, 0}: 3, {0, 1}: 3, {0, 2}: 2, {1, 0}: 3, {1, 1}: 3, {1, 2}: 2, {2, 0}: 2, {2, 1}: 2, {2, 2}: 2}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, paths (-want +got):\n%s", err, diff)
	}
}

func TestPathsStopWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := Paths(ctx, sparse.Rows{}, 3, nil, func(item.Ordinal, []item.Ordinal, []float64) { t.Error("an item was visited") })
	if err == nil {
		t.Error("no error")
	}
}
