package slim

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/ease"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/sparse"
)

// town holds customers of five tastes, who now and then take anything.
func town(customers, items int) sparse.Rows {
	random := rand.New(rand.NewPCG(3, 3))
	var users sparse.Rows
	for u := range customers {
		var row []item.Ordinal
		for range 8 {
			i := 5*random.IntN(items/5) + u%5
			if random.IntN(4) == 0 {
				i = random.IntN(items)
			}
			row = append(row, item.Ordinal(i))
		}
		slices.Sort(row)
		users.Append(slices.Compact(row), nil)
	}
	return users
}

func TestWithAllNeighboursItIsEASE(t *testing.T) {
	users := town(3000, 20) // every two items share a customer
	want, err := ease.Fit(t.Context(), users, 20, ease.Settings{Lambda: 20})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Fit(t.Context(), users, 20, Settings{Lambda: 20, Neighbours: 19, Gram: 19})
	if err != nil {
		t.Fatal(err)
	}
	dense := func(m sparse.Rows) []float64 {
		out := make([]float64, 20*20)
		for i := range 20 {
			items, values := m.Row(i)
			for at, j := range items {
				out[i*20+int(j)] = float64(values[at])
			}
		}
		return out
	}
	if diff := cmp.Diff(dense(want), dense(got), cmpopts.EquateApprox(0, 1e-5)); diff != "" {
		t.Errorf("weights (-ease +slim):\n%s", diff)
	}
}

func TestAFewNeighboursKeepTheStrongest(t *testing.T) {
	users := town(2000, 200)
	all, err := Fit(t.Context(), users, 200, Settings{Lambda: 20, Neighbours: 199, Gram: 199, Top: 5})
	if err != nil {
		t.Fatal(err)
	}
	few, err := Fit(t.Context(), users, 200, Settings{Lambda: 20, Neighbours: 40, Gram: 80, Top: 5})
	if err != nil {
		t.Fatal(err)
	}
	if err := few.Check("weights", 200, 200); err != nil {
		t.Fatal(err)
	}
	same := 0
	for i := range 200 {
		a, _ := all.Row(i)
		b, _ := few.Row(i)
		for _, j := range a {
			if slices.Contains(b, j) {
				same++
			}
		}
	}
	if same < len(all.Items)*3/4 {
		t.Errorf("%d of the %d strongest weights are kept, want three quarters", same, len(all.Items))
	}
}

func TestOddCustomers(t *testing.T) {
	var one, hoarder, strange sparse.Rows
	one.Append([]item.Ordinal{2}, nil)
	all := make([]item.Ordinal, 1000)
	for i := range all {
		all[i] = item.Ordinal(i)
	}
	hoarder.Append(all, nil)
	strange.Append([]item.Ordinal{0, 77}, []float32{1, -1})
	for name, users := range map[string]sparse.Rows{"nobody": {Offsets: []uint32{0}}, "one item": one, "one customer with 1,000 items": hoarder, "unknown items and dislikes": strange} {
		for _, items := range []int{0, 1, 5} {
			got, err := Fit(t.Context(), users, items, DefaultSettings)
			if err != nil {
				t.Fatalf("%s, %d items: %v", name, items, err)
			}
			if err := got.Check("weights", items, items); err != nil {
				t.Errorf("%s, %d items: %v", name, items, err)
			}
		}
	}
}

func TestWhatCannotBeFitted(t *testing.T) {
	var broken sparse.Rows
	broken.Append([]item.Ordinal{0, 1}, []float32{1, float32(math.NaN())})
	good := town(20, 10)
	for name, tt := range map[string]struct {
		users    sparse.Rows
		settings Settings
	}{
		"no lambda":                   {good, Settings{Neighbours: 1, Gram: 1}},
		"a lambda of no number":       {good, Settings{Lambda: math.NaN(), Neighbours: 1, Gram: 1}},
		"no neighbours":               {good, Settings{Lambda: 1, Gram: 1}},
		"nothing held":                {good, Settings{Lambda: 1, Neighbours: 1}},
		"a strength that is a no one": {broken, DefaultSettings},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Fit(t.Context(), tt.users, 10, tt.settings); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an invalid fault", err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fit(ctx, good, 10, DefaultSettings); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

// TestFitGram makes the same weights of sums that come from elsewhere, offered in any order.
func TestFitGram(t *testing.T) {
	const items = 40
	users := town(400, items)
	s := Settings{Lambda: 5, Neighbours: 6, Gram: 9, Top: 4}
	want, err := Fit(t.Context(), users, items, s)
	if err != nil {
		t.Fatal(err)
	}
	sums, diagonal := make([]float64, items*items), make([]float64, items)
	for u := range users.Len() {
		held, _ := users.Row(u)
		for _, i := range held {
			diagonal[i]++
			for _, j := range held {
				sums[int(i)*items+int(j)]++
			}
		}
	}
	got, err := FitGram(t.Context(), diagonal, func(from item.Ordinal, offer func(item.Ordinal, float64)) {
		for _, j := range rand.New(rand.NewPCG(uint64(from), 1)).Perm(items) {
			if sum := sums[int(from)*items+j]; sum > 0 && j != int(from) {
				offer(item.Ordinal(j), sum)
			}
		}
	}, s)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, weights (-want +got):\n%s", err, diff)
	}
	if _, err := FitGram(t.Context(), diagonal, nil, Settings{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("settings that mean nothing: %v", err)
	}
}
