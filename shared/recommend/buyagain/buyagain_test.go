package buyagain

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
)

func TestMeasure(t *testing.T) {
	purchases := []Purchase{
		{Person: 1, Item: 0, Day: 30}, {Person: 1, Item: 0, Day: 10}, {Person: 1, Item: 0, Day: 20}, // coffee every ten days
		{Person: 2, Item: 0, Day: 5}, {Person: 2, Item: 0, Day: 5}, // twice on one day is once
		{Person: 3, Item: 0, Day: 1}, {Person: 3, Item: 0, Day: 15},
		{Person: 1, Item: 1, Day: 3}, {Person: 2, Item: 1, Day: 4}, // a kettle, each once
		{Person: 1, Item: 7, Day: 4}, // unknown
	}
	want := &Stats{Rate: []float32{3. / 13, 0, 0}, Interval: []float32{10, 0, 0}, Buyers: []uint32{3, 2, 0}}
	got := Measure(purchases, 3)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
	if !got.Repeated(0) || got.Repeated(1) || got.Repeated(9) {
		t.Error("coffee is bought again and again, a kettle and an unknown item are not")
	}
}

func TestScore(t *testing.T) {
	s := &Stats{Rate: []float32{.5, 0}, Interval: []float32{10, 0}, Buyers: []uint32{20, 20}}
	tests := map[string]struct {
		h     Habit
		today int32
		want  float64
	}{
		"just bought":                  {Habit{0, 1, 0, 100}, 100, 0},
		"half-way":                     {Habit{0, 1, 0, 100}, 105, .25},
		"due":                          {Habit{0, 1, 0, 100}, 110, .5},
		"an interval late":             {Habit{0, 1, 0, 100}, 120, .25},
		"often":                        {Habit{0, 2, 0, 100}, 110, .5 * (1 + math.Ln2)},
		"by the person's own interval": {Habit{0, 3, 60, 100}, 120, .5 * (1 + math.Log(3))},
		"bought after today":           {Habit{0, 1, 0, 100}, 90, 0},
		"nobody buys it twice":         {Habit{1, 4, 10, 20}, 30, 0},
		"unknown":                      {Habit{5, 4, 10, 20}, 30, 0},
		"never bought":                 {Habit{0, 0, 0, 0}, 30, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := float64(s.Score(tt.h, tt.today)); math.Abs(got-tt.want) > 1e-6 {
				t.Errorf("score is %v, want %v", got, tt.want)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	if err := (&Stats{Rate: make([]float32, 2), Interval: make([]float32, 2), Buyers: make([]uint32, 1)}).Check(2); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v, want an invalid fault", err)
	}
}

func TestCountedElsewhere(t *testing.T) {
	counts := []Counts{{Buyers: 3, Again: 2, Low: 10, High: 10}, {Buyers: 2}, {}, {Buyers: 4, Again: 1, Low: 3, High: 8}}
	want := &Stats{Rate: []float32{3. / 13, 0, 0, 2. / 14}, Interval: []float32{10, 0, 0, 5.5}, Buyers: []uint32{3, 2, 0, 4}}
	if diff := cmp.Diff(want, Of(counts)); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
}
