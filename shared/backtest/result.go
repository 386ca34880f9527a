package backtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/fault"
)

// Result is one model's figures in one protocol: a line of the backtest command. Users and Items are what was trained on. Seconds is the fit; P50 and P99
// are microseconds per answer, on one core.
type Result struct {
	Protocol    string              `json:"protocol"`
	Model       string              `json:"model"`
	Params      Params              `json:"params"`
	Seed        uint64              `json:"seed"`
	Users       int                 `json:"users"`
	Items       int                 `json:"items"`
	Evaluations int                 `json:"evaluations"`
	Metrics     map[string]float64  `json:"metrics"`
	Interval    map[string]Interval `json:"interval"` // 95 % bootstrap, of those metrics that are means over evaluations
	Seconds     float64             `json:"seconds"`
	P50         float64             `json:"p50_us"`
	P99         float64             `json:"p99_us"`
	Parts       []Part              `json:"parts,omitempty"`   // the same metrics for parts of the questions
	Splits      []Split             `json:"splits,omitempty"`  // of sliding: each split apart
	Against     *Against            `json:"against,omitempty"` // beside the first model of the run, see CompareAll
	Note        string              `json:"note,omitempty"`    // what the model says of itself

	depth                int
	all                  sample
	parts                map[string]*sample
	coverage, popularity []float64 // one per split
	took                 []time.Duration
}

// Split is one moment of sliding: what came before is learned, what comes until To is asked for.
type Split struct {
	From        time.Time          `json:"from"`
	To          time.Time          `json:"to"`
	Users       int                `json:"users"`
	Evaluations int                `json:"evaluations"`
	Metrics     map[string]float64 `json:"metrics"`
}

// split is a part's result as a line of the whole's.
func (r Result) split(e exam) Split {
	s := Split{From: time.UnixMilli(e.from).UTC(), To: time.UnixMilli(e.to).UTC(), Users: r.Users, Evaluations: r.Evaluations, Metrics: map[string]float64{}}
	for name, values := range r.all.values {
		if c := clusters(values, r.all.units); len(c) > 0 {
			s.Metrics[name] = c.mean()
		}
	}
	return s
}

// join adds a later split. What was trained on is that of the last.
func (r *Result) join(o Result) {
	r.Users, r.Items, r.Evaluations, r.Seconds = o.Users, o.Items, r.Evaluations+o.Evaluations, r.Seconds+o.Seconds
	r.all.join(o.all)
	for name, s := range o.parts {
		r.part(name).join(*s)
	}
	r.coverage, r.popularity, r.took = append(r.coverage, o.coverage...), append(r.popularity, o.popularity...), append(r.took, o.took...)
}

// summarise turns the values of single questions into means and intervals.
func (r *Result) summarise(seed uint64) {
	r.Metrics, r.Interval = r.all.summary(seed)
	r.Metrics[fmt.Sprintf("coverage@%d", r.depth)] = clusters(r.coverage, nil).mean()
	r.Metrics[fmt.Sprintf("popularity@%d", r.depth)] = clusters(r.popularity, nil).mean()
	for _, name := range slices.Sorted(maps.Keys(r.parts)) {
		r.Parts = append(r.Parts, newPart(name, r.parts[name], seed))
	}
	sorted := sortedDurations(r.took)
	r.P50, r.P99 = percentile(sorted, .5), percentile(sorted, .99)
}

// Against compares a model with the first of its run, metric by metric.
type Against struct {
	Model   string                `json:"model"`
	Metrics map[string]Comparison `json:"metrics"`
}

// Comparison is this model's metric less that of the other, over the same questions; Verdict is better, worse or undecided.
type Comparison struct {
	Difference
	Verdict string `json:"verdict"`
}

// CompareAll fills Against of all results but the first, in every metric of accuracy.
func CompareAll(results []Result, seed uint64) error {
	for at := range results[min(1, len(results)):] {
		r := &results[at+1]
		r.Against = &Against{Model: results[0].Model, Metrics: map[string]Comparison{}}
		for name := range r.all.values {
			if breadthOnly(name) {
				continue // more of it is no better
			}
			d, err := Compare(results[0], *r, name, seed)
			if err != nil {
				return err
			}
			r.Against.Metrics[name] = Comparison{d, d.Verdict()}
		}
	}
	return nil
}

func breadthOnly(metric string) bool {
	return strings.HasPrefix(metric, "novelty@") || strings.HasPrefix(metric, "diversity@")
}

// Compare is the paired bootstrap of b against a in one metric, by customer or session. Both must come from one Run or from runs of the same log, protocol and seed (Invalid
// when they do not have the same questions or the metric).
func Compare(a, b Result, metric string, seed uint64) (Difference, error) {
	before, after := a.all.values[metric], b.all.values[metric]
	if len(before) == 0 || a.Protocol != b.Protocol || !slices.Equal(a.all.units, b.all.units) {
		return Difference{}, fault.Newf(fault.Invalid, "%s of %s and %s cannot be compared: they did not answer the same questions", metric, a.Model, b.Model)
	}
	return PairedClusters(before, after, a.all.units, seed), nil
}

func joined(names []string) string { return strings.Join(names, ", ") }
