package chart

import "html/template"

// Effect is an estimate with up to two intervals: a narrow one, drawn thick, and a wide one around it. An interval of zero width is not drawn.
type Effect struct {
	Label             string
	Value             float64
	Low, High         float64
	WideLow, WideHigh float64
}

// Effects draws estimates with their intervals beside a line at 0: what lies on one side of it is proven. narrow and wide name the two kinds of intervals below the chart; wide may be empty.
func Effects(a About, narrow, wide string, all []Effect) template.HTML {
	low, high := 0.0, 0.0
	var good []Effect
	for _, e := range all {
		if !finite(e.Value, e.Low, e.High, e.WideLow, e.WideHigh) {
			continue
		}
		good = append(good, e)
		low, high = min(low, e.Value, e.Low, e.WideLow), max(high, e.Value, e.High, e.WideHigh)
	}
	if len(good) == 0 {
		return empty(a)
	}
	marks := ticks(low, high, 4)
	x := scale{marks[0], marks[len(marks)-1], 28, Width - 28}
	var d drawing
	bottom := top + barStep*float64(len(good))
	for _, m := range marks {
		class := "sk-grid"
		if m == 0 {
			class = "sk-zero"
		}
		for i := range good { // between the labels, not through them
			y := top + barStep*float64(i)
			d.line(x.at(m), y+15, x.at(m), y+30, class, ` stroke-opacity="0.6"`)
		}
		d.text(x.at(m), bottom+15, "middle", "sk-muted", a.value(m))
	}
	y := top
	for _, e := range good {
		d.text(0, y+11, "start", "", cut(e.Label, 36))
		d.text(Width, y+11, "end", "sk-strong", a.value(e.Value))
		d.line(x.at(e.WideLow), y+22, x.at(e.WideHigh), y+22, "sk-line-1", ` stroke-width="2"`)
		d.line(x.at(e.Low), y+22, x.at(e.High), y+22, "sk-line-1", ` stroke-width="6"`)
		d.add(`<circle cx="%s" cy="%s" r="5" fill="currentColor" stroke="Canvas" stroke-width="1.5"/>`, num(x.at(e.Value)), num(y+22))
		y += barStep
	}
	bottom += 26
	d.line(0, bottom+4, 24, bottom+4, "sk-line-1", ` stroke-width="6"`)
	d.text(30, bottom+8, "start", "sk-muted", cut(narrow, 46))
	if wide != "" {
		bottom += 17
		d.line(0, bottom+4, 24, bottom+4, "sk-line-1", ` stroke-width="2"`)
		d.text(30, bottom+8, "start", "sk-muted", cut(wide, 46))
	}
	return d.finish(a, bottom+14)
}
