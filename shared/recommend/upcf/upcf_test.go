package upcf

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/purchase"
)

func customer(baskets ...[]item.Ordinal) purchase.Customer {
	var c purchase.Customer
	for _, b := range baskets {
		c = append(c, purchase.Basket{Items: b})
	}
	return c
}

// village: the first two buy milk (0) and bread (1); the second also tea (2); the third only salt (3).
func village() []purchase.Customer {
	return []purchase.Customer{
		customer([]item.Ordinal{4}, []item.Ordinal{0, 1}, []item.Ordinal{0}),
		customer([]item.Ordinal{0, 1, 2}, []item.Ordinal{0, 2}),
		customer([]item.Ordinal{3}),
	}
}

func fit(t *testing.T, s Settings) *Index {
	t.Helper()
	x, err := Fit(t.Context(), village(), 5, s)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestAnswerByHand(t *testing.T) {
	x := fit(t, Settings{Recent: 2, Locality: 1, Alpha: .5})
	// R(first) = milk 1, bread 1/2; R(second) = milk 1, bread 1/2, tea 1. dot 1.25, norms 1.25 and 2.25.
	near := 1.25 / math.Sqrt(1.25*2.25)
	want := []item.Scored{{Item: 0, Score: float32(1 + near)}, {Item: 1, Score: float32(.5 + .5*near)}, {Item: 2, Score: float32(near)}}
	var s Scratch
	for range 2 { // nothing of the first answer is left in the second
		got := x.Answer(nil, &s, village()[0], 3)
		if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-6, 0)); diff != "" {
			t.Fatalf("answer (-want +got):\n%s", diff)
		}
	}
}

func TestSettingsShapeTheAnswer(t *testing.T) {
	first := func(x *Index, n int) []item.Ordinal {
		var got []item.Ordinal
		var s Scratch
		for _, r := range x.Answer(nil, &s, village()[0], n) {
			got = append(got, r.Item)
		}
		return got
	}
	tests := map[string]struct {
		settings Settings
		want     []item.Ordinal
	}{
		"all baskets remember what was first":          {Settings{Locality: 50, Alpha: .5}, []item.Ordinal{0, 1, 4, 2}},
		"two baskets have forgotten it":                {Settings{Recent: 2, Locality: 50, Alpha: .5}, []item.Ordinal{0, 1, 2}},
		"one neighbour is the customer":                {Settings{Recent: 2, Locality: 1, Alpha: .5, Neighbours: 1}, []item.Ordinal{0, 1}},
		"equal shares are told apart by the neighbour": {Settings{Recent: 0, Locality: 300, Alpha: .5}, []item.Ordinal{0, 1, 4, 2}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, first(fit(t, tt.settings), 9)); diff != "" {
				t.Errorf("items (-want +got):\n%s", diff)
			}
		})
	}
}

func TestScoresAreTheAnswers(t *testing.T) {
	soft := DefaultSettings
	soft.Locality = 2
	scores, sharper := map[item.Ordinal]float64{}, map[item.Ordinal]float64{}
	var s Scratch
	for range 2 { // nothing of the first look is left in the second
		fit(t, soft).Scores(&s, village()[0], 5, func(i item.Ordinal, score, sharp float64) { scores[i], sharper[i] = score, sharp })
	}
	for name, tt := range map[string]struct {
		settings Settings
		scores   map[item.Ordinal]float64
	}{"locality 2": {soft, scores}, "five times as high": {DefaultSettings, sharper}} {
		t.Run(name, func(t *testing.T) {
			want := map[item.Ordinal]float64{}
			for _, r := range fit(t, tt.settings).Answer(nil, &s, village()[0], 9) {
				want[r.Item] = float64(r.Score)
			}
			if diff := cmp.Diff(want, tt.scores, cmpopts.EquateApprox(1e-6, 0)); diff != "" {
				t.Errorf("scores (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOddHistories(t *testing.T) {
	long := make([]item.Ordinal, 100_000)
	for at := range long {
		long[at] = item.Ordinal(at % 7)
	}
	tests := map[string]purchase.Customer{
		"nobody":            nil,
		"an empty basket":   customer(nil),
		"unknown items":     customer([]item.Ordinal{99, math.MaxUint32}),
		"what nobody has":   customer([]item.Ordinal{3}, []item.Ordinal{99}),
		"100,000 purchases": customer(long),
	}
	x := fit(t, DefaultSettings)
	var s Scratch
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			for _, n := range []int{-1, 0, 1, 10} {
				if got := x.Answer(nil, &s, c, n); len(got) > max(n, 0) {
					t.Errorf("%d answers to a question for %d", len(got), n)
				}
			}
		})
	}
	for _, customers := range [][]purchase.Customer{nil, {nil}, {customer(long)}} {
		x, err := Fit(t.Context(), customers, 3, DefaultSettings)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range x.Answer(nil, &s, village()[0], 10) {
			if r.Item >= 3 {
				t.Errorf("item %d of a catalog of 3", r.Item)
			}
		}
	}
}

func TestSettingsThatMeanNothing(t *testing.T) {
	for name, s := range map[string]Settings{
		"no locality":              {Alpha: .5},
		"a locality of no number":  {Locality: math.NaN(), Alpha: .5},
		"an endless locality":      {Locality: math.Inf(1), Alpha: .5},
		"an alpha above one":       {Locality: 1, Alpha: 2},
		"an alpha of no number":    {Locality: 1, Alpha: math.NaN()},
		"baskets below zero":       {Recent: -1, Locality: 1, Alpha: .5},
		"fewer than no neighbours": {Locality: 1, Alpha: .5, Neighbours: -1},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Fit(t.Context(), village(), 5, s); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an invalid fault", err)
			}
		})
	}
}

func TestFitStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fit(ctx, village(), 5, DefaultSettings); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}
