package event

import (
	"strconv"
	"strings"
	"time"
)

// MaxAge is how far back an event may lie; one that claims to be older is dated to its receipt.
const MaxAge = 20 * 365 * 24 * time.Hour

// Happened is when an event happened by our clock: received - (sent - original), so that a client whose clock is wrong tells the right time. Without sent it is original. The answer is
// never later than received and never older than MaxAge: what would be is received itself. Zero times are unknown. UTC, milliseconds.
func Happened(received, original, sent time.Time) time.Time {
	received = received.UTC().Truncate(time.Millisecond)
	at := received
	switch {
	case original.IsZero():
	case sent.IsZero():
		at = original
	default:
		at = received.Add(-sent.Sub(original))
	}
	if at.After(received) || received.Sub(at) > MaxAge {
		return received
	}
	return at.UTC().Truncate(time.Millisecond)
}

// ParseTime reads a time as SDKs write it: RFC 3339 with or without zone (UTC then), or milliseconds since 1970. The zero time for anything else.
func ParseTime(text string) time.Time {
	text = strings.TrimSpace(text)
	if len(text) > 40 {
		return time.Time{}
	}
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return believable(t.UTC())
		}
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms > 0 {
		return believable(time.UnixMilli(ms).UTC())
	}
	return time.Time{}
}

// believable keeps years that durations can be computed between.
func believable(t time.Time) time.Time {
	if t.Year() < 1970 || t.Year() > 2200 {
		return time.Time{}
	}
	return t
}
