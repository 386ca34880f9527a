package letter

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/locale"
)

func parse(t testing.TB, s Source) *Template {
	t.Helper()
	if s.Subject == "" {
		s.Subject = "Hello"
	}
	tpl, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

func render(t testing.TB, s Source, d Data) Rendered {
	t.Helper()
	r, err := parse(t, s).Render(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestParseNamesEveryPart(t *testing.T) {
	tests := map[string]struct {
		source Source
		want   []fault.Field
	}{
		"no subject": {Source{Text: "x"}, []fault.Field{{Path: "subject", Reason: "is missing"}}},
		"a fault in each": {Source{Subject: "{{ custommer }}", Preheader: "{% if %}", HTML: "<p>\n{{ offer.cod }}</p>", Text: "{{ now | dat }}"}, []fault.Field{
			{Path: "subject", Reason: "line 1, column 4: there is no \"custommer\" (did you mean customer?)"},
			{Path: "preheader", Reason: "line 1, column 7: a value is missing"},
			{Path: "html", Reason: "line 2, column 10: offer has no \"cod\" (did you mean code?)"},
			{Path: "text", Reason: "line 1, column 10: there is no filter \"dat\" (did you mean date?)"},
		}},
		"what grows too large is found out": {Source{Subject: "x", HTML: "{% for a in (1..1000) %}{% for b in (1..20) %}" + strings.Repeat("x", 100) + "{% endfor %}{% endfor %}"}, []fault.Field{{Path: "html", Reason: "the result has more than 1024 KB"}}},
		"what fails for a stranger alone":   {Source{Subject: "x", Text: "{% unless customer.name %}{{ 1 | divided_by: 0 }}{% endunless %}"}, []fault.Field{{Path: "text", Reason: "a number cannot be divided by zero"}}},
		"a subject that may be empty":       {Source{Subject: "{{ customer.first_name }}"}, []fault.Field{{Path: "subject", Reason: "is empty for this customer"}}},
		"a programme":                       {Source{Subject: "x", HTML: "<img src=x onerror=alert(1)>"}, []fault.Field{{Path: "html", Reason: "line 1, column 1: mail runs no programs"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(tt.source)
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Kind != fault.Invalid || len(f.Fields) != len(tt.want) {
				t.Fatalf("got %v, want %d fields", err, len(tt.want))
			}
			for i, want := range tt.want {
				if got := f.Fields[i]; got.Path != want.Path || !strings.Contains(got.Reason, want.Reason) {
					t.Errorf("field %d: got %+v, want %+v", i, got, want)
				}
			}
		})
	}
}

func TestHasUnsubscribe(t *testing.T) {
	tests := map[string]struct {
		source Source
		want   bool
	}{
		"in both parts":      {Source{HTML: "{{ footer }}", Text: "{{ unsubscribe_url }}"}, true},
		"in the HTML alone":  {Source{HTML: "{{ footer }}", Text: "x"}, false},
		"in the text alone":  {Source{HTML: "x", Text: "{{ footer }}"}, false},
		"a text alone":       {Source{Text: "{{ footer }}"}, true},
		"nothing at all":     {Source{}, false},
		"in a comment":       {Source{Text: "{% comment %}{{ footer }}{% endcomment %}"}, false},
		"the address as raw": {Source{Text: "{% raw %}{{ footer }}{% endraw %}"}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := parse(t, tt.source).HasUnsubscribe(); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestRenderLeadsLinksThroughTheCounter(t *testing.T) {
	d := Sample()
	d.Pixel = "https://t.example/o/1"
	d.Follow = func(link string) string { return "https://t.example/c?u=" + url.QueryEscape(link) }
	got := render(t, Source{
		Subject:   "Two\r\nlines: {{ customer.first_name }}",
		Preheader: "See {{ offer.code }}",
		HTML: `<html><BODY class="a"><p><A title='<a href="x">' href='/sale?a=1&amp;b=2'>Sale</A> <a href="{{ recommendations.first.url }}">x</a> <a href="mailto:a@shop.example">m</a>` +
			`<a href="{{ unsubscribe_url }}">u</a><a href="{{ preferences_url }}">p</a><!-- <a href="https://x.example"> --><a name=x href=https://shop.example/q>q</a><a href="#top">t</a><a href='{{ shop.url }}'>s</a></p></BODY></html>`,
		Text: "Look (https://shop.example/a?b=c). Or {{ unsubscribe_url }}, or http://shop.example!",
	}, d)
	want := Rendered{
		Subject:   "Two lines: Julien",
		Preheader: "See KITCHEN10",
		HTML: `<html><BODY class="a"><div style="display:none;max-height:0;overflow:hidden;mso-hide:all">See KITCHEN10` + strings.Repeat("&#847;&zwnj;&nbsp;", 40) + `</div>` +
			`<p><A title='<a href="x">' href='https://t.example/c?u=https%3A%2F%2Fshop.example%2Fsale%3Fa%3D1%26b%3D2'>Sale</A> <a href="https://t.example/c?u=https%3A%2F%2Fshop.example%2Fproducts%2Fregency-cakestand">x</a> <a href="mailto:a@shop.example">m</a>` +
			`<a href="https://shop.example/p/unsubscribe/sample">u</a><a href="https://shop.example/p/preferences/sample">p</a><!-- <a href="https://x.example"> --><a name=x href="https://t.example/c?u=https%3A%2F%2Fshop.example%2Fq">q</a><a href="#top">t</a><a href='https://t.example/c?u=https%3A%2F%2Fshop.example'>s</a></p>` +
			`<img src="https://t.example/o/1" alt="" width="1" height="1" style="display:block;border:0;width:1px;height:1px"></BODY></html>`,
		Text:  "Look (https://t.example/c?u=https%3A%2F%2Fshop.example%2Fa%3Fb%3Dc). Or https://shop.example/p/unsubscribe/sample, or https://t.example/c?u=http%3A%2F%2Fshop.example!\n",
		Links: []string{"https://shop.example/sale?a=1&b=2", "https://shop.example/products/regency-cakestand", "https://shop.example/q", "https://shop.example"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNothingACustomerOrProductIsCalledIsMarkup(t *testing.T) {
	d := Sample()
	evil := `"><script>alert(1)</script><img src=x onerror=alert(1)>{{ shop.name }}`
	d.Customer = Customer{evil, evil, evil, evil}
	d.Shop.Name, d.Shop.Address, d.Campaign = evil, evil, evil
	d.Recommendations = []Item{{Title: evil, URL: "javascript:alert(1)", Image: "javascript:alert(1)", Reason: evil, Price: 1, Currency: evil}}
	d.Viewed = d.Recommendations
	d.Offer = &Offer{Title: evil, Text: evil, Code: evil, URL: "data:text/html," + evil, Image: evil}
	for _, s := range Starters() {
		t.Run(s.Name, func(t *testing.T) {
			got := render(t, s.Source, d)
			z := html.NewTokenizer(strings.NewReader(got.HTML))
			for z.Next() != html.ErrorToken {
				token := z.Token()
				if token.Data == "script" {
					t.Errorf("there is a script: %s", token)
				}
				for _, a := range token.Attr {
					if strings.HasPrefix(a.Key, "on") || strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") || strings.HasPrefix(a.Val, "data:") {
						t.Errorf("there is %s=%q", a.Key, a.Val)
					}
				}
			}
			if strings.ContainsAny(got.Subject, "\r\n") {
				t.Errorf("the subject has several lines: %q", got.Subject)
			}
		})
	}
}

func TestStarters(t *testing.T) {
	words := locale.New(nil)
	for _, s := range Starters() {
		t.Run(s.Name, func(t *testing.T) {
			tpl := parse(t, s.Source)
			if !tpl.HasUnsubscribe() || !tpl.HasText() {
				t.Error("it cannot be sent: a part or the link to unsubscribe is missing")
			}
			for _, d := range []Data{Sample(), bare()} {
				for _, language := range []string{"en", "fr", "de", "ru"} {
					d.Words = words.Choose(language)
					got, err := tpl.Render(t.Context(), d)
					if err != nil {
						t.Fatal(err)
					}
					for _, part := range []string{got.HTML, got.Text} {
						if !strings.Contains(part, d.UnsubscribeURL) || !strings.Contains(part, html.EscapeString(d.Words.Text(locale.FrameUnsubscribe).Before)) {
							t.Errorf("%s: no way to unsubscribe in\n%s", language, part)
						}
						if strings.Contains(part, "{{") || strings.Contains(part, "{%") {
							t.Errorf("%s: something was left in brackets", language)
						}
					}
				}
			}
			if n := len(s.Source.HTML); n > 20_000 {
				t.Errorf("%d bytes: mail programs cut what is long", n)
			}
		})
	}
}

func TestFooter(t *testing.T) {
	d := Sample()
	d.Words = locale.New(nil).Choose("fr")
	got := render(t, Source{Text: "{{ footer }}"}, d)
	want := "--\nVous recevez ce message parce que vous avez accepté de recevoir des nouvelles de Juniper & Hob.\nSe désabonner: https://shop.example/p/unsubscribe/sample\n" +
		"Choisir ce que vous recevez: https://shop.example/p/preferences/sample\n\nJuniper & Hob\n1 High Street\nLewes BN7 1AA\n"
	if diff := cmp.Diff(want, got.Text); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAmountsAndDatesFollowTheReader(t *testing.T) {
	d := Sample()
	d.Words = locale.New(nil).Choose("de")
	d.Now = d.Now.In(time.FixedZone("", 14*3600))
	got := render(t, Source{Text: "{{ recommendations.first.price | money }} {{ recommendations.first.price }} {{ offer.expires | date: 'long' }} {{ now | date: '%A %H:%M' }} {{ 5 | money }}"}, d)
	if want := "12,75\u00a0£ 12,75\u00a0£ 8. Mai 2026 Freitag 23:00 5,00\u00a0£\n"; got.Text != want {
		t.Errorf("got %q, want %q", got.Text, want)
	}
}

func TestAbsolute(t *testing.T) {
	const site = "https://shop.example/en/"
	tests := map[string]string{
		"":                         "",
		"/product/t-01.html":       "https://shop.example/product/t-01.html",
		"product":                  "https://shop.example/en/product",
		"/a/../b":                  "https://shop.example/b",
		"//evil.example/x":         "https://evil.example/x",
		"https://cdn.example/1":    "https://cdn.example/1",
		"/é?x=1":                   "https://shop.example/%C3%A9?x=1",
		"javascript:alert(1)":      "",
		"mailto:anna@shop.example": "",
	}
	for ref, want := range tests {
		if got := Absolute(site, ref); got != want {
			t.Errorf("Absolute(%q) = %q, want %q", ref, got, want)
		}
	}
	for _, none := range []string{"", "shop.example", "/shop", "https://", "://x"} {
		if got := Absolute(none, "/a"); got != "" {
			t.Errorf("of the site %q: %q", none, got)
		}
	}
}

// FuzzAbsolute holds the short way to the long one.
func FuzzAbsolute(f *testing.F) {
	for _, ref := range []string{"/a/b.c", "/a/../b", "/./a", "//x", "/a%2fb", "/a:b"} {
		f.Add("https://shop.example/x", ref)
	}
	f.Fuzz(func(t *testing.T, site, ref string) {
		got := Absolute(site, ref)
		base, err := url.Parse(site)
		if err != nil || got == "" || strings.HasPrefix(ref, "http") {
			return
		}
		if u, err := base.Parse(ref); err != nil || u.String() != got {
			t.Errorf("Absolute(%q, %q) = %q, by the book %v, %v", site, ref, got, u, err)
		}
	})
}

func TestSuggestText(t *testing.T) {
	tests := map[string][2]string{
		"words and links": {`<html><head><title>no</title><style>p{}</style></head><body><h1>Hi  {{ customer.first_name | default: "you" }}</h1><p>One<br>two <a href="{{ offer.url }}">here</a>.</p></body>`, "Hi {{ customer.first_name | default: \"you\" }}\n\nOne\ntwo here {{ offer.url }} .\n"},
		"loops stay":      {`<ul>{% for i in recommendations %}<li>{{ i.title }}</li>{% endfor %}</ul>`, "{% for i in recommendations %}\n- {{ i.title }}\n{% endfor %}\n"},
		"pictures":        {`<a href="#"><img src="x" alt="A jug"></a>`, "A jug\n"},
		"entities":        {`a &amp; b&nbsp;c`, "a & b\u00a0c\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt[1], SuggestText(tt[0])); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for _, s := range Starters() {
		if tpl := parse(t, Source{Text: SuggestText(s.Source.HTML)}); !tpl.HasUnsubscribe() {
			t.Errorf("%s: the suggestion lost the link to unsubscribe", s.Name)
		}
	}
}

// hrefs are what a parser of HTML finds.
func hrefs(page string) []string {
	var all []string
	z := html.NewTokenizer(strings.NewReader(page))
	for z.Next() != html.ErrorToken {
		token := z.Token()
		if token.Data != "a" && token.Data != "area" || token.Type != html.StartTagToken && token.Type != html.SelfClosingTagToken {
			continue
		}
		for _, a := range token.Attr {
			if a.Key == "href" {
				all = append(all, a.Val)
				break
			}
		}
	}
	return all
}

func FuzzFollow(f *testing.F) {
	for _, seed := range []string{
		`<a href="https://x.example">x</a>`, `<A title='>' HREF = 'http://x.example/?a&amp;b' >`, `<a href=javascript:x>`, `<!-- <a href="x"> --><area href=https://x.example/y>`, `<abbr href="x"><a/href="//y">`, `<a b href>`, `<a href="https://x.example`, `<a href=`, "<a\nhref\n=\n'/p'>",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, page string) {
		d := Data{Shop: Shop{URL: "https://shop.example"}, Follow: func(link string) string { return "https://t.example/?" + url.QueryEscape(link) }}
		out, links := Follow(page, d)
		for _, link := range links {
			if u, err := url.Parse(link); err != nil || u.Scheme != "http" && u.Scheme != "https" && !strings.EqualFold(u.Scheme, "http") && !strings.EqualFold(u.Scheme, "https") {
				t.Errorf("%q was counted as a link", link)
			}
		}
		if strings.ContainsAny(page, "!?/<") && strings.Count(page, "<") > 1 {
			FollowText(page, d) // must not fail
			return
		}
		for _, link := range hrefs(out) {
			if link != "" && !strings.HasPrefix(link, "https://t.example/?") && !slices.ContainsFunc([]string{"#", "mailto:", "tel:"}, func(p string) bool { return strings.HasPrefix(strings.ToLower(link), p) }) {
				t.Errorf("%q became %q, where %q is not led through the counter", page, out, link)
			}
		}
	})
}

func FuzzFinish(f *testing.F) {
	for _, seed := range []string{"<body>x</body>", "</body><body>", "x", "</BODY", "<body", "<body><a href='/x'></bodyx>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, page string) {
		d := Data{Shop: Shop{URL: "https://shop.example"}, Pixel: "https://t.example/o/1"}
		out, links := finish(page, "hello", d)
		if strings.Count(out, d.Pixel) != 1+strings.Count(page, d.Pixel) || !strings.Contains(out, "hello") {
			t.Errorf("%q became %q", page, out)
		}
		if _, all := Follow(page, d); len(links) > len(all)+1 {
			t.Errorf("%q has the links %q, of which %q were found", page, all, links)
		}
	})
}

func FuzzSuggestText(f *testing.F) {
	for _, s := range Starters() {
		f.Add(s.Source.HTML)
	}
	f.Add("<a><a></a></a>{{ x }}{% y")
	f.Fuzz(func(t *testing.T, page string) { SuggestText(page) })
}

func BenchmarkRender(b *testing.B) {
	for _, s := range Starters() {
		b.Run(s.Name, func(b *testing.B) {
			tpl, d := parse(b, s.Source), Sample()
			d.Follow = func(link string) string { return "https://t.example/c/" + link }
			d.Pixel = "https://t.example/o/1"
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tpl.Render(b.Context(), d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
