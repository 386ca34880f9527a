package evaluate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/evaluate"
	"shopkeeper/shared/fault"
)

const mailing = `user,group,visited,orders,revenue,history,opened,clicked,unsubscribed,bounced
u1,mail,1,2,20.50,100,1,1,0,0
u2,mail,1,0,0,50,1,0,1,0
u3,mail,0,0,0,0,0,0,0,1
u4,none,1,1,10.25,80,,,,
u5,none,0,0,0,10,,,,
u6,,0,0,0,10,,,,
u7,mail,0,0,-5,10,,,,
u8,mail,maybe,0,0,10,,,,
`

func TestImport(t *testing.T) {
	w := newWorld(t)
	f := evaluate.Finished{Shop: "tea", ID: "mailing", Name: "Mailing", Control: "none", Shares: map[string]float64{"mail": 3, "none": 2}, Started: noon.AddDate(0, -2, 0)}
	for _, again := range []bool{false, true} {
		r, rejected, err := w.finished(t.Context(), f, nil, []byte(mailing))
		if err != nil || r.Rows != 8 || r.Rejected != 3 {
			t.Fatalf("import: %+v, %v", r, err)
		}
		if again && (r.Accepted != 0 || r.Duplicates != 5) || !again && r.Accepted != 5 {
			t.Errorf("import again %v: %+v", again, r)
		}
		want := "line,column,reason,value\n7,group,is missing,\n8,revenue,must not be negative,-5\n9,visited,must be true or false,maybe\n"
		if diff := cmp.Diff(want, rejected); diff != "" {
			t.Errorf("rejected (-want +got):\n%s", diff)
		}
	}
	sums, err := w.rows.Sums(t.Context(), "tea", "mailing")
	if err != nil || sums.Rows != 5 || sums.Reached.Control != 2 || sums.Reached.Clicked != 1 || sums.Reached.Bounced != 1 {
		t.Errorf("ledger %+v, %v", sums, err)
	}
	d, err := w.campaigns.Get(t.Context(), "tea", "mailing")
	if err != nil || d.Status != campaign.Finished || d.Audience != 5 || d.Control != .4 {
		t.Errorf("campaign %+v, %v", d, err)
	}
	r, err := w.evaluator().Campaign(t.Context(), "tea", "mailing", evaluate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	control, mail := r.Groups[0], r.Groups[1]
	if control.Name != "none" || control.Revenue != 1025 || mail.Revenue != 2050 || mail.Orders != 2 || mail.Buyers != 1 || *mail.Visitors != 2 || mail.Delivered != 2 || mail.Opened != 2 {
		t.Errorf("groups %+v", r.Groups)
	}
	if !r.Over || !r.Imported || r.Ratio.Broken {
		t.Errorf("report %+v", r)
	}
}

func TestImportRefuses(t *testing.T) {
	long := "arm,spend\n" + strings.Repeat("a1,1\n", 3)
	var many strings.Builder
	many.WriteString("arm,spend\n")
	for i := range 30 {
		many.WriteString(strings.Repeat("x", i+1) + ",1\n")
	}
	tests := map[string]struct {
		f     evaluate.Finished
		text  string
		names string
	}{
		"no such control group":     {evaluate.Finished{ID: "x", Control: "none"}, long, "--control"},
		"nothing but control":       {evaluate.Finished{ID: "x", Control: "a1"}, long, "--control"},
		"no such arm with a share":  {evaluate.Finished{ID: "x", Shares: map[string]float64{"b": 1}}, long, "--share"},
		"an id that is none":        {evaluate.Finished{ID: "Spring Sale"}, long, "id"},
		"no column of arms":         {evaluate.Finished{ID: "x"}, "who,spend\nu,1\n", "arm"},
		"a column that is no arm":   {evaluate.Finished{ID: "x"}, many.String(), "arm"},
		"an empty file":             {evaluate.Finished{ID: "x"}, "", "file"},
		"a file without usable row": {evaluate.Finished{ID: "x"}, "arm,spend\n", "file"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tt.f.Shop = "tea"
			_, _, err := w.finished(t.Context(), tt.f, nil, []byte(tt.text))
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.names) {
				t.Fatalf("import = %v, want it refused with %s", err, tt.names)
			}
			if all, err := w.campaigns.List(t.Context(), "tea"); err != nil || len(all) > 0 {
				t.Errorf("left behind: %+v, %v", all, err)
			}
		})
	}
}

func TestImportLeavesOwnCampaignsAlone(t *testing.T) {
	w := newWorld(t)
	if _, err := w.campaigns.Put(t.Context(), campaign.Definition{Shop: "tea", ID: "mailing", Name: "Own"}); err != nil {
		t.Fatal(err)
	}
	_, _, err := w.finished(t.Context(), evaluate.Finished{Shop: "tea", ID: "mailing", Control: "none", Started: noon.Add(-time.Hour)}, nil, []byte(mailing))
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("import = %v, want a conflict", err)
	}
}
