package letter

import (
	"embed"
	"strings"
)

//go:embed starters/*.html starters/*.txt
var starterFiles embed.FS

// Starter is a template to begin with. Its pages are tables of 600 pixels with styles beside the words, which every mail program shows alike, and they know dark mode.
type Starter struct {
	Name   string // "picks"
	Title  string
	Doc    string
	Source Source
}

// Starters are the templates that ship with the product.
func Starters() []Starter {
	all := []Starter{
		{Name: "picks", Title: "Chosen for you", Doc: "Six recommendations for each customer, with the reason for each.",
			Source: Source{Subject: "{% if customer.first_name %}{{ customer.first_name }}, {% endif %}chosen for you at {{ shop.name }}", Preheader: "{{ recommendations.first.title | default: 'A few things we think you will like' }}"}},
		{Name: "offer", Title: "One offer", Doc: "The offer that fits the customer best, and four recommendations. Who has no offer gets the recommendations.",
			Source: Source{Subject: "{{ offer.title | default: 'Worth a look right now' }}", Preheader: "{{ offer.text | truncate: 90 }}"}},
		{Name: "news", Title: "A letter", Doc: "Your own words, and what the customer looked at lately.",
			Source: Source{Subject: "News from {{ shop.name }}", Preheader: "What came in this week"}},
	}
	frame := starterFile("frame.html") // head, logo and footer, which all of them have
	for i := range all {
		s := &all[i]
		s.Source.HTML, s.Source.Text = strings.Replace(frame, "{{body}}\n", starterFile(s.Name+".html"), 1), starterFile(s.Name+".txt")
	}
	return all
}

// starterFile is a file that was embedded when this was built; a test reads all of them.
func starterFile(name string) string {
	text, err := starterFiles.ReadFile("starters/" + name)
	if err != nil {
		return ""
	}
	return string(text)
}
