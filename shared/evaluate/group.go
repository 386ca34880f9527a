package evaluate

import (
	"math"
	"time"
)

// outcome enters what the people of a group did.
func (g *Group) outcome(x Outcome, currency string, margin float64) {
	g.Visitors, g.Buyers, g.Revenue = x.Visits, x.Conversion, int64(x.Spend.Y.Sum)
	if x.Orders != nil {
		g.Orders = *x.Orders
	}
	if x.People == 0 {
		return
	}
	minor := minorUnit(currency)
	g.PerHead = Amounts{Revenue: x.Spend.Y.Sum * minor / float64(x.People), Orders: float64(g.Orders) / float64(x.People)}
	if margin > 0 {
		profit := math.Round(x.Spend.Y.Sum * margin)
		g.Profit = new(int64(profit))
		g.PerHead.Profit = new(g.PerHead.Revenue * margin)
	}
}

// looks are the earlier looks and this one, one a day: a second evaluation on a day replaces the first.
func looks(before []Look, r *Report) []Look {
	if r.Started.IsZero() || len(r.Groups) == 0 || !r.Groups[0].Control || r.Imported {
		return nil
	}
	today := r.Evaluated.Format(time.DateOnly)
	var all []Look
	for _, l := range before {
		if l.At.UTC().Format(time.DateOnly) != today {
			all = append(all, l)
		}
	}
	for _, l := range r.Lifts {
		if l.Metric == Spend && l.Against == r.Groups[0].Name {
			all = append(all, Look{At: r.Evaluated, Group: l.Group, Difference: l.Difference, Fixed: l.Fixed, Always: l.Always})
		}
	}
	return all[max(0, len(all)-maxLooks):]
}
