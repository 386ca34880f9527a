package compare

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"shopkeeper/shared/event"
	"shopkeeper/shared/experiment"
)

// judge puts the measures into a verdict and a sentence.
func (r *Report) judge() {
	var more, less []string
	known := false
	for _, m := range r.Measures {
		known = known || m.Known
		switch m.says() {
		case 1:
			more = append(more, m.Name)
		case -1:
			less = append(less, m.Name)
		}
	}
	switch {
	case len(more) > 0 && len(less) > 0:
		r.Verdict, r.Text = Mixed, fmt.Sprintf("B brings more %s per visitor, A more %s: it is for you to weigh.", and(more), and(less))
	case len(more) > 0:
		r.Verdict, r.Text = BetterB, fmt.Sprintf("B is better: more %s per visitor.", and(more))
	case len(less) > 0:
		r.Verdict, r.Text = BetterA, fmt.Sprintf("A is better: more %s per visitor.", and(less))
	case known:
		r.Verdict, r.Text = Early, "It is too early to say: what differs so far may be chance."
	default:
		r.Verdict, r.Text = Early, fmt.Sprintf("It is too early to say: it takes at least %d visitors with a click, or with an order, in each arm.", experiment.Enough)
	}
}

func and(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// Amount writes a mean, a difference or a bound of a measure as people do: revenue in whole units of the currency.
func (m Measure) Amount(x float64, currency string) string {
	if m.Name != measureNames[revenue] {
		return strconv.FormatFloat(x, 'f', 4, 64)
	}
	e := event.Exponent(currency)
	return strings.TrimSpace(strconv.FormatFloat(x/math.Pow10(e), 'f', e+1, 64) + " " + currency)
}

// Sums writes what the arm brought in all.
func (a Arm) Sums(currency string) string {
	e := event.Exponent(currency)
	return strings.TrimSpace(strconv.FormatFloat(float64(a.Revenue)/math.Pow10(e), 'f', e, 64) + " " + currency)
}
