package liquid

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// expr is a compiled expression; typ is what is known of its value before.
type expr interface {
	eval(r *run) (any, error)
	typ() *Type
}

type literal struct {
	value any
	t     *Type
}

// path is a variable and the way into it.
type path struct {
	at    int
	name  string
	steps []step
	t     *Type
}

// step is .name or [index].
type step struct {
	name  string
	index expr
}

type between struct {
	at       int
	from, to expr
}

type filtered struct {
	at     int
	in     expr
	filter *filter
	args   []expr
	t      *Type
}

type compared struct {
	op   string
	a, b expr
}

type joined struct {
	and  bool
	a, b expr
}

func (l literal) typ() *Type   { return l.t }
func (p *path) typ() *Type     { return p.t }
func (between) typ() *Type     { return &Type{Kind: List, Elem: numberType} }
func (f *filtered) typ() *Type { return f.t }
func (compared) typ() *Type    { return boolType }
func (joined) typ() *Type      { return boolType }

// lexer reads the expression in source[at:end].
type lexer struct {
	at, end int
	depth   int
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
func isLetter(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func (p *parser) space() {
	for p.lex.at < p.lex.end && isSpace(p.source[p.lex.at]) {
		p.lex.at++
	}
}

// peek is the next character that is no space, 0 at the end.
func (p *parser) peek() byte {
	if p.space(); p.lex.at < p.lex.end {
		return p.source[p.lex.at]
	}
	return 0
}

// take goes past a sign when it is next.
func (p *parser) take(sign string) bool {
	p.space()
	if strings.HasPrefix(p.source[p.lex.at:p.lex.end], sign) {
		p.lex.at += len(sign)
		return true
	}
	return false
}

// word is the name that is next; empty when there is none.
func (p *parser) word() (string, int) {
	p.space()
	from, at := p.lex.at, p.lex.at
	for at < p.lex.end && (isLetter(p.source[at]) || at > from && (isDigit(p.source[at]) || p.source[at] == '-' && at+1 < p.lex.end && isLetter(p.source[at+1]))) {
		at++
	}
	if at > from && at < p.lex.end && p.source[at] == '?' {
		at++
	}
	p.lex.at = at
	return p.source[from:at], from
}

// takeWord goes past a word when it is next.
func (p *parser) takeWord(want string) bool {
	before := p.lex.at
	if got, _ := p.word(); got == want {
		return true
	}
	p.lex.at = before
	return false
}

func (p *parser) fail(at int, format string, args ...any) error {
	return place(p.source, at, format, args...)
}

// finish is an error when something is left of the expression.
func (p *parser) finish() error {
	if p.peek() == 0 {
		return nil
	}
	rest := strings.TrimSpace(p.source[p.lex.at:p.lex.end])
	if len(rest) > 20 {
		rest = strings.ToValidUTF8(rest[:20], "") + "…"
	}
	return p.fail(p.lex.at, "%q is not expected here", rest)
}

// condition reads comparisons joined by and, or. As in Liquid everywhere, they are grouped from the right.
func (p *parser) condition() (expr, error) {
	if p.lex.depth++; p.lex.depth > MaxDepth {
		return nil, p.fail(p.lex.at, "this is nested more than %d deep", MaxDepth)
	}
	defer func() { p.lex.depth-- }()
	a, err := p.comparison()
	if err != nil {
		return nil, err
	}
	and := p.takeWord("and")
	if !and && !p.takeWord("or") {
		return a, nil
	}
	b, err := p.condition()
	return joined{and, a, b}, err
}

var operators = []string{"==", "!=", "<>", "<=", ">=", "<", ">"}

func (p *parser) comparison() (expr, error) {
	a, err := p.value()
	if err != nil {
		return nil, err
	}
	op := ""
	for _, o := range operators {
		if p.take(o) {
			op = o
			break
		}
	}
	if op == "" && p.takeWord("contains") {
		op = "contains"
	}
	if op == "" {
		return a, nil
	}
	if op == "<>" {
		op = "!="
	}
	b, err := p.value()
	return compared{op, a, b}, err
}

// pipe reads a value and the filters it goes through.
func (p *parser) pipe() (expr, error) {
	e, err := p.value()
	for err == nil && p.take("|") {
		e, err = p.filter(e)
	}
	return e, err
}

func (p *parser) filter(in expr) (expr, error) {
	if p.filters++; p.filters > MaxSteps/10 {
		return nil, p.fail(p.lex.at, "too many filters")
	}
	name, at := p.word()
	if name == "" {
		return nil, p.fail(p.lex.at, "the name of a filter is missing after |")
	}
	f, ok := filters[name]
	if !ok {
		return nil, p.fail(at, "there is no filter %q%s; there are %s", name, likely(name, filterNames), strings.Join(filterNames, ", "))
	}
	e := &filtered{at: at, in: in, filter: f}
	if p.take(":") {
		for {
			arg, err := p.value()
			if err != nil {
				return nil, err
			}
			if e.args = append(e.args, arg); !p.take(",") {
				break
			}
		}
	}
	if len(e.args) < f.min || len(e.args) > f.max {
		return nil, p.fail(at, "the filter %s takes %s", name, arguments(f.min, f.max))
	}
	e.t = f.result(in.typ(), e.args)
	return e, nil
}

func arguments(least, most int) string {
	switch {
	case most == 0:
		return "nothing after it"
	case least == most && most == 1:
		return "one value after a colon"
	case least == most:
		return strconv.Itoa(most) + " values after a colon"
	}
	return strconv.Itoa(least) + " to " + strconv.Itoa(most) + " values after a colon"
}

// value reads a literal, a range, a bracketed condition or a variable.
func (p *parser) value() (expr, error) {
	c := p.peek()
	switch {
	case c == 0:
		return nil, p.fail(p.lex.at, "a value is missing")
	case c == '"' || c == '\'':
		return p.quoted(c)
	case isDigit(c) || c == '-':
		return p.number()
	case c == '(':
		return p.bracketed()
	case isLetter(c):
		return p.variable()
	}
	return nil, p.fail(p.lex.at, "%q is not expected here", string([]rune(p.source[p.lex.at:p.lex.end])[0]))
}

func (p *parser) quoted(quote byte) (expr, error) {
	from := p.lex.at + 1
	n := strings.IndexByte(p.source[from:p.lex.end], quote)
	if n < 0 {
		return nil, p.fail(p.lex.at, "the text that begins here has no closing quote")
	}
	p.lex.at = from + n + 1
	return literal{p.source[from : from+n], textType}, nil
}

func (p *parser) number() (expr, error) {
	from, at, point := p.lex.at, p.lex.at+1, false
	for at < p.lex.end && (isDigit(p.source[at]) || p.source[at] == '.' && !point && at+1 < p.lex.end && isDigit(p.source[at+1])) {
		point = point || p.source[at] == '.'
		at++
	}
	text := p.source[from:at]
	p.lex.at = at
	if !point {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return literal{n, numberType}, nil
		}
		return nil, p.fail(from, "%q is not a number that can be counted with", text)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, p.fail(from, "%q is not a number", text)
	}
	return literal{f, numberType}, nil
}

func (p *parser) bracketed() (expr, error) {
	at := p.lex.at
	p.take("(")
	a, err := p.condition()
	if err != nil {
		return nil, err
	}
	if p.take(")") {
		return a, nil
	}
	if !p.take("..") {
		return nil, p.fail(at, "the bracket that opens here is not closed")
	}
	b, err := p.value()
	if err != nil {
		return nil, err
	}
	if !p.take(")") {
		return nil, p.fail(at, "the bracket that opens here is not closed")
	}
	from, okA := a.(literal)
	to, okB := b.(literal)
	if okA && okB {
		if _, err := count(from.value, to.value); err != nil {
			return nil, p.fail(at, "%s", err)
		}
	}
	return between{at, a, b}, nil
}

var constants = map[string]literal{
	"true": {true, boolType}, "false": {false, boolType}, "nil": {nil, anyType}, "null": {nil, anyType}, "blank": {blank{}, anyType}, "empty": {blank{}, anyType},
}

// blank is what every empty value equals.
type blank struct{}

// variable reads a name and the way into it, and holds both to what there is.
func (p *parser) variable() (expr, error) {
	name, at := p.word()
	if c, ok := constants[name]; ok {
		return c, nil
	}
	t, ok := p.scope[name]
	if !ok {
		return nil, p.fail(at, "there is no %q%s; there are %s", name, likely(name, names(p.scope)), strings.Join(names(p.scope), ", "))
	}
	v := &path{at: at, name: name, t: t}
	full := name
	p.used[full] = true
	for {
		switch {
		case p.lex.at < p.lex.end && p.source[p.lex.at] == '.' && !strings.HasPrefix(p.source[p.lex.at:p.lex.end], ".."):
			p.lex.at++
			member, from := p.word()
			if member == "" {
				return nil, p.fail(p.lex.at, "a name is missing after the point")
			}
			next, err := p.member(v.t, full, member, from)
			if err != nil {
				return nil, err
			}
			full += "." + member
			p.used[full] = true
			v.t, v.steps = next, append(v.steps, step{name: member})
		case p.lex.at < p.lex.end && p.source[p.lex.at] == '[':
			if err := p.index(v, full); err != nil {
				return nil, err
			}
		default:
			return v, nil
		}
		if len(v.steps) > MaxDepth {
			return nil, p.fail(at, "this goes more than %d deep", MaxDepth)
		}
	}
}

// index reads [0] or ["name"].
func (p *parser) index(v *path, full string) error {
	at := p.lex.at
	p.lex.at++
	if p.lex.depth++; p.lex.depth > MaxDepth {
		return p.fail(at, "this is nested more than %d deep", MaxDepth)
	}
	i, err := p.value()
	p.lex.depth--
	if err != nil {
		return err
	}
	if !p.take("]") {
		return p.fail(at, "the bracket that opens here is not closed")
	}
	next := anyType
	if text, ok := i.(literal); ok && v.t.Kind == Object {
		name, _ := text.value.(string)
		if next, err = p.member(v.t, full, name, at); err != nil {
			return err
		}
	} else if v.t.Kind == List && v.t.Elem != nil {
		next = v.t.Elem
	}
	v.t, v.steps = next, append(v.steps, step{index: i})
	return nil
}

// member is the type of what a name leads to.
func (p *parser) member(t *Type, full, name string, at int) (*Type, error) {
	switch t.Kind {
	case Any:
		return anyType, nil
	case Object:
		if next, ok := t.Fields[name]; ok {
			return next, nil
		}
		return nil, p.fail(at, "%s has no %q%s; it has %s", full, name, likely(name, names(t.Fields)), strings.Join(names(t.Fields), ", "))
	case List:
		switch {
		case name == "size":
			return numberType, nil
		case name == "first" || name == "last":
			return cmp.Or(t.Elem, anyType), nil
		}
		return nil, p.fail(at, "%s is a list: it has first, last and size; for one after the other, write {%% for x in %s %%}", full, full)
	case Text:
		if name == "size" {
			return numberType, nil
		}
	case Price:
		switch name {
		case "amount":
			return numberType, nil
		case "currency":
			return textType, nil
		}
	}
	return nil, p.fail(at, "%s is a %s: it has no %q", full, t.Kind, name)
}

func names[V any](m map[string]V) []string {
	all := make([]string, 0, len(m))
	for name := range m {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// likely is ", did you mean x?" when one of the names is nearly it.
func likely(name string, among []string) string {
	best, least := "", 3
	for _, other := range among {
		if d := distance(name, other); d < least {
			best, least = other, d
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}

// distance is how many letters must be changed, added or taken away; 9 for texts that are nothing alike.
func distance(a, b string) int {
	if len(a) > 30 || len(b) > 30 || len(a)-len(b) > 3 || len(b)-len(a) > 3 {
		return 9
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
