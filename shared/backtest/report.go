package backtest

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Report is a run to be read by people: as text (Text) or as a page with charts (HTML). What it says of the protocol stands beside every figure.
type Report struct {
	Results []Result // of one run, in the order of the models; CompareAll has filled Against
	Source  string   // what was measured on, in words
}

// headline are the metrics that decide, by protocol; the first is charted and told by group.
func headline(protocol string) []string {
	switch protocol {
	case NextItem:
		return []string{"mrr@20", "hr@20", "recall@20", "ndcg@20"}
	case NextBasket:
		return []string{"recall@10", "ndcg@10", "repeat-recall@10", "explore-recall@10"}
	}
	return []string{"recall@20", "ndcg@100", "recall@50", "mrr@20"}
}

// about says in words what a protocol hides from whom.
var about = map[string]string{
	StrongGeneralisation: "A tenth of the customers is unseen in training; of their items 80 % are given and 20 % are to be found.",
	TimeSplit:            "Of each customer's items, by time of the first purchase, the last 20 % are to be found.",
	Sliding:              "From several moments: everything before is learned, and what known customers first met in the time after it is to be found.",
	NextItem:             "After every item of a test session the next one is to be found.",
	NextBasket:           "Of each customer's baskets, the last one with three items or more is to be found; what was bought before may be bought again.",
}

// table is rows of cells; the first row is the heading.
type table struct {
	title string
	note  string
	rows  [][]string
}

// Protocol is what was done, in sentences.
func (r Report) Protocol() string {
	one := r.Results[0]
	units := map[int]bool{}
	for _, u := range one.all.units {
		units[u] = true
	}
	whose, learned := "customers", "customers"
	if one.Protocol == NextItem {
		whose, learned = "sessions", "sessions"
	}
	return fmt.Sprintf("%s: %s %s questions of %s %s; learned from %s %s and %s items. Seed %d. Intervals are 95 %%, by bootstrap over %s.", one.Protocol, about[one.Protocol],
		grouped(one.Evaluations), grouped(len(units)), whose, grouped(one.Users), learned, grouped(one.Items), one.Seed, whose)
}

// tables are all figures.
func (r Report) tables() []table {
	out := []table{r.accuracy()}
	if len(r.Results) > 1 {
		out = append(out, r.comparison())
	}
	out = append(out, r.beyond(), r.costs())
	if t := r.parts(); len(t.rows) > 1 {
		out = append(out, t)
	}
	if t := r.splits(); len(t.rows) > 1 {
		out = append(out, t)
	}
	return out
}

func (r Report) accuracy() table {
	t := table{title: "Accuracy", rows: [][]string{{"model"}}}
	for _, metric := range headline(r.Results[0].Protocol) {
		t.rows[0] = append(t.rows[0], metric, "95 %")
	}
	for _, one := range r.Results {
		row := []string{one.Model}
		for _, metric := range headline(one.Protocol) {
			row = append(row, r.figure(one.Metrics, metric), between(one.Interval, metric))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

func (r Report) comparison() table {
	t := table{title: "Beside " + r.Results[0].Model, rows: [][]string{{"model"}},
		note: "Differences over the same questions, by paired bootstrap. Undecided: the interval holds 0; more questions would be needed."}
	metrics := headline(r.Results[0].Protocol)[:2]
	for _, metric := range metrics {
		t.rows[0] = append(t.rows[0], metric, "95 %", "is")
	}
	for _, one := range r.Results[1:] {
		row := []string{one.Model}
		for _, metric := range metrics {
			c := Comparison{Verdict: "not compared"}
			if one.Against != nil {
				c = one.Against.Metrics[metric]
			}
			row = append(row, signed(c.Mean), signed(c.Interval.Low)+" to "+signed(c.Interval.High), c.Verdict)
		}
		t.rows = append(t.rows, row)
	}
	return t
}

func (r Report) beyond() table {
	depth, shown := r.Results[0].depth, min(r.Results[0].depth, widest)
	metrics := []string{fmt.Sprintf("coverage@%d", depth), fmt.Sprintf("popularity@%d", depth), fmt.Sprintf("novelty@%d", shown), fmt.Sprintf("diversity@%d", shown)}
	t := table{title: "Beyond accuracy", rows: [][]string{append([]string{"model"}, metrics...)},
		note: "Coverage: share of all items that are recommended to anybody. Popularity: beside the most popular item. Novelty: bits. Diversity: 0 all alike, 1 all different."}
	for _, one := range r.Results {
		row := []string{one.Model}
		for _, metric := range metrics {
			row = append(row, r.figure(one.Metrics, metric))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

func (r Report) costs() table {
	t := table{title: "Cost, on one core", rows: [][]string{{"model", "fit", "answer p50", "answer p99", "settings"}}}
	for _, one := range r.Results {
		t.rows = append(t.rows, []string{one.Model, fmt.Sprintf("%.2f s", one.Seconds), micros(one.P50), micros(one.P99), one.Params.String()})
		if one.Note != "" {
			t.note = strings.TrimSpace(t.note + " " + one.Model + ": " + one.Note + ".")
		}
	}
	return t
}

// parts is the first metric for parts of the questions, a column a model.
func (r Report) parts() table {
	metric := headline(r.Results[0].Protocol)[0]
	t := table{title: metric + " by part", rows: [][]string{{"part", "questions"}},
		note: "Light, medium, heavy: terciles of the items that are given. Cold: wanted items that hardly any basket or session of the training holds."}
	for _, one := range r.Results {
		t.rows[0] = append(t.rows[0], one.Model, "95 %")
	}
	for at, g := range r.Results[0].Parts {
		row := []string{g.By + ": " + g.Name, grouped(g.Evaluations)}
		for _, one := range r.Results {
			row = append(row, r.figure(one.Parts[at].Metrics, metric), between(one.Parts[at].Interval, metric))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

func (r Report) splits() table {
	metric := headline(r.Results[0].Protocol)[0]
	t := table{title: metric + " by split", rows: [][]string{{"from", "to", "questions"}}}
	for _, one := range r.Results {
		t.rows[0] = append(t.rows[0], one.Model)
	}
	for at, s := range r.Results[0].Splits {
		row := []string{s.From.Format("2006-01-02 15:04"), s.To.Format("2006-01-02 15:04"), grouped(s.Evaluations)}
		for _, one := range r.Results {
			row = append(row, r.figure(one.Splits[at].Metrics, metric))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// figure is a metric's text; a metric that no question has is a dash.
func (r Report) figure(metrics map[string]float64, name string) string {
	v, known := metrics[name]
	if !known {
		return "-"
	}
	return strconv.FormatFloat(v, 'f', 4, 64)
}

func between(intervals map[string]Interval, name string) string {
	i, known := intervals[name]
	if !known {
		return "-"
	}
	return fmt.Sprintf("%.4f to %.4f", i.Low, i.High)
}

func signed(v float64) string { return fmt.Sprintf("%+.4f", v) }

func micros(v float64) string {
	if v >= 1000 {
		return fmt.Sprintf("%.1f ms", v/1000)
	}
	return fmt.Sprintf("%.1f us", v)
}

// grouped writes a number with a comma between thousands.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

// textWidth is how wide the text is where it can be broken.
const textWidth = 110

// Text is the report for a terminal.
func (r Report) Text() string {
	if len(r.Results) == 0 {
		return ""
	}
	var b strings.Builder
	if r.Source != "" {
		b.WriteString(wrapped(r.Source, textWidth) + "\n")
	}
	b.WriteString(wrapped(r.Protocol(), textWidth) + "\n")
	for _, t := range r.tables() {
		fmt.Fprintf(&b, "\n%s\n", t.title)
		t.write(&b)
		if t.note != "" {
			b.WriteString("  " + strings.ReplaceAll(wrapped(t.note, textWidth-2), "\n", "\n  ") + "\n")
		}
	}
	return b.String()
}

// write aligns the cells: the first column left, numbers right.
func (t table) write(b *strings.Builder) {
	widths := make([]int, len(t.rows[0]))
	for _, row := range t.rows {
		for c, cell := range row {
			widths[c] = max(widths[c], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range t.rows {
		line := " "
		for c, cell := range row {
			pad := strings.Repeat(" ", widths[c]-utf8.RuneCountInString(cell))
			if c == 0 || t.rows[0][c] == "settings" || t.rows[0][c] == "is" {
				line += " " + cell + pad + " "
			} else {
				line += " " + pad + cell + " "
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// wrapped breaks a text into lines at spaces.
func wrapped(s string, width int) string {
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(s) {
		n := utf8.RuneCountInString(word)
		switch {
		case column == 0:
		case column+1+n > width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}
