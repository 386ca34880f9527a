// Package liquid is the language of mail templates: Liquid as marketers know it, in a box that nothing gets out of.
//
// A template is checked whole when it is parsed: the grammar, the name of every variable and filter against a Type (so that a misspelt name is an error with line and column,
// not an empty place in ten thousand mails), and, in HTML, where each value stands. In HTML every value is escaped, always; in an attribute that holds an address it is
// also held to http, https, mailto and tel. There is no include, no file, no way to define a filter from within. What cannot be known before is bounded while it runs:
// steps, length of texts, output, and the deadline of the context.
//
// It is a language of its own rather than a library because the libraries at hand parse expressions into closures that cannot be checked, know no columns, do not escape,
// and run loops without an end. Tests hold it against one of them.
//
// Left out of Liquid on purpose: include, render, layout, tablerow, increment, decrement, liquid, echo.
package liquid

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of a template and of one rendering.
const (
	MaxSource = 200 << 10 // bytes of one template
	MaxOutput = 1 << 20   // bytes of one rendering
	MaxText   = 100 << 10 // bytes of one value on the way, such as what a capture holds
	MaxRange  = 1000      // numbers of a range
	MaxDepth  = 40        // blocks inside blocks, brackets inside brackets
	MaxSteps  = 200_000   // nodes and filters of one rendering
)

// Error is what is wrong with a template, and where. Line and Column begin at 1; columns count characters.
type Error struct {
	Line, Column int
	Message      string
}

// Error is the place and the message.
func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// place is the error for a byte offset in a source.
func place(source string, at int, format string, args ...any) *Error {
	at = min(at, len(source))
	before := source[:at]
	line := strings.Count(before, "\n") + 1
	return &Error{Line: line, Column: utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1, Message: fmt.Sprintf(format, args...)}
}

// Kind is what sort of value a name stands for.
type Kind uint8

// The kinds. Any is a value that only rendering knows.
const (
	Any Kind = iota
	Text
	Number
	Bool
	Time
	Price
	List
	Object
)

var kindNames = [...]string{"value", "text", "number", "yes or no", "time", "price", "list", "object"}

// String is the kind in the words of an editor.
func (k Kind) String() string { return kindNames[k] }

// Type is the shape of a value: Fields of an Object, Elem of a List. Doc says what it is, for editors.
type Type struct {
	Kind   Kind
	Doc    string
	Fields map[string]*Type
	Elem   *Type
}

var (
	anyType    = &Type{Kind: Any}
	textType   = &Type{Kind: Text}
	numberType = &Type{Kind: Number}
	boolType   = &Type{Kind: Bool}
	loopType   = &Type{Kind: Object, Fields: map[string]*Type{
		"first": boolType, "last": boolType, "index": numberType, "index0": numberType, "rindex": numberType, "rindex0": numberType, "length": numberType,
	}}
)

// Money is an amount in minor units of a currency.
type Money struct {
	Amount   int64
	Currency string
}

// Markup is text that is HTML already: it is not escaped again. Filters and captures make it, and whoever renders, of what it has escaped itself.
type Markup string

// Values of a rendering are nil, bool, int64, float64, string, time.Time, Money, Markup, []any and map[string]any.

// Options are what a template is parsed with.
type Options struct {
	HTML bool  // values are escaped, and may stand only where that makes them harmless
	Vars *Type // an Object: the names a template may use
}

// Template is a parsed template. It is immutable and safe for concurrent use.
type Template struct {
	source string
	html   bool
	nodes  []node
	used   map[string]bool // "customer.first_name": the paths it names, from the root
}

// Parse checks and compiles a template. The error is an *Error.
func Parse(source string, o Options) (*Template, error) {
	if len(source) > MaxSource {
		return nil, &Error{Line: 1, Column: 1, Message: fmt.Sprintf("the template has more than %d KB", MaxSource>>10)}
	}
	if !utf8.ValidString(source) {
		return nil, place(source, strings.IndexRune(source, utf8.RuneError), "this is not UTF-8")
	}
	pieces, err := scan(source)
	if err != nil {
		return nil, err
	}
	p := &parser{source: source, pieces: pieces, scope: map[string]*Type{}, used: map[string]bool{}}
	for name, t := range o.Vars.Fields {
		p.scope[name] = t
	}
	nodes, err := p.template()
	if err != nil {
		return nil, err
	}
	if o.HTML {
		if err := settle(source, pieces, p.outputs); err != nil {
			return nil, err
		}
	}
	return &Template{source: source, html: o.HTML, nodes: nodes, used: p.used}, nil
}

// Uses says whether the template names a variable, such as "unsubscribe_url" or "offer.code".
func (t *Template) Uses(path string) bool { return t.used[path] }
