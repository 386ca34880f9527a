// Package letter makes the words of a mail from a marketer's template and what is known of one customer.
//
// A template has four parts in Liquid: subject, preheader, HTML and text. Parse refuses whatever would fail later, with the part, line and column: unknown names, unknown
// filters, values where they could do harm, and what runs too long or grows too large, which it finds out by rendering for a customer of whom everything is known and for one
// of whom nothing is. Render fills the parts in, puts the preheader where mail programs look for it, leads links through the shop's counter and adds the pixel.
//
// Names a template may use are in Variables; everything about a customer may be missing, and is then blank.
package letter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/letter/liquid"
)

// Source is a template as the marketer writes it, in Liquid.
type Source struct{ Subject, Preheader, HTML, Text string }

// Limits of a rendered mail.
const (
	MaxSubject = 250 // characters
	renderTime = 500 * time.Millisecond
)

// Template is a parsed Source. It is immutable and safe for concurrent use.
type Template struct {
	subject, preheader, html, text *liquid.Template
	hasHTML, hasText               bool
}

// Rendered is a mail's words for one customer.
type Rendered struct {
	Subject   string // one line
	Preheader string
	HTML      string   // empty when the template has none
	Text      string   // empty when the template has none
	Links     []string // where the links of the HTML lead, before they were led through the counter, each once, in their order
}

// part is a part of a template by the name of its field.
type part struct {
	field  string
	source string
	html   bool
	into   **liquid.Template
}

// Parse checks a template. The fault is Invalid and names each part that is wrong: "subject", "preheader", "html", "text", with line and column. HTML and text may be
// empty, the subject may not.
func Parse(s Source) (*Template, error) {
	t := &Template{hasHTML: strings.TrimSpace(s.HTML) != "", hasText: strings.TrimSpace(s.Text) != ""}
	var wrong []fault.Field
	for _, p := range []part{{"subject", s.Subject, false, &t.subject}, {"preheader", s.Preheader, false, &t.preheader}, {"html", s.HTML, true, &t.html}, {"text", s.Text, false, &t.text}} {
		parsed, err := liquid.Parse(p.source, liquid.Options{HTML: p.html, Vars: variables()})
		if err != nil {
			wrong = append(wrong, fault.Field{Path: p.field, Reason: err.Error()})
			continue
		}
		*p.into = parsed
	}
	if strings.TrimSpace(s.Subject) == "" {
		wrong = append(wrong, fault.Field{Path: "subject", Reason: "is missing"})
	}
	if len(wrong) == 0 {
		wrong = t.probe()
	}
	if len(wrong) > 0 {
		return nil, fault.InvalidFields(wrong...)
	}
	return t, nil
}

// probe renders for a customer of whom everything is known, and for one of whom nothing is.
func (t *Template) probe() (wrong []fault.Field) {
	for _, d := range []Data{Sample(), bare()} {
		if _, err := t.Render(context.Background(), d); err != nil {
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || len(f.Fields) == 0 {
				return []fault.Field{{Path: "html", Reason: "takes too long"}}
			}
			return f.Fields
		}
	}
	return nil
}

// HasUnsubscribe says whether every part that people read has the link to unsubscribe: {{ unsubscribe_url }}, or {{ footer }}, which has it.
func (t *Template) HasUnsubscribe() bool {
	has := func(l *liquid.Template) bool { return l.Uses("unsubscribe_url") || l.Uses("footer") }
	return (t.hasHTML || t.hasText) && (!t.hasHTML || has(t.html)) && (!t.hasText || has(t.text))
}

// HasText says whether there is a text part.
func (t *Template) HasText() bool { return t.hasText }

// UsesOffer says whether the template shows an offer: whoever composes need not choose one when it does not.
func (t *Template) UsesOffer() bool { return t.uses("offer") }

// UsesRecommendations says whether the template shows recommendations.
func (t *Template) UsesRecommendations() bool { return t.uses("recommendations") }

// UsesViewed says whether the template shows what the customer looked at.
func (t *Template) UsesViewed() bool { return t.uses("viewed") }

func (t *Template) uses(name string) bool {
	return t.subject.Uses(name) || t.preheader.Uses(name) || t.html.Uses(name) || t.text.Uses(name)
}

// Render makes the mail. The fault is Invalid and names the part that cannot be rendered for this customer, or Unavailable when ctx ends.
func (t *Template) Render(ctx context.Context, d Data) (Rendered, error) {
	limited, cancel := context.WithTimeout(ctx, renderTime)
	defer cancel()
	d.known = map[string]led{}
	r := renderer{limited, d.values(), localizer{d.words()}, nil}
	out := Rendered{Subject: oneLine(r.render("subject", t.subject)), Preheader: oneLine(r.render("preheader", t.preheader))}
	if r.err == nil && out.Subject == "" {
		r.err = fault.InvalidField("subject", "is empty for this customer")
	}
	if t.hasText {
		out.Text = strings.TrimSpace(FollowText(r.render("text", t.text), d)) + "\n"
	}
	if t.hasHTML {
		r.values["footer"] = liquid.Markup(d.footer())
		out.HTML, out.Links = finish(r.render("html", t.html), out.Preheader, d)
	}
	if r.err != nil {
		return Rendered{}, r.err
	}
	return out, nil
}

// renderer renders part after part until one fails.
type renderer struct {
	ctx    context.Context
	values map[string]any
	local  localizer
	err    error
}

func (r *renderer) render(field string, t *liquid.Template) string {
	if r.err != nil {
		return ""
	}
	s, err := t.Render(r.ctx, r.values, r.local)
	if err == nil {
		return s
	}
	if at, ok := errors.AsType[*liquid.Error](err); ok {
		r.err = fault.InvalidField(field, at.Error())
	} else {
		r.err = fault.Wrap(fault.Unavailable, fmt.Errorf("render %s: %w", field, err), "the template takes too long")
	}
	return ""
}

// oneLine is text without line ends, which would begin a new header, nor other signs that are not seen.
func oneLine(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if letters := []rune(s); len(letters) > MaxSubject {
		s = string(letters[:MaxSubject-1]) + "…"
	}
	return s
}

// variables are the names a template may use, built once.
var variables = sync.OnceValue(func() *liquid.Type {
	root := &liquid.Type{Kind: liquid.Object, Fields: map[string]*liquid.Type{}}
	for _, v := range Variables() {
		root.Fields[v.Name] = v.Type
	}
	return root
})
