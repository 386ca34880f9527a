package chart

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"
)

// Point is one value of a series. Low and High are its interval; both 0: none.
type Point struct {
	At        time.Time
	Value     float64
	Low, High float64
}

func (p Point) interval() bool { return (p.Low != 0 || p.High != 0) && finite(p.Low, p.High) }

// Series is one line.
type Series struct {
	Label  string
	Points []Point // in any order
}

const (
	plotTop    = 28.0
	plotHeight = 130.0
	plotLeft   = 46.0
	plotRight  = Width - 8.0
)

// dashes tell series apart without colour.
var dashes = [colours]string{"", ` stroke-dasharray="6 3"`, ` stroke-dasharray="2 3"`, ` stroke-dasharray="8 3 2 3"`}

// Lines draws values over time, at most four series; further ones are left out. A point with an interval gets a band. The axis includes 0 when the values are near it.
func Lines(a About, all ...Series) template.HTML {
	all = clean(all)
	if len(all) == 0 {
		return empty(a)
	}
	from, to, low, high := extent(all)
	marks := ticks(low, high, 4)
	x := scale{float64(from.Unix()), float64(to.Unix()), plotLeft, plotRight}
	y := scale{marks[0], marks[len(marks)-1], plotTop + plotHeight, plotTop}
	if from.Equal(to) {
		x = scale{x.low - 1, x.high + 1, plotLeft, plotRight}
	}
	var d drawing
	for _, m := range marks {
		class := "sk-grid"
		if m == 0 {
			class = "sk-zero"
		}
		d.line(plotLeft, y.at(m), plotRight, y.at(m), class, ` stroke-opacity="0.6"`)
		d.text(plotLeft-5, y.at(m)+4, "end", "sk-muted", a.value(m))
	}
	d.text(plotLeft, plotTop+plotHeight+16, "start", "sk-muted", from.Format("2 Jan 2006"))
	if !from.Equal(to) {
		d.text(plotRight, plotTop+plotHeight+16, "end", "sk-muted", to.Format("2 Jan 2006"))
	}
	bottom := plotTop + plotHeight + 22
	for i, s := range all {
		d.series(s, i, x, y)
		if len(all) > 1 || s.Label != "" {
			d.line(plotLeft, bottom+10, plotLeft+24, bottom+10, fmt.Sprintf("sk-line-%d", i+1), ` stroke-width="2"`+dashes[i])
			last := s.Points[len(s.Points)-1]
			d.text(plotLeft+30, bottom+14, "start", "", cut(s.Label, 28)+": "+a.value(last.Value))
			bottom += 18
		}
	}
	return d.finish(a, bottom+4)
}

// clean sorts the points, drops what cannot be drawn and series without points.
func clean(all []Series) []Series {
	var good []Series
	for _, s := range all {
		points := slices.DeleteFunc(slices.Clone(s.Points), func(p Point) bool { return !finite(p.Value) || p.At.IsZero() })
		slices.SortStableFunc(points, func(a, b Point) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
		if len(points) > 0 && len(good) < colours {
			good = append(good, Series{s.Label, points})
		}
	}
	return good
}

// extent is the span of times and values, with 0 in it when that is near.
func extent(all []Series) (from, to time.Time, low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	from, to = all[0].Points[0].At, all[0].Points[0].At
	for _, s := range all {
		for _, p := range s.Points {
			if p.At.Before(from) {
				from = p.At
			}
			if p.At.After(to) {
				to = p.At
			}
			low, high = min(low, p.Value), max(high, p.Value)
			if p.interval() {
				low, high = min(low, p.Low), max(high, p.High)
			}
		}
	}
	if low > 0 && low < .6*high {
		low = 0
	}
	if high < 0 && high > .6*low {
		high = 0
	}
	return from, to, low, high
}

// series draws one line with its band and marks.
func (d *drawing) series(s Series, i int, x, y scale) {
	var up, down, path strings.Builder
	for n, p := range s.Points {
		px := x.at(float64(p.At.Unix()))
		move := "L"
		if n == 0 {
			move = "M"
		}
		fmt.Fprintf(&path, "%s%s %s", move, num(px), num(y.at(p.Value)))
		if p.interval() {
			fmt.Fprintf(&up, "%s,%s ", num(px), num(y.at(p.High)))
			rest := down.String()
			down.Reset()
			fmt.Fprintf(&down, "%s,%s %s", num(px), num(y.at(p.Low)), rest)
		}
	}
	if up.Len() > 0 {
		d.add(`<polygon points="%s" fill="currentColor" fill-opacity="0.18" class="sk-fill-%d"/>`, strings.TrimSpace(up.String()+down.String()), i+1)
	}
	d.add(`<path d="%s" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" class="sk-line-%d"%s/>`, path.String(), i+1, dashes[i])
	if len(s.Points) <= 31 {
		for _, p := range s.Points {
			d.add(`<circle cx="%s" cy="%s" r="2.5" fill="currentColor" class="sk-fill-%d"/>`, num(x.at(float64(p.At.Unix()))), num(y.at(p.Value)), i+1)
		}
	}
}

// Sparkline draws a line the height of a word, oldest value first. label is read out in its place.
func Sparkline(label string, values []float64) template.HTML {
	values = slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return !finite(v) })
	var d drawing
	d.add(`<svg xmlns="http://www.w3.org/2000/svg" class="sk-chart sk-spark" role="img" viewBox="0 0 120 24" aria-label="%s">`, template.HTMLEscapeString(label))
	if len(values) > 0 {
		x := scale{0, float64(max(1, len(values)-1)), 3, 117}
		y := scale{min(0, slices.Min(values)), slices.Max(values), 21, 3}
		var path strings.Builder
		for i, v := range values {
			move := "L"
			if i == 0 {
				move = "M"
			}
			fmt.Fprintf(&path, "%s%s %s", move, num(x.at(float64(i))), num(y.at(v)))
		}
		last := len(values) - 1
		d.add(`<path d="%s" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" class="sk-line-1"/>`, path.String())
		d.add(`<circle cx="%s" cy="%s" r="3" fill="currentColor" class="sk-fill-1"/>`, num(x.at(float64(last))), num(y.at(values[last])))
	}
	d.WriteString("</svg>")
	return template.HTML(d.String()) //nolint:gosec // every text in it was escaped
}
