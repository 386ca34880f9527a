package liquid

import (
	"errors"
	"html"
	"math"
	"net/url"
	"strings"
	"time"
	"unicode"
)

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
