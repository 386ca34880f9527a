package segment

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

// What a condition may cost. There are no loops in it, so its length bounds its time.
const (
	MaxCondition = 4 << 10 // bytes
	maxNodes     = 500
	memoryBudget = 10_000
)

// SyntaxError is inside the fault of Compile: what is wrong with a condition, and where, both counted from 1; columns are characters.
type SyntaxError struct {
	Line, Column int
	Reason       string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Reason)
}

// Compile checks a condition and makes it ready. A condition that is not one is Invalid, names the field "condition", says where, and wraps a *SyntaxError.
func Compile(condition string) (*Condition, error) {
	g := guard{source: condition, known: byName}
	root, wrong := g.parse(options, "orders.count >= 2")
	if wrong != nil {
		return nil, invalid(wrong)
	}
	program, err := expr.Compile(condition, slices.Concat(options, []expr.Option{expr.AsBool()})...)
	if err != nil {
		return nil, invalid(problem(err))
	}
	c := &Condition{text: condition, program: program, person: g.person, root: root}
	if _, err := c.run(program, nobody); err != nil {
		return nil, invalid(problem(err))
	}
	return c, nil
}

// parse is the condition as a tree of nothing but what the guard lets through.
func (g *guard) parse(options []expr.Option, example string) (ast.Node, *SyntaxError) {
	switch {
	case strings.TrimSpace(g.source) == "":
		return nil, &SyntaxError{1, 1, "is empty; state one, such as: " + example}
	case len(g.source) > MaxCondition:
		return nil, &SyntaxError{1, 1, fmt.Sprintf("has %d bytes, at most %d are allowed", len(g.source), MaxCondition)}
	case !utf8.ValidString(g.source):
		return nil, &SyntaxError{1, 1, "is not valid UTF-8"}
	}
	cfg := conf.CreateNew()
	for _, o := range options {
		o(cfg)
	}
	tree, err := parser.ParseWithConfig(g.source, cfg)
	if err != nil {
		return nil, problem(err)
	}
	g.check(tree.Node)
	return tree.Node, g.wrong
}

// nobody is who a condition is tried on.
var nobody = Of(nil, nil, Frame{Now: time.Unix(0, 0)})

// options are those of every condition: the attribute table, and nothing else.
var options = func() []expr.Option {
	list := []expr.Option{expr.Env(Customer{}), expr.DisableAllBuiltins(), expr.MaxNodes(maxNodes), expr.Patch(withCustomer{})}
	for name := range plain {
		list = append(list, expr.EnableBuiltin(name))
	}
	for i := range attributes {
		if f := attributes[i].of; f != nil {
			list = append(list, expr.Function(attributes[i].name, func(params ...any) (any, error) {
				return f.call(params[0].(*Customer), params[1:]), nil
			}, f.sig))
		}
	}
	return append(list, expr.Function("date", func(params ...any) (any, error) {
		return time.Parse(time.DateOnly, params[1].(string))
	}, new(func(any, string) time.Time)))
}()

// plain are the builtin functions that cost no more than their arguments are long.
var plain = map[string]bool{"lower": true, "upper": true, "trim": true, "len": true, "abs": true, "round": true, "floor": true, "ceil": true, "min": true, "max": true}

// withCustomer hands the customer to the functions of the attribute table, before the arguments of the condition.
type withCustomer struct{}

// Visit is ast.Visitor's.
func (withCustomer) Visit(node *ast.Node) {
	if call, ok := (*node).(*ast.CallNode); ok {
		ast.Patch(node, &ast.CallNode{Callee: call.Callee, Arguments: append([]ast.Node{&ast.IdentifierNode{Value: "$env"}}, call.Arguments...)})
	}
}

// problem is an error of the expression library in our words.
func problem(err error) *SyntaxError {
	e := &SyntaxError{Line: 1, Column: 1, Reason: err.Error()}
	if f, ok := errors.AsType[*file.Error](err); ok {
		e.Line, e.Column, e.Reason = max(f.Line, 1), f.Column+1, f.Message
	}
	e.Reason, _, _ = strings.Cut(e.Reason, "\n")
	e.Reason = words.Replace(e.Reason)
	return e
}

// words are types as the manual calls them.
var words = strings.NewReplacer(
	"float64", "number", "int64", "number", "int", "number", "string", "text", "bool", "true or false", "time.Time", "time", "segment.", "", "compilation failed: ", "",
	"unexpected token EOF", "the condition ends too early",
)
