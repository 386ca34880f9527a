package rank

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
)

// choices draws questions of ten candidates with known utilities: one candidate of each is chosen as the softmax says.
func choices(questions, width int, utility func(row []float32) float64) *Set {
	random := rand.New(rand.NewPCG(1, 2))
	set := NewSet(width)
	for range questions {
		rows, chances, total := make([][]float32, 10), make([]float64, 10), 0.0
		for i := range rows {
			for range width {
				rows[i] = append(rows[i], float32(random.NormFloat64()))
			}
			chances[i] = math.Exp(utility(rows[i]))
			total += chances[i]
		}
		draw, chosen := random.Float64()*total, 0
		for draw -= chances[0]; draw > 0 && chosen < 9; draw -= chances[chosen] {
			chosen++
		}
		for i, row := range rows {
			gain := float32(0)
			if i == chosen {
				gain = 1
			}
			copy(set.Add(gain), row)
		}
		set.End()
	}
	return set
}

func linear(row []float32) float64 { return 1.5*float64(row[0]) - .7*float64(row[1]) }

// crossed is what no linear model can say.
func crossed(row []float32) float64 {
	if row[0] > 0 == (row[1] > 0) {
		return 2
	}
	return 0
}

func fit(t *testing.T, set *Set, s Settings) *Model {
	t.Helper()
	m, err := Fit(t.Context(), set, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Check(); err != nil {
		t.Fatal(err)
	}
	return m
}

// likelihood is the mean log probability of what was chosen.
func likelihood(m *Model, set *Set) float64 {
	total := 0.0
	for q := range set.Len() {
		rows, gains := set.Question(q)
		all, chosen := 0.0, 0.0
		for i, s := range m.Score(nil, rows) {
			all += math.Exp(float64(s))
			if gains[i] > 0 {
				chosen = float64(s)
			}
		}
		total += chosen - math.Log(all)
	}
	return total / float64(set.Len())
}

func TestFitFindsWhatChoicesWereDrawnFrom(t *testing.T) {
	m := fit(t, choices(4000, 3, linear), DefaultSettings)
	for f, want := range []float64{1.5, -.7, 0} {
		if got := float64(m.Weights[f]); math.Abs(got-want) > .08 {
			t.Errorf("weight %d is %.3f, want %.1f", f, got, want)
		}
	}
}

func TestTreesFindWhatIsCrossed(t *testing.T) {
	set := choices(2000, 2, crossed)
	s := DefaultSettings
	straight := likelihood(fit(t, set, s), set)
	s.Trees, s.Depth = 40, 3
	m := fit(t, set, s)
	if grown := likelihood(m, set); grown < straight+.25 { // the truth itself has about .33 more
		t.Errorf("log likelihood is %.3f with %d trees and %.3f without", grown, m.Trees(), straight)
	}
}

func TestEqualSetsGiveEqualModels(t *testing.T) {
	s := DefaultSettings
	s.Trees = 5
	if diff := cmp.Diff(fit(t, choices(200, 3, crossed), s), fit(t, choices(200, 3, crossed), s)); diff != "" {
		t.Errorf("the second model (-first +second):\n%s", diff)
	}
}

func TestSharesAddUpToTheScore(t *testing.T) {
	s := DefaultSettings
	s.Trees = 20
	set := choices(300, 4, crossed)
	m := fit(t, set, s)
	for n := range 50 {
		row := set.row(n)
		total := m.Base()
		shares := m.Explain(nil, row)
		for at, share := range shares {
			total += share.Amount
			if at > 0 && abs(share.Amount) > abs(shares[at-1].Amount) {
				t.Fatalf("%v are not in order", shares)
			}
		}
		if want := m.Score(nil, row)[0]; math.Abs(float64(total-want)) > 1e-4 {
			t.Fatalf("shares %v make %v, the score is %v", shares, total, want)
		}
	}
}

func TestExplainLeavesOutWhatSaysNothing(t *testing.T) {
	m := &Model{Mean: []float32{0, 1, 0}, Weights: []float32{2, 5, -3}}
	want := []Share{{2, -3}, {0, 2}}
	if diff := cmp.Diff(want, m.Explain(nil, []float32{1, 1, 1})); diff != "" {
		t.Errorf("shares (-want +got):\n%s", diff)
	}
}

func TestScoreAllocatesNothing(t *testing.T) {
	s := DefaultSettings
	s.Trees = 10
	set := choices(100, 4, crossed)
	m := fit(t, set, s)
	rows, _ := set.Question(0)
	dst, shares := make([]float32, 0, 10), make([]Share, 0, 4)
	if n := testing.AllocsPerRun(100, func() { dst, shares = m.Score(dst[:0], rows), m.Explain(shares[:0], rows[:4]) }); n != 0 {
		t.Errorf("%v allocations per answer, want none", n)
	}
}

func TestScoresOfNothing(t *testing.T) {
	if got := (&Model{}).Score(nil, []float32{1, 2}); len(got) != 0 {
		t.Errorf("a model of nothing gives %v", got)
	}
	m := &Model{Mean: []float32{0, 0}, Weights: []float32{1, 1}}
	if got := m.Score(nil, []float32{1, 2, 3}); !slices.Equal(got, []float32{3}) {
		t.Errorf("a row and a half give %v, want one score", got)
	}
}

func TestQuestionsThatTeachNothingAreDropped(t *testing.T) {
	tests := map[string]struct {
		gains []float32
		want  bool
	}{
		"nothing is there":  {nil, false},
		"nothing is chosen": {[]float32{0, 0}, false},
		"all is chosen":     {[]float32{1, 2}, false},
		"one is chosen":     {[]float32{0, 1}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			set := NewSet(1)
			for _, g := range tt.gains {
				set.Add(g)[0] = 1
			}
			if got := set.End(); got != tt.want || (set.Len() == 1) != tt.want {
				t.Errorf("kept %v, %d questions", got, set.Len())
			}
		})
	}
}

func TestFitRefuses(t *testing.T) {
	usual := func(change func(*Settings)) Settings {
		s := DefaultSettings
		change(&s)
		return s
	}
	odd := choices(10, 2, linear)
	odd.row(3)[1] = float32(math.NaN())
	endless := choices(10, 2, linear)
	endless.row(3)[1] = float32(math.Inf(1))
	negative := choices(10, 2, linear)
	negative.gains[0] = -1
	tests := map[string]struct {
		set      *Set
		settings Settings
	}{
		"no question":                 {NewSet(2), DefaultSettings},
		"no feature":                  {NewSet(0), DefaultSettings},
		"too many features":           {NewSet(MaxWidth + 1), DefaultSettings},
		"a feature that is no number": {odd, DefaultSettings},
		"an endless feature":          {endless, DefaultSettings},
		"a negative gain":             {negative, DefaultSettings},
		"no pull":                     {choices(10, 2, linear), usual(func(s *Settings) { s.L2 = 0 })},
		"a pull that is no number":    {choices(10, 2, linear), usual(func(s *Settings) { s.L2 = math.NaN() })},
		"too deep":                    {choices(10, 2, linear), usual(func(s *Settings) { s.Trees, s.Depth = 1, MaxDepth+1 })},
		"too many trees":              {choices(10, 2, linear), usual(func(s *Settings) { s.Trees = MaxTrees + 1 })},
		"no shrinking":                {choices(10, 2, linear), usual(func(s *Settings) { s.Trees, s.Shrink = 1, 0 })},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := Fit(t.Context(), tt.set, tt.settings); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an invalid fault", err)
			}
		})
	}
}

func TestFitTakesOddFeatures(t *testing.T) {
	tests := map[string]func(chosen bool, n int) []float32{
		"always the same":    func(bool, int) []float32 { return []float32{7, 7} },
		"twice the same":     func(_ bool, n int) []float32 { return []float32{float32(n), float32(n)} },
		"says it all":        func(chosen bool, _ int) []float32 { return []float32{map[bool]float32{true: 1}[chosen], 0} },
		"of very many sizes": func(_ bool, n int) []float32 { return []float32{float32(n) * 1e20, float32(n%3) * 1e-20} },
	}
	for name, row := range tests {
		t.Run(name, func(t *testing.T) {
			set := NewSet(2)
			for n := range 60 {
				for i := range 3 {
					chosen := i == n%3
					copy(set.Add(map[bool]float32{true: 1}[chosen]), row(chosen, n+i))
				}
				set.End()
			}
			s := DefaultSettings
			s.Trees = 3
			rows, _ := set.Question(0)
			if scores := fit(t, set, s).Score(nil, rows); !finite(scores) {
				t.Errorf("scores %v", scores)
			}
		})
	}
}

func TestFitStopsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fit(ctx, choices(10, 2, linear), DefaultSettings); err == nil {
		t.Error("no error")
	}
}

// FuzzCheck: whatever Check takes answers and explains without a panic.
func FuzzCheck(f *testing.F) {
	f.Add(uint8(3), uint8(2), uint8(1), uint8(3), uint8(3), uint8(7), uint32(1), float32(.5))
	f.Add(uint8(3), uint8(2), uint8(1), uint8(3), uint8(3), uint8(7), uint32(9), float32(.5))
	f.Add(uint8(0), uint8(0), uint8(0), uint8(0), uint8(0), uint8(0), uint32(0), float32(0))
	f.Add(uint8(2), uint8(8), uint8(2), uint8(255), uint8(255), uint8(255), uint32(1), float32(math.Inf(1)))
	f.Fuzz(func(t *testing.T, weights, depth, means, nodes, cuts, values uint8, feature uint32, x float32) {
		m := &Model{Mean: filled(means, x), Weights: filled(weights, x), Depth: int(int8(depth)), Cut: filled(cuts, x), Value: filled(values, x)}
		for range nodes {
			m.Feature = append(m.Feature, feature)
		}
		if err := m.Check(); err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("refused with %v, want an invalid fault", err)
			}
			return
		}
		row := filled(weights, x)
		m.Score(nil, row)
		m.Explain(nil, row)
		m.Base()
	})
}

func filled(n uint8, x float32) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = x
	}
	return out
}

func BenchmarkScore(b *testing.B) {
	set := choices(1, 24, func([]float32) float64 { return 0 })
	rows, _ := set.Question(0)
	rows = slices.Repeat(rows, 10)
	m := &Model{Mean: make([]float32, 24), Weights: make([]float32, 24)}
	dst := make([]float32, 0, 100)
	for b.Loop() {
		dst = m.Score(dst[:0], rows)
	}
	b.ReportMetric(float64(len(dst)), "candidates")
}
