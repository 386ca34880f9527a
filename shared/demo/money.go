package demo

import (
	"encoding/json"
	"strconv"
	"strings"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	printing "golang.org/x/text/message"
	"golang.org/x/text/number"
)

// money writes amounts in the customs of one locale.
type money struct {
	printer *printing.Printer
	before  bool // the symbol stands before the number
}

func newMoney(locale string) money {
	tag := language.Make(locale)
	base, _ := tag.Base()
	before := map[string]bool{"en": true, "ja": true, "zh": true, "ko": true}[base.String()]
	return money{printer: printing.NewPrinter(tag), before: before}
}

// format writes minor units: 255 GBP is £2.55 in English and 2,55 £ in French.
func (m money) format(minor int64, code string) string {
	unit, err := currency.ParseISO(code)
	if err != nil {
		return decimal(minor, 2).String() + " " + code
	}
	scale, _ := currency.Standard.Rounding(unit)
	amount, err := strconv.ParseFloat(decimal(minor, scale).String(), 64)
	if err != nil {
		return ""
	}
	figures := m.printer.Sprint(number.Decimal(amount, number.Scale(scale)))
	symbol := m.printer.Sprint(currency.NarrowSymbol(unit))
	if !m.before {
		return figures + "\u00a0" + symbol
	}
	if rest, negative := strings.CutPrefix(figures, "-"); negative {
		return "-" + symbol + rest
	}
	return symbol + figures
}

// inEvents is the amount as the event specification wants it: in major units, exactly.
func inEvents(minor int64, code string) json.Number {
	scale := 2
	if unit, err := currency.ParseISO(code); err == nil {
		scale, _ = currency.Standard.Rounding(unit)
	}
	return decimal(minor, scale)
}

func decimal(minor int64, scale int) json.Number {
	sign := ""
	if minor < 0 {
		sign, minor = "-", -minor
	}
	digits := strconv.FormatInt(minor, 10)
	if scale == 0 {
		return json.Number(sign + digits)
	}
	if pad := scale + 1 - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	return json.Number(sign + digits[:len(digits)-scale] + "." + digits[len(digits)-scale:])
}
