package backtest

import (
	"slices"
	"strings"

	"shopkeeper/shared/recommend/item"
)

// A mean over everybody hides who is served badly. The same questions are told apart
//
//	by history   light, medium or heavy: terciles of the number of items the question gives, equal numbers together
//	by segment   the value of a column of the log (--map segment=...)
//	by item      cold: the wanted items that fewer than Options.Cold baskets or sessions of the training hold, the others of the question left out; questions that want none of them do
//	             not count

// DefaultCold is below how many baskets or sessions an item is cold.
const DefaultCold = 5

// Part is what was reached in a part of the questions.
type Part struct {
	By          string              `json:"by"` // history, segment or item
	Name        string              `json:"name"`
	Evaluations int                 `json:"evaluations"`
	Metrics     map[string]float64  `json:"metrics"`
	Interval    map[string]Interval `json:"interval"`
}

const (
	byHistory = "history"
	bySegment = "segment"
	byItem    = "item"
)

func newPart(name string, s *sample, seed uint64) Part {
	by, name, _ := strings.Cut(name, ":")
	p := Part{By: by, Name: name, Evaluations: len(s.units)}
	if by == byHistory {
		_, p.Name, _ = strings.Cut(name, " ")
	}
	p.Metrics, p.Interval = s.summary(seed)
	return p
}

// sort finds out for every question which parts it belongs to. Names of histories are numbered, so that they sort by size.
func (e *exam) sort() {
	sizes := make([]int, len(e.questions))
	for at, q := range e.questions {
		sizes[at] = len(q.history.Items)
	}
	sorted := slices.Sorted(slices.Values(sizes))
	if len(sorted) == 0 {
		return
	}
	low, high := sorted[(len(sorted)-1)/3], sorted[2*(len(sorted)-1)/3]
	for at := range e.questions {
		q := &e.questions[at]
		size := byHistory + ":2 medium"
		switch {
		case sizes[at] > high:
			size = byHistory + ":3 heavy"
		case sizes[at] <= low:
			size = byHistory + ":1 light"
		}
		q.parts = []string{size}
		if q.segment != "" {
			q.parts = append(q.parts, bySegment+":"+q.segment)
		}
	}
}

// tell counts a question in the parts it belongs to. values are its grades.
func (e exam) tell(r *Result, ranked []item.Scored, q question, values []float64, o Options) {
	for _, name := range q.parts {
		r.part(name).add(q.unit, e.measures, values)
	}
	below := o.Cold
	if below == 0 {
		below = DefaultCold
	}
	if cold := e.cold(q, below); len(cold.targets) > 0 {
		r.part(byItem+":cold").add(q.unit, e.measures, e.grade(ranked, cold))
	}
}

func (r *Result) part(name string) *sample {
	if r.parts[name] == nil {
		r.parts[name] = &sample{}
	}
	return r.parts[name]
}

// cold is the question for its cold items alone. Where the very next item is asked for, it must be cold itself.
func (e exam) cold(q question, below int) question {
	var cold []item.Ordinal
	for at, i := range q.targets {
		if int(i) >= len(e.train.Counts) || e.train.Counts[i] < below {
			cold = append(cold, i)
		} else if at == 0 && e.protocol == NextItem {
			return question{}
		}
	}
	q.targets = cold
	return q
}
