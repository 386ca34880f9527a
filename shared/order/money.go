package order

import (
	"fmt"
	"strings"

	"golang.org/x/text/currency"

	"shopkeeper/shared/fault"
)

// maxMinor bounds amounts, so that sums over a shop's life fit an int64.
const maxMinor = 1 << 46

// ParseAmount reads a decimal such as "12.75", "-3", "1,250.00" or "1250,5" as minor units of a currency, exactly: no float is involved. Digits beyond the
// currency's are rounded half away from zero. A single separator followed by other than three digits is the decimal one; otherwise the last of two kinds is.
func ParseAmount(text, code string) (int64, error) {
	unit, err := currency.ParseISO(code)
	if err != nil {
		return 0, fault.InvalidField("currency", "must be an ISO 4217 code such as GBP")
	}
	scale, _ := currency.Standard.Rounding(unit)
	whole, fraction, negative, ok := splitAmount(strings.TrimSpace(text))
	if !ok {
		return 0, fault.InvalidField("amount", "must be a decimal number such as 12.75")
	}
	var minor int64
	for _, d := range whole + pad(fraction, scale) {
		if minor = minor*10 + int64(d-'0'); minor > maxMinor {
			return 0, fault.InvalidField("amount", fmt.Sprintf("must be at most %d minor units", int64(maxMinor)))
		}
	}
	if len(fraction) > scale && fraction[scale] >= '5' {
		minor++
	}
	if negative {
		minor = -minor
	}
	return minor, nil
}

func pad(fraction string, scale int) string {
	if len(fraction) >= scale {
		return fraction[:scale]
	}
	return fraction + strings.Repeat("0", scale-len(fraction))
}

// splitAmount takes the sign and the separators off.
func splitAmount(s string) (whole, fraction string, negative, ok bool) {
	if rest, minus := strings.CutPrefix(s, "-"); minus {
		s, negative = rest, true
	}
	point := decimalPoint(s)
	whole = s
	if point >= 0 {
		whole, fraction = s[:point], s[point+1:]
	}
	whole = strings.NewReplacer(",", "", ".", "", " ", "", "\u00a0", "", "'", "").Replace(whole)
	if whole+fraction == "" || !digits(whole) || !digits(fraction) {
		return "", "", false, false
	}
	return whole, fraction, negative, true
}

// decimalPoint is the index of the decimal separator, -1 when there is none.
func decimalPoint(s string) int {
	last := strings.LastIndexAny(s, ".,")
	if last < 0 {
		return -1
	}
	first := strings.IndexAny(s, ".,")
	if s[first] != s[last] {
		return last
	}
	if strings.Count(s, s[last:last+1]) > 1 || (s[last] == ',' && len(s)-last-1 == 3) {
		return -1
	}
	return last
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
