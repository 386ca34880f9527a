package evaluate

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"shopkeeper/shared/chart"
	"shopkeeper/shared/kpi"
)

// HTML is the report as a page with charts.
func (r Report) HTML() ([]byte, error) {
	p := chart.Page{Title: r.Name, Lead: fmt.Sprintf("Campaign %s, %s. Evaluated %s UTC.", r.Campaign, r.Status, clock(r.Evaluated))}
	for _, w := range r.Warnings {
		p.Warnings = append(p.Warnings, w.Text)
	}
	brought := chart.Section{Title: "What customers brought", Charts: []template.HTML{r.RevenueChart("revenue")}, Table: r.groupRows()}
	if r.Ratio != nil {
		brought.Note = fmt.Sprintf("Sizes of the groups against the shares they were drawn with: chi-square(%d) %.4f, p %.4f.", r.Ratio.DF, r.Ratio.ChiSquare, r.Ratio.P)
	}
	p.Sections = append(p.Sections, brought)
	for i, pair := range r.comparisons() {
		s := chart.Section{Title: pair[0] + " against " + pair[1], Table: r.liftRows(pair[0], pair[1])}
		if c := r.LiftChart(fmt.Sprintf("lift%d", i), pair[0], pair[1]); c != "" {
			s.Charts = append(s.Charts, c)
		}
		if c := r.LooksChart(fmt.Sprintf("looks%d", i), pair[0]); c != "" && pair[1] == r.Groups[0].Name {
			s.Charts = append(s.Charts, c)
		}
		p.Sections = append(p.Sections, s)
	}
	if rows := r.funnelRows(); len(rows) > 1 {
		p.Sections = append(p.Sections, chart.Section{Title: "What became of the messages", Charts: []template.HTML{r.FunnelChart("funnel")}, Table: rows})
	}
	return p.Render()
}

// RevenueChart compares the groups by revenue per customer. id is unique within the page.
func (r Report) RevenueChart(id string) template.HTML {
	var bars []chart.Bar
	var words []string
	for _, g := range r.Groups {
		bars = append(bars, chart.Bar{Label: g.label(), Value: g.PerHead.Revenue, Soft: g.Control})
		words = append(words, g.label()+" "+amount(g.PerHead.Revenue, r.Currency))
	}
	return chart.Bars(chart.About{ID: id, Title: "Revenue per customer", Desc: strings.Join(words, ", ") + ".", Value: r.amount}, bars)
}

func (r Report) amount(v float64) string { return amount(v, r.Currency) }

// LiftChart shows the relative lifts of one group against another with their intervals; empty when none can be told.
func (r Report) LiftChart(id, group, against string) template.HTML {
	var effects []chart.Effect
	var words []string
	for _, l := range r.Lifts {
		if l.Group != group || l.Against != against || l.Metric == Profit || l.Relative == nil || l.Relative.Fixed == nil {
			continue
		}
		e := chart.Effect{Label: l.Metric.short(), Value: l.Relative.Lift, Low: l.Relative.Fixed.Low, High: l.Relative.Fixed.High}
		if a := l.Relative.Always; a != nil {
			e.WideLow, e.WideHigh = a.Low, a.High
		} else {
			e.WideLow, e.WideHigh = e.Low, e.High
		}
		effects = append(effects, e)
		words = append(words, fmt.Sprintf("%s %s, %s to %s", e.Label, signed(e.Value), signed(e.Low), signed(e.High)))
	}
	if len(effects) == 0 {
		return ""
	}
	about := chart.About{ID: id, Title: "Lift in per cent of " + against, Desc: strings.Join(words, "; ") + ".", Value: signed}
	return chart.Effects(about, "95 %, for one look when the window is over", "95 %, at every look", effects)
}

func signed(share float64) string {
	if share == 0 {
		return "0 %"
	}
	return fmt.Sprintf("%+.0f %%", 100*share)
}

func (m Metric) short() string {
	switch m {
	case Visit:
		return "visited"
	case Conversion:
		return "ordered"
	case Orders:
		return "orders per customer"
	case Profit:
		return "profit per customer"
	default:
		return "revenue per customer"
	}
}

// LooksChart shows how the difference in revenue and its always-valid interval moved from look to look; empty before the second look.
func (r Report) LooksChart(id, group string) template.HTML {
	s := chart.Series{Label: group}
	for _, l := range r.Looks {
		if l.Group != group || l.Always == nil {
			continue
		}
		s.Points = append(s.Points, chart.Point{At: l.At, Value: l.Difference, Low: l.Always.Low, High: l.Always.High})
	}
	if len(s.Points) < 2 {
		return ""
	}
	last := s.Points[len(s.Points)-1]
	desc := fmt.Sprintf("%d looks since %s; the latest difference is %s, between %s and %s.", len(s.Points), s.Points[0].At.Format(time.DateOnly), r.amount(last.Value), r.amount(last.Low), r.amount(last.High))
	return chart.Lines(chart.About{ID: id, Title: "Difference in revenue per customer, day by day", Desc: desc}, s)
}

// FunnelChart shows how far the messages of all variants got.
func (r Report) FunnelChart(id string) template.HTML {
	var all Group
	for _, g := range r.Groups {
		if !g.Control {
			all.Sent, all.Delivered, all.Opened, all.Clicked, all.Buyers = all.Sent+g.Sent, all.Delivered+g.Delivered, all.Opened+g.Opened, all.Clicked+g.Clicked, all.Buyers+g.Buyers
		}
	}
	stages := []chart.Stage{{Label: "Sent", Count: all.Sent}, {Label: "Delivered", Count: all.Delivered}, {Label: "Opened by a human", Count: all.Opened}, {Label: "Clicked by a human", Count: all.Clicked}}
	desc := fmt.Sprintf("%s sent, %s delivered, %s opened, %s clicked.", grouped(all.Sent), grouped(all.Delivered), grouped(all.Opened), grouped(all.Clicked))
	return chart.Funnel(chart.About{ID: id, Title: "How far the messages got", Desc: desc, Value: func(v float64) string { return grouped(int64(v)) }}, stages)
}

// shownSegments is how many segments a chart compares, besides everybody.
const shownSegments = 3

// HTML is the table of months as a page with charts.
func (m Months) HTML() ([]byte, error) {
	p := chart.Page{Title: "Segments by month", Lead: fmt.Sprintf("Evaluated %s UTC. Active: ordered within %d days. Today's members in every month.", clock(m.Evaluated), kpi.ActiveDays)}
	p.Sections = append(p.Sections, chart.Section{Title: "Compared", Charts: []template.HTML{
		m.Chart("revenue", "Revenue per customer by month", func(x kpi.Month) float64 { return x.PerHead * minorUnit(m.Currency) }, nil),
		m.Chart("churn", "Churn rate by month", func(x kpi.Month) float64 { return x.Churn }, func(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) }),
	}})
	for _, name := range m.Segments() {
		p.Sections = append(p.Sections, chart.Section{Title: title(name), Table: m.rows(name)})
	}
	return p.Render()
}

// Chart draws one figure of everybody and of the first segments by month. value nil: as numbers are.
func (m Months) Chart(id, caption string, figure func(kpi.Month) float64, value func(float64) string) template.HTML {
	var all []chart.Series
	var words []string
	about := chart.About{ID: id, Title: caption, Value: value}
	for _, name := range m.Segments()[:min(len(m.Segments()), shownSegments+1)] {
		s := chart.Series{Label: title(name)}
		for _, x := range m.Only(name).Months {
			at, err := time.Parse("2006-01", x.Month)
			if err == nil && x.Customers > 0 && !x.Partial {
				s.Points = append(s.Points, chart.Point{At: at, Value: figure(x)})
			}
		}
		if n := len(s.Points); n > 0 {
			all = append(all, s)
			words = append(words, fmt.Sprintf("%s: %.3g in %s", s.Label, s.Points[n-1].Value, s.Points[n-1].At.Format("January 2006")))
		}
	}
	about.Desc = "Latest full month: " + strings.Join(words, ", ") + "."
	return chart.Lines(about, all...)
}
