package backtest

import (
	"math"
	"testing"

	"shopkeeper/shared/recommend/item"
)

func ranking(items ...item.Ordinal) (out []item.Scored) {
	for _, i := range items {
		out = append(out, item.Scored{Item: i})
	}
	return out
}

func TestMetrics(t *testing.T) {
	second := 1 / math.Log2(3)
	tests := map[string]struct {
		ranked                   []item.Scored
		targets                  []item.Ordinal
		k                        int
		recall, ndcg, reciprocal float64
	}{
		"nothing answered":                   {nil, []item.Ordinal{1}, 3, 0, 0, 0},
		"nothing wanted":                     {ranking(1), nil, 3, 0, 0, 0},
		"nothing asked for":                  {ranking(1), []item.Ordinal{1}, 0, 0, 0, 0},
		"first":                              {ranking(1, 2), []item.Ordinal{1}, 3, 1, 1, 1},
		"second":                             {ranking(2, 1), []item.Ordinal{1}, 3, 1, second, .5},
		"too late":                           {ranking(2, 3, 1), []item.Ordinal{1}, 2, 0, 0, 0},
		"one of two":                         {ranking(9, 2), []item.Ordinal{1, 2}, 2, .5, second / (1 + second), 0},
		"more wanted than there is room for": {ranking(1, 2), []item.Ordinal{1, 2, 3, 4}, 2, 1, 1, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			wanted := item.Ordinal(math.MaxUint32)
			if len(tt.targets) > 0 {
				wanted = tt.targets[0]
			}
			near(t, "recall", recall(tt.ranked, tt.targets, tt.k), tt.recall, 1e-12)
			near(t, "ndcg", ndcg(tt.ranked, tt.targets, tt.k), tt.ndcg, 1e-12)
			near(t, "reciprocal", reciprocal(tt.ranked, wanted, tt.k), tt.reciprocal, 1e-12)
		})
	}
}

func TestBreadth(t *testing.T) {
	b := newBreadth([]int{10, 5, 0, 1})
	b.see(ranking(0, 1))
	b.see(ranking(0))
	b.see(nil)
	near(t, "coverage", b.coverage(), .5, 1e-12)
	near(t, "popularity", b.mean(), (.75+1)/3, 1e-12)
}

func TestBootstrap(t *testing.T) {
	var coin []float64
	for i := range 1000 {
		coin = append(coin, float64(i%2))
	}
	got := Bootstrap(coin, 1)
	near(t, "low", got.Low, .5-1.96*.5/math.Sqrt(1000), .005)
	near(t, "high", got.High, .5+1.96*.5/math.Sqrt(1000), .005)
	if again := Bootstrap(coin, 1); again != got {
		t.Errorf("the same seed gives %v and %v", got, again)
	}
	if none := Bootstrap(nil, 1); none != (Interval{}) {
		t.Errorf("of nothing: %v", none)
	}
}

func TestPaired(t *testing.T) {
	var a, better, noise []float64
	for i := range 500 {
		a = append(a, float64(i%7))
		better = append(better, float64(i%7)+.01*float64(i%3))
		noise = append(noise, float64(i%7)+float64(i%5-2))
	}
	if d := Paired(a, better, 1); !d.Better() || d.Worse() || math.Abs(d.Mean-.01) > 1e-3 {
		t.Errorf("a small gain everywhere is found by pairs: %+v", d)
	}
	if d := Paired(better, a, 1); d.Better() || !d.Worse() {
		t.Errorf("the other way round it is a loss: %+v", d)
	}
	if d := Paired(a, noise, 1); d.Better() || d.Worse() {
		t.Errorf("noise is neither: %+v", d)
	}
}
