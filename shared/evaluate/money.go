package evaluate

import (
	"fmt"
	"math"
	"strings"

	"shopkeeper/shared/event"
)

// money writes minor units: 1,390,833 pence as "13,908.33 GBP".
func money(minor int64, currency string) string {
	e := event.Exponent(currency)
	sign := ""
	if minor < 0 {
		sign, minor = "-", -minor
	}
	unit := int64(math.Pow10(e))
	text := sign + grouped(minor/unit)
	if e > 0 {
		text += fmt.Sprintf(".%0*d", e, minor%unit)
	}
	return strings.TrimSpace(text + " " + currency)
}

// amount writes whole units with one digit more than the currency has, as means are.
func amount(v float64, currency string) string {
	return strings.TrimSpace(fmt.Sprintf("%.*f %s", event.Exponent(currency)+1, v, currency))
}
