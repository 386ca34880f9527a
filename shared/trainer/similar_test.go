package trainer

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"shopkeeper/shared/recommend/model"
)

// told is shop with names by department, and an item that nobody has met.
func told(days int) Input {
	in := shop(1, days)
	things := []string{"teapot", "spade", "lamp", "scarf"}
	for n := range in.Items {
		in.Items[n].Title = fmt.Sprintf("A fine %s, style %d", things[n*4/len(in.Items)], n%20/4)
	}
	in.Items = append(in.Items, model.Item{ID: "unmet", Title: "A fine spade, style 1", Text: "Digs well."})
	return in
}

func checkOf(r Report, name string) *Check {
	for n := range r.Checks {
		if r.Checks[n].Model == name {
			return &r.Checks[n]
		}
	}
	return nil
}

func TestAnItemThatNobodyMetStandsBesideWhatItIsLike(t *testing.T) {
	r := train(t, told(60), nil)
	m := open(t, r)
	unmet, _ := m.Lookup("unmet")
	beside, _ := m.Similar(unmet)
	if len(beside) == 0 {
		t.Fatal("nothing is similar to an item that nobody met")
	}
	for _, i := range beside[:3] {
		if !strings.Contains(m.Title(i), "spade") {
			t.Errorf("%s is similar to a spade", m.Title(i))
		}
	}
	others := 0
	for i := range m.Len() {
		if held, _ := m.SimilarTable().Row(i); slices.Contains(held, unmet) {
			others++
		}
	}
	if others == 0 {
		t.Error("it is similar to nothing")
	}
	if m.Content() == nil || m.Content().Len() != m.Len() {
		t.Error("the file does not know what is said of items")
	}
	c := checkOf(r.Report, similar)
	if c == nil || c.Gain == nil || c.Alone["without words"] == 0 || !strings.HasPrefix(c.Note, "words are used") {
		t.Errorf("the words were not judged: %+v", c)
	}
}

// TestWordsThatMisleadAreLeftOut gives everybody's neighbours by words a weight that drowns customers.
func TestWordsThatMisleadAreLeftOut(t *testing.T) {
	in := shop(1, 60)
	for n := range in.Items {
		in.Items[n].Title = fmt.Sprintf("Shade %d", n%20) // the same in all departments
		in.Items[n].Category = ""
	}
	r := train(t, in, func(s *Settings) { s.Similar.Prior, s.Similar.Strength = 1, 1e9 })
	c := checkOf(r.Report, similar)
	if c == nil || c.Gain == nil || !c.Gain.Worse() || !strings.HasPrefix(c.Note, "words are left out") {
		t.Fatalf("words that mislead are used: %+v", c)
	}
	for n := range in.Items {
		in.Items[n].Title = ""
	}
	plain := train(t, in, nil)
	got, _ := open(t, r).Similar(3)
	want, _ := open(t, plain).Similar(3)
	if !slices.Equal(got, want) || len(want) == 0 {
		t.Errorf("similar to item 3 are %v, by customers alone %v", got, want)
	}
}
