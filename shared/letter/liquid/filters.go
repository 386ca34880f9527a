package liquid

import (
	"cmp"
	"errors"
	"html"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
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

func fits(s string) (string, error) {
	if len(s) > MaxText {
		return "", errLong
	}
	return s, nil
}

func capitalize(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[n:]
}

// replace is refused before it grows too large.
func replace(s, old, by string, n int) (string, error) {
	if old == "" {
		return s, nil
	}
	found := strings.Count(s, old)
	if n >= 0 {
		found = min(found, n)
	}
	if len(s)+found*len(by) > MaxText {
		return "", errLong
	}
	return strings.Replace(s, old, by, n), nil
}

// stripTags takes out what stands between < and >.
func stripTags(s string) string {
	var b strings.Builder
	for {
		before, rest, open := strings.Cut(s, "<")
		b.WriteString(before)
		if !open {
			return b.String()
		}
		if _, s, open = strings.Cut(rest, ">"); !open {
			return b.String()
		}
	}
}

// argument is a number after the colon, or the usual one.
func argument(args []any, i int, usual int64) int64 {
	if i >= len(args) {
		return usual
	}
	if n, ok := number(args[i]); ok {
		return n.whole()
	}
	return usual
}

func ellipsis(r *run, args []any) (string, error) {
	if len(args) < 2 {
		return "...", nil
	}
	return r.short(args[1])
}

func truncate(r *run, in any, args []any) (any, error) {
	s, err := r.short(in)
	if err != nil {
		return nil, err
	}
	end, err := ellipsis(r, args)
	if err != nil {
		return nil, err
	}
	letters, limit := []rune(s), argument(args, 0, 50)
	if int64(len(letters)) <= limit {
		return s, nil
	}
	keep := max(0, limit-int64(utf8.RuneCountInString(end)))
	return fits(string(letters[:keep]) + end)
}

func truncateWords(r *run, in any, args []any) (any, error) {
	s, err := r.short(in)
	if err != nil {
		return nil, err
	}
	end, err := ellipsis(r, args)
	if err != nil {
		return nil, err
	}
	words, limit := strings.Fields(s), max(1, argument(args, 0, 15))
	if int64(len(words)) <= limit {
		return s, nil
	}
	return fits(strings.Join(words[:limit], " ") + end)
}

func slice(r *run, in any, args []any) (any, error) {
	if items, ok := in.([]any); ok {
		from, to := cutAt(int64(len(items)), args)
		return items[from:to], nil
	}
	s, err := r.short(in)
	letters := []rune(s)
	from, to := cutAt(int64(len(letters)), args)
	return string(letters[from:to]), err
}

func cutAt(length int64, args []any) (from, to int64) {
	from = argument(args, 0, 0)
	if from < 0 {
		from += length
	}
	if from < 0 || from > length {
		return length, length
	}
	return from, from + min(max(argument(args, 1, 1), 0), length-from)
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

func reversed(items []any) []any {
	items = slices.Clone(items)
	slices.Reverse(items)
	return items
}

// maxItems bounds a list that filters make.
const maxItems = 10_000

var errMany = errors.New("a list has more than 10000 members")

func concat(_ *run, items, args []any) (any, error) {
	more, _ := args[0].([]any)
	if len(items)+len(more) > maxItems {
		return nil, errMany
	}
	return slices.Concat(items, more), nil
}

func split(r *run, in any, args []any) (any, error) {
	s, err := r.short(in)
	if err != nil {
		return nil, err
	}
	by, err := r.short(args[0])
	if err != nil || s == "" {
		return []any{}, err
	}
	parts := strings.SplitN(s, by, maxItems+1)
	if len(parts) > maxItems {
		return nil, errMany
	}
	items := make([]any, len(parts))
	for i, part := range parts {
		items[i] = part
	}
	return items, nil
}

func join(r *run, items, args []any) (any, error) {
	by := " "
	if len(args) > 0 {
		by, _ = r.text(args[0])
	}
	var b strings.Builder
	for i, v := range items {
		s, _ := r.text(v)
		if b.Len()+len(s)+len(by) > MaxText {
			return nil, errLong
		}
		if i > 0 {
			b.WriteString(by)
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// sorted keeps what cannot be compared behind what can.
func sorted(r *run, items, args []any) (any, error) {
	if err := r.spend(4 * len(items)); err != nil {
		return nil, err
	}
	key := func(v any) any {
		if len(args) > 0 {
			name, _ := args[0].(string)
			return member(v, name)
		}
		return v
	}
	out := slices.Clone(items)
	slices.SortStableFunc(out, func(a, b any) int {
		x, y := key(a), key(b)
		if order, ok := compare(x, y); ok {
			return order
		}
		return cmp.Compare(rank(x), rank(y))
	})
	return out, nil
}

// rank orders values of different sorts.
func rank(v any) int {
	switch v.(type) {
	case int64, float64:
		return 0
	case string, Markup:
		return 1
	case time.Time:
		return 2
	case Money:
		return 3
	case nil:
		return 9
	}
	return 8
}

func unique(r *run, items, _ []any) (any, error) {
	out := make([]any, 0, len(items))
	seen := map[string]bool{}
	for _, v := range items {
		s, _ := r.text(v)
		if seen[s] {
			continue
		}
		seen[s] = true
		out = append(out, v)
	}
	return out, nil
}

func mapped(in *Type, args []expr) *Type {
	if name, ok := args[0].(literal); ok && in.Elem != nil && in.Elem.Kind == Object {
		if s, ok := name.value.(string); ok && in.Elem.Fields[s] != nil {
			return &Type{Kind: List, Elem: in.Elem.Fields[s]}
		}
	}
	return &Type{Kind: List, Elem: anyType}
}

func each(items []any, name any) []any {
	s, _ := name.(string)
	out := make([]any, len(items))
	for i, v := range items {
		out[i] = member(v, s)
	}
	return out
}

func where(_ *run, items, args []any) (any, error) {
	name, _ := args[0].(string)
	out := make([]any, 0, len(items))
	for _, v := range items {
		got := member(v, name)
		if len(args) == 1 && truth(got) || len(args) == 2 && equal(got, args[1]) {
			out = append(out, v)
		}
	}
	return out, nil
}

func date(r *run, in any, args []any) (any, error) {
	layout := ""
	if len(args) > 0 {
		layout, _ = args[0].(string)
	}
	if len(layout) > 100 {
		return nil, errors.New("the layout of a date has more than 100 letters")
	}
	switch t := in.(type) {
	case time.Time:
		if t.IsZero() {
			return nil, nil
		}
		return r.local.Date(t, layout), nil
	case string:
		if t == "now" {
			now, _ := r.vars["now"].(time.Time)
			return r.local.Date(now, layout), nil
		}
	}
	return in, nil
}

func money(r *run, in any, args []any) (any, error) {
	if m, ok := in.(Money); ok {
		return r.local.Money(m.Amount, m.Currency), nil
	}
	n, ok := number(in)
	if !ok {
		return in, nil
	}
	currency, _ := member(r.vars["shop"], "currency").(string)
	if len(args) > 0 {
		currency, _ = args[0].(string)
	}
	minor := numeric{f: math.Round(n.float() * math.Pow10(exponent(currency))), broken: true}
	return r.local.Money(minor.whole(), currency), nil
}

func image(r *run, in any, args []any) (any, error) {
	address, err := r.short(in)
	if err != nil || address == "" {
		return nil, err
	}
	alt, err := r.short(args[0])
	if err != nil || !r.html {
		return alt, err
	}
	width := max(16, min(1200, argument(args, 1, 560)))
	text, _ := r.text(width)
	return Markup(`<img src="` + html.EscapeString(SafeAddress(address)) + `" alt="` + html.EscapeString(alt) + `" width="` + text +
		`" style="display:block;border:0;width:100%;max-width:` + text + `px;height:auto">`), nil
}

func link(r *run, in any, args []any) (any, error) {
	address, err := r.short(in)
	if err != nil {
		return nil, err
	}
	words, err := r.short(args[0])
	if err != nil {
		return nil, err
	}
	if address = SafeAddress(address); !r.html {
		return words + " (" + address + ")", nil
	}
	return Markup(`<a href="` + html.EscapeString(address) + `">` + html.EscapeString(words) + `</a>`), nil
}

// SafeAddress is an address that a reader may be led to: http, https, mailto, tel, or a place on the same site. Anything else is "#".
func SafeAddress(s string) string {
	s = strings.TrimSpace(s)
	u, err := url.Parse(s)
	if err != nil || strings.ContainsFunc(s, unicode.IsControl) {
		return "#"
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		if u.Host == "" || u.User != nil {
			return "#"
		}
		return s
	case "mailto", "tel":
		return s
	case "":
		if strings.HasPrefix(s, "//") || strings.HasPrefix(s, `\`) || strings.HasPrefix(s, `/\`) {
			return "#"
		}
		return s
	}
	return "#"
}
