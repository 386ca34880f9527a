package evaluate

import (
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"shopkeeper/shared/event"
)

// CSV is every figure of the report, one a line: what (group or comparison), figure, value. Money is in whole units.
func (r Report) CSV() string {
	rows := [][]string{{"of", "against", "figure", "value"}}
	add := func(of, against, figure, value string) { rows = append(rows, []string{of, against, figure, value}) }
	for _, g := range r.Groups {
		for _, f := range g.figures(r.Currency) {
			add(g.Name, "", f[0], f[1])
		}
	}
	for _, l := range r.Lifts {
		for _, f := range l.figures() {
			add(l.Group, l.Against, string(l.Metric)+" "+f[0], f[1])
		}
	}
	if r.Ratio != nil {
		add("all groups", "", "sample ratio chi-square", float(r.Ratio.ChiSquare))
		add("all groups", "", "sample ratio p", float(r.Ratio.P))
	}
	return write(rows)
}

// figures are a group's, by name.
func (g Group) figures(currency string) [][2]string {
	count := func(n int64) string { return strconv.FormatInt(n, 10) }
	all := [][2]string{
		{"people", count(g.People)}, {"sent", count(g.Sent)}, {"delivered", count(g.Delivered)}, {"opened", count(g.Opened)}, {"clicked", count(g.Clicked)},
		{"unsubscribed", count(g.Unsubscribed)}, {"bounced", count(g.Bounced)}, {"complained", count(g.Complained)}, {"uncertain", count(g.Uncertain)},
		{"ordered", count(g.Buyers)}, {"orders", count(g.Orders)}, {"revenue", plainMoney(g.Revenue, currency)}, {"revenue per customer", float(g.PerHead.Revenue)},
	}
	if g.Profit != nil {
		all = append(all, [2]string{"profit", plainMoney(*g.Profit, currency)}, [2]string{"profit per customer", float(*g.PerHead.Profit)})
	}
	return all
}

// figures are a comparison's, by name; what cannot be told is left out.
func (l Lift) figures() [][2]string {
	all := [][2]string{{"difference", float(l.Difference)}, {"standard error", float(l.SE)}, {"p", float(l.P)}}
	add := func(name string, v *float64) {
		if v != nil {
			all = append(all, [2]string{name, float(*v)})
		}
	}
	interval := func(name string, b *Bounds) {
		if b != nil {
			all = append(all, [2]string{name + " low", float(b.Low)}, [2]string{name + " high", float(b.High)})
		}
	}
	add("t", l.T)
	add("z", l.Z)
	interval("fixed", l.Fixed)
	interval("always", l.Always)
	if l.Relative != nil {
		all = append(all, [2]string{"lift", float(l.Relative.Lift)})
		interval("lift fixed", l.Relative.Fixed)
		interval("lift always", l.Relative.Always)
	}
	if a := l.Adjusted; a != nil {
		all = append(all, [2]string{"adjusted theta", float(a.Theta)}, [2]string{"adjusted difference", float(a.Difference)}, [2]string{"adjusted standard error", float(a.SE)})
		interval("adjusted fixed", a.Fixed)
	}
	return all
}

// CSV is the table, one segment and month a line. Money is in whole units.
func (m Months) CSV() string {
	rows := [][]string{{
		"segment", "month", "partial", "customers", "new", "active", "began", "lost", "churn_rate", "buyers", "orders", "revenue", "revenue_per_customer", "orders_per_customer",
		"delivered", "opened", "open_rate",
	}}
	unit := minorUnit(m.Currency)
	for _, x := range m.Months {
		n := strconv.Itoa
		rows = append(rows, []string{
			x.Segment, x.Month, strconv.FormatBool(x.Partial), n(x.Customers), n(x.New), n(x.Active), n(x.Began), n(x.Lost), float(x.Churn), n(x.Buyers), n(x.Orders),
			plainMoney(x.Revenue, m.Currency), float(x.PerHead * unit), float(x.OrdersPer), n(x.Delivered), n(x.Opened), float(x.OpenRate),
		})
	}
	return write(rows)
}

func write(rows [][]string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	for _, row := range rows {
		for i, cell := range row {
			row[i] = harmless(cell)
		}
	}
	_ = w.WriteAll(rows) // a strings.Builder takes everything
	return b.String()
}

// harmless keeps a spreadsheet from taking a name for a formula.
func harmless(cell string) string {
	if cell == "" || !strings.ContainsRune("=+@\t\r", rune(cell[0])) && (cell[0] != '-' || isNumber(cell)) {
		return cell
	}
	return "'" + cell
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

func float(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func plainMoney(minor int64, currency string) string {
	return fmt.Sprintf("%.*f", event.Exponent(currency), float64(minor)*minorUnit(currency))
}
