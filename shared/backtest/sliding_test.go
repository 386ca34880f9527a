package backtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
)

// ann meets an item every 10 seconds from 0 to 80, bob two late ones, and cat comes too late to be known.
func slow() []Event {
	var events []Event
	for n := range 9 {
		events = append(events, Event{User: "ann", Item: fmt.Sprint("i", n), Time: int64(10_000 * n), Segment: "loyal"})
	}
	return append(events, Event{User: "bob", Item: "i1", Time: 39_000}, Event{User: "bob", Item: "i8", Time: 61_000}, Event{User: "cat", Item: "i5", Time: 79_000},
		Event{User: "ann", Item: "i0", Time: 75_000})
}

func tens(n int64) (out []int64) {
	for at := range n {
		out = append(out, 10_000*at)
	}
	return out
}

func TestSlidingHidesWhatComesAfter(t *testing.T) {
	parts, err := sliding(NewLog(slow()), Options{Splits: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(parts) != 2 {
		t.Fatalf("%d splits, want 2", len(parts))
	}
	want := [][]question{
		{{history: History{Items: ordinals(0, 1, 2, 3, 4), Times: tens(5)}, targets: ordinals(5, 6), segment: "loyal"}},
		{{history: History{Items: ordinals(0, 1, 2, 3, 4, 5, 6), Times: tens(7)}, targets: ordinals(7, 8), segment: "loyal"}, {history: History{Items: ordinals(1), Times: []int64{39_000}}, targets: ordinals(8), unit: 1}},
	}
	for at, e := range parts {
		if diff := cmp.Diff(want[at], e.questions, cmp.AllowUnexported(question{})); diff != "" {
			t.Errorf("split %d (-want +got):\n%s", at, diff)
		}
	}
	again := parts[1].train.rehearse(1)
	if len(again.questions) != 1 || again.to != parts[1].from || again.from != parts[0].from {
		t.Errorf("the last split's rehearsal asks %d, from %d to %d; want the split before it", len(again.questions), again.from, again.to)
	}
	if n := len(parts[0].train.Users.Items); n != 6 {
		t.Errorf("the first split learns from %d items, want ann's five and bob's one", n)
	}
	if parts[0].to != parts[1].from || parts[1].to != 80_001 {
		t.Errorf("windows are %d to %d and %d to %d", parts[0].from, parts[0].to, parts[1].from, parts[1].to)
	}
}

func TestSlidingTellsEverySplit(t *testing.T) {
	r := run(t, Sliding, NewLog(shop()), nil, []string{"popularity", "itemknn"}, nil, 1)
	for _, one := range r {
		questions, mean := 0, 0.
		for _, s := range one.Splits {
			questions += s.Evaluations
			mean += s.Metrics["recall@20"] * float64(s.Evaluations)
			if !s.From.Before(s.To) {
				t.Errorf("a split from %v to %v", s.From, s.To)
			}
		}
		if len(one.Splits) != DefaultSplits || questions != one.Evaluations {
			t.Errorf("%d splits with %d of %d questions", len(one.Splits), questions, one.Evaluations)
		}
		near(t, "recall over all splits", one.Metrics["recall@20"], mean/float64(questions), 1e-12)
	}
	if d, err := Compare(r[0], r[1], "recall@20", 1); err != nil || !d.Better() {
		t.Errorf("itemknn is not better than popularity: %+v, %v", d, err)
	}
}

func TestSlidingThatCannotBe(t *testing.T) {
	for name, tt := range map[string]struct {
		events []Event
		splits int
	}{
		"no events":         {nil, 2},
		"no times":          {[]Event{{User: "a", Item: "x"}, {User: "a", Item: "y"}}, 2},
		"all at one moment": {[]Event{{User: "a", Item: "x", Time: 5}, {User: "b", Item: "y", Time: 5}}, 2},
		"too many splits":   {slow(), 51},
		"fewer than none":   {slow(), -1},
		"an empty window":   {[]Event{{User: "a", Item: "x"}, {User: "a", Item: "y", Time: 99_000}}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			specs, err := Parse([]string{"popularity"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Run(t.Context(), Sliding, NewLog(tt.events), nil, specs, Options{Splits: tt.splits, Now: time.Now}); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an invalid fault", err)
			}
		})
	}
}
