package chart

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
)

//go:embed page.html
var pageText string

var pages = template.Must(template.New("page").Parse(pageText))

// Page is a report as a document of its own: it can be mailed or printed, is read on a phone and in the dark, and needs nothing from anywhere.
type Page struct {
	Title    string
	Lead     string   // what was done, beside every figure of it
	Findings []string // what came out, in sentences
	Warnings []string // what to know before reading
	Sections []Section
}

// Section is a part of a page: charts above the figures they are drawn from.
type Section struct {
	Title  string
	Note   string
	Charts []template.HTML // as this package draws them
	Table  [][]string      // the first row is the header; the first column names the row
}

// Style is the style sheet of the charts on the page.
func (Page) Style() template.CSS { return CSS }

// Render writes the page as HTML.
func (p Page) Render() ([]byte, error) {
	var b bytes.Buffer
	if err := pages.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("write the page: %w", err)
	}
	return b.Bytes(), nil
}
