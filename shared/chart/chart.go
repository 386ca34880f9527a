// Package chart draws small charts as SVG on the server: bars, lines with intervals, funnels, comparisons with intervals, sparklines.
//
// A chart is one <svg> element to be put into a page. It has a title and a description in words for those who do not see it; whoever shows it should offer the figures as a table,
// too. It is drawn 340 units wide so that its text can be read on a phone, and grows with its place up to half as much again. Colours come from classes (see CSS), for light and dark
// alike; without the style sheet everything has the colour of the text. There is no script, no style attribute and no style element in it, so that the strictest content security policy lets it
// through. Series differ by dashes and marks and not by colour alone.
//
// Values that are no numbers are left out. All texts are escaped. Equal input gives equal bytes.
package chart

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// CSS is the style sheet of charts: a page includes it once. Colours are variables, which a page may set anew; every pair has a contrast of at least 3 to 1 with its ground.
const CSS = `.sk-chart{display:block;width:100%;max-width:32rem;height:auto;font:12px/1.3 system-ui,sans-serif;color:inherit;
--sk-1:#0b6e99;--sk-2:#b4540a;--sk-3:#4f7a28;--sk-4:#7a3e9d;--sk-soft:#8a8f98;--sk-grid:#d5d8dd}
.sk-chart text{fill:currentColor}
.sk-chart .sk-muted{fill:var(--sk-soft);fill:color-mix(in srgb,currentColor 70%,transparent)}
.sk-chart .sk-strong{font-weight:600}
.sk-chart .sk-grid{stroke:var(--sk-grid);stroke-width:1}
.sk-chart .sk-zero{stroke:currentColor;stroke-width:1}
.sk-chart .sk-fill-1{fill:var(--sk-1)}.sk-chart .sk-fill-2{fill:var(--sk-2)}.sk-chart .sk-fill-3{fill:var(--sk-3)}.sk-chart .sk-fill-4{fill:var(--sk-4)}
.sk-chart .sk-fill-soft{fill:var(--sk-soft)}
.sk-chart .sk-line-1{stroke:var(--sk-1)}.sk-chart .sk-line-2{stroke:var(--sk-2)}.sk-chart .sk-line-3{stroke:var(--sk-3)}.sk-chart .sk-line-4{stroke:var(--sk-4)}
.sk-spark{width:7.5em;height:1.6em;vertical-align:middle}
@media (prefers-color-scheme:dark){.sk-chart{--sk-1:#5bb8e0;--sk-2:#f0a05a;--sk-3:#9acb6b;--sk-4:#c79be8;--sk-soft:#9aa1ab;--sk-grid:#3c424b}}
@media (forced-colors:active){.sk-chart{--sk-1:CanvasText;--sk-2:CanvasText;--sk-3:CanvasText;--sk-4:CanvasText;--sk-grid:GrayText}}
`

// Width is that of every chart but sparklines, in units; its text has 12.
const Width = 340

// About says what a chart shows.
type About struct {
	ID    string               // unique within the page, characters of an HTML id; names the title and the description
	Title string               // short; shown above the chart and read out
	Desc  string               // what is to be seen in it, in a sentence or two, for those who do not see it
	Value func(float64) string // how values are written; nil: a number with as few digits as it takes
}

func (a About) value(v float64) string {
	if a.Value != nil {
		return a.Value(v)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// colours is how many series can be told apart.
const colours = 4

// drawing is an SVG on its way.
type drawing struct{ strings.Builder }

func (d *drawing) add(format string, args ...any) { fmt.Fprintf(d, format, args...) }

// text writes words; anchor is start, middle or end.
func (d *drawing) text(x, y float64, anchor, class, words string) {
	if anchor != "start" {
		anchor = ` text-anchor="` + anchor + `"`
	} else {
		anchor = ""
	}
	if class != "" {
		class = ` class="` + class + `"`
	}
	d.add(`<text x="%s" y="%s"%s%s>%s</text>`, num(x), num(y), anchor, class, html.EscapeString(words))
}

func (d *drawing) line(x1, y1, x2, y2 float64, class, more string) {
	d.add(`<line x1="%s" y1="%s" x2="%s" y2="%s" stroke="currentColor" class="%s"%s/>`, num(x1), num(y1), num(x2), num(y2), class, more)
}

func (d *drawing) rect(x, y, w, h float64, class, more string) {
	d.add(`<rect x="%s" y="%s" width="%s" height="%s" rx="2" fill="currentColor" class="%s"%s/>`, num(x), num(y), num(max(0, w)), num(h), class, more)
}

// finish wraps what was drawn into the element. The title stands at the top, in the first 22 units.
func (d *drawing) finish(a About, height float64) template.HTML {
	var out drawing
	out.add(`<svg xmlns="http://www.w3.org/2000/svg" class="sk-chart" role="img" viewBox="0 0 %d %s" font-size="12" aria-labelledby="%s-t %s-d">`, Width, num(height), html.EscapeString(a.ID), html.EscapeString(a.ID))
	out.add(`<title id="%s-t">%s</title><desc id="%s-d">%s</desc>`, html.EscapeString(a.ID), html.EscapeString(a.Title), html.EscapeString(a.ID), html.EscapeString(a.Desc))
	out.text(0, 13, "start", "sk-strong", cut(a.Title, 52))
	out.WriteString(d.String())
	out.WriteString("</svg>")
	return template.HTML(out.String()) //nolint:gosec // every text in it was escaped
}

// num writes a coordinate with at most one decimal.
func num(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

// cut shortens a text that would not fit.
func cut(s string, runes int) string {
	r := []rune(s)
	if len(r) <= runes {
		return s
	}
	return string(r[:runes-1]) + "…"
}

// finite says whether a value can be drawn.
func finite(values ...float64) bool {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) || math.Abs(v) > 1e15 {
			return false
		}
	}
	return true
}

// scale maps values to positions.
type scale struct{ low, high, from, to float64 }

func (s scale) at(v float64) float64 {
	if s.high == s.low {
		return s.from
	}
	return s.from + (v-s.low)/(s.high-s.low)*(s.to-s.from)
}

// ticks are about n round numbers that cover low to high, the first not above low and the last not below high.
func ticks(low, high float64, n int) []float64 {
	if !(high > low) {
		high = low + max(1, math.Abs(low))
	}
	raw := (high - low) / float64(n)
	step := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if step*m >= raw {
			step *= m
			break
		}
	}
	var all []float64
	first, last := math.Floor(low/step+1e-9), math.Ceil(high/step-1e-9)
	for i := first; i <= last && len(all) < 4*n; i++ {
		all = append(all, i*step)
	}
	return all
}
