package liquid

import (
	"cmp"
	"errors"
	"html"
	"math"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

var errZero = errors.New("a number cannot be divided by zero")

// filter is a row of the table of filters.
type filter struct {
	doc      string
	min, max int // values after the colon
	result   func(in *Type, args []expr) *Type
	apply    func(r *run, in any, args []any) (any, error)
}

// Filter describes a filter for an editor.
type Filter struct{ Name, Doc string }

// Filters are all filters by name.
func Filters() []Filter {
	all := make([]Filter, len(filterNames))
	for i, name := range filterNames {
		all[i] = Filter{name, filters[name].doc}
	}
	return all
}

func gives(t *Type) func(*Type, []expr) *Type { return func(*Type, []expr) *Type { return t } }
func same(in *Type, _ []expr) *Type           { return in }
func element1(in *Type, _ []expr) *Type {
	if in.Kind == List && in.Elem != nil {
		return in.Elem
	}
	return anyType
}
func either(in *Type, args []expr) *Type {
	if t := args[0].typ(); t.Kind != in.Kind {
		return anyType
	}
	return in
}

var textList = &Type{Kind: List, Elem: textType}

// onText is a filter of a text alone.
func onText(doc string, do func(string) string) *filter {
	return &filter{doc, 0, 0, gives(textType), func(r *run, in any, _ []any) (any, error) {
		s, err := r.short(in)
		return do(s), err
	}}
}

// onTexts is a filter of a text and others.
func onTexts(doc string, least, most int, do func(s string, args []string) (string, error)) *filter {
	return &filter{doc, least, most, gives(textType), func(r *run, in any, args []any) (any, error) {
		s, err := r.short(in)
		if err != nil {
			return nil, err
		}
		others := make([]string, len(args))
		for i, a := range args {
			if others[i], err = r.short(a); err != nil {
				return nil, err
			}
		}
		return do(s, others)
	}}
}

// onNumber is a filter of numbers; what is no number counts as 0, as in Liquid everywhere.
func onNumber(doc string, least, most int, do func(a numeric, rest []numeric) (any, error)) *filter {
	return &filter{doc, least, most, gives(numberType), func(_ *run, in any, args []any) (any, error) {
		a, _ := number(in)
		rest := make([]numeric, len(args))
		for i, v := range args {
			rest[i], _ = number(v)
		}
		return do(a, rest)
	}}
}

func onList(doc string, least, most int, result func(*Type, []expr) *Type, do func(r *run, items []any, args []any) (any, error)) *filter {
	return &filter{doc, least, most, result, func(r *run, in any, args []any) (any, error) {
		items, ok := in.([]any)
		if !ok && in != nil {
			items = []any{in}
		}
		if err := r.spend(len(items)); err != nil {
			return nil, err
		}
		return do(r, items, args)
	}}
}

// short is a value as text that is not too long to work with.
func (r *run) short(v any) (string, error) {
	s, _ := r.text(v)
	if len(s) > MaxText {
		return "", errLong
	}
	return s, r.spend(len(s) / lettersAStep)
}

func arithmetic(op byte) func(numeric, []numeric) (any, error) {
	return func(a numeric, rest []numeric) (any, error) { return calculate(op, a, rest[0]) }
}

func rounded(do func(float64) float64) func(numeric, []numeric) (any, error) {
	return func(a numeric, rest []numeric) (any, error) {
		if !a.broken {
			return a.n, nil
		}
		digits := int64(0)
		if len(rest) > 0 {
			digits = max(0, min(9, rest[0].whole()))
		}
		scale := math.Pow10(int(digits))
		f := do(a.f*scale) / scale
		if digits == 0 {
			return numeric{f: f, broken: true}.whole(), nil
		}
		return f, nil
	}
}

var filterNames = names(filters)

var filters = map[string]*filter{
	"append":         onTexts("adds a text behind", 1, 1, func(s string, a []string) (string, error) { return fits(s + a[0]) }),
	"prepend":        onTexts("adds a text before", 1, 1, func(s string, a []string) (string, error) { return fits(a[0] + s) }),
	"capitalize":     onText("makes the first letter a capital", capitalize),
	"downcase":       onText("small letters", strings.ToLower),
	"upcase":         onText("capital letters", strings.ToUpper),
	"strip":          onText("takes away space around", strings.TrimSpace),
	"lstrip":         onText("takes away space before", func(s string) string { return strings.TrimLeftFunc(s, unicode.IsSpace) }),
	"rstrip":         onText("takes away space behind", func(s string) string { return strings.TrimRightFunc(s, unicode.IsSpace) }),
	"strip_html":     onText("takes away tags", stripTags),
	"strip_newlines": onText("takes away line ends", func(s string) string { return strings.NewReplacer("\r\n", "", "\n", "", "\r", "").Replace(s) }),
	"url_encode":     onText("makes it fit for the query of an address", url.QueryEscape),
	"remove":         onTexts("takes a text out, everywhere", 1, 1, func(s string, a []string) (string, error) { return replace(s, a[0], "", -1) }),
	"remove_first":   onTexts("takes a text out, once", 1, 1, func(s string, a []string) (string, error) { return replace(s, a[0], "", 1) }),
	"replace":        onTexts("puts one text in place of another, everywhere", 2, 2, func(s string, a []string) (string, error) { return replace(s, a[0], a[1], -1) }),
	"replace_first":  onTexts("puts one text in place of another, once", 2, 2, func(s string, a []string) (string, error) { return replace(s, a[0], a[1], 1) }),
	"truncate":       {"cuts to a number of letters, … included", 0, 2, gives(textType), truncate},
	"truncatewords":  {"cuts to a number of words", 0, 2, gives(textType), truncateWords},
	"slice":          {"a part: from where, and how many", 1, 2, same, slice},

	"plus":       onNumber("adds", 1, 1, arithmetic('+')),
	"minus":      onNumber("subtracts", 1, 1, arithmetic('-')),
	"times":      onNumber("multiplies", 1, 1, arithmetic('*')),
	"divided_by": onNumber("divides; whole numbers give a whole number", 1, 1, arithmetic('/')),
	"modulo":     onNumber("what is left of a division", 1, 1, arithmetic('%')),
	"round":      onNumber("rounds, to so many digits", 0, 1, rounded(math.Round)),
	"ceil":       onNumber("rounds up", 0, 0, rounded(math.Ceil)),
	"floor":      onNumber("rounds down", 0, 0, rounded(math.Floor)),
	"abs":        onNumber("without its sign", 0, 0, func(a numeric, _ []numeric) (any, error) { return absolute(a), nil }),
	"at_least":   onNumber("not less than", 1, 1, func(a numeric, b []numeric) (any, error) { return larger(a, b[0]), nil }),
	"at_most":    onNumber("not more than", 1, 1, func(a numeric, b []numeric) (any, error) { return smaller(a, b[0]), nil }),

	"first":   onList("the first of a list", 0, 0, element1, func(_ *run, items, _ []any) (any, error) { return element(items, 0), nil }),
	"last":    onList("the last of a list", 0, 0, element1, func(_ *run, items, _ []any) (any, error) { return element(items, -1), nil }),
	"reverse": onList("a list from its end", 0, 0, same, func(_ *run, items, _ []any) (any, error) { return reversed(items), nil }),
	"compact": onList("a list without what is missing", 0, 0, same, func(_ *run, items, _ []any) (any, error) {
		return slices.DeleteFunc(slices.Clone(items), func(v any) bool { return v == nil }), nil
	}),
	"concat": onList("two lists as one", 1, 1, either, concat),
	"join":   onList("the texts of a list with a text between", 0, 1, gives(textType), join),
	"sort":   onList("a list in order, by itself or by a member", 0, 1, same, sorted),
	"uniq":   onList("a list without repetitions", 0, 0, same, unique),
	"map":    onList("one member of each", 1, 1, mapped, func(_ *run, items, args []any) (any, error) { return each(items, args[0]), nil }),
	"where":  onList("those whose member is so, or is there", 1, 2, same, where),
	"split":  {"a text as a list, cut at a text", 1, 1, gives(textList), split},
	"size":   {"how many letters, or members", 0, 0, gives(numberType), func(_ *run, in any, _ []any) (any, error) { return cmp.Or(member(in, "size"), any(int64(0))), nil }},

	"default": {"a value for when it is missing or empty", 1, 1, either, func(_ *run, in any, args []any) (any, error) {
		if isBlank(in) {
			return args[0], nil
		}
		return in, nil
	}},
	"date":  {"a time as text: short, medium, long, or as strftime has it", 0, 1, gives(textType), date},
	"money": {"an amount as the reader's language writes it; after a plain number goes the currency", 0, 1, gives(textType), money},
	"escape": {"text as HTML, for the text part; in HTML every value is escaped anyway", 0, 0, gives(textType), func(r *run, in any, _ []any) (any, error) {
		s, markup := r.text(in)
		if len(s) > MaxText {
			return nil, errLong
		}
		if markup {
			return in, nil
		}
		return Markup(html.EscapeString(s)), nil
	}},
	"newline_to_br": {"line ends as <br>", 0, 0, gives(textType), func(r *run, in any, _ []any) (any, error) {
		s, err := r.short(in)
		if !r.html {
			return s, err
		}
		return Markup(strings.ReplaceAll(html.EscapeString(s), "\n", "<br>\n")), err
	}},
	"url":   onText("an address that is safe to lead to; # for any other", SafeAddress),
	"image": {"an address as a picture: text for who cannot see it, width", 1, 2, gives(textType), image},
	"link":  {"an address as a link with that text", 1, 1, gives(textType), link},
}

func absolute(a numeric) any {
	if a.broken {
		return math.Abs(a.f)
	}
	return max(a.n, -a.n)
}

func larger(a, b numeric) any {
	if a.float() < b.float() {
		return b.value()
	}
	return a.value()
}

func smaller(a, b numeric) any {
	if a.float() > b.float() {
		return b.value()
	}
	return a.value()
}
