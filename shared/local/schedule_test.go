package local

import (
	"testing"
	"time"
)

func TestDue(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04", text, paris)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	tests := map[string]struct {
		published, now time.Time
		want           bool
	}{
		"never published":                   {time.Time{}, at("2026-05-04 12:00"), true},
		"published this morning":            {at("2026-05-04 03:01"), at("2026-05-04 12:00"), false},
		"published yesterday, before three": {at("2026-05-03 12:00"), at("2026-05-04 02:59"), false},
		"published yesterday, at three":     {at("2026-05-03 12:00"), at("2026-05-04 03:00"), true},
		"asleep for a week":                 {at("2026-04-27 12:00"), at("2026-05-04 09:00"), true},
		"the night the clocks go forward":   {at("2026-03-28 12:00"), at("2026-03-29 04:00"), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := due(tt.published, tt.now, paris); got != tt.want {
				t.Errorf("due is %v, want %v", got, tt.want)
			}
		})
	}
}
