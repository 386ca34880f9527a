package evaluate

import (
	"fmt"
	"math"
	"strings"

	"shopkeeper/shared/event"
	"shopkeeper/shared/kpi"
)

// Only is the table of one segment.
func (m Months) Only(segment string) Months {
	only := m
	only.Months = nil
	for _, x := range m.Months {
		if x.Segment == segment {
			only.Months = append(only.Months, x)
		}
	}
	return only
}

// Segments are the segments of the table, everybody ("") first.
func (m Months) Segments() []string {
	var names []string
	for _, x := range m.Months {
		if len(names) == 0 || names[len(names)-1] != x.Segment {
			names = append(names, x.Segment)
		}
	}
	return names
}

// Text is the table for a terminal, segment by segment; months before a segment's first customer are left out.
func (m Months) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Segments by month, evaluated %s. Active: ordered within %d days. Today's members in every month.\n", clock(m.Evaluated), kpi.ActiveDays)
	for _, name := range m.Segments() {
		fmt.Fprintf(&b, "\n%s\n", title(name))
		rows := m.rows(name)
		if len(rows) == 1 {
			b.WriteString("  No customers yet.\n")
			continue
		}
		columns(&b, rows)
	}
	return b.String()
}

// rows are the months of a segment since its first customer, below a header.
func (m Months) rows(segment string) [][]string {
	rows := [][]string{{"", "customers", "new", "active", "churn", "ordered", "orders", "revenue", "per customer", "orders per customer", "delivered", "open rate"}}
	for _, x := range m.Only(segment).Months {
		if x.Customers > 0 || x.Orders > 0 {
			rows = append(rows, monthCells(x, m.Currency))
		}
	}
	return rows
}

func title(segment string) string {
	if segment == kpi.Everybody {
		return "everybody"
	}
	return segment
}

func monthCells(x kpi.Month, currency string) []string {
	month := x.Month
	if x.Partial {
		month += " so far"
	}
	n := func(v int) string { return grouped(int64(v)) }
	return []string{
		month, n(x.Customers), n(x.New), n(x.Active), percent(int64(x.Lost), int64(x.Began)), n(x.Buyers), n(x.Orders), money(x.Revenue, currency), amount(x.PerHead*minorUnit(currency), currency),
		fmt.Sprintf("%.3f", x.OrdersPer), n(x.Delivered), percent(int64(x.Opened), int64(x.Delivered)),
	}
}

// minorUnit is what a minor unit is worth in whole ones.
func minorUnit(currency string) float64 { return math.Pow10(-event.Exponent(currency)) }
