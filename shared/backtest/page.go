package backtest

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"

	"shopkeeper/shared/chart"
)

// HTML is the report as one page with charts.
func (r Report) HTML() ([]byte, error) {
	if len(r.Results) == 0 {
		return chart.Page{Title: "Backtest", Lead: "Nothing was measured."}.Render()
	}
	p := chart.Page{Title: "Backtest: " + r.Results[0].Protocol, Lead: strings.TrimSpace(r.Source + " " + r.Protocol()), Findings: r.Findings()}
	charts := map[string][]template.HTML{}
	metrics := headline(r.Results[0].Protocol)
	for at, metric := range metrics[:2] {
		charts["Accuracy"] = append(charts["Accuracy"], r.metricChart(fmt.Sprintf("metric%d", at), metric))
		if len(r.Results) > 1 {
			beside := r.comparison().title
			charts[beside] = append(charts[beside], r.differenceChart(fmt.Sprintf("difference%d", at), metric))
		}
	}
	for at, t := range r.tables() {
		s := chart.Section{Title: t.title, Note: t.note, Table: t.rows, Charts: charts[t.title]}
		switch t.title {
		case metrics[0] + " by part":
			for n, one := range r.Results[:min(len(r.Results), charted)] {
				s.Charts = append(s.Charts, r.partChart(fmt.Sprintf("part%d", n), one, metrics[0]))
			}
		case metrics[0] + " by split":
			s.Charts = append(s.Charts, r.splitChart(fmt.Sprintf("split%d", at), metrics[0]))
		case "Beyond accuracy":
			for n, metric := range t.rows[0][1:] {
				s.Charts = append(s.Charts, r.bars(fmt.Sprintf("beyond%d", n), metric))
			}
		}
		p.Sections = append(p.Sections, s)
	}
	return p.Render()
}

// charted is how many models have a chart of their own.
const charted = 4

// Findings says in sentences how the models compare in the metric that decides.
func (r Report) Findings() []string {
	first, metric := r.Results[0], headline(r.Results[0].Protocol)[0]
	if len(r.Results) == 1 {
		i := first.Interval[metric]
		return []string{fmt.Sprintf("%s reaches %s %.4f (%.4f to %.4f).", first.Model, metric, first.Metrics[metric], i.Low, i.High)}
	}
	var out []string
	for _, one := range r.Results[1:] {
		if one.Against == nil {
			continue
		}
		c := one.Against.Metrics[metric]
		says := map[string]string{"better": "is better than", "worse": "is worse than", "undecided": "cannot be told from"}[c.Verdict]
		out = append(out, fmt.Sprintf("%s %s %s in %s: %.4f against %.4f, a difference of %+.4f (%+.4f to %+.4f).", one.Model, says, first.Model, metric,
			one.Metrics[metric], first.Metrics[metric], c.Mean, c.Interval.Low, c.Interval.High))
	}
	return out
}

// short writes a figure with four decimals at most.
func short(v float64) string { return strconv.FormatFloat(math.Round(1e4*v)/1e4, 'f', -1, 64) }

func effect(label string, value float64, i Interval) chart.Effect {
	return chart.Effect{Label: label, Value: value, Low: i.Low, High: i.High, WideLow: i.Low, WideHigh: i.High}
}

func described(effects []chart.Effect) string {
	words := make([]string, len(effects))
	for at, e := range effects {
		words[at] = fmt.Sprintf("%s %.4f, %.4f to %.4f", e.Label, e.Value, e.Low, e.High)
	}
	return strings.Join(words, "; ") + "."
}

func (r Report) metricChart(id, metric string) template.HTML {
	var all []chart.Effect
	for _, one := range r.Results {
		all = append(all, effect(one.Model, one.Metrics[metric], one.Interval[metric]))
	}
	return chart.Effects(chart.About{ID: id, Title: metric, Desc: described(all), Value: short}, "95 %", "", all)
}

func (r Report) differenceChart(id, metric string) template.HTML {
	var all []chart.Effect
	for _, one := range r.Results[1:] {
		if one.Against != nil {
			c := one.Against.Metrics[metric]
			all = append(all, effect(one.Model, c.Mean, c.Interval))
		}
	}
	return chart.Effects(chart.About{ID: id, Title: metric + " less that of " + r.Results[0].Model, Desc: described(all), Value: short}, "95 %, over the same questions", "", all)
}

func (r Report) partChart(id string, one Result, metric string) template.HTML {
	var all []chart.Effect
	for _, p := range one.Parts {
		if v, known := p.Metrics[metric]; known {
			all = append(all, effect(p.By+": "+p.Name, v, p.Interval[metric]))
		}
	}
	return chart.Effects(chart.About{ID: id, Title: metric + " of " + one.Model, Desc: described(all), Value: short}, "95 %", "", all)
}

func (r Report) splitChart(id, metric string) template.HTML {
	var all []chart.Series
	for _, one := range r.Results {
		s := chart.Series{Label: one.Model}
		for _, split := range one.Splits {
			if v, known := split.Metrics[metric]; known {
				s.Points = append(s.Points, chart.Point{At: split.From, Value: v})
			}
		}
		all = append(all, s)
	}
	return chart.Lines(chart.About{ID: id, Title: metric + " from split to split", Desc: fmt.Sprintf("%d splits; the figures are in the table below.", len(r.Results[0].Splits)), Value: short}, all...)
}

func (r Report) bars(id, metric string) template.HTML {
	var all []chart.Bar
	var words []string
	for _, one := range r.Results {
		if v, known := one.Metrics[metric]; known {
			all = append(all, chart.Bar{Label: one.Model, Value: v})
			words = append(words, fmt.Sprintf("%s %.4f", one.Model, v))
		}
	}
	return chart.Bars(chart.About{ID: id, Title: metric, Desc: strings.Join(words, ", ") + ".", Value: short}, all)
}
