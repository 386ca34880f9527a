package ease

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/mat"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/sparse"
)

func randomUsers(users, items int, values bool) sparse.Rows {
	random := rand.New(rand.NewPCG(5, 5))
	var m sparse.Rows
	for range users {
		var row []item.Ordinal
		var strengths []float32
		for i := range items {
			if random.IntN(3) == 0 {
				row = append(row, item.Ordinal(i))
				if values {
					strengths = append(strengths, random.Float32())
				}
			}
		}
		m.Append(row, strengths)
	}
	return m
}

// TestFitEqualsTheRegressions solves each item's ridge regression by itself: B(., j) = argmin |X b - x_j|^2 + lambda |b|^2 with b_j = 0.
func TestFitEqualsTheRegressions(t *testing.T) {
	const items, lambda = 70, 3.0 // more than one block
	for _, values := range []bool{false, true} {
		users := randomUsers(90, items, values)
		b, err := Fit(t.Context(), users, items, Settings{Lambda: lambda})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Check("weights", items, items); err != nil {
			t.Fatal(err)
		}
		for _, j := range []int{0, 33, 64, 69} {
			want := regress(users, items, j, lambda)
			for i := range items {
				if got := at(b, i, j); math.Abs(got-want[i]) > 1e-5 {
					t.Fatalf("weight of %d on %d is %v, want %v", i, j, got, want[i])
				}
			}
		}
	}
}

func regress(users sparse.Rows, items, j int, lambda float64) []float64 {
	x := mat.NewDense(users.Len(), items, nil)
	target := mat.NewVecDense(users.Len(), nil)
	for u := range users.Len() {
		row, values := users.Row(u)
		for k, i := range row {
			v := float64(strength(values, k))
			if int(i) == j {
				target.SetVec(u, v)
			} else {
				x.Set(u, int(i), v)
			}
		}
	}
	var left mat.Dense
	left.Mul(x.T(), x)
	for i := range items {
		left.Set(i, i, left.At(i, i)+lambda)
	}
	var right, b mat.VecDense
	right.MulVec(x.T(), target)
	if err := b.SolveVec(&left, &right); err != nil {
		panic(err)
	}
	return b.RawVector().Data
}

func at(b sparse.Rows, i, j int) float64 {
	items, values := b.Row(i)
	for k, to := range items {
		if int(to) == j {
			return float64(values[k])
		}
	}
	return 0
}

func TestCutKeepsTheBestOfEachItem(t *testing.T) {
	const items, keep = 20, 3
	users := randomUsers(60, items, false)
	full, err := Fit(t.Context(), users, items, Settings{Lambda: 2})
	if err != nil {
		t.Fatal(err)
	}
	cut, err := Fit(t.Context(), users, items, Settings{Lambda: 2, Top: keep})
	if err != nil {
		t.Fatal(err)
	}
	for j := range items {
		kept, least, best := 0, math.Inf(1), math.Inf(-1)
		for i := range items {
			switch v := at(cut, i, j); {
			case i == j:
			case v != 0:
				kept++
				least = min(least, v)
			default:
				best = max(best, at(full, i, j))
			}
		}
		if kept != keep || best > least {
			t.Errorf("item %d keeps %d weights down to %v and drops %v", j, kept, least, best)
		}
	}
}

func TestFitIsRefused(t *testing.T) {
	users := randomUsers(5, 4, true)
	if _, err := Fit(t.Context(), users, 4, Settings{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("without lambda: got %v, want an invalid fault", err)
	}
	users.Values[0] = float32(math.NaN())
	if _, err := Fit(t.Context(), users, 4, Settings{Lambda: 1}); !fault.Is(err, fault.Invalid) {
		t.Errorf("strengths that are no numbers: got %v, want an invalid fault", err)
	}
}

func TestAnEmptyCatalog(t *testing.T) {
	b, err := Fit(t.Context(), sparse.Rows{}, 0, DefaultSettings)
	if err != nil || b.Len() != 0 {
		t.Errorf("got %d rows, %v", b.Len(), err)
	}
}

func BenchmarkFit(b *testing.B) {
	users := randomUsers(500, 500, false)
	for b.Loop() {
		if _, err := Fit(b.Context(), users, 500, DefaultSettings); err != nil {
			b.Fatal(err)
		}
	}
}

func TestMostFitsTheMemory(t *testing.T) {
	for _, memory := range []int64{0, 1 << 10, 1 << 20, 1 << 30, 3 << 30} {
		if n := Most(memory); n > 1<<20 || n > 0 && Memory(n) > memory || Memory(n+1) <= memory {
			t.Errorf("%d bytes: %d items take %d, one more %d", memory, n, Memory(n), Memory(n+1))
		}
	}
}

func TestFitGram(t *testing.T) {
	const items = 30
	users := randomUsers(50, items, true)
	want, err := Fit(t.Context(), users, items, Settings{Lambda: 3, Top: 5})
	if err != nil {
		t.Fatal(err)
	}
	got, err := FitGram(t.Context(), gram(users, items), items, Settings{Lambda: 3, Top: 5})
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, weights (-want +got):\n%s", err, diff)
	}
	if nothing, err := FitGram(t.Context(), nil, 0, DefaultSettings); err != nil || nothing.Len() != 0 {
		t.Errorf("of nothing: %v, %v", nothing, err)
	}
	if _, err := FitGram(t.Context(), make([]float64, 4), 2, Settings{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a lambda: %v", err)
	}
}
