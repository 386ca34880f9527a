package evaluate

import (
	"fmt"
	"strings"
	"time"
)

// Text is the report as tables for a terminal.
func (r Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s), %s\n", r.Name, r.Campaign, r.Status)
	if !r.Started.IsZero() {
		fmt.Fprintf(&b, "Orders count from %s to %s; evaluated %s.\n", clock(r.Started), clock(r.Until), clock(r.Evaluated))
	}
	b.WriteString("\n")
	columns(&b, r.groupRows())
	b.WriteString("\n")
	if rows := r.funnelRows(); len(rows) > 1 {
		columns(&b, rows)
		b.WriteString("\n")
	}
	for _, l := range r.LeftOut {
		fmt.Fprintf(&b, "  Not drawn, %s: %s.\n", reason(string(l.Why)), people(l.People))
	}
	if len(r.LeftOut) > 0 {
		b.WriteString("\n")
	}
	for _, pair := range r.comparisons() {
		r.liftTable(&b, pair[0], pair[1])
	}
	if r.Ratio != nil {
		verdict := "the groups have the sizes they were drawn with"
		if r.Ratio.Broken {
			verdict = "THE GROUPS DO NOT HAVE THE SIZES THEY WERE DRAWN WITH"
		}
		fmt.Fprintf(&b, "Sample ratio: chi-square(%d) = %.6f, p = %.6f: %s.\n", r.Ratio.DF, r.Ratio.ChiSquare, r.Ratio.P, verdict)
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "! %s\n", w.Text)
	}
	return b.String()
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// reason is a code of the ledger in words.
func reason(why string) string {
	if why == "" {
		return "of a variant the campaign does not have"
	}
	return strings.ReplaceAll(why, "-", " ")
}

// columns writes aligned columns: the first to the left, the others to the right.
func columns(b *strings.Builder, rows [][]string) {
	widths := map[int]int{}
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for _, row := range rows {
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-len([]rune(cell)))
			switch {
			case i == 0:
				b.WriteString("  " + cell + pad)
			default:
				b.WriteString("  " + pad + cell)
			}
		}
		b.WriteString("\n")
	}
}

func (g Group) label() string {
	if g.Control {
		return g.Name + " (control)"
	}
	return g.Name
}

// groupRows are what people brought.
func (r Report) groupRows() [][]string {
	rows := [][]string{{"", "people", "ordered", "", "orders", "revenue", "per customer"}}
	profit := r.Margin > 0
	if profit {
		rows[0] = append(rows[0], "profit", "per customer")
	}
	for _, g := range r.Groups {
		row := []string{g.label(), grouped(g.People), grouped(g.Buyers), percent(g.Buyers, g.People), grouped(g.Orders), money(g.Revenue, r.Currency), amount(g.PerHead.Revenue, r.Currency)}
		if g.Orders == 0 && g.Buyers > 0 {
			row[4] = "-"
		}
		if profit && g.Profit != nil {
			row = append(row, money(*g.Profit, r.Currency), amount(*g.PerHead.Profit, r.Currency))
		}
		rows = append(rows, row)
	}
	return rows
}

// funnelRows are what became of the messages.
func (r Report) funnelRows() [][]string {
	rows := [][]string{{"", "sent", "delivered", "", "opened", "", "clicked", "", "unsubscribed", "bounced", "complained"}}
	for _, g := range r.Groups {
		if r.Imported && g.Opened+g.Clicked+g.Unsubscribed+g.Bounced == 0 {
			continue // the file did not tell
		}
		if !g.Control {
			rows = append(rows, []string{
				g.Name, grouped(g.Sent), grouped(g.Delivered), percent(g.Delivered, g.Sent), grouped(g.Opened), percent(g.Opened, g.Delivered),
				grouped(g.Clicked), percent(g.Clicked, g.Delivered), grouped(g.Unsubscribed), grouped(g.Bounced), grouped(g.Complained),
			})
		}
	}
	return rows
}

// comparisons are the pairs of groups that the lifts compare, in their order.
func (r Report) comparisons() [][2]string {
	var pairs [][2]string
	for _, l := range r.Lifts {
		p := [2]string{l.Group, l.Against}
		if len(pairs) == 0 || pairs[len(pairs)-1] != p {
			pairs = append(pairs, p)
		}
	}
	return pairs
}

// liftTable compares two groups.
func (r Report) liftTable(b *strings.Builder, group, against string) {
	fmt.Fprintf(b, "%s against %s\n", group, against)
	columns(b, r.liftRows(group, against))
	for _, l := range r.Lifts {
		if a := l.Adjusted; a != nil && l.Group == group && l.Against == against {
			fmt.Fprintf(b, "  revenue, what was spent before taken out (CUPED): theta %.10f, correlation %.4f, difference %+.10f, SE %.10f, 95 %% %s\n",
				a.Theta, a.Correlation, a.Difference, a.SE, a.Fixed.text())
		}
	}
	b.WriteString("\n")
}

func (r Report) liftRows(group, against string) [][]string {
	rows := [][]string{{"", group, against, "difference", "lift", "SE", "t", "z", "95 % at the end", "95 % at every look"}}
	for _, l := range r.Lifts {
		if l.Group != group || l.Against != against {
			continue
		}
		lift := "-"
		if l.Relative != nil {
			lift = fmt.Sprintf("%+.2f %%", 100*l.Relative.Lift)
		}
		rows = append(rows, []string{
			l.Metric.label(r.Currency), digits(l.Treated, 8), digits(l.Control, 8), fmt.Sprintf("%+.8f", l.Difference), lift, digits(l.SE, 8), optional(l.T, 5), optional(l.Z, 5),
			l.Fixed.text(), l.Always.text(),
		})
	}
	return rows
}

func (m Metric) label(currency string) string {
	switch m {
	case Visit:
		return "visited, share"
	case Conversion:
		return "ordered, share"
	case Orders:
		return "orders per customer"
	case Profit:
		return "profit per customer, " + currency
	default:
		return "revenue per customer, " + currency
	}
}

func (b *Bounds) text() string {
	if b == nil {
		return "too early"
	}
	return fmt.Sprintf("%.6f to %.6f", b.Low, b.High)
}

func digits(v float64, n int) string { return fmt.Sprintf("%.*f", n, v) }

func optional(v *float64, n int) string {
	if v == nil {
		return "-"
	}
	return digits(*v, n)
}

func percent(part, whole int64) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}
