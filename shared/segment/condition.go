package segment

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
)

// Condition is a compiled condition. It is safe for concurrent use.
type Condition struct {
	text    string
	program *vm.Program
	person  bool // whether it needs the people table
	root    ast.Node

	once    sync.Once
	clauses []clause
}

// String is the condition as it was stated.
func (c *Condition) String() string { return c.text }

// machines are reused: one evaluation needs one, and a new one allocates.
var machines = sync.Pool{New: func() any { return &vm.VM{MemoryBudget: memoryBudget} }}

func (c *Condition) run(p *vm.Program, who *Customer) (any, error) {
	m, _ := machines.Get().(*vm.VM)
	defer machines.Put(m)
	return m.Run(p, who)
}

// Match says whether the condition holds. What cannot be reckoned (a remainder of zero) does not hold.
func (c *Condition) Match(who *Customer) bool {
	out, err := c.run(c.program, who)
	holds, _ := out.(bool)
	return err == nil && holds
}

// Reason is one clause of a condition, whether it holds, and the values that decided.
type Reason struct {
	Clause string  `json:"clause"`
	Holds  bool    `json:"holds"`
	Values []Value `json:"values,omitempty"`
}

// Value is an attribute of a customer, as text.
type Value struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// clause is a part of a condition between its ands and ors.
type clause struct {
	text    string
	program *vm.Program
	values  []part
}

type part struct {
	name    string
	program *vm.Program
}

// Why explains a customer's membership: the clauses between the ands and ors in their order.
func (c *Condition) Why(who *Customer) []Reason {
	c.once.Do(func() { c.split(c.root) })
	list := make([]Reason, 0, len(c.clauses))
	for _, x := range c.clauses {
		out, err := c.run(x.program, who)
		holds, _ := out.(bool)
		r := Reason{Clause: x.text, Holds: err == nil && holds}
		for _, v := range x.values {
			if out, err := c.run(v.program, who); err == nil {
				r.Values = append(r.Values, Value{v.name, show(v.name, out)})
			}
		}
		list = append(list, r)
	}
	return list
}

// split gathers the clauses. They compile: they are parts of what did.
func (c *Condition) split(n ast.Node) {
	if b, ok := n.(*ast.BinaryNode); ok {
		switch b.Operator {
		case "&&", "and", "||", "or":
			c.split(b.Left)
			c.split(b.Right)
			return
		}
	}
	x := clause{text: n.String()}
	var err error
	if x.program, err = expr.Compile(x.text, options...); err != nil {
		return
	}
	var names names
	names.find(n)
	for _, name := range names {
		if program, err := expr.Compile(name, options...); err == nil {
			x.values = append(x.values, part{name, program})
		}
	}
	c.clauses = append(c.clauses, x)
}

// names are the attributes and calls below a node, each once.
type names []string

func (l *names) add(name string) {
	for _, known := range *l {
		if known == name {
			return
		}
	}
	*l = append(*l, name)
}

func (l *names) find(n ast.Node) {
	switch n := n.(type) {
	case *ast.IdentifierNode, *ast.MemberNode:
		l.add(n.String())
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok && callee.Value != "date" {
			l.add(n.String())
		}
	case *ast.UnaryNode:
		l.find(n.Node)
	case *ast.BinaryNode:
		l.find(n.Left)
		l.find(n.Right)
	case *ast.ConditionalNode:
		l.find(n.Cond)
		l.find(n.Exp1)
		l.find(n.Exp2)
	case *ast.BuiltinNode:
		for _, x := range n.Arguments {
			l.find(x)
		}
	}
}

// show is a value as a marketer reads it.
func show(name string, v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int:
		if v == Never && strings.HasPrefix(name, "days_since_") {
			return "never"
		}
		return strconv.Itoa(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		if v.IsZero() {
			return "never"
		}
		return v.Format(time.DateOnly)
	}
	return ""
}
