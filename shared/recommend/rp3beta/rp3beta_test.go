package rp3beta

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/sparse"
)

func shop() sparse.Rows {
	var users sparse.Rows
	users.Append([]item.Ordinal{0, 1}, nil)
	users.Append([]item.Ordinal{0, 1, 2, 3}, nil)
	users.Append([]item.Ordinal{1}, nil)
	return users
}

func TestFit(t *testing.T) {
	got, err := Fit(t.Context(), shop(), 5, Settings{Alpha: 1, Beta: 1, Top: 2})
	if err != nil {
		t.Fatal(err)
	}
	var want sparse.Rows
	want.Append([]item.Ordinal{1, 2}, []float32{.5 * (.5 + .25) / 3, .5 * .25}) // item 3 is as near as item 2
	want.Append([]item.Ordinal{0, 2}, []float32{(.5 + .25) / 3 / 2, .25 / 3})
	want.Append([]item.Ordinal{3, 0}, []float32{.25, .25 / 2})
	want.Append([]item.Ordinal{2, 0}, []float32{.25, .25 / 2})
	want.Append(nil, nil)
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-6, 0)); diff != "" {
		t.Errorf("weights (-want +got):\n%s", diff)
	}
}

func TestAlphaSharpens(t *testing.T) {
	plain, err := Fit(t.Context(), shop(), 5, Settings{Alpha: 1, Beta: 0, Top: 3})
	if err != nil {
		t.Fatal(err)
	}
	sharp, err := Fit(t.Context(), shop(), 5, Settings{Alpha: 2, Beta: 0, Top: 3})
	if err != nil {
		t.Fatal(err)
	}
	share := func(m sparse.Rows) float64 {
		_, v := m.Row(0)
		return float64(v[0]) / float64(v[1])
	}
	if want := (1./4 + 1./16) / (1. / 16); math.Abs(share(sharp)-want) > 1e-5 || math.Abs(share(plain)-3) > 1e-5 {
		t.Errorf("item 1 outweighs item 2 by %v and %v, want 3 and %v", share(plain), share(sharp), want)
	}
}
