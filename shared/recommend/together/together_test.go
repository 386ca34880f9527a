package together

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/sparse"
)

// kitchen: tea (0) and cup (1) go together, milk (2) goes with everything, salt (3) with nothing, and one order has it all.
func kitchen() sparse.Rows {
	var b sparse.Rows
	for _, basket := range [][]item.Ordinal{{0, 1, 2}, {0, 1}, {0, 1}, {0, 2}, {2}, {2}, {2, 3}, {3}, {}, {0, 1, 2, 3, 4}} {
		b.Append(basket, nil)
	}
	return b
}

func TestFind(t *testing.T) {
	p, err := Find(t.Context(), kitchen(), 5, Settings{Least: 3, Top: 5, Longest: 4})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Check(5); err != nil {
		t.Fatal(err)
	}
	want := Pair{Item: 1, Support: 3, Confidence: .75, Lift: 3. * 8 / (4 * 3)}
	if got := p.Of(0); got != 1 {
		t.Fatalf("tea has %d partners, want 1", got)
	}
	if diff := gocmp.Diff(want, p.Pair(0, 0), cmpopts.EquateApprox(1e-6, 0), cmpopts.IgnoreFields(Pair{}, "Score")); diff != "" {
		t.Errorf("tea's partner (-want +got):\n%s", diff)
	}
	back := p.Pair(1, 0)
	if back.Item != 0 || back.Confidence != 1 || back.Score <= p.Pair(0, 0).Score {
		t.Errorf("whoever takes a cup takes tea, more than the other way round: %+v", back)
	}
	for _, alone := range []item.Ordinal{2, 3, 4, 99} {
		if n := p.Of(alone); n != 0 {
			t.Errorf("item %d has %d partners, want none", alone, n)
		}
	}
}

func TestLow(t *testing.T) {
	for _, tt := range []struct{ of, n, want float64 }{{3, 3, .5258}, {30, 100, .2308}, {1, 1, .2699}} {
		if got := Low(tt.of, tt.n); math.Abs(got-tt.want) > 1e-3 {
			t.Errorf("Low(%v, %v) is %.4f, want %.4f", tt.of, tt.n, got, tt.want)
		}
	}
}

func TestColumnsOfDifferentLengths(t *testing.T) {
	p, err := Find(t.Context(), kitchen(), 5, DefaultSettings)
	if err != nil {
		t.Fatal(err)
	}
	p.Lift = append(p.Lift, 1)
	if err := p.Check(5); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v, want an invalid fault", err)
	}
}

// TestCountedElsewhere makes the same pairs of counts, in any order and more than are kept.
func TestCountedElsewhere(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	const items = 12
	var baskets sparse.Rows
	both, holding := map[Counted]int64{}, make([]float64, items)
	for range 300 {
		held := random.Perm(items)[:1+random.IntN(4)]
		row := make([]item.Ordinal, 0, len(held))
		for _, i := range held {
			holding[i]++
			row = append(row, item.Ordinal(i))
			for _, j := range held {
				if i != j {
					both[Counted{From: item.Ordinal(i), To: item.Ordinal(j)}]++
				}
			}
		}
		slices.Sort(row)
		baskets.Append(row, nil)
	}
	var pairs []Counted
	for p, n := range both {
		pairs = append(pairs, Counted{p.From, p.To, n})
	}
	slices.SortFunc(pairs, func(a, b Counted) int { return cmp.Or(int(a.From)-int(b.From), int(b.Both-a.Both)) })
	s := Settings{Least: 3, Top: 4, Longest: 9}
	want, err := Find(t.Context(), baskets, items, s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(want, Of(pairs, holding, 300, s)); diff != "" || len(want.Support) == 0 {
		t.Errorf("pairs (-found +counted):\n%s", diff)
	}
}
