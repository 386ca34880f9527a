package backtest

import (
	"fmt"
	"math"
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

	values map[string][]float64 // metric -> one value per question, not a number where the metric does not apply to the question
}

// summarise turns the values of single questions into means and intervals.
func (r *Result) summarise(width *breadth, depth int, took []time.Duration, seed uint64) {
	r.Metrics, r.Interval = map[string]float64{}, map[string]Interval{}
	for name, every := range r.values {
		values := slices.DeleteFunc(slices.Clone(every), math.IsNaN)
		sum := 0.0
		for _, v := range values {
			sum += v
		}
		r.Metrics[name] = ratio(sum, float64(len(values)))
		r.Interval[name] = Bootstrap(values, seed)
	}
	r.Metrics[fmt.Sprintf("coverage@%d", depth)] = width.coverage()
	r.Metrics[fmt.Sprintf("popularity@%d", depth)] = width.mean()
	sorted := sortedDurations(took)
	r.P50, r.P99 = percentile(sorted, .5), percentile(sorted, .99)
}

// Compare is the paired bootstrap of b against a in one metric. Both must come from one Run or from runs of the same log, protocol and seed (Invalid
// when they do not have the same questions or the metric).
func Compare(a, b Result, metric string, seed uint64) (Difference, error) {
	before, after := a.values[metric], b.values[metric]
	if len(before) == 0 || len(before) != len(after) || a.Protocol != b.Protocol {
		return Difference{}, fault.Newf(fault.Invalid, "%s of %s and %s cannot be compared: they did not answer the same questions", metric, a.Model, b.Model)
	}
	var a2, b2 []float64
	for at := range before {
		if !math.IsNaN(before[at]) && !math.IsNaN(after[at]) {
			a2, b2 = append(a2, before[at]), append(b2, after[at])
		}
	}
	return Paired(a2, b2, seed), nil
}

func joined(names []string) string { return strings.Join(names, ", ") }
