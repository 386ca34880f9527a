package locale

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMoney(t *testing.T) {
	tests := map[string]struct {
		tag      string
		amount   int64
		exponent int
		currency string
		want     string
	}{
		"pounds in English":             {"en", 125000, 2, "GBP", "£1,250.00"},
		"euros in French":               {"fr", 125000, 2, "EUR", "1\u202f250,00\u00a0€"},
		"euros in German":               {"de", 1234567, 2, "EUR", "12.345,67\u00a0€"},
		"roubles in Russian":            {"ru", 99900, 2, "RUB", "999,00\u00a0₽"},
		"yen have no minor units":       {"en", 1500, 0, "JPY", "¥1,500"},
		"three digits behind the point": {"en", 1234, 3, "KWD", "KWD\u00a01.234"},
		"less than nothing":             {"en", -5, 2, "USD", "−$0.05"},
		"no currency":                   {"de", 100, 2, "", "1,00"},
		"a language that is none":       {"xx", 100, 2, "GBP", "£1.00"},
		"the smallest amount there is":  {"en", -9223372036854775808, 0, "", "−9,223,372,036,854,775,808"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, (&Words{Tag: tt.tag}).Money(tt.amount, tt.exponent, tt.currency)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDate(t *testing.T) {
	at := time.Date(2026, 3, 4, 15, 6, 0, 0, time.UTC)
	tests := map[string]struct{ tag, layout, want string }{
		"English":               {"en", "", "4 Mar 2026"},
		"long English":          {"en", "long", "4 March 2026"},
		"long French":           {"fr", "long", "4 mars 2026"},
		"short German":          {"de", "short", "04.03.2026"},
		"long Russian":          {"ru", "long", "4 марта 2026 г."},
		"as strftime has it":    {"de", "%A, %-d. %B, %H:%M %% %j %y %I %p %e %a %b %-m", "Mittwoch, 4. März, 15:06 % 063 26 03 PM 4 Mi März 3"},
		"what strftime has not": {"en", "%Q %", "%Q "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, (&Words{Tag: tt.tag}).Date(at, tt.layout)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryTextIsInEveryLanguage(t *testing.T) {
	for key, columns := range letterTexts {
		for i, text := range columns {
			if text == "" {
				t.Errorf("%s has no text in %s", key, languages[i])
			}
			if cut(text).Has != cut(columns[0]).Has {
				t.Errorf("%s has a place for a name in one language and none in %s", key, languages[i])
			}
		}
	}
}

func FuzzDate(f *testing.F) {
	for _, seed := range []string{"%d", "%-", "%", "%-d%%", "long", "%é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, layout string) {
		for tag := range styles {
			if got := (&Words{Tag: tag}).Date(time.Unix(0, 0), layout); len(got) > 40*len(layout)+40 {
				t.Errorf("%q became %d bytes", layout, len(got))
			}
		}
	})
}
