package console

import (
	"fmt"
	"html/template"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"shopkeeper/shared/chart"
	"shopkeeper/shared/evaluate"
	"shopkeeper/shared/event"
	"shopkeeper/shared/kpi"
)

// charts are the drawings of a page, in their order. Each page has the figures as a table, too.
type charts []template.HTML

// chartStyle is the style sheet of all charts.
func chartStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	fmt.Fprint(w, chart.CSS)
}

// dayCharts draw whole days.
func dayCharts(days []kpi.Day, currency string) charts {
	week := sum(days, 7, 0)
	revenue, visitors, orders := make([]chart.Point, len(days)), make([]chart.Point, len(days)), make([]chart.Point, len(days))
	for i, d := range days {
		at, err := time.Parse(time.DateOnly, d.Date)
		if err != nil {
			continue
		}
		revenue[i], visitors[i], orders[i] = chart.Point{At: at, Value: float64(d.Revenue)}, chart.Point{At: at, Value: float64(d.Visitors)}, chart.Point{At: at, Value: float64(d.Orders)}
	}
	return charts{
		chart.Lines(chart.About{ID: "revenue", Title: "Revenue by day", Desc: fmt.Sprintf("Thirty days of revenue; %s in the last seven.", money(week.Revenue, currency)), Value: func(x float64) string { return rounded(x, currency) }},
			chart.Series{Label: "Revenue", Points: revenue}),
		chart.Lines(chart.About{ID: "visitors", Title: "Visitors and orders by day", Desc: fmt.Sprintf("Thirty days; %d visitors and %d orders in the last seven.", week.Visitors, week.Orders)},
			chart.Series{Label: "Visitors", Points: visitors}, chart.Series{Label: "Orders", Points: orders}),
	}
}

// rounded is an amount of minor units without its smaller part, short enough for an axis.
func rounded(minor float64, currency string) string {
	unit := math.Pow10(event.Exponent(currency))
	short, _, _ := strings.Cut(money(int64(math.Round(minor/unit)*unit), currency), ".")
	return short
}

// resultCharts draw a campaign's way to people and what it brought.
func resultCharts(r evaluate.Report) charts {
	var all evaluate.Group
	for _, g := range r.Groups {
		if g.Control {
			continue
		}
		all.People, all.Sent, all.Delivered, all.Opened, all.Clicked = all.People+g.People, all.Sent+g.Sent, all.Delivered+g.Delivered, all.Opened+g.Opened, all.Clicked+g.Clicked
	}
	drawn := charts{chart.Funnel(chart.About{ID: "reach", Title: "How far it got", Desc: fmt.Sprintf("Of %d people %d were sent the message, %d of them opened it and %d followed a link.", all.People, all.Sent, all.Opened, all.Clicked)},
		[]chart.Stage{{Label: "In the campaign", Count: all.People}, {Label: "Sent", Count: all.Sent}, {Label: "Delivered", Count: all.Delivered}, {Label: "Opened", Count: all.Opened}, {Label: "Clicked", Count: all.Clicked}})}
	byMetric := map[evaluate.Metric][]chart.Effect{}
	var order []evaluate.Metric
	for _, l := range r.Lifts {
		if byMetric[l.Metric] == nil {
			order = append(order, l.Metric)
		}
		e := chart.Effect{Label: l.Group + " against " + l.Against, Value: l.Difference}
		if l.Fixed != nil && r.Over {
			e.Low, e.High = l.Fixed.Low, l.Fixed.High
		}
		if l.Always != nil {
			e.WideLow, e.WideHigh = l.Always.Low, l.Always.High
		}
		byMetric[l.Metric] = append(byMetric[l.Metric], e)
	}
	for _, m := range order {
		about := chart.About{ID: "lift-" + string(m), Title: metricWords[m] + ": difference per customer", Desc: "What lies wholly on one side of zero is proven.", Value: func(x float64) string { return metricValue(m, x, r.Currency) }}
		drawn = append(drawn, chart.Effects(about, "95 % interval, when the window is over", "95 % interval, at every look", byMetric[m]))
	}
	return drawn
}

var metricWords = map[evaluate.Metric]string{evaluate.Visit: "Visits", evaluate.Conversion: "Customers who ordered", evaluate.Orders: "Orders", evaluate.Spend: "Revenue", evaluate.Profit: "Profit"}

// metricValue is a value of a metric in words: shares as percent, amounts as money.
func metricValue(m evaluate.Metric, x float64, currency string) string {
	if m.Share() {
		return strconv.FormatFloat(100*x, 'f', 2, 64) + " %"
	}
	if m == evaluate.Orders {
		return strconv.FormatFloat(x, 'f', 3, 64)
	}
	return money(int64(math.Round(x*math.Pow10(event.Exponent(currency)))), currency)
}
