package ingest

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
)

// reader reads typed values out of one row and collects what is wrong with it.
type reader struct {
	bound    *binding
	zone     *time.Location
	currency string
	row      row
	wrong    *rowError // the first thing wrong
}

func (r *reader) rejected() bool { return r.wrong != nil }

func (r *reader) text(field string) string { return r.bound.text(r.row, field) }

func (r *reader) reject(field, reason, value string) {
	if r.wrong == nil {
		r.wrong = &rowError{Line: r.row.line, Column: cmp.Or(r.bound.columns[field], field), Reason: reason, Value: value}
	}
}

// needed is a text that must be there and have at most limit bytes.
func (r *reader) needed(field string, limit int) string {
	s := r.text(field)
	if s == "" {
		r.reject(field, "is missing", "")
	}
	return r.short(field, s, limit)
}

func (r *reader) optional(field string, limit int) string {
	return r.short(field, r.text(field), limit)
}

func (r *reader) short(field, s string, limit int) string {
	if len(s) > limit {
		r.reject(field, fmt.Sprintf("has %d bytes, at most %d are allowed", len(s), limit), s)
	}
	return s
}

// integer is a whole number; "12.0" counts as one. Empty is absent.
func (r *reader) integer(field string, absent int64) int64 {
	s := r.text(field)
	if s == "" {
		return absent
	}
	whole := s
	if i := strings.IndexByte(s, '.'); i > 0 && strings.Trim(s[i+1:], "0") == "" {
		whole = s[:i]
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n > 1e9 || n < -1e9 {
		r.reject(field, "must be a whole number of at most a billion", s)
	}
	return n
}

// money is minor units of the currency. Empty is 0.
func (r *reader) money(field, currency string) int64 {
	s := r.text(field)
	if s == "" {
		return 0
	}
	n, ok := event.Minor(s, currency)
	if !ok {
		r.reject(field, "must be an amount such as 12.75", s)
	}
	return n
}

func (r *reader) currencyOf(field string) string {
	s := r.text(field)
	if s == "" {
		return r.currency
	}
	code := event.Currency(s)
	if code == "" {
		r.reject(field, "must be an ISO 4217 code such as GBP", s)
	}
	return code
}

// flag is a truth value. Empty is false.
func (r *reader) flag(field string) bool {
	switch s := r.text(field); strings.ToLower(s) {
	case "", "0", "false", "no", "n":
		return false
	case "1", "true", "yes", "y":
		return true
	default:
		r.reject(field, "must be true or false", s)
		return false
	}
}

// timeFormats are what a time may look like, in the shop's zone unless it says its own.
var timeFormats = []string{"2006-01-02 15:04:05", time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly, "2006-01-02 15:04:05Z07:00", "2006/01/02 15:04:05", "2006/01/02"}

// The span in which times make sense; beyond it the number was something else.
var (
	earliest = time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// moment is a time: one of timeFormats, or seconds or milliseconds since 1970. Zero when empty.
func (r *reader) moment(field string, needed bool) time.Time {
	s := r.text(field)
	if s == "" {
		if needed {
			r.reject(field, "is missing", "")
		}
		return time.Time{}
	}
	t, ok := parseTime(s, r.zone)
	if !ok || t.Before(earliest) || t.After(latest) {
		r.reject(field, "must be a time such as 2010-03-01 15:04:05 or 2010-03-01T15:04:05Z", s)
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}

func parseTime(s string, zone *time.Location) (time.Time, bool) {
	for _, format := range timeFormats {
		if t, err := time.ParseInLocation(format, s, zone); err == nil {
			return t, true
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil || n < 1e8:
		return time.Time{}, false
	case n < 1e11:
		return time.Unix(n, 0), true
	default:
		return time.UnixMilli(n), true
	}
}

// fieldsOf is the first field that a fault names.
func fieldsOf(err error) (fault.Field, bool) {
	if f, ok := errors.AsType[*fault.Error](err); ok && len(f.Fields) > 0 {
		return f.Fields[0], true
	}
	return fault.Field{}, false
}
