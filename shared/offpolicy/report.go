package offpolicy

import (
	"fmt"
	"html/template"
	"strings"

	"shopkeeper/shared/chart"
)

// Row is one way to fill the place.
type Row struct {
	Name string `json:"policy"`
	Estimates
}

// Report is what ways to fill a place earn, told from the log.
type Report struct {
	Reward    string  `json:"reward"` // what counts, in words
	Exposures int     `json:"exposures"`
	Broken    int     `json:"broken"` // lines that were no exposures
	Clip      float64 `json:"clip"`
	Rows      []Row   `json:"policies"`
}

// Protocol says what was done.
func (r Report) Protocol() string {
	clip := "not clipped"
	if r.Clip > 0 {
		clip = fmt.Sprintf("clipped at %g", r.Clip)
	}
	return fmt.Sprintf("The last place of a shelf, per showing; reward: %s. From %d answers in the log of exposures. Weights are %s; intervals are 95 %%, by bootstrap over visitors.", r.Reward, r.Exposures, clip)
}

// Warnings are what to know before reading.
func (r Report) Warnings() (out []string) {
	if r.Broken > 0 {
		out = append(out, fmt.Sprintf("%d lines of the log are no exposures and were left out.", r.Broken))
	}
	for _, row := range r.Rows {
		if row.Weak() {
			out = append(out, fmt.Sprintf("%s: the log is worth %.0f decisions of this policy, fewer than %d. Do not believe its figures yet.", row.Name, row.Effective, Enough))
		}
	}
	return out
}

func (r Report) table() [][]string {
	rows := [][]string{{"policy", "showings", "worth", "IPS", "SNIPS", "DR", "95 % of DR"}}
	for _, row := range r.Rows {
		rows = append(rows, []string{row.Name, fmt.Sprint(row.N), fmt.Sprintf("%.0f", row.Effective), share(row.IPS.Value), share(row.SNIPS.Value), share(row.DR.Value), share(row.DR.Low) + " to " + share(row.DR.High)})
	}
	return rows
}

func share(v float64) string { return fmt.Sprintf("%.4f", v) }

// Text is the report for a terminal.
func (r Report) Text() string {
	var b strings.Builder
	b.WriteString(r.Protocol() + "\n\n")
	for _, row := range r.table() {
		fmt.Fprintf(&b, "  %-28s %9s %8s %8s %8s %8s  %s\n", row[0], row[1], row[2], row[3], row[4], row[5], row[6])
	}
	for _, w := range r.Warnings() {
		b.WriteString("\n" + w)
	}
	return b.String() + "\n"
}

// CSV is the table.
func (r Report) CSV() string {
	var b strings.Builder
	b.WriteString("policy,showings,effective,ips,snips,dr,dr_low,dr_high\n")
	for _, row := range r.Rows {
		fmt.Fprintf(&b, "%s,%d,%g,%g,%g,%g,%g,%g\n", row.Name, row.N, row.Effective, row.IPS.Value, row.SNIPS.Value, row.DR.Value, row.DR.Low, row.DR.High)
	}
	return b.String()
}

// HTML is the report as a page.
func (r Report) HTML() ([]byte, error) {
	var effects []chart.Effect
	var words []string
	for _, row := range r.Rows {
		effects = append(effects, chart.Effect{Label: row.Name, Value: row.DR.Value, Low: row.DR.Low, High: row.DR.High, WideLow: row.DR.Low, WideHigh: row.DR.High})
		words = append(words, row.Name+" "+share(row.DR.Value))
	}
	drawn := chart.Effects(chart.About{ID: "policies", Title: "Reward per showing", Desc: strings.Join(words, ", ") + ".", Value: share}, "95 %, DR", "", effects)
	return chart.Page{Title: "What other policies would have earned", Lead: r.Protocol(), Warnings: r.Warnings(),
		Sections: []chart.Section{{Title: "The explored place", Charts: []template.HTML{drawn}, Table: r.table(),
			Note: "Kept: the best candidate stands there. Explored: one of the next candidates does, chosen as it says. Worth: how many decisions of the policy's own the log is worth."}}}.Render()
}
