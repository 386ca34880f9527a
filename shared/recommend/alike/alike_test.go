package alike

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/recommend/cosine"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/sparse"
)

// shop has items 0 and 1 that everybody holds, 2 that one holds, and 3 and 4 that nobody does. By words 3 is like 0, and 1 is like 0 too.
func shop(people int) (users, words sparse.Rows) {
	for p := range people {
		row := []item.Ordinal{0, 1}
		if p == 0 {
			row = append(row, 2)
		}
		users.Append(row, nil)
	}
	words = sparse.Rows{Values: []float32{}}
	words.Append([]item.Ordinal{1, 3}, []float32{1, .8})
	words.Append([]item.Ordinal{0}, []float32{1})
	words.Append(nil, nil)
	words.Append([]item.Ordinal{0, 4}, []float32{.8, .2})
	words.Append([]item.Ordinal{3}, []float32{.2})
	return users, words
}

func fit(t *testing.T, users, words sparse.Rows, s Settings) Table {
	t.Helper()
	table, err := Fit(t.Context(), users, 5, words, s)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestWordsSpeakWhereNobodyDoes(t *testing.T) {
	users, words := shop(100)
	table := fit(t, users, words, DefaultSettings)
	for name, tt := range map[string]struct {
		of   int
		want []item.Ordinal
	}{
		"what customers hold comes first, then what is said": {0, []item.Ordinal{1, 3, 2}},
		"an item that nobody holds has neighbours":           {3, []item.Ordinal{0, 4}},
		"without words, cosines alone":                       {2, []item.Ordinal{0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := table.Similar.Row(tt.of)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("similar to %d (-want +got):\n%s", tt.of, diff)
			}
		})
	}
}

func TestThePriorIsWhatPairsLikeItHave(t *testing.T) {
	users, words := shop(100)
	table := fit(t, users, words, DefaultSettings)
	if want := 1.0; math.Abs(table.Prior-want) > 1e-6 {
		t.Errorf("the prior is %v, want %v: the one pair with customers is alike by 1 and always held together", table.Prior, want)
	}
	apart := sparse.Rows{}
	for p := range 200 {
		apart.Append([]item.Ordinal{item.Ordinal(p % 2)}, nil)
	}
	if table := fit(t, apart, words, DefaultSettings); table.Prior != 0 || len(table.Similar.Items) != 0 {
		t.Errorf("nobody holds two items that are alike, yet the prior is %v and %d are similar", table.Prior, len(table.Similar.Items))
	}
}

func TestWithoutWordsTheyAreCosines(t *testing.T) {
	users, _ := shop(10)
	table := fit(t, users, sparse.Rows{}, DefaultSettings)
	want, err := cosine.Fit(t.Context(), users, 5, DefaultSettings.Cosine)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, table.Similar); diff != "" {
		t.Errorf("similar (-cosines +got):\n%s", diff)
	}
}

func TestNobodyAndNothing(t *testing.T) {
	if table := fit(t, sparse.Rows{}, sparse.Rows{}, DefaultSettings); table.Similar.Len() != 5 || len(table.Similar.Items) != 0 {
		t.Errorf("%d rows with %d items", table.Similar.Len(), len(table.Similar.Items))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fit(ctx, sparse.Rows{}, 5, sparse.Rows{}, DefaultSettings); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}
