package liquid

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

var errLong = fmt.Errorf("a text has more than %d KB", MaxText>>10)

func (l literal) eval(*run) (any, error) { return l.value, nil }

func (p *path) eval(r *run) (any, error) {
	v, ok := r.locals[p.name]
	if !ok {
		v = r.vars[p.name]
	}
	for _, s := range p.steps {
		name := s.name
		if s.index != nil {
			i, err := s.index.eval(r)
			if err != nil {
				return nil, err
			}
			if n, ok := number(i); ok {
				v = element(v, n.whole())
				continue
			}
			name, _ = i.(string)
		}
		v = member(v, name)
	}
	return v, nil
}

func element(v any, i int64) any {
	items, _ := v.([]any)
	if i < 0 {
		i += int64(len(items))
	}
	if i < 0 || i >= int64(len(items)) {
		return nil
	}
	return items[i]
}

func member(v any, name string) any {
	switch v := v.(type) {
	case map[string]any:
		return v[name]
	case []any:
		switch name {
		case "size":
			return int64(len(v))
		case "first":
			return element(v, 0)
		case "last":
			return element(v, -1)
		}
	case string:
		if name == "size" {
			return int64(len([]rune(v)))
		}
	case Money:
		switch name {
		case "amount":
			return v.major()
		case "currency":
			return v.Currency
		}
	}
	return nil
}

func (b between) eval(r *run) (any, error) {
	from, err := b.from.eval(r)
	if err != nil {
		return nil, err
	}
	to, err := b.to.eval(r)
	if err != nil {
		return nil, err
	}
	n, err := count(from, to)
	if err != nil {
		return nil, err
	}
	if err := r.spend(n / 4); err != nil {
		return nil, err
	}
	first, _ := number(from)
	items := make([]any, n)
	for i := range items {
		items[i] = first.whole() + int64(i)
	}
	return items, nil
}

// count is how many numbers a range has.
func count(from, to any) (int, error) {
	a, okA := number(from)
	b, okB := number(to)
	if !okA || !okB {
		return 0, errors.New("a range goes from a number to a number")
	}
	n := b.float() - a.float() + 1
	if n > MaxRange {
		return 0, fmt.Errorf("a range has at most %d numbers", MaxRange)
	}
	return int(max(n, 0)), nil
}

func (f *filtered) eval(r *run) (any, error) {
	in, err := f.in.eval(r)
	if err != nil {
		return nil, err
	}
	var room [4]any
	args := room[:0]
	for _, a := range f.args {
		v, err := a.eval(r)
		if err != nil {
			return nil, err
		}
		args = append(args, v)
	}
	if err := r.step(); err != nil {
		return nil, err
	}
	out, err := f.filter.apply(r, in, args)
	if err != nil {
		r.at = f.at
	}
	return out, err
}

func (j joined) eval(r *run) (any, error) {
	a, err := j.a.eval(r)
	if err != nil || truth(a) != j.and {
		return truth(a), err
	}
	b, err := j.b.eval(r)
	return truth(b), err
}

func (c compared) eval(r *run) (any, error) {
	a, err := c.a.eval(r)
	if err != nil {
		return nil, err
	}
	b, err := c.b.eval(r)
	if err != nil {
		return nil, err
	}
	if err := r.spend(weight(a) + weight(b)); err != nil {
		return nil, err
	}
	switch c.op {
	case "==":
		return equal(a, b), nil
	case "!=":
		return !equal(a, b), nil
	case "contains":
		return contains(r, a, b), nil
	}
	order, ok := compare(a, b)
	if !ok {
		return false, nil
	}
	switch c.op {
	case "<":
		return order < 0, nil
	case "<=":
		return order <= 0, nil
	case ">":
		return order > 0, nil
	}
	return order >= 0, nil
}

// weight is how many steps it takes to look through a value.
func weight(v any) int {
	switch v := v.(type) {
	case string:
		return len(v) / 1000
	case Markup:
		return len(v) / 1000
	case []any:
		return len(v)
	}
	return 0
}

// truth is Liquid's: everything but nil and false.
func truth(v any) bool { return v != nil && v != false }

func isBlank(v any) bool {
	switch v := v.(type) {
	case nil, blank:
		return true
	case bool:
		return !v
	case string:
		return strings.TrimSpace(v) == ""
	case Markup:
		return strings.TrimSpace(string(v)) == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

func equal(a, b any) bool {
	if _, ok := a.(blank); ok {
		return isBlank(b)
	}
	if _, ok := b.(blank); ok {
		return isBlank(a)
	}
	order, ok := compare(a, b)
	if ok {
		return order == 0
	}
	switch a.(type) {
	case nil, bool:
		return a == b
	}
	return false
}

// compare orders two numbers, texts, times or prices of one currency.
func compare(a, b any) (int, bool) {
	switch x := a.(type) {
	case int64, float64:
		switch b.(type) {
		case int64, float64:
			m, _ := number(a)
			n, _ := number(b)
			return cmpFloat(m.float(), n.float()), true
		}
	case string:
		if y, ok := plain(b); ok {
			return strings.Compare(x, y), true
		}
	case Markup:
		if y, ok := plain(b); ok {
			return strings.Compare(string(x), y), true
		}
	case time.Time:
		if y, ok := b.(time.Time); ok {
			return x.Compare(y), true
		}
	case Money:
		switch y := b.(type) {
		case Money:
			return cmpFloat(float64(x.Amount), float64(y.Amount)), x.Currency == y.Currency
		case int64, float64:
			n, _ := number(y)
			return cmpFloat(x.major(), n.float()), true
		}
	}
	return 0, false
}

func cmpFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func plain(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case Markup:
		return string(v), true
	}
	return "", false
}

func contains(r *run, in, what any) bool {
	switch in := in.(type) {
	case string:
		s, _ := r.text(what)
		return what != nil && strings.Contains(in, s)
	case []any:
		for _, v := range in {
			if equal(v, what) {
				return true
			}
		}
	}
	return false
}

// major is the amount in whole units of the currency.
func (m Money) major() float64 {
	return float64(m.Amount) / math.Pow10(exponent(m.Currency))
}

// text is a value as it is written, and whether it is HTML already.
func (r *run) text(v any) (s string, markup bool) {
	switch v := v.(type) {
	case nil, blank:
		return "", false
	case string:
		return v, false
	case Markup:
		return string(v), true
	case bool:
		return strconv.FormatBool(v), false
	case int64:
		return strconv.FormatInt(v, 10), false
	case float64:
		return formatFloat(v), false
	case time.Time:
		return r.local.Date(v, ""), false
	case Money:
		return r.local.Money(v.Amount, v.Currency), false
	case []any:
		var b strings.Builder
		for _, e := range v {
			if s, _ := r.text(e); b.Len()+len(s) <= 2*MaxText {
				b.WriteString(s)
			}
		}
		return b.String(), false
	}
	return "", false
}

func formatFloat(f float64) string {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if len(s) > 40 {
		s = strconv.FormatFloat(f, 'g', -1, 64)
	}
	if !strings.ContainsAny(s, ".eIN") {
		s += ".0"
	}
	return s
}
