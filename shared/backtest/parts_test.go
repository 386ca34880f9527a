package backtest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/recommend/item"
)

func TestPartsByHistoryAndSegment(t *testing.T) {
	e := exam{}
	for n := range 9 {
		e.questions = append(e.questions, question{history: History{Items: make([]item.Ordinal, 1+n)}, segment: map[bool]string{true: "new"}[n < 2]})
	}
	e.sort()
	got := map[string]int{}
	for _, q := range e.questions {
		for _, name := range q.parts {
			got[name]++
		}
	}
	want := map[string]int{"history:1 light": 3, "history:2 medium": 3, "history:3 heavy": 3, "segment:new": 2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	alike := exam{questions: make([]question, 5)}
	alike.sort()
	for _, q := range alike.questions {
		if diff := cmp.Diff([]string{"history:1 light"}, q.parts); diff != "" {
			t.Errorf("of equal histories (-want +got):\n%s", diff)
		}
	}
}

func TestColdItemsAreAskedForAlone(t *testing.T) {
	e := exam{protocol: TimeSplit, train: Training{Counts: []int{9, 4, 5, 0}}}
	if diff := cmp.Diff(ordinals(1, 3, 8), e.cold(question{targets: ordinals(0, 1, 2, 3, 8)}, 5).targets); diff != "" {
		t.Errorf("cold items (-want +got):\n%s", diff)
	}
	e.protocol = NextItem
	if got := e.cold(question{targets: ordinals(0, 1)}, 5).targets; len(got) > 0 {
		t.Errorf("the next item is warm, and %v is asked for", got)
	}
	if diff := cmp.Diff(ordinals(1, 3), e.cold(question{targets: ordinals(1, 0, 3)}, 5).targets); diff != "" {
		t.Errorf("cold items from the next on (-want +got):\n%s", diff)
	}
}

func TestPartsOfARun(t *testing.T) {
	events := shop()
	for at := range events {
		events[at].Segment = fmt.Sprint("taste-", events[at].User[3:])
	}
	r := run(t, TimeSplit, NewLog(events), nil, []string{"itemknn"}, nil, 1)[0]
	questions := map[string]int{}
	for _, g := range r.Parts {
		questions[g.By] += g.Evaluations
		if i := g.Interval["recall@20"]; i.Low > g.Metrics["recall@20"] || i.High < g.Metrics["recall@20"] {
			t.Errorf("%s %s: %v lies outside %v", g.By, g.Name, g.Metrics["recall@20"], i)
		}
	}
	if questions[byHistory] != r.Evaluations || questions[bySegment] != r.Evaluations {
		t.Errorf("%v of %d questions are in parts", questions, r.Evaluations)
	}
	if r.Parts[0].Name != "light" && r.Parts[0].Name != "heavy" && r.Parts[0].Name != "medium" {
		t.Errorf("the first part is %q", r.Parts[0].Name)
	}
}
