package purchase

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/recommend/item"
)

func TestCounts(t *testing.T) {
	customers := []Customer{{{Items: []item.Ordinal{0, 2}}, {Items: []item.Ordinal{2, 9}}}, nil, {{Items: nil}}}
	if diff := cmp.Diff([]int{1, 0, 2}, Counts(customers, 3)); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]item.Ordinal{0, 2, 2, 9}, customers[0].Items()); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
}
