package cosine

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/sparse"
)

func TestFit(t *testing.T) {
	var users sparse.Rows
	users.Append([]item.Ordinal{0, 1}, nil)
	users.Append([]item.Ordinal{0, 1, 2}, nil)
	users.Append([]item.Ordinal{0, 3}, nil)
	got, err := Fit(t.Context(), users, 5, Settings{Shrink: 1, Top: 2})
	if err != nil {
		t.Fatal(err)
	}
	var want sparse.Rows
	third := float32(1 / (math.Sqrt(3) + 1))
	want.Append([]item.Ordinal{1, 2}, []float32{float32(2 / (math.Sqrt(6) + 1)), third}) // item 3 is as similar as item 2
	want.Append([]item.Ordinal{0, 2}, []float32{float32(2 / (math.Sqrt(6) + 1)), float32(1 / (math.Sqrt(2) + 1))})
	want.Append([]item.Ordinal{1, 0}, []float32{float32(1 / (math.Sqrt(2) + 1)), third})
	want.Append([]item.Ordinal{0}, []float32{third})
	want.Append(nil, nil)
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-6, 0)); diff != "" {
		t.Errorf("similar (-want +got):\n%s", diff)
	}
}

func TestStrengthsCount(t *testing.T) {
	var users sparse.Rows
	users.Append([]item.Ordinal{0, 1, 2}, []float32{1, 1, .25})
	users.Append([]item.Ordinal{1, 2}, []float32{1, 1})
	got, err := Fit(t.Context(), users, 3, Settings{Shrink: 1, Top: 1})
	if err != nil {
		t.Fatal(err)
	}
	if near, _ := got.Row(0); len(near) != 1 || near[0] != 1 {
		t.Errorf("item 0 is most similar to %v, want 1", near)
	}
}
