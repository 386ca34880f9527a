package console

import (
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"shopkeeper/shared/event"
)

// reader reads the fields of a form and remembers what cannot be read, by the field's name.
type reader struct {
	form  url.Values
	zone  *time.Location
	wrong map[string]string
}

func (v *view) reader() *reader { return &reader{v.r.PostForm, v.zone(), map[string]string{}} }

// zone is the shop's time zone.
func (v *view) zone() *time.Location {
	zone, err := time.LoadLocation(v.settings.TimeZone)
	if err != nil {
		return time.UTC
	}
	return zone
}

func (r *reader) text(name string) string { return strings.TrimSpace(r.form.Get(name)) }

func (r *reader) refuse(name, why string) { r.wrong[name] = why }

// whole is a number of at least 0; empty is 0.
func (r *reader) whole(name string) int64 {
	text := r.text(name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		r.refuse(name, "A whole number, please.")
	}
	return n
}

// share is a percentage as a share; empty is 0.
func (r *reader) share(name string) float64 {
	text := strings.TrimSpace(strings.TrimSuffix(strings.ReplaceAll(r.text(name), ",", "."), "%"))
	if text == "" {
		return 0
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(x) || x < 0 || x > 100 {
		r.refuse(name, "A percentage from 0 to 100, please.")
		return 0
	}
	return x / 100
}

// amount is money in minor units of the currency; empty is 0.
func (r *reader) amount(name, currency string) int64 {
	text := r.text(name)
	if text == "" {
		return 0
	}
	n, ok := event.Minor(text, currency)
	if !ok || n < 0 {
		r.refuse(name, "An amount such as 12.50, please.")
	}
	return n
}

// inputLayout is what <input type="datetime-local"> sends and takes.
const inputLayout = "2006-01-02T15:04"

// time is a moment in the shop's time zone; empty is none.
func (r *reader) time(name string) time.Time {
	text := r.text(name)
	if text == "" {
		return time.Time{}
	}
	t, err := time.ParseInLocation(inputLayout, text[:min(len(text), len(inputLayout))], r.zone)
	if err != nil {
		r.refuse(name, "A date and time, please.")
		return time.Time{}
	}
	return t.UTC()
}

// input is a moment as the field takes it.
func (v *view) input(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(v.zone()).Format(inputLayout)
}

// minutes is a time of day as minutes since midnight; empty is 0.
func (r *reader) minutes(name string) int {
	text := r.text(name)
	if text == "" {
		return 0
	}
	t, err := time.Parse("15:04", text[:min(len(text), 5)])
	if err != nil {
		r.refuse(name, "A time of day such as 21:00, please.")
	}
	return t.Hour()*60 + t.Minute()
}

func clockOf(minutes int) string {
	return time.Date(2000, 1, 1, 0, minutes, 0, 0, time.UTC).Format("15:04")
}

// list is values between commas, spaces or lines.
func (r *reader) list(name string) []string {
	return strings.FieldsFunc(r.form.Get(name), func(c rune) bool { return c == ',' || c == '\n' || c == '\r' || c == '\t' || c == ' ' })
}

// decimal is an amount as a field takes it: "12.50".
func decimal(minor int64, currency string) string {
	if minor == 0 {
		return ""
	}
	exp := event.Exponent(currency)
	return strconv.FormatFloat(float64(minor)/math.Pow10(exp), 'f', exp, 64)
}
