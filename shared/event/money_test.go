package event

import (
	"testing"
)

func TestMinor(t *testing.T) {
	tests := []struct {
		text, currency string
		want           int64
		ok             bool
	}{
		{"2.55", "GBP", 255, true},
		{"12", "EUR", 1200, true},
		{"12.5", "EUR", 1250, true},
		{"0.1", "EUR", 10, true},
		{"19.999", "USD", 2000, true},
		{"19.994", "USD", 1999, true},
		{"-4.20", "USD", -420, true},
		{"1e3", "USD", 100000, true},
		{"1.5E-1", "USD", 15, true},
		{"£1,299.00", "GBP", 129900, true},
		{"1.299,00 €", "EUR", 129900, true},
		{"12,50 €", "EUR", 1250, true},
		{"1,299", "USD", 129900, true},
		{"1 299,5", "EUR", 129950, true},
		{"1.299.000", "EUR", 129900000, true},
		{"500", "JPY", 500, true},
		{"500.6", "JPY", 501, true},
		{"1.2345", "KWD", 1235, true},
		{"0.0001", "USD", 0, true},
		{"0", "USD", 0, true},
		{"", "USD", 0, false},
		{"free", "USD", 0, false},
		{"12a4", "USD", 0, false},
		{"10 (2 pcs)", "USD", 0, false},
		{"99999999999999999999", "USD", 0, false},
		{"1e90", "USD", 0, false},
		{"1e-90", "USD", 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.text+" "+tt.currency, func(t *testing.T) {
			if got, ok := Minor(tt.text, tt.currency); got != tt.want || ok != tt.ok {
				t.Errorf("Minor = %d, %v; want %d, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func FuzzMinor(f *testing.F) {
	for _, seed := range []string{"1.5", "£1,299.00", "1e99", "1e-99", "-", ".,.", "9999999999999999"} {
		f.Add(seed, "USD")
	}
	f.Fuzz(func(t *testing.T, text, currency string) {
		if n, ok := Minor(text, currency); ok && (n > 10*maxMinor || n < -10*maxMinor) {
			t.Errorf("Minor(%q) = %d, beyond belief", text, n)
		}
	})
}
