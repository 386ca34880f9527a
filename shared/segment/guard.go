package segment

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
)

// guard lets through what a condition may be made of: attributes, functions of the table with constant arguments, comparisons, arithmetic, text operators, lists of constants. Loops, variables,
// ranges and members of anything else are refused, whatever the library can do.
type guard struct {
	source string
	known  map[string]*attribute
	person bool // whether it needs the people table
	wrong  *SyntaxError
}

var operators = map[string]bool{
	"&&": true, "and": true, "||": true, "or": true, "==": true, "!=": true, "<": true, "<=": true, ">": true, ">=": true, "+": true, "-": true, "*": true, "/": true, "%": true,
	"in": true, "contains": true, "startsWith": true, "endsWith": true, "matches": true,
}

func (g *guard) refuse(n ast.Node, format string, args ...any) {
	if g.wrong == nil {
		g.wrong = at(g.source, n.Location(), fmt.Sprintf(format, args...))
	}
}

// at finds line and column of a place, which the library counts in characters.
func at(source string, l file.Location, reason string) *SyntaxError {
	before := []rune(source)
	before = before[:min(max(l.From, 0), len(before))]
	line := string(before)
	return &SyntaxError{Line: strings.Count(line, "\n") + 1, Column: len(before) - len([]rune(line[:strings.LastIndexByte(line, '\n')+1])) + 1, Reason: reason}
}

func (g *guard) check(n ast.Node) {
	switch n := n.(type) {
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.StringNode:
	case *ast.UnaryNode:
		g.check(n.Node)
	case *ast.BinaryNode:
		g.binary(n)
	case *ast.ConditionalNode:
		g.check(n.Cond)
		g.check(n.Exp1)
		g.check(n.Exp2)
	case *ast.ArrayNode:
		for _, x := range n.Nodes {
			if !constant(x) {
				g.refuse(x, "a list may hold only constants")
			}
		}
	case *ast.IdentifierNode, *ast.MemberNode:
		g.name(n)
	case *ast.CallNode:
		g.call(n)
	case *ast.BuiltinNode:
		if !plain[n.Name] {
			g.refuse(n, "%s is not available in conditions", n.Name)
		}
		for _, x := range n.Arguments {
			g.check(x)
		}
	default:
		g.refuse(n, "this is not available in conditions")
	}
}

func constant(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.StringNode:
		return true
	case *ast.UnaryNode:
		return n.Operator != "not" && n.Operator != "!" && constant(n.Node)
	}
	return false
}

func (g *guard) binary(n *ast.BinaryNode) {
	switch {
	case !operators[n.Operator]:
		g.refuse(n, "the operator %s is not available in conditions", n.Operator)
	case n.Operator == "matches":
		if _, ok := n.Right.(*ast.StringNode); !ok {
			g.refuse(n.Right, "matches needs a pattern in quotes")
		}
	case n.Operator == "in":
		if _, ok := n.Right.(*ast.ArrayNode); !ok {
			g.refuse(n.Right, `in needs a list, such as ["FR", "BE"]`)
		}
	}
	g.check(n.Left)
	g.check(n.Right)
}

// dotted is "orders.count" of the nodes of it; "" for a member of anything but a name.
func dotted(n ast.Node) string {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value
	case *ast.MemberNode:
		property, ok := n.Property.(*ast.StringNode)
		if of := dotted(n.Node); ok && of != "" && !n.Optional {
			return of + "." + property.Value
		}
	}
	return ""
}

func (g *guard) name(n ast.Node) {
	name := dotted(n)
	for m, ok := n.(*ast.MemberNode); ok; m, ok = n.(*ast.MemberNode) {
		n = m.Node // a name begins where its first part does
	}
	a := g.known[name]
	switch {
	case name == "":
		g.refuse(n, "this is not available in conditions")
	case a == nil && len(g.under(name)) > 0:
		g.refuse(n, "%s has parts: %s", name, strings.Join(g.under(name), ", "))
	case a == nil:
		g.refuse(n, "unknown name %s%s", name, g.suggest(name, false))
	case a.of != nil:
		g.refuse(n, "%s is a function: write %s(%s)", name, name, a.of.params)
	default:
		g.person = g.person || a.person
	}
}

// under are the attributes of a group, such as those of "orders".
func (g *guard) under(group string) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(g.known)) {
		if strings.HasPrefix(name, group+".") {
			list = append(list, name)
		}
	}
	return list
}

func (g *guard) call(n *ast.CallNode) {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		g.refuse(n, "this is not available in conditions")
		return
	}
	args, params := []argument{{check: calendarDay}}, "day"
	if callee.Value != "date" {
		a := g.known[callee.Value]
		if a == nil || a.of == nil {
			g.refuse(callee, "unknown function %s%s", callee.Value, g.suggest(callee.Value, true))
			return
		}
		g.person = g.person || a.person
		args, params = a.of.args, a.of.params
	}
	if len(n.Arguments) != len(args) {
		g.refuse(n, "write %s(%s)", callee.Value, params)
		return
	}
	for i, x := range n.Arguments {
		g.argument(x, args[i])
	}
}

func (g *guard) argument(n ast.Node, a argument) {
	var why string
	switch x := n.(type) {
	case *ast.StringNode:
		if why = "must be a number"; !a.number {
			why = a.check(x.Value, 0)
		}
	case *ast.IntegerNode:
		if why = "must be a text in quotes"; a.number {
			why = a.check("", x.Value)
		}
	default:
		if why = "must be a text in quotes"; a.number {
			why = "must be a whole number"
		}
	}
	if why != "" {
		g.refuse(n, "this %s", why)
	}
}

func calendarDay(s string, _ int) string {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return `must be a day, such as "2026-01-31"`
	}
	return ""
}

// suggest names the attribute or function that was probably meant, or nothing.
func (g *guard) suggest(name string, called bool) string {
	best, least := "", 1+len(name)/3
	for _, known := range slices.Sorted(maps.Keys(g.known)) {
		if d := distance(strings.ToLower(name), known); d <= least && (best == "" || d < least) {
			best, least = known, d
		}
	}
	if best == "" {
		return ""
	}
	if a := g.known[best]; a.of != nil {
		best += "(" + a.of.params + ")"
	} else if called {
		return "; " + best + " is no function"
	}
	return "; did you mean " + best + "?"
}

// distance is Levenshtein's: letters to change, add or leave out.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := before
			if a[i] != b[j] {
				changed++
			}
			before = row[j+1]
			row[j+1] = min(changed, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
