package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"strings"

	"shopkeeper/shared/chart"
)

// figure is one line of the table: what was measured, what was promised, what others have, and how it was measured.
type figure struct {
	Section  string `json:"section"`
	Name     string `json:"name"`
	Measured string `json:"measured"`
	Wanted   string `json:"wanted,omitempty"`
	Met      string `json:"met,omitempty"` // yes or no; empty where nothing was promised
	Peers    string `json:"peers,omitempty"`
	Protocol string `json:"protocol"`
}

// report prints figures as they come and keeps them.
type report struct {
	w        io.Writer
	Notes    []string `json:"notes"`
	Figures  []figure `json:"figures"`
	section  string
	protocol string
	charts   []template.HTML
}

func newReport(w io.Writer) *report { return &report{w: w} }

func (r *report) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.Notes = append(r.Notes, text)
	fmt.Fprintln(r.w, text)
}

// begin starts a section: everything in it has the same protocol.
func (r *report) begin(section, protocol string) {
	r.section, r.protocol = section, protocol
	fmt.Fprintf(r.w, "\n== %s\n   %s\n", section, protocol)
	fmt.Fprintf(r.w, "   %-46s | %-42s | %-22s | %-3s | %s\n", "figure", "measured", "wanted", "met", "peers")
}

// add prints a figure.
func (r *report) add(name, measured, wanted string, met any, peers string) {
	f := figure{Section: r.section, Name: name, Measured: measured, Wanted: wanted, Peers: peers, Protocol: r.protocol}
	if yes, ok := met.(bool); ok {
		f.Met = map[bool]string{true: "yes", false: "no"}[yes]
	}
	r.Figures = append(r.Figures, f)
	fmt.Fprintf(r.w, "   %-46s | %-42s | %-22s | %-3s | %s\n", name, measured, wanted, f.Met, peers)
}

// draw keeps a chart for the page.
func (r *report) draw(svg template.HTML) { r.charts = append(r.charts, svg) }

// bar is a value as a bar of text, full at most.
func bar(value, most float64) string {
	const width = 32
	if most <= 0 {
		return ""
	}
	return strings.Repeat("#", max(1, int(width*value/most+.5)))
}

// save writes the table as a page and as JSON.
func (r *report) save(page, data string) (err error) {
	f, err := os.Create(page)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := reportPage.Execute(f, map[string]any{"Notes": r.Notes, "Figures": r.Figures, "Charts": r.charts}); err != nil {
		return err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	fmt.Fprintf(r.w, "\nwritten: %s, %s\n", page, data)
	return os.WriteFile(data, append(text, '\n'), 0o644)
}

var reportPage = template.Must(template.New("report").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Recommendations, measured</title>
<style>body{font:14px/1.4 system-ui;margin:2rem;max-width:90rem}table{border-collapse:collapse}td,th{padding:.2rem .6rem;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}
td.no{color:#a00}figure,svg{display:inline-block;max-width:26rem;margin:1rem}` + chart.CSS + `</style>
<h1>Recommendations, measured</h1>
{{range .Notes}}<p>{{.}}</p>{{end}}
<div>{{range .Charts}}{{.}}{{end}}</div>
<table><tr><th>part<th>figure<th>measured<th>wanted<th>met<th>peers<th>protocol</tr>
{{range .Figures}}<tr><td>{{.Section}}<td>{{.Name}}<td>{{.Measured}}<td>{{.Wanted}}<td class="{{.Met}}">{{.Met}}<td>{{.Peers}}<td>{{.Protocol}}</tr>
{{end}}</table></html>
`))
