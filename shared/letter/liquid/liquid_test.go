package liquid

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	osteele "github.com/osteele/liquid"
)

var testVars = &Type{Kind: Object, Fields: map[string]*Type{
	"customer": {Kind: Object, Fields: map[string]*Type{"first_name": textType, "name": textType}},
	"shop":     {Kind: Object, Fields: map[string]*Type{"name": textType, "url": textType, "currency": textType}},
	"items":    {Kind: List, Elem: &Type{Kind: Object, Fields: map[string]*Type{"title": textType, "price": {Kind: Price}, "rank": numberType}}},
	"words":    {Kind: List, Elem: textType},
	"n":        numberType,
	"half":     numberType,
	"evil":     textType,
	"now":      {Kind: Time},
	"nothing":  textType,
	"yes":      boolType,
}}

func testData() map[string]any {
	item := func(title string, price, rank int64) map[string]any {
		return map[string]any{"title": title, "price": Money{price, "GBP"}, "rank": rank}
	}
	return map[string]any{
		"customer": map[string]any{"first_name": "Zoë", "name": nil},
		"shop":     map[string]any{"name": "Juniper & Hob", "url": "https://shop.example", "currency": "GBP"},
		"items":    []any{item("Teapot", 1250, 3), item("Cup <b>", 300, 1), item("Jar", 900, 2)},
		"words":    []any{"b", "a", "c", "a"},
		"n":        int64(7), "half": 2.5, "evil": `"><script>alert('x')</script>`,
		"now": time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), "nothing": nil, "yes": true,
	}
}

// english is a plain Localizer.
type english struct{}

func (english) Money(amount int64, currency string) string {
	return currency + " " + formatFloat(Money{amount, currency}.major())
}
func (english) Date(t time.Time, layout string) string { return t.Format("2006-01-02") + layout }

func renderText(t *testing.T, source string, o Options) string {
	t.Helper()
	o.Vars = testVars
	tpl, err := Parse(source, o)
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	got, err := tpl.Render(t.Context(), testData(), english{})
	if err != nil {
		t.Fatalf("render: %v", err)
	}
	return got
}

func TestText(t *testing.T) {
	tests := map[string][2]string{
		"text":                    {"Hello { % } {", "Hello { % } {"},
		"a value":                 {"Hi {{ customer.first_name }}!", "Hi Zoë!"},
		"a missing value":         {"Hi {{ customer.name }}!", "Hi !"},
		"a default":               {"{{ customer.name | default: 'friend' }} {{ customer.first_name | default: 'friend' }}", "friend Zoë"},
		"trimmed":                 {"a \n {{- n -}} \n b", "a7b"},
		"if elsif else":           {"{% if n > 9 %}a{% elsif n == 7 %}b{% else %}c{% endif %}", "b"},
		"unless":                  {"{% unless yes %}a{% else %}b{% endunless %}", "b"},
		"and or from the right":   {"{% if false and false or true %}a{% else %}b{% endif %}", "b"},
		"blank":                   {"{% if nothing == blank %}a{% endif %}{% if customer.first_name != empty %}b{% endif %}", "ab"},
		"contains":                {"{% if words contains 'c' and shop.name contains 'Hob' %}a{% endif %}", "a"},
		"case":                    {"{% case n %}{% when 1, 2 %}a{% when 6 or 7 %}b{% else %}c{% endcase %}", "b"},
		"for":                     {"{% for i in items %}{{ forloop.index }}{{ i.title }}{% unless forloop.last %},{% endunless %}{% endfor %}", "1Teapot,2Cup <b>,3Jar"},
		"for of nothing":          {"{% for i in items limit: 0 %}a{% else %}none{% endfor %}", "none"},
		"limit offset reversed":   {"{% for w in words reversed limit: 2 offset: 1 %}{{ w }}{% endfor %}", "ca"},
		"break and continue":      {"{% for i in (1..9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}", "134"},
		"a loop in a loop":        {"{% for a in (1..2) %}{% for b in (1..a) %}{{ a }}{{ b }} {% endfor %}{{ forloop.index }};{% endfor %}", "11 1;21 22 2;"},
		"cycle":                   {"{% for a in (1..3) %}{% cycle 'odd', 'even' %} {% endfor %}", "odd even odd "},
		"assign and capture":      {"{% assign x = items | map: 'title' | join: '/' %}{% capture y %}[{{ x }}]{% endcapture %}{{ y }}", "[Teapot/Cup <b>/Jar]"},
		"raw":                     {"{% raw %}{{ x }}{% if %}{% endraw %}", "{{ x }}{% if %}"},
		"comment":                 {"a{% comment %}{{ nonsense }}{% endcomment %}b", "ab"},
		"first, last, size":       {"{{ items.first.title }} {{ items.last.title }} {{ items.size }} {{ items[1].title }} {{ items[-1].title }}", "Teapot Jar 3 Cup <b> Jar"},
		"by name":                 {"{{ shop['name'] }}", "Juniper & Hob"},
		"price":                   {"{{ items[0].price }} {{ 3.5 | money }} {{ 10 | money: 'JPY' }} {{ items[0].price.amount }}", "GBP 12.5 GBP 3.5 JPY 10.0 12.5"},
		"sort and where":          {"{% assign s = items | sort: 'rank' %}{{ s | map: 'title' | join }} {% assign w = items | where: 'rank', 2 %}{{ w.first.title }}", "Cup <b> Jar Teapot Jar"},
		"numbers":                 {"{{ 7 | divided_by: 2 }} {{ half | times: 2 }} {{ 7 | modulo: 4 }} {{ half | round }} {{ 3.14159 | round: 2 }} {{ -3 | abs }} {{ n | at_most: 5 }}", "3 5.0 3 3 3.14 3 5"},
		"texts":                   {"{{ 'ab c' | upcase | replace: 'B', 'x' | append: '!' | prepend: '>' }} {{ 'élan' | capitalize }} {{ 'a,b' | split: ',' | reverse | join: '' }}", ">Ax C! Élan ba"},
		"truncate":                {"{{ 'über alles' | truncate: 7 }} {{ 'a b c d' | truncatewords: 2, '…' }} {{ 'über' | slice: 0, 2 }}", "über... a b… üb"},
		"date":                    {"{{ now | date: 'long' }} {{ 'now' | date }}", "2026-05-01long 2026-05-01"},
		"uniq compact concat":     {"{{ words | uniq | join }} {{ words | concat: words | size }}", "b a c 8"},
		"no price is no number":   {"{{ items[0].price | times: 2 }}", "25.0"},
		"markup is text in text":  {"{{ shop.url | link: 'here' }} {{ shop.url | image: 'a cup' }}", "here (https://shop.example) a cup"},
		"a range of variables":    {"{% for i in (n..9) %}{{ i }}{% endfor %}", "789"},
		"an address is made safe": {"{{ 'javascript:alert(1)' | url }}", "#"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt[1], renderText(t, tt[0], Options{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestHTMLIsEscaped(t *testing.T) {
	tests := map[string][2]string{
		"in text":                     {"<p>{{ evil }}</p>", "<p>&#34;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;</p>"},
		"in an attribute":             {`<p title="{{ shop.name }}">`, `<p title="Juniper &amp; Hob">`},
		"escape does not do it twice": {"{{ shop.name | escape }}", "Juniper &amp; Hob"},
		"a capture is markup":         {"{% capture x %}<b>{{ evil | truncate: 4, '' }}</b>{% endcapture %}{{ x }}", "<b>&#34;&gt;&lt;s</b>"},
		"a changed capture is text":   {"{% capture x %}<b>{% endcapture %}{{ x | append: '' }}", "&lt;b&gt;"},
		"an address":                  {`<a href="{{ shop.url }}/x?a=1&amp;b={{ n }}">`, `<a href="https://shop.example/x?a=1&amp;b=7">`},
		"an address that is none":     {`<a href="{{ evil | prepend: 'javascript:' }}">`, `<a href="#">`},
		"addresses in branches":       {`<a href="{% if yes %}{{ 'javascript:a' }}{% else %}{{ shop.url }}{% endif %}">`, `<a href="#">`},
		"lines":                       {"{{ 'a<\nb' | newline_to_br }}", "a&lt;<br>\nb"},
		"a link":                      {"{{ 'javascript:x' | link: evil }}", `<a href="#">&#34;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;</a>`},
		"an image":                    {"{{ shop.url | image: 'a\"b', 100 }}", `<img src="https://shop.example" alt="a&#34;b" width="100" style="display:block;border:0;width:100%;max-width:100px;height:auto">`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt[1], renderText(t, tt[0], Options{HTML: true})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestErrorsHaveAPlace(t *testing.T) {
	tests := map[string]struct {
		source       string
		html         bool
		line, column int
		says         string
	}{
		"a misspelt name":           {"Hello\n  {{ custommer.first_name }}", false, 2, 6, `there is no "custommer" (did you mean customer?); there are customer, evil`},
		"a misspelt member":         {"é {{ customer.first_nam }}", false, 1, 15, `customer has no "first_nam" (did you mean first_name?); it has first_name, name`},
		"a misspelt loop member":    {"{% for i in items %}\n{{ i.titel }}{% endfor %}", false, 2, 6, `i has no "titel" (did you mean title?)`},
		"a loop's name outside":     {"{% for i in items %}{% endfor %}{{ i.title }}", false, 1, 36, `there is no "i"`},
		"an unknown filter":         {"{{ n | upcas }}", false, 1, 8, `there is no filter "upcas" (did you mean upcase?)`},
		"an unknown tag":            {"{% include 'x' %}", false, 1, 4, `there is no tag "include"`},
		"an open if":                {"a\n{% if n %}b", false, 2, 4, "{% if %} has no {% endif %}"},
		"a wrong end":               {"{% if n %}{% endfor %}", false, 1, 14, "{% endfor %} closes nothing: {% if %} is open"},
		"an end of nothing":         {"{% endif %}", false, 1, 4, "closes nothing"},
		"an open bracket":           {"ab {{ n", false, 1, 4, "{{ is never closed by }}"},
		"an open tag":               {"{% if n", false, 1, 1, "{% is never closed by %}"},
		"an open raw":               {"{% raw %}", false, 1, 1, "there is no {% endraw %}"},
		"no value":                  {"{{ }}", false, 1, 4, "a value is missing"},
		"an open quote":             {"{{ 'abc }}", false, 1, 4, "no closing quote"},
		"too many values":           {"{{ n | upcase: 1 }}", false, 1, 8, "the filter upcase takes nothing"},
		"too few values":            {"{{ n | plus }}", false, 1, 8, "the filter plus takes one value"},
		"rubbish behind":            {"{{ n n }}", false, 1, 6, `"n" is not expected here`},
		"a sign":                    {"{{ ! }}", false, 1, 4, `"!" is not expected`},
		"else alone":                {"{% else %}", false, 1, 4, "does not belong here"},
		"break alone":               {"{% break %}", false, 1, 4, "outside a loop"},
		"a loop over a number":      {"{% for x in n %}{% endfor %}", false, 1, 4, "a loop goes over a list; this is a number"},
		"a list as text":            {"{{ items }}", false, 1, 3, "say which part of it"},
		"a member of a number":      {"{{ n.x }}", false, 1, 6, `n is a number: it has no "x"`},
		"a member of a list":        {"{{ items.title }}", false, 1, 10, "items is a list"},
		"a huge range":              {"{% for i in (1..100000000) %}{% endfor %}", false, 1, 13, "a range has at most 1000"},
		"a huge number":             {"{{ 99999999999999999999 }}", false, 1, 4, "not a number"},
		"a value in a script":       {"<script>{{ n }}</script>", true, 1, 1, "mail has no <script>"},
		"a handler":                 {"<p\n onclick='x()'>", true, 1, 1, "the attribute onclick has to go"},
		"a value without quotes":    {"<p>\n<p class={{ evil }}>", true, 2, 10, "between quotes"},
		"a value as an attribute":   {"<p {{ evil }}>", true, 1, 4, "cannot be the name of an attribute"},
		"a value as a tag":          {"<{{ evil }}>", true, 0, 0, ""},
		"a value in a style":        {`<p style="color:{{ evil }}">`, true, 1, 17, "cannot stand in style"},
		"a value in a style sheet":  {"<style>a{{ evil }}</style>", true, 1, 9, "style sheet"},
		"a value in a comment":      {"<!-- {{ evil }} -->", true, 1, 6, "comment"},
		"a programme as an address": {`<a href="javascript:{{ n }}">`, true, 1, 21, "the address begins with what is none"},
		"half a programme":          {`<a href="java{{ evil }}">`, true, 1, 14, "the address begins with what is none"},
		"an address of a programme": {`<a href="javascript:x">`, true, 1, 1, "does not lead anywhere safe"},
		"a frame":                   {"a <iframe src='https://x.example'>", true, 1, 3, "mail has no <iframe>"},
		"not UTF-8":                 {"ab\xff", false, 1, 3, "UTF-8"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(tt.source, Options{HTML: tt.html, Vars: testVars})
			if tt.says == "" {
				if err != nil {
					t.Fatalf("got %v, want none: it is text", err)
				}
				return
			}
			at, ok := errors.AsType[*Error](err)
			if !ok {
				t.Fatalf("got %v, want an *Error", err)
			}
			if at.Line != tt.line || at.Column != tt.column || !strings.Contains(at.Message, tt.says) {
				t.Errorf("got %v\nwant line %d, column %d: … %s …", at, tt.line, tt.column, tt.says)
			}
		})
	}
}

// TestBombsEndSoon renders templates that would run or grow for ever: each is refused within the second, and says why.
func TestBombsEndSoon(t *testing.T) {
	doubled := "{% assign x = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' %}" + strings.Repeat("{% assign x = x | append: x %}", 40) + "{{ x }}"
	tests := map[string]struct{ source, says string }{
		"loops in loops":        {strings.Repeat("{% for a in (1..1000) %}", 8) + strings.Repeat("{% endfor %}", 8), "a loop is too long"},
		"a long range at run":   {"{% assign big = 1000000 %}{% for a in (1..big) %}x{% endfor %}", "a range has at most"},
		"ten megabytes":         {"{% for a in (1..1000) %}{% for b in (1..100) %}" + strings.Repeat("x", 100) + "{% endfor %}{% endfor %}", "the result has more than"},
		"a text that doubles":   {doubled, "a text has more than"},
		"a capture that grows":  {"{% capture x %}a{% endcapture %}{% for i in (1..900) %}{% capture x %}{{ x }}{{ x }}{% endcapture %}{% endfor %}", "a text has more than"},
		"replacing everything":  {"{% assign x = 'a' %}{% for i in (1..900) %}{% assign x = x | replace: 'a', 'aaaaaaaaaaaaaaaaaaaa' %}{% endfor %}", "a text has more than"},
		"a list that doubles":   {"{% assign x = words %}{% for i in (1..900) %}{% assign x = x | concat: x %}{% endfor %}", "a list has more than"},
		"joining with much":     {"{% assign s = 'aaaaaaaaaa' %}{% for i in (1..12) %}{% assign s = s | append: s %}{% endfor %}{% assign l = (1..1000) | join: s %}", "a text has more than"},
		"division by zero":      {"{{ n | divided_by: 0 }}", "divided by zero"},
		"comparing long texts":  {"{% assign s = 'aaaaaaaaaaaaaaaaaaaaaaaa' %}{% for i in (1..12) %}{% assign s = s | append: s %}{% endfor %}{% assign t = s | append: 'b' %}{% for i in (1..1000) %}{% for j in (1..1000) %}{% if t contains 'ab' %}{% endif %}{% endfor %}{% endfor %}", "a loop is too long"},
		"filtering long texts":  {"{% assign s = 'aaaaaaaaaaaaaaaaaaaaaaaa' %}{% for i in (1..12) %}{% assign s = s | append: s %}{% endfor %}{% for i in (1..1000) %}{% for j in (1..1000) %}{% assign t = s | upcase %}{% endfor %}{% endfor %}", "a loop is too long"},
		"writing long texts":    {"{% assign s = 'aaaaaaaaaaaaaaaaaaaaaaaa' %}{% for i in (1..12) %}{% assign s = s | append: s %}{% endfor %}{% for i in (1..1000) %}{% for j in (1..1000) %}{% capture t %}{{ s }}{% endcapture %}{% endfor %}{% endfor %}", "a loop is too long"},
		"sorting in a loop":     {"{% assign x = words %}{% for i in (1..11) %}{% assign x = x | concat: x %}{% endfor %}{% for i in (1..1000) %}{% for j in (1..1000) %}{% assign y = x | sort %}{% endfor %}{% endfor %}", "a loop is too long"},
		"brackets in brackets":  {"{% if " + strings.Repeat("(", 5000) + "n" + strings.Repeat(")", 5000) + " %}{% endif %}", "nested more than"},
		"indexes in indexes":    {"{{ " + strings.Repeat("words[", 5000) + "0" + strings.Repeat("]", 5000) + " }}", "nested more than"},
		"blocks in blocks":      {strings.Repeat("{% if n %}", 5000) + strings.Repeat("{% endif %}", 5000), "nested more than"},
		"and and and":           {"{% if n" + strings.Repeat(" and n", 5000) + " %}{% endif %}", "nested more than"},
		"filters on filters":    {"{{ n" + strings.Repeat("|plus:1", 28000) + " }}", "too many filters"},
		"a template of 1 MB":    {strings.Repeat("a", 1<<20), "more than 200 KB"},
		"splitting into crumbs": {"{% assign s = 'aaaaaaaaaaaaaaaa' %}{% for i in (1..12) %}{% assign s = s | append: s %}{% endfor %}{% assign l = s | split: '' %}", "a list has more than"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			tpl, err := Parse(tt.source, Options{Vars: testVars})
			if err == nil {
				_, err = tpl.Render(t.Context(), testData(), english{})
			}
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want an error that says %q", err, tt.says)
			}
			if took := time.Since(start); took > time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestDeadline(t *testing.T) {
	tpl, err := Parse("{% for a in (1..1000) %}{% for a in (1..100) %}{% endfor %}{% endfor %}", Options{Vars: testVars})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tpl.Render(ctx, testData(), english{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}

func TestUses(t *testing.T) {
	tpl, err := Parse("{% if yes %}{{ customer.first_name }}{% endif %}{{ shop['name'] }}", Options{Vars: testVars})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"customer.first_name": true, "yes": true, "customer.name": false, "n": false} {
		if got := tpl.Uses(path); got != want {
			t.Errorf("Uses(%q) = %v, want %v", path, got, want)
		}
	}
}

// TestAgreesWithAnotherLiquid holds what both know against a library that Jekyll's users compare with the original.
func TestAgreesWithAnotherLiquid(t *testing.T) {
	sources := []string{
		"plain { text }", "{{ n }} {{ half }} {{ yes }} {{ nothing }}|", "{{ customer.first_name | upcase }}", "a {{- n -}} b", "{%- if yes -%} x {%- endif -%} y",
		"{% if n == 7 and yes %}a{% else %}b{% endif %}", "{% unless nothing %}a{% endunless %}", "{% if words contains 'c' %}a{% endif %}",
		"{% case n %}{% when 6 %}a{% when 7 %}b{% else %}c{% endcase %}", "{% for w in words %}{{ forloop.index }}{{ w }}{{ forloop.last }} {% endfor %}",
		"{% for w in words limit: 2 offset: 1 %}{{ w }}{% endfor %}", "{% for w in words reversed %}{{ w }}{% endfor %}", "{% for i in (1..4) %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}",
		"{% for i in (1..4) %}{% if i == 3 %}{% continue %}{% endif %}{{ i }}{% endfor %}", "{% for w in words limit: 0 %}x{% else %}none{% endfor %}",
		"{% assign x = words | join: '-' %}{{ x }}", "{% capture x %}<{{ n }}>{% endcapture %}{{ x }}{{ x }}", "{% raw %}{{ n }}{% endraw %}", "{% comment %}x{% endcomment %}y",
		"{{ 'a b' | capitalize }}", "{{ 'abc' | append: 'd' | prepend: 'z' }}", "{{ 'a,b,c' | split: ',' | first }}{{ 'a,b,c' | split: ',' | last }}", "{{ 'aXbX' | replace: 'X', '-' }}{{ 'aXbX' | replace_first: 'X', '-' }}",
		"{{ 'aXbX' | remove: 'X' }}{{ 'aXbX' | remove_first: 'X' }}", "{{ '  a ' | strip }}|{{ '  a ' | lstrip }}|{{ '  a ' | rstrip }}|", "{{ 'hello world' | truncate: 8 }}", "{{ 'one two three' | truncatewords: 2 }}",
		"{{ 7 | plus: 3 }} {{ 7 | minus: 3 }} {{ 7 | times: 3 }} {{ 7 | divided_by: 2 }} {{ 7 | modulo: 3 }}", "{{ 3.7 | ceil }} {{ 3.2 | floor }} {{ -4 | abs }}", "{{ 'abc' | size }} {{ words | size }}",
		"{{ words | sort | join }} {{ words | uniq | join }} {{ words | reverse | join }}", "{{ nothing | default: 'x' }} {{ n | default: 'x' }}", "{{ '<b>' | escape }}", "{{ '<b>x</b>' | strip_html }}",
		"{{ 'a b&c' | url_encode }}", "{{ 'abcdef' | slice: 2, 3 }} {{ 'abcdef' | slice: -2 }}", "{{ words[1] }} {{ words.first }} {{ words.last }} {{ words.size }}", "{{ items | map: 'title' | join: ';' }}",
		"{% for a in (1..2) %}{% for b in (1..2) %}{{ a }}{{ b }} {% endfor %}{% endfor %}", "{% if nothing %}a{% elsif n > 5 %}b{% endif %}", "{% if 'abc' == \"abc\" and 1 != 2 and 1 < 2 and 2 >= 2 %}a{% endif %}",
	}
	engine := osteele.NewEngine()
	for _, source := range sources {
		t.Run(source, func(t *testing.T) {
			data := testData()
			data["n"] = 7
			want, err := engine.ParseAndRenderString(source, data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, renderText(t, source, Options{})); diff != "" {
				t.Errorf("(-theirs +ours):\n%s", diff)
			}
		})
	}
}

func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		"{{ customer.first_name | default: 'x' }}", "{% for i in items limit: 2 %}{{ i.price }}{% else %}x{% endfor %}", "{% if n > 1 and (yes or nothing) %}{{ evil }}{% endif %}",
		`<a href="{{ shop.url }}/{{ evil }}">{{ evil }}</a>`, "{% capture x %}{{ evil }}{% endcapture %}{{ x | upcase }}", "{% case n %}{% when 1 %}{% endcase %}", "{{ words[0] | slice: -1, 2 | times: 3 }}",
		"{% assign x = words | sort | concat: words | where: 'a' %}{{ x | join: evil }}", "{%- raw -%}{{{%- endraw -%}", "{% cycle 'a' %}", "{{ (1..3) | join }}", "{{ -0.5 | round: 3 }}", `<p title='{{ evil }}' class={{ n }}>`,
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, source string, html bool) {
		tpl, err := Parse(source, Options{HTML: html, Vars: testVars})
		if err != nil {
			at, ok := errors.AsType[*Error](err)
			if !ok || at.Line < 1 || at.Column < 1 || at.Message == "" {
				t.Fatalf("%q: %#v has no place", source, err)
			}
			return
		}
		got, err := tpl.Render(t.Context(), testData(), english{})
		if err != nil {
			return
		}
		if len(got) > MaxOutput {
			t.Fatalf("%d bytes", len(got))
		}
		if html && strings.Contains(got, "<script") {
			t.Fatalf("%q let a script through: %q", source, got)
		}
	})
}
