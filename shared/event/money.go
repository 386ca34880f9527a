package event

import "strings"

// exponents of the ISO 4217 currencies that do not have two digits.
var exponents = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
	"CLF": 4, "UYW": 4,
}

// Exponent is how many digits a currency's minor unit has: 2 for most, 0 for JPY, 3 for KWD.
func Exponent(currency string) int {
	if e, ok := exponents[currency]; ok {
		return e
	}
	return 2
}

// Currency is an ISO 4217 code in capitals, or "" for text that is none.
func Currency(text string) string {
	text = strings.ToUpper(strings.TrimSpace(text))
	if len(text) != 3 {
		return ""
	}
	for i := range 3 {
		if text[i] < 'A' || text[i] > 'Z' {
			return ""
		}
	}
	return text
}

// maxMinor is the largest amount that is believed, in minor units.
const maxMinor = 1_000_000_000_000_000

// Minor reads an amount as clients write it (12.5, "12.50", "£1,299.00", "12,50 €", "1.299,00", 1e3) and is exact: minor units of the currency, half a unit rounded away from zero.
// It says false for what is no amount, or one beyond belief.
func Minor(text, currency string) (int64, bool) {
	digits, scale, negative, ok := decimal(text)
	if !ok {
		return 0, false
	}
	shift := Exponent(currency) - scale // digits x 10^shift minor units
	var roundUp int64
	if shift < 0 {
		kept := max(len(digits)+shift, 0)
		if len(digits)+shift >= 0 && kept < len(digits) && digits[kept] >= '5' {
			roundUp = 1
		}
		digits = digits[:kept]
	}
	var n int64
	for _, d := range digits {
		if n = n*10 + int64(d-'0'); n > maxMinor {
			return 0, false
		}
	}
	n += roundUp
	for range shift {
		if n *= 10; n > maxMinor {
			return 0, false
		}
	}
	if negative {
		n = -n
	}
	return n, true
}

// maxAmount is the longest text of an amount.
const maxAmount = 40

// decimal takes an amount apart: its digits without leading zeros, and how many of them stand behind the point.
func decimal(text string) (digits []byte, scale int, negative, ok bool) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > maxAmount {
		return nil, 0, false, false
	}
	text, exp, ok := splitExponent(text)
	if !ok {
		return nil, 0, false, false
	}
	point := decimalPoint(text)
	seen := false
	for i, r := range text {
		switch {
		case r >= '0' && r <= '9':
			seen = true
			if i > point && point >= 0 {
				scale++
			}
			if len(digits) > 0 || r != '0' {
				digits = append(digits, byte(r))
			}
		case r == '-' && !seen:
			negative = true
		case r == '.' || r == ',' || r == '\'' || r == ' ' || r == '\u00a0' || r == '\u202f':
		case seen && i < lastDigit(text):
			return nil, 0, false, false // letters between digits
		case r == '(' || r == '/' || r == ':':
			return nil, 0, false, false
		}
	}
	return digits, scale - exp, negative, seen
}

// splitExponent takes "e3" off a JSON number.
func splitExponent(text string) (string, int, bool) {
	i := strings.IndexAny(text, "eE")
	if i <= 0 || text[i-1] < '0' || text[i-1] > '9' || i+1 == len(text) || !strings.ContainsRune("+-0123456789", rune(text[i+1])) {
		return text, 0, true
	}
	exp, sign := 0, 1
	for j, c := range text[i+1:] {
		switch {
		case j == 0 && c == '-':
			sign = -1
		case j == 0 && c == '+':
		case c >= '0' && c <= '9' && exp < 100:
			exp = exp*10 + int(c-'0')
		default:
			return "", 0, false
		}
	}
	return text[:i], sign * exp, true
}

func lastDigit(text string) int { return strings.LastIndexAny(text, "0123456789") }

// decimalPoint is the index of the sign that separates the minor units, -1 for none: the last of two different separators, else a point, else a comma that is not followed by
// exactly three digits.
func decimalPoint(text string) int {
	point, comma := strings.LastIndexByte(text, '.'), strings.LastIndexByte(text, ',')
	switch {
	case point >= 0 && comma >= 0:
		return max(point, comma)
	case point >= 0 && strings.Count(text, ".") == 1:
		return point
	case comma >= 0 && strings.Count(text, ",") == 1 && lastDigit(text)-comma != 3:
		return comma
	}
	return -1
}
