package segment

import (
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
)

// Language is the grammar of conditions over other names than those of customers: what holds of items is stated the same way, and refused with the same words.
type Language struct {
	known   map[string]*attribute
	options []expr.Option
	example string
}

// NewLanguage makes a language of its names; one that ends in parameters, "within(category)", is a function of that many constant texts.
func NewLanguage(names []Attribute) *Language {
	l := &Language{known: map[string]*attribute{}, options: []expr.Option{expr.DisableAllBuiltins(), expr.MaxNodes(maxNodes)}}
	for name := range plain {
		l.options = append(l.options, expr.EnableBuiltin(name))
	}
	for _, n := range names {
		a := &attribute{kind: n.Type, doc: n.Doc, example: n.Example}
		var params string
		if a.name, params, _ = strings.Cut(strings.TrimSuffix(n.Name, ")"), "("); params != "" {
			a.of = &function{params: params}
			for range strings.Split(params, ",") {
				a.of.args = append(a.of.args, text)
			}
		}
		l.known[a.name], l.example = a, n.Example
	}
	return l
}

// Parse checks names, operators and bounds; types are the caller's to check.
func (l *Language) Parse(condition string) (ast.Node, *SyntaxError) {
	g := guard{source: condition, known: l.known}
	return g.parse(l.options, l.example)
}

// Wrong is what is wrong at a node of a parsed condition.
func Wrong(condition string, n ast.Node, reason string) *SyntaxError {
	return at(condition, n.Location(), reason)
}
