package backtest

import (
	"math"
	"math/rand/v2"
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

// Four customers: all have item 0, two have 1, one has 2, nobody has 3.
func TestVariety(t *testing.T) {
	users := [][]item.Ordinal{ordinals(0, 1), ordinals(0, 1, 2), ordinals(0), ordinals(0)}
	v := newVariety(Training{Items: 4, Users: matrix(users)})
	novelty, diversity := v.of(ranking(0, 1, 2, 3))
	near(t, "novelty", novelty, (0+1+2+2)/4., 1e-12)
	likeness := 2/math.Sqrt(8) + 1/math.Sqrt(4) + 1/math.Sqrt(2)
	near(t, "diversity", diversity, 1-likeness/6, 1e-12)
	v.group = []uint32{1, 1, NoGroup, NoGroup}
	_, diversity = v.of(ranking(0, 1, 2, 3))
	near(t, "diversity by group", diversity, 5./6, 1e-12)
	if novelty, diversity = v.of(nil); !math.IsNaN(novelty) || !math.IsNaN(diversity) {
		t.Errorf("an empty list has %v and %v", novelty, diversity)
	}
	if novelty, diversity = v.of(ranking(1)); novelty != 1 || !math.IsNaN(diversity) {
		t.Errorf("one item has %v and %v", novelty, diversity)
	}
}

// What depends on each other is drawn together: ten sessions of a hundred equal questions are worth ten questions.
func TestBootstrapByCluster(t *testing.T) {
	var values []float64
	var unit []int
	for i := range 1000 {
		values, unit = append(values, float64(i/100%2)), append(unit, i/100)
	}
	alone, together := Bootstrap(values, 1), BootstrapClusters(values, unit, 1)
	near(t, "width of single questions", alone.High-alone.Low, 2*1.96*.5/math.Sqrt(1000), .01)
	near(t, "width of sessions", together.High-together.Low, 2*1.96*.5/math.Sqrt(10), .1)
	values[0], values[999] = math.NaN(), math.NaN()
	if c := clusters(values, unit); math.Abs(c.mean()-499./998) > 1e-12 {
		t.Errorf("the mean without what is no number is %v", c.mean())
	}
}

func TestTheBootstrapsLimit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var c clustered
	for range 4000 {
		n := 1 + float64(r.IntN(5))
		c = append(c, cluster{n * r.Float64(), n})
	}
	drawn, normal := c.interval(1), c.normal()
	near(t, "low", normal.Low, drawn.Low, .001)
	near(t, "high", normal.High, drawn.High, .001)
}
