package evaluate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/evaluate"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/kpi"
	"shopkeeper/shared/ledger"
)

// spring is a campaign with a control group of a fifth that began at noon.
func spring() campaign.Definition {
	return campaign.Definition{
		Shop: "tea", ID: "spring", Name: "Spring", Status: campaign.Sending, Control: .2, Variants: []campaign.Variant{{Name: "b", Share: 1}, {Name: "a", Share: 3}},
		Started: noon.Add(-time.Hour), Begun: noon, Window: 10 * 24 * time.Hour,
	}
}

func row(person, variant string, change func(*ledger.Row)) ledger.Row {
	r := ledger.Row{Person: event.PersonID(person), Variant: variant, State: ledger.Delivered, At: noon, PlannedAt: noon, HandedAt: noon, DeliveredAt: noon}
	if change != nil {
		change(&r)
	}
	return r
}

func held(r *ledger.Row) {
	*r = ledger.Row{Person: r.Person, Variant: r.Variant, State: ledger.Suppressed, Why: ledger.ControlGroup, Control: true, At: noon, PlannedAt: noon}
}

func each(rows ...ledger.Row) func(func(ledger.Row, error) bool) {
	return func(yield func(ledger.Row, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func bought(person string, after time.Duration, net int64) kpi.Order {
	return kpi.Order{ID: person + after.String(), Subject: person, At: noon.Add(after), Net: net}
}

// TestWhoCountsWhere is intention to treat: whoever was drawn stays in the group, and who was not drawn is in none.
func TestWhoCountsWhere(t *testing.T) {
	later := noon.Add(time.Hour)
	rows := []ledger.Row{
		row("p1", "a", func(r *ledger.Row) {
			r.State, r.OpenedAt, r.ClickedAt, r.UnsubscribeAt = ledger.Clicked, later, later, later
		}),
		row("p2", "a", func(r *ledger.Row) { r.State, r.OpenedAt = ledger.Opened, later }),
		row("p3", "b", func(r *ledger.Row) { r.State, r.BouncedAt, r.DeliveredAt = ledger.Bounced, later, time.Time{} }),
		row("p4", "a", func(r *ledger.Row) {
			r.State, r.Why, r.At, r.HandedAt, r.DeliveredAt = ledger.Suppressed, ledger.FrequencyCap, later, time.Time{}, time.Time{}
		}),
		row("p5", "a", func(r *ledger.Row) { // had been drawn, and unsubscribed before it was their turn
			r.State, r.Why, r.At, r.HandedAt, r.DeliveredAt = ledger.Suppressed, ledger.Unsubscribed, later, time.Time{}, time.Time{}
		}),
		row("p6", "", func(r *ledger.Row) {
			r.State, r.Why, r.HandedAt, r.DeliveredAt = ledger.Suppressed, ledger.NoConsent, time.Time{}, time.Time{}
		}),
		row("p7", "b", func(r *ledger.Row) { r.State, r.DeliveredAt = ledger.Uncertain, time.Time{} }),
		row("c1", "a", held), row("c2", "b", held),
		row("p1", "a", func(r *ledger.Row) { r.Step = 1 }), // a second message of the same person
	}
	orders := []kpi.Order{
		bought("p1", time.Hour, 2000), bought("p1", 9*24*time.Hour, 500), // both in the window
		bought("p2", 10*24*time.Hour, 9999), // when it had closed
		bought("p4", -24*time.Hour, 700),    // before
		bought("p4", 2*time.Hour, 300),      // counts, though nothing was sent
		bought("p6", time.Hour, 5000), bought("stranger", time.Hour, 5000), bought("c1", time.Hour, 1000),
	}
	r, err := evaluate.Make(evaluate.Material{Campaign: spring(), Currency: "GBP", Margin: .4, Rows: each(rows...), Orders: orders, Now: noon.AddDate(0, 0, 5)})
	if err != nil {
		t.Fatal(err)
	}
	profit := func(v int64) *int64 { return &v }
	per := func(v float64) *float64 { return &v }
	want := []evaluate.Group{
		{Name: "control", Control: true, Share: .2, People: 2, Buyers: 1, Orders: 1, Revenue: 1000, Profit: profit(400), PerHead: evaluate.Amounts{Revenue: 5, Profit: per(2), Orders: .5}},
		{
			Name: "a", Share: .6, People: 4, Sent: 2, Delivered: 2, Opened: 2, Clicked: 1, Unsubscribed: 1, Kept: 2, Buyers: 2, Orders: 3, Revenue: 2800, Profit: profit(1120),
			PerHead: evaluate.Amounts{Revenue: 7, Profit: per(2.8), Orders: .75},
		},
		{Name: "b", Share: .2, People: 2, Sent: 2, Bounced: 1, Uncertain: 1, Profit: profit(0), PerHead: evaluate.Amounts{Profit: per(0)}},
	}
	near := cmp.Comparer(func(a, b float64) bool { return a-b < 1e-12 && b-a < 1e-12 })
	if diff := cmp.Diff(want, r.Groups, near); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]evaluate.LeftOut{{Why: ledger.NoConsent, People: 1}}, r.LeftOut); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
	if r.Over || !r.Started.Equal(noon) || !r.Until.Equal(noon.AddDate(0, 0, 10)) {
		t.Errorf("window %s to %s, over %v", r.Started, r.Until, r.Over)
	}
	if codes := codes(r); !strings.Contains(codes, "still-open") || !strings.Contains(codes, "too-small") || !strings.Contains(codes, "maybe-sent") || !strings.Contains(codes, "unsent") {
		t.Errorf("warnings %s", codes)
	}
}

func codes(r evaluate.Report) string {
	var all []string
	for _, w := range r.Warnings {
		all = append(all, w.Code)
	}
	return strings.Join(all, " ")
}

// crowd is a campaign to people per group, of whom buyers order for 20.00 each.
func crowd(people, controlBuyers, treatedBuyers int) evaluate.Material {
	d := spring()
	d.Control, d.Variants, d.Status = .5, []campaign.Variant{{Name: "a", Share: 1}}, campaign.Finished
	var rows []ledger.Row
	var orders []kpi.Order
	for i := range people {
		c, p := fmt.Sprintf("c%d", i), fmt.Sprintf("p%d", i)
		rows = append(rows, row(c, "a", held), row(p, "a", nil))
		if i < controlBuyers {
			orders = append(orders, bought(c, time.Hour, 2000))
		}
		if i < treatedBuyers {
			orders = append(orders, bought(p, time.Hour, 2000))
		}
	}
	return evaluate.Material{Campaign: d, Currency: "GBP", Margin: .3, Rows: each(rows...), Orders: orders, Now: noon.AddDate(0, 0, 20)}
}

func TestWarnings(t *testing.T) {
	tests := map[string]struct {
		in   func() evaluate.Material
		want string
	}{
		"a clear result": {func() evaluate.Material { return crowd(1000, 100, 200) }, ""},
		"no difference":  {func() evaluate.Material { return crowd(1000, 100, 101) }, "not-significant"},
		"too few buyers": {func() evaluate.Material { return crowd(1000, 10, 20) }, "too-small"},
		"stopped": {func() evaluate.Material {
			in := crowd(1000, 100, 200)
			in.Campaign.Status = campaign.Stopped
			return in
		}, "ended-early"},
		"the control group got it": {func() evaluate.Material {
			in := crowd(1000, 100, 200)
			rows := in.Rows
			in.Rows = func(yield func(ledger.Row, error) bool) {
				for r, err := range rows {
					if r.Control && r.Person == "c1" {
						r.HandedAt = noon
					}
					if !yield(r, err) {
						return
					}
				}
			}
			return in
		}, "mailed-control"},
		"a control group that lost people": {func() evaluate.Material {
			in := crowd(1000, 100, 200)
			in.Campaign.Control = .6
			return in
		}, "broken-draw"},
		"no control group": {func() evaluate.Material {
			in := crowd(1000, 100, 200)
			in.Campaign.Control = 0
			return in
		}, "no-control"},
		"foreign orders and no margin": {func() evaluate.Material {
			in := crowd(1000, 100, 200)
			in.Orders[3].Foreign, in.Margin = true, 0
			return in
		}, "foreign-orders no-margin"},
		"nobody at all": {func() evaluate.Material { return crowd(0, 0, 0) }, "too-small"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := evaluate.Make(tt.in())
			if err != nil {
				t.Fatal(err)
			}
			if got := codes(r); got != tt.want {
				t.Errorf("warnings %q, want %q", got, tt.want)
			}
			for _, w := range r.Warnings {
				if strings.Contains(w.Text, "%!") || strings.Contains(w.Text, "NaN") {
					t.Errorf("warning %q", w.Text)
				}
			}
			text := r.Text()
			if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
				t.Errorf("text:\n%s", text)
			}
			if page, err := r.HTML(); err != nil || !strings.Contains(string(page), "<svg") {
				t.Errorf("page: %v", err)
			}
		})
	}
}

func TestLooksAreKeptOncePerDay(t *testing.T) {
	in := crowd(1000, 60, 120)
	var r evaluate.Report
	for hour := range 5 * 4 {
		in.Now, in.Looks = noon.Add(time.Duration(6*hour)*time.Hour), r.Looks
		var err error
		if r, err = evaluate.Make(in); err != nil {
			t.Fatal(err)
		}
	}
	days := map[string]int{}
	for _, l := range r.Looks {
		days[l.At.Format(time.DateOnly)]++
	}
	if len(r.Looks) != 6 || len(days) != 6 {
		t.Errorf("%d looks on %d days, want one on each of the 6 days that were begun", len(r.Looks), len(days))
	}
	if r.LooksChart("x", "a") == "" {
		t.Error("no chart of six looks")
	}
}

func TestEvaluatorStoresWhatItSays(t *testing.T) {
	w := newWorld(t)
	d := spring()
	d.Begun = time.Time{}
	d.Started = noon
	if _, err := w.campaigns.Record(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if _, err := w.rows.Record(t.Context(), rowsOf(row("p1", "a", nil), row("c1", "a", held))...); err != nil {
		t.Fatal(err)
	}
	w.happened(t, "x", event.Event{
		Visitor: "p1", Person: "p1", ID: "e1", Name: event.OrderCompleted, At: noon.Add(time.Hour), Order: &event.Order{ID: "1", Total: 1250, Currency: "GBP"},
	}, event.Event{
		Visitor: "p1", Person: "p1", ID: "e2", Name: event.OrderRefunded, At: noon.Add(30 * time.Hour), Order: &event.Order{ID: "1", Total: 250, Currency: "GBP"},
	})
	w.members = kpi.Members{"p1": {"loyal"}}
	w.at = noon.AddDate(0, 0, 3)
	e := w.evaluator()
	if _, err := e.Reports.Campaign(t.Context(), "tea", "spring"); !fault.Is(err, fault.NotFound) {
		t.Errorf("before: %v, want not found", err)
	}
	done, err := e.Night(t.Context(), "tea")
	if diff := cmp.Diff(evaluate.Done{Campaigns: 1, Months: 2 * evaluate.TableMonths}, done); err != nil || diff != "" {
		t.Errorf("night %v (-want +got):\n%s", err, diff)
	}
	r, err := e.Reports.Campaign(t.Context(), "tea", "spring")
	if err != nil || len(r.Groups) != 3 || r.Groups[1].Revenue != 1000 || r.Groups[1].Orders != 1 || r.Groups[0].People != 1 {
		t.Errorf("stored %+v, %v", r.Groups, err)
	}
	m, err := e.Reports.Months(t.Context(), "tea")
	loyal := m.Only("loyal").Months
	if err != nil || len(loyal) != evaluate.TableMonths || loyal[12].Revenue != 1000 || loyal[12].Delivered != 1 {
		t.Errorf("months %+v, %v", loyal, err)
	}
	if text := m.Text(); !strings.Contains(text, "loyal") || !strings.Contains(text, "10.00 GBP") {
		t.Errorf("months as text:\n%s", text)
	}
	if page, err := m.HTML(); err != nil || !strings.Contains(string(page), "<svg") {
		t.Errorf("months as a page: %v", err)
	}
	list, next, err := e.Reports.List(t.Context(), "tea", "", 10)
	if err != nil || next != "" || len(list) != 1 || list[0].Campaign != "spring" {
		t.Errorf("list %+v, %q, %v", list, next, err)
	}
	if _, err := e.Campaign(t.Context(), "tea", "none", evaluate.Options{}); !fault.Is(err, fault.NotFound) {
		t.Errorf("no such campaign: %v", err)
	}
}

func rowsOf(rows ...ledger.Row) []ledger.Row {
	for i := range rows {
		rows[i].Shop, rows[i].Campaign = "tea", "spring"
	}
	return rows
}
