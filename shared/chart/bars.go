package chart

import (
	"fmt"
	"html/template"
)

// Bar is one bar.
type Bar struct {
	Label string
	Value float64
	Soft  bool // drawn paler: a control group, a month that is not over
}

const (
	top     = 24.0 // below the title
	barStep = 36.0 // label above, bar below
)

// Bars draws horizontal bars, each under its label and with its value. Values below 0 count as 0.
func Bars(a About, bars []Bar) template.HTML {
	var d drawing
	most := 0.0
	for _, b := range bars {
		if finite(b.Value) {
			most = max(most, b.Value)
		}
	}
	s := scale{0, most, 0, Width}
	y := top
	for _, b := range bars {
		if !finite(b.Value) {
			continue
		}
		d.text(0, y+11, "start", "", cut(b.Label, 36))
		d.text(Width, y+11, "end", "sk-strong", a.value(b.Value))
		class, more := "sk-fill-1", ""
		if b.Soft {
			class, more = "sk-fill-soft", ` fill-opacity="0.7"`
		}
		d.rect(0, y+16, Width, 10, "sk-fill-soft", ` fill-opacity="0.15"`)
		d.rect(0, y+16, s.at(max(0, b.Value)), 10, class, more)
		y += barStep
	}
	if y == top {
		return empty(a)
	}
	return d.finish(a, y)
}

// Stage is one step of a funnel.
type Stage struct {
	Label string
	Count int64
}

// Funnel draws how many get from each stage to the next: counts, and their share of the stage before.
func Funnel(a About, stages []Stage) template.HTML {
	if len(stages) == 0 {
		return empty(a)
	}
	var d drawing
	most := int64(0)
	for _, s := range stages {
		most = max(most, s.Count)
	}
	s := scale{0, float64(max(1, most)), 0, Width}
	y := top
	for i, st := range stages {
		d.text(0, y+11, "start", "", cut(st.Label, 26))
		count := a.value(float64(st.Count))
		if i > 0 && stages[i-1].Count > 0 {
			count += fmt.Sprintf(" · %.1f %%", 100*float64(st.Count)/float64(stages[i-1].Count))
		}
		d.text(Width, y+11, "end", "sk-strong", count)
		w := s.at(float64(max(0, st.Count)))
		d.rect((Width-w)/2, y+16, max(w, 1), 12, "sk-fill-1", fmt.Sprintf(` fill-opacity="%.2f"`, max(.45, 1-.15*float64(i))))
		y += barStep + 2
	}
	return d.finish(a, y)
}

// empty says that there is nothing to show yet.
func empty(a About) template.HTML {
	var d drawing
	d.text(Width/2, 44, "middle", "sk-muted", "Nothing to show yet")
	return d.finish(a, 64)
}
