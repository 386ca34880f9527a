package trainer

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/sparse"
)

func TestCompactAndExpand(t *testing.T) {
	var users sparse.Rows
	users.Append([]item.Ordinal{1, 3}, []float32{.1, .2})
	users.Append([]item.Ordinal{1, 2, 3}, []float32{.3, .4, .5})
	held, dense := compact(users, 5, 2)
	want := sparse.Rows{Offsets: []uint32{0, 2, 4}, Items: []item.Ordinal{0, 1, 0, 1}, Values: []float32{.1, .2, .3, .5}}
	if diff := cmp.Diff(want, dense); diff != "" {
		t.Errorf("compact (-want +got):\n%s", diff)
	}
	var weights sparse.Rows
	weights.Append([]item.Ordinal{1}, []float32{7})
	weights.Append([]item.Ordinal{0}, []float32{8})
	back := expand(weights, held, 5)
	if err := back.Check("weights", 5, 5); err != nil {
		t.Fatal(err)
	}
	want = sparse.Rows{Offsets: []uint32{0, 0, 1, 1, 2, 2}, Items: []item.Ordinal{3, 1}, Values: []float32{7, 8}}
	if diff := cmp.Diff(want, back); diff != "" {
		t.Errorf("expanded (-want +got):\n%s", diff)
	}
}
