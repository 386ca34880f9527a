package recommend

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/filter"
)

// Filter is what a caller demands of every item: all conditions hold. The zero Filter lets everything pass.
type Filter struct {
	Category   string // path prefix: "Kitchen" lets "Kitchen > Tea" pass
	Brand      string
	MinPrice   int64 // minor units
	MaxPrice   int64 // minor units; 0 is no bound
	Expression *filter.Expression
}

// Any says whether the filter demands anything.
func (f Filter) Any() bool { return f != Filter{} }

// ParseFilter reads an expression over items, see package filter, or the short form "category=Kitchen;brand=Acme;price>=500;price<=2000": conditions joined by semicolons, prices in minor units.
func ParseFilter(s string) (Filter, error) {
	if s == "" {
		return Filter{}, nil
	}
	f, err := parseShort(s)
	if err == nil || short(s) {
		return f, err
	}
	e, err := expressions.compile(s)
	return Filter{Expression: e}, err
}

// short says whether somebody meant the short form: no expression needs a semicolon, or has a single equals sign behind a name.
func short(s string) bool {
	if strings.Contains(s, ";") {
		return true
	}
	at := strings.IndexByte(s, '=')
	if at < 0 || strings.HasPrefix(s[at:], "==") {
		return false
	}
	name := s[:at]
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz") == "" || (name == "price<" || name == "price>") && !strings.Contains(s, " ")
}

func parseShort(s string) (Filter, error) {
	var f Filter
	for cond := range strings.SplitSeq(s, ";") {
		if err := f.add(strings.TrimSpace(cond)); err != nil {
			return Filter{}, err
		}
	}
	return f, nil
}

// compiled keeps expressions that were asked for: a shop's pages ask for the same few over and over.
type compiled struct {
	mu   sync.Mutex
	held map[string]*filter.Expression
}

// maxCompiled bounds them; when there are more, it begins anew.
const maxCompiled = 500

var expressions = &compiled{held: map[string]*filter.Expression{}}

func (c *compiled) compile(text string) (*filter.Expression, error) {
	c.mu.Lock()
	e := c.held[text]
	c.mu.Unlock()
	if e != nil {
		return e, nil
	}
	e, err := filter.Compile("filter", text)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.held) >= maxCompiled {
		clear(c.held)
	}
	c.held[strings.Clone(text)] = e
	return e, nil
}

func (f *Filter) add(cond string) error {
	for _, bound := range []struct {
		op string
		to *int64
	}{{"price>=", &f.MinPrice}, {"price<=", &f.MaxPrice}} {
		if v, ok := strings.CutPrefix(cond, bound.op); ok {
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil || n < 0 {
				return fault.InvalidField("filter", fmt.Sprintf("%q: a price is a whole number of minor units", cond))
			}
			*bound.to = n
			return nil
		}
	}
	name, value, ok := strings.Cut(cond, "=")
	switch {
	case ok && value != "" && value[0] != '=' && name == "category":
		f.Category = value
	case ok && value != "" && value[0] != '=' && name == "brand":
		f.Brand = value
	default:
		return fault.InvalidField("filter", fmt.Sprintf("%q is none of category=, brand=, price>=, price<=, joined by semicolons", cond))
	}
	return nil
}

// InCategory says whether a category path is the wanted one or below it.
func InCategory(path, wanted string) bool {
	rest, ok := strings.CutPrefix(path, wanted)
	return ok && (rest == "" || strings.HasPrefix(rest, " > ") || strings.HasPrefix(rest, ">"))
}

// ParseShare reads a number from 0 to 1; an empty text is none. Anything else is Invalid and names the field.
func ParseShare(field, s string) (Share, error) {
	if s == "" {
		return Share{}, nil
	}
	x, err := strconv.ParseFloat(s, 32)
	if err != nil || !(x >= 0 && x <= 1) {
		return Share{}, fault.InvalidField(field, "a number from 0 to 1")
	}
	return Share{true, float32(x)}, nil
}
