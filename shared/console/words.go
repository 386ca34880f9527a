package console

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"shopkeeper/shared/evaluate"
	"shopkeeper/shared/event"
)

// words are the functions of the pages: numbers, money and times as people write them.
var words = template.FuncMap{
	"count":   count,
	"rate":    func(part, whole int64) string { return percent(int(part), int(whole)) },
	"percent": func(part, whole int) string { return percent(part, whole) },
	"share":   func(x float64) string { return strconv.FormatFloat(100*x, 'f', 1, 64) + " %" },
	"money":   money,
	"date":    func(t time.Time) template.HTML { return clock(t, "day", "2 Jan 2006") },
	"time":    func(t time.Time) template.HTML { return clock(t, "minute", "2 Jan 2006, 15:04 UTC") },
	"second":  func(t time.Time) template.HTML { return clock(t, "second", "2 Jan, 15:04:05 UTC") },
	"plural":  plural,
	"join":    strings.Join,
	"words":   func(s any) string { return strings.NewReplacer("-", " ", "_", " ").Replace(fmt.Sprint(s)) },
	"times100": func(x float64) string {
		return strconv.FormatFloat(100*x, 'f', -1, 64)
	},
	"metric": func(m evaluate.Metric) string { return metricWords[m] },
	"value":  func(m evaluate.Metric, x float64, currency string) string { return metricValue(m, x, currency) },
	"title": func(s any) string {
		t := fmt.Sprint(s)
		return strings.ToUpper(t[:min(1, len(t))]) + t[min(1, len(t)):]
	},
	"change": change, "measured": measured, "preferred": preferred,
	"add":   func(a int, b int64) int { return a + int(b) },
	"dict":  dict,
	"span":  span,
	"field": fieldName,
	"bytes": bytesOf,
	"figure": func(x *float64) string {
		if x == nil {
			return ""
		}
		return strconv.FormatFloat(*x, 'f', 3, 64)
	},
	"file": func(id string) string { _, name, _ := strings.Cut(id, "/"); return name },
}

// dict makes a map of pairs, to hand several values to a part.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict has %d values", len(pairs))
	}
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is no name", pairs[i])
		}
		m[key] = pairs[i+1]
	}
	return m, nil
}

// clock is a time for people, nothing for none. It is written in UTC; the script writes it as the reader's clock has it.
func clock(t time.Time, precision, layout string) template.HTML {
	if t.IsZero() {
		return ""
	}
	return template.HTML(fmt.Sprintf(`<time datetime="%s" data-clock="%s">%s</time>`, t.UTC().Format(time.RFC3339), precision, t.UTC().Format(layout))) //nolint:gosec // digits and names of months
}

// count is a whole number with thin spaces between thousands: "12 345".
func count(n any) string {
	digits := fmt.Sprint(n)
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "−", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "\u202f" + digits[i:]
	}
	return sign + digits
}

// span is a length of time in the unit that people would say it in: "7 days".
func span(d time.Duration) string {
	for _, u := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if d >= u.length && d%u.length == 0 {
			return fmt.Sprintf("%d %s", d/u.length, plural(int(d/u.length), u.name, u.name+"s"))
		}
	}
	return d.String()
}

// bytesOf is a size of a file: "12 kB".
func bytesOf(n int64) string {
	switch {
	case n < 1000:
		return strconv.FormatInt(n, 10) + " B"
	case n < 1000_000:
		return strconv.FormatInt(n/1000, 10) + " kB"
	}
	return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
}

// fieldWords are the fields of forms as their labels call them.
var fieldWords = map[string]string{
	"name": "Name", "title": "Title", "text": "Text", "code": "Code", "url": "Leads to", "image": "Picture", "segment": "Segment", "placements": "Where", "starts": "From", "ends": "Until", "items": "Items", "category": "Category",
	"perPerson": "At most this often per customer", "budget": "At most this many impressions", "even": "Spread evenly", "control": "Control group", "margin": "Earned by an order", "from": "From address", "from.email": "From address", "from.name": "From",
	"replyTo.email": "Answers go to", "at": "Begins", "until": "Ends", "quietFrom": "Quiet from", "quietTo": "Quiet until", "quiet.from": "Quiet from", "quiet.to": "Quiet until", "capMessages": "Messages at most", "cap.messages": "Messages at most",
	"capDays": "To one person, within days", "cap.within": "To one person, within days", "windowDays": "Orders count for", "window": "Orders count for", "to": "To", "condition": "Condition",
	"subject": "Subject", "preheader": "Preview line", "html": "Letter", "share": "Weight", "variants": "Letter",
}

// fieldName is what a form calls the field that a fault names: "variants[1].html" is "Letter, version b".
func fieldName(path string) string {
	if word := fieldWords[path]; word != "" {
		return word
	}
	var i int
	var field string
	if n, _ := fmt.Sscanf(path, "variants[%d].%s", &i, &field); n == 2 && fieldWords[field] != "" && i >= 0 && i < maxVariants {
		word := fieldWords[field]
		if field == "text" {
			word = "The same as text"
		}
		return word + ", version " + string(rune('a'+i))
	}
	return path
}

// percent is a share with one digit, or a dash where there is no whole.
func percent(part, whole int) string {
	if whole == 0 {
		return "–"
	}
	return strconv.FormatFloat(100*float64(part)/float64(whole), 'f', 1, 64) + " %"
}

// change is how a figure moved, in words.
func change(now, before any) string {
	a, b := number(now), number(before)
	switch {
	case b == 0:
		return "nothing before"
	case a == b:
		return "as before"
	case a > b:
		return "▲ " + strconv.FormatFloat(100*(a-b)/b, 'f', 0, 64) + " %"
	}
	return "▼ " + strconv.FormatFloat(100*(b-a)/b, 'f', 0, 64) + " %"
}

func number(x any) float64 {
	switch n := x.(type) {
	case int:
		return float64(n)
	case int64:
		return float64(n)
	case float64:
		return n
	}
	return 0
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// minus writes the sign of a negative number as people do.
func minus(number string) string { return strings.Replace(number, "-", "−", 1) }

// money is an amount of minor units: "£1 234.50", or with the code where the sign is not everybody's.
func money(minor int64, currency string) string {
	sign := ""
	if minor < 0 {
		sign, minor = "−", -minor
	}
	exp := event.Exponent(currency)
	unit := int64(1)
	for range exp {
		unit *= 10
	}
	text := count(minor / unit)
	if exp > 0 {
		text += fmt.Sprintf(".%0*d", exp, minor%unit)
	}
	switch currency {
	case "GBP":
		return sign + "£" + text
	case "EUR":
		return sign + "€" + text
	case "USD":
		return sign + "$" + text
	case "":
		return sign + text
	default:
		return sign + text + "\u00a0" + currency
	}
}
