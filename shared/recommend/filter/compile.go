package filter

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"

	"shopkeeper/shared/segment"
)

type (
	truth  func(*Fact) bool
	number func(*Fact) float64
	text   func(*Fact) string
	moment func(*Fact) time.Time
)

// value is a part of an expression: one of its functions is set.
type value struct {
	truth  truth
	number number
	text   text
	moment moment
}

func (v value) kind() string {
	switch {
	case v.truth != nil:
		return "true or false"
	case v.number != nil:
		return "a number"
	case v.text != nil:
		return "text"
	}
	return "a time"
}

// compiler turns checked nodes into functions, and keeps the first thing that is wrong.
type compiler struct {
	source string
	wrong  *segment.SyntaxError
}

// refuse notes what is wrong and gives a value to go on with.
func (c *compiler) refuse(n ast.Node, format string, args ...any) value {
	if c.wrong == nil {
		c.wrong = segment.Wrong(c.source, n, fmt.Sprintf(format, args...))
	}
	return value{truth: func(*Fact) bool { return false }}
}

func (c *compiler) truth(n ast.Node) truth {
	v := c.value(n)
	if v.truth == nil {
		return c.refuse(n, "this is %s, and must be true or false", v.kind()).truth
	}
	return v.truth
}

func (c *compiler) number(n ast.Node) number {
	if v := c.value(n); v.number != nil {
		return v.number
	} else {
		c.refuse(n, "this is %s, and must be a number", v.kind())
	}
	return func(*Fact) float64 { return math.NaN() }
}

func (c *compiler) text(n ast.Node) text {
	if v := c.value(n); v.text != nil {
		return v.text
	} else {
		c.refuse(n, "this is %s, and must be text", v.kind())
	}
	return func(*Fact) string { return "" }
}

func (c *compiler) value(n ast.Node) value {
	switch n := n.(type) {
	case *ast.BoolNode:
		return value{truth: func(*Fact) bool { return n.Value }}
	case *ast.IntegerNode:
		x := float64(n.Value)
		return value{number: func(*Fact) float64 { return x }}
	case *ast.FloatNode:
		return value{number: func(*Fact) float64 { return n.Value }}
	case *ast.StringNode:
		return value{text: func(*Fact) string { return n.Value }}
	case *ast.IdentifierNode:
		return attributes[n.Value]
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.CallNode:
		return c.call(n)
	case *ast.BuiltinNode:
		return c.builtin(n)
	}
	return c.refuse(n, "this is not available in filters")
}

var attributes = map[string]value{
	"id":       {text: func(f *Fact) string { return f.ID }},
	"title":    {text: func(f *Fact) string { return f.Title }},
	"category": {text: func(f *Fact) string { return f.Category }},
	"brand":    {text: func(f *Fact) string { return f.Brand }},
	"price":    {number: func(f *Fact) float64 { return float64(f.Price) }},
	"created":  {moment: func(f *Fact) time.Time { return f.Created }},
	"days_since_created": {number: func(f *Fact) float64 {
		if f.Created.IsZero() {
			return segment.Never
		}
		return math.Floor(max(f.Now.Sub(f.Created).Hours(), 0) / 24)
	}},
}

func (c *compiler) unary(n *ast.UnaryNode) value {
	switch n.Operator {
	case "!", "not":
		x := c.truth(n.Node)
		return value{truth: func(f *Fact) bool { return !x(f) }}
	case "-":
		x := c.number(n.Node)
		return value{number: func(f *Fact) float64 { return -x(f) }}
	case "+":
		return value{number: c.number(n.Node)}
	}
	return c.refuse(n, "the operator %s is not available in filters", n.Operator)
}

func (c *compiler) binary(n *ast.BinaryNode) value {
	switch n.Operator {
	case "&&", "and":
		a, b := c.truth(n.Left), c.truth(n.Right)
		return value{truth: func(f *Fact) bool { return a(f) && b(f) }}
	case "||", "or":
		a, b := c.truth(n.Left), c.truth(n.Right)
		return value{truth: func(f *Fact) bool { return a(f) || b(f) }}
	case "==", "!=", "<", "<=", ">", ">=":
		return c.compare(n)
	case "contains", "startsWith", "endsWith":
		a, b := c.text(n.Left), c.text(n.Right)
		test := map[string]func(s, part string) bool{"contains": strings.Contains, "startsWith": strings.HasPrefix, "endsWith": strings.HasSuffix}[n.Operator]
		return value{truth: func(f *Fact) bool { return test(a(f), b(f)) }}
	case "matches":
		return c.matches(n)
	case "in":
		return c.in(n)
	}
	return c.arithmetic(n)
}

func (c *compiler) compare(n *ast.BinaryNode) value {
	a, b := c.value(n.Left), c.value(n.Right)
	holds := orders[n.Operator]
	switch {
	case a.number != nil && b.number != nil:
		return value{truth: func(f *Fact) bool {
			x, y := a.number(f), b.number(f)
			return x == x && y == y && holds(cmp.Compare(x, y))
		}}
	case a.text != nil && b.text != nil:
		return value{truth: func(f *Fact) bool { return holds(strings.Compare(a.text(f), b.text(f))) }}
	case a.moment != nil && b.moment != nil:
		return value{truth: func(f *Fact) bool { return holds(a.moment(f).Compare(b.moment(f))) }}
	case a.truth != nil && b.truth != nil && (n.Operator == "==" || n.Operator == "!="):
		return value{truth: func(f *Fact) bool { return (a.truth(f) == b.truth(f)) == (n.Operator == "==") }}
	}
	return c.refuse(n, "%s and %s cannot be compared by %s", a.kind(), b.kind(), n.Operator)
}

var orders = map[string]func(int) bool{
	"==": func(o int) bool { return o == 0 }, "!=": func(o int) bool { return o != 0 }, "<": func(o int) bool { return o < 0 },
	"<=": func(o int) bool { return o <= 0 }, ">": func(o int) bool { return o > 0 }, ">=": func(o int) bool { return o >= 0 },
}

// matches is a pattern of Go's regular expressions, whose time is linear in the text.
func (c *compiler) matches(n *ast.BinaryNode) value {
	a := c.text(n.Left)
	pattern, _ := n.Right.(*ast.StringNode)
	if pattern == nil {
		return c.refuse(n.Right, "matches needs a pattern in quotes")
	}
	re, err := regexp.Compile(pattern.Value)
	if err != nil {
		return c.refuse(n.Right, "this is no pattern: %v", err)
	}
	return value{truth: func(f *Fact) bool { return re.MatchString(a(f)) }}
}

func (c *compiler) in(n *ast.BinaryNode) value {
	list, _ := n.Right.(*ast.ArrayNode)
	if list == nil {
		return c.refuse(n.Right, "in needs a list in brackets")
	}
	a := c.value(n.Left)
	nobody := &Fact{}
	switch {
	case a.text != nil:
		var all []string
		for _, x := range list.Nodes {
			all = append(all, c.text(x)(nobody))
		}
		return value{truth: func(f *Fact) bool { return slices.Contains(all, a.text(f)) }}
	case a.number != nil:
		var all []float64
		for _, x := range list.Nodes {
			all = append(all, c.number(x)(nobody))
		}
		return value{truth: func(f *Fact) bool { return slices.Contains(all, a.number(f)) }}
	}
	return c.refuse(n.Left, "this is %s; only text and numbers are looked for in lists", a.kind())
}

func (c *compiler) arithmetic(n *ast.BinaryNode) value {
	if n.Operator == "+" {
		if a := c.value(n.Left); a.text != nil {
			return c.refuse(n, "texts cannot be joined in filters")
		}
	}
	a, b := c.number(n.Left), c.number(n.Right)
	switch n.Operator {
	case "+":
		return value{number: func(f *Fact) float64 { return a(f) + b(f) }}
	case "-":
		return value{number: func(f *Fact) float64 { return a(f) - b(f) }}
	case "*":
		return value{number: func(f *Fact) float64 { return a(f) * b(f) }}
	case "/":
		return value{number: func(f *Fact) float64 { return finite(a(f) / b(f)) }}
	case "%":
		return value{number: func(f *Fact) float64 { return math.Mod(a(f), b(f)) }}
	}
	return c.refuse(n, "the operator %s is not available in filters", n.Operator)
}

// finite is the number, or none where it is beyond all numbers.
func finite(x float64) float64 {
	if math.IsInf(x, 0) {
		return math.NaN()
	}
	return x
}

// call is within or date: the guard let nothing else through.
func (c *compiler) call(n *ast.CallNode) value {
	name, _ := n.Callee.(*ast.IdentifierNode)
	arg, _ := n.Arguments[0].(*ast.StringNode)
	switch {
	case name != nil && arg != nil && name.Value == "within":
		return value{truth: func(f *Fact) bool { return Within(f.Category, arg.Value) }}
	case name != nil && arg != nil && name.Value == "date":
		day, err := time.Parse(time.DateOnly, arg.Value)
		if err == nil {
			return value{moment: func(*Fact) time.Time { return day }}
		}
	}
	return c.refuse(n, "this is not available in filters")
}

// Within says whether a category path is the wanted one or below it.
func Within(path, wanted string) bool {
	rest, ok := strings.CutPrefix(path, wanted)
	return ok && (rest == "" || strings.HasPrefix(rest, " > ") || strings.HasPrefix(rest, ">"))
}

func (c *compiler) builtin(n *ast.BuiltinNode) value {
	if len(n.Arguments) != 1 {
		return c.refuse(n, "%s of several values is not available in filters", n.Name)
	}
	arg := n.Arguments[0]
	switch n.Name {
	case "lower", "upper", "trim":
		x := c.text(arg)
		change := map[string]func(string) string{"lower": strings.ToLower, "upper": strings.ToUpper, "trim": strings.TrimSpace}[n.Name]
		return value{text: func(f *Fact) string { return change(x(f)) }}
	case "len":
		x := c.text(arg)
		return value{number: func(f *Fact) float64 { return float64(len([]rune(x(f)))) }}
	case "abs", "round", "floor", "ceil":
		x := c.number(arg)
		change := map[string]func(float64) float64{"abs": math.Abs, "round": math.Round, "floor": math.Floor, "ceil": math.Ceil}[n.Name]
		return value{number: func(f *Fact) float64 { return change(x(f)) }}
	}
	return c.refuse(n, "%s is not available in filters", n.Name)
}
