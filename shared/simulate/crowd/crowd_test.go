package crowd

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
)

func TestASeedIsAShop(t *testing.T) {
	size := Of(5000)
	gather := func(seed uint64) (all []Visit) {
		for v := range New(seed, size).Visits() {
			v.Items = slices.Clone(v.Items)
			all = append(all, v)
		}
		return all
	}
	one := gather(3)
	if diff := cmp.Diff(one, gather(3)); diff != "" {
		t.Errorf("the same seed again (-want +got):\n%s", diff)
	}
	if cmp.Equal(one, gather(4)) {
		t.Error("another seed gives the same shop")
	}
	if diff := cmp.Diff(one[8:12], New(3, size).VisitsOf(2)); diff != "" {
		t.Errorf("one person's visits (-want +got):\n%s", diff)
	}
}

func TestTheShapeOfACrowd(t *testing.T) {
	size := Of(200_000)
	s := New(1, size)
	counts := make([]int, size.Items)
	clicks, visits, steps, inside := 0, 0, 0, 0
	for v := range s.Visits() {
		visits++
		if v.Time.Before(Begin) || v.Time.After(End()) || len(v.Items) == 0 || v.Person >= s.People() {
			t.Fatalf("visit %+v", v)
		}
		for at, i := range v.Items {
			counts[i]++
			clicks++
			if at > 0 {
				steps++
				if s.categoryOf(i) == s.categoryOf(v.Items[at-1]) {
					inside++
				}
			}
		}
	}
	slices.Sort(counts)
	slices.Reverse(counts)
	top := 0
	for _, c := range counts[:size.Items/100] {
		top += c
	}
	for name, share := range map[string][3]float64{
		"visits":                            {float64(visits) / float64(size.Visits), 1, 1},
		"clicks":                            {float64(clicks) / float64(size.Clicks), .9, 1.1},
		"share of the first hundredth":      {float64(top) / float64(clicks), .08, .5},
		"steps that stay within a category": {float64(inside) / float64(steps), .6, .95},
	} {
		if share[0] < share[1] || share[0] > share[2] {
			t.Errorf("%s: %.3f, want %.2f to %.2f", name, share[0], share[1], share[2])
		}
	}
}

func TestItemsAreACatalog(t *testing.T) {
	size := Of(20_000)
	s := New(1, size)
	items := slices.Collect(s.Items())
	c, err := model.NewCatalog(items)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(items, c.Items); diff != "" {
		t.Errorf("ordinals are not the order of ids (-want +got):\n%s", diff)
	}
	first := 0
	for category := range size.Categories {
		from, count := s.members(category)
		if from != first || count < 1 {
			t.Fatalf("category %d has %d items from %d, want from %d", category, count, from, first)
		}
		for i := range count {
			if got := s.categoryOf(item.Ordinal(from + i)); got != category {
				t.Fatalf("item %d is in category %d, want %d", from+i, got, category)
			}
		}
		first += count
	}
	if first != size.Items {
		t.Errorf("%d items are in categories, want %d", first, size.Items)
	}
}

func BenchmarkVisits(b *testing.B) {
	s := New(1, Of(1_000_000))
	for b.Loop() {
		for range s.Visits() {
		}
	}
}
