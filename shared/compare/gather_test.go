package compare

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/disk"
	"shopkeeper/shared/event"
	"shopkeeper/shared/experiment/interleave"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/kpi"
	"shopkeeper/shared/offpolicy"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/recommend/model"
)

var began = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

const (
	modelA = 0xa1
	modelB = 0xb2
)

// day is a trial that things happen in.
type day struct {
	*gathering
	t *testing.T
}

func newDay(t *testing.T, method recommend.Method) *day {
	t.Helper()
	ring, err := identity.ParseKeyring(identity.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	signer, err := recommend.NewSigner(ring)
	if err != nil {
		t.Fatal(err)
	}
	g := &gathering{Comparer: New(func() time.Time { return began.Add(time.Hour) }, nil, signer, nil), shop: "tea", units: map[event.VisitorID]*unit{}, persons: map[string]event.VisitorID{},
		clicks: map[offpolicy.Answer]map[string]interleave.Team{}, person: map[event.VisitorID]string{},
		trial: recommend.Trial{ID: "t1", A: "models/tea/00000000000000a1.model", B: "models/tea/00000000000000b2.model", Share: .5, Method: method, Seed: 9, Began: began}}
	if method == recommend.Interleave {
		g.trial.Share = 1
	}
	return &day{g, t}
}

// of is the number-th visitor of an arm.
func (d *day) of(arm recommend.Arm, number int) string {
	for n := 0; ; n++ {
		if v := event.VisitorID(fmt.Sprint("v", n)); d.trial.Arm(v) == arm {
			if number--; number < 0 {
				return string(v)
			}
		}
	}
}

// shown logs an answer, and gives its recommendation id.
func (d *day) shown(visitor string, model uint64, minute int, seed uint32, edit func(*offpolicy.Exposure), items ...string) string {
	d.t.Helper()
	at := began.Add(time.Duration(minute) * time.Minute)
	e := offpolicy.Exposure{At: at.UnixMilli(), Visitor: visitor, Model: model, Seed: seed, Trial: d.trial.ID, Arm: d.trial.Arm(event.VisitorID(visitor)).String(), Shelves: []offpolicy.Shelf{{Placement: "for-you"}}}
	for _, id := range items {
		e.Shelves[0].Items = append(e.Shelves[0].Items, offpolicy.Shown{ID: id, Propensity: 1})
	}
	if edit != nil {
		edit(&e)
	}
	d.exposure(e)
	return string(d.signer.Append(nil, "tea", recommend.Token{Placement: recommend.ForYou, Model: model, Seed: seed, At: at}))
}

func (d *day) clicked(visitor, rec, item string, minute int) {
	d.row(archive.Row{Visitor: visitor, Name: string(event.RecommendationClick), Item: item, Recommendation: rec, At: began.Add(time.Duration(minute) * time.Minute)})
}

// token is the id of an answer before it is given: clicks are read before the log.
func (d *day) token(model uint64, minute int, seed uint32) string {
	return string(d.signer.Append(nil, "tea", recommend.Token{Placement: recommend.ForYou, Model: model, Seed: seed, At: began.Add(time.Duration(minute) * time.Minute)}))
}

func (d *day) report() Report {
	r := Report{Method: d.trial.Method}
	d.sum().enter(&r, d.trial)
	return r
}

func TestWhatCounts(t *testing.T) {
	d := newDay(t, recommend.Split)
	a, b, b2 := d.of(recommend.ArmA, 0), d.of(recommend.ArmB, 0), d.of(recommend.ArmB, 1)
	d.clicked(a, d.token(modelA, 1, 1), "tea-1", 2)
	d.clicked(a, d.token(modelA, 1, 1), "tea-1", 3) // again
	d.clicked(a, d.token(modelA, 1, 1), "tea-9", 3) // was not shown there
	d.clicked(b, d.token(modelB, 1, 2), "tea-1", 2)
	d.clicked(b, d.token(modelB, 1, 2), "tea-2", 2)
	d.clicked(b, d.token(modelA, 0, 3), "tea-1", 2) // on the page before the cookie, which no line has
	d.clicked(b, "made up", "tea-2", 2)
	d.row(archive.Row{Visitor: b, Name: string(event.RecommendationShown), Item: "tea-3", Recommendation: d.token(modelB, 1, 2), At: began})
	d.row(archive.Row{Visitor: b, Name: string(event.RecommendationClick), Item: "tea-3", Recommendation: d.token(modelB, 1, 2), At: began, Verdict: string(event.Bot)})
	d.row(archive.Row{Visitor: b, Person: "p1", At: began})
	d.row(archive.Row{Visitor: b2, Person: "p1", At: began})

	d.shown(a, modelA, 1, 1, nil, "tea-1", "tea-2")
	d.shown(b, modelB, 1, 2, nil, "tea-1", "tea-2", "tea-3")
	d.shown(b, modelA, 30, 4, nil, "tea-1") // B was not at hand
	d.shown(b2, modelB, 20, 5, nil, "tea-1")
	d.shown(a, modelA, 2, 6, nil)                                                      // nothing to show
	d.shown(a, modelA, 2, 7, func(e *offpolicy.Exposure) { e.Trial = "t0" }, "tea-1")  // of another trial
	d.shown(a, modelA, 2, 8, func(e *offpolicy.Exposure) { e.Arm = "b" }, "tea-1")     // a line that contradicts itself
	d.shown("", modelA, 2, 9, func(e *offpolicy.Exposure) { e.Arm = "a" }, "tea-1")    // of nobody
	d.shown(a, modelA, 2, 10, func(e *offpolicy.Exposure) { e.Visitor = "" }, "tea-1") // of nobody either

	d.nameOwners()
	at := func(minute int) time.Time { return began.Add(time.Duration(minute) * time.Minute) }
	for _, o := range []kpi.Order{
		{ID: "before the trial met the visitor", Subject: a, At: began, Net: 7},
		{ID: "of a visitor", Subject: a, At: at(5), Net: 1000},
		{ID: "of a person with two browsers", Subject: "p1", At: at(40), Net: 500},
		{ID: "of a stranger to the trial", Subject: "v-unseen", At: at(5), Net: 9},
		{ID: "in another currency", Subject: b, At: at(6), Foreign: true},
	} {
		d.order(o)
	}
	r := d.report()
	want := []Arm{
		{Name: "A", Version: "00000000000000a1", Visitors: 1, Exposures: 1, Clicked: 1, Clicks: 1, Ordered: 1, Orders: 1, Revenue: 1000},
		{Name: "B", Version: "00000000000000b2", Visitors: 2, Exposures: 3, Clicked: 1, Clicks: 2, Ordered: 1, Orders: 2, Revenue: 500, Replaced: 1},
	}
	if diff := cmp.Diff(want, r.Arms); diff != "" {
		t.Errorf("arms (-want +got):\n%s", diff)
	}
	if m := r.Measures; r.Verdict != Early || m[0].A != 1 || m[0].B != 1 || m[2].Difference != -750 || m[0].Known || len(r.Warnings) != 1 {
		t.Errorf("%+v", r)
	}
}

func TestPreference(t *testing.T) {
	c, err := model.NewCatalog([]model.Item{{ID: "x", Title: "X"}, {ID: "y", Title: "Y"}, {ID: "z", Title: "Z"}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := model.Encode(model.Contents{Trained: began, Catalog: c})
	if err != nil {
		t.Fatal(err)
	}
	m, err := recommend.Open(text)
	if err != nil {
		t.Fatal(err)
	}
	var picks []recommend.Pick
	for n, id := range []string{"x", "y", "z"} {
		i, _ := m.Lookup(id)
		picks = append(picks, recommend.Pick{Item: i, Team: interleave.Team(n)}) // nobody's, A's, B's
	}
	teams := m.AppendTeams(nil, picks)
	play := func(t *testing.T, people int, likes func(int) string) Report {
		d := newDay(t, recommend.Interleave)
		for n := range people {
			v := d.of(recommend.ArmBoth, n)
			rec := d.signer.Append(nil, "tea", recommend.Token{Placement: recommend.ForYou, Policy: recommend.Drafted, Model: modelA, Seed: uint32(n), At: began.Add(time.Minute), Teams: teams})
			for _, place := range likes(n) {
				d.clicked(v, string(rec), string(place), 2)
				d.clicked(v, string(rec), string(place), 3) // again
			}
			d.shown(v, modelA, 1, uint32(n), func(e *offpolicy.Exposure) { e.Against, e.Teams = modelB, "-ab" }, "x", "y", "z")
		}
		return d.report()
	}
	t.Run("clicks count for whoever put the item there", func(t *testing.T) {
		r := play(t, 4, func(n int) string { return []string{"xy", "z", "yz", "x"}[n] })
		want := Preference{WinsA: 1, WinsB: 1, Ties: 1}
		if diff := cmp.Diff(&want, r.Preference); diff != "" || r.Verdict != Early || r.Arms[0].Clicks != 2 || r.Arms[1].Clicks != 2 || r.Arms[1].Visitors != 4 || r.Arms[0].Exposures != 4 || len(r.Warnings) > 0 {
			t.Errorf("%+v\n%s", r, diff)
		}
	})
	t.Run("most prefer B", func(t *testing.T) {
		r := play(t, 200, func(n int) string { return map[bool]string{true: "y", false: "z"}[n%5 == 0] })
		if r.Verdict != BetterB || !r.Preference.Known || r.Preference.Low <= 0 || math.Abs(r.Preference.Estimate-.6) > 1e-9 {
			t.Errorf("%+v %+v", r, r.Preference)
		}
	})
	t.Run("most prefer A", func(t *testing.T) {
		if r := play(t, 200, func(int) string { return "y" }); r.Verdict != BetterA {
			t.Errorf("%+v", r)
		}
	})
	t.Run("lists of one model are nobody's", func(t *testing.T) {
		d := newDay(t, recommend.Interleave)
		v := d.of(recommend.ArmBoth, 0)
		d.clicked(v, d.token(modelA, 1, 1), "z", 2)
		d.shown(v, modelA, 1, 1, nil, "x", "y", "z") // B was not at hand
		r := d.report()
		if *r.Preference != (Preference{}) || len(r.Warnings) != 1 || !strings.HasPrefix(r.Warnings[0], "in 1 answers") {
			t.Errorf("%+v %+v", r, r.Preference)
		}
	})
}

func TestVerdicts(t *testing.T) {
	known := func(low, high float64) Interval { return Interval{true, low, high} }
	for name, tt := range map[string]struct {
		of   [measures]Interval
		want Verdict
		says string
	}{
		"nothing happened":       {[measures]Interval{}, Early, "takes at least 25 visitors"},
		"all may be chance":      {[measures]Interval{known(-1, 1)}, Early, "may be chance"},
		"more of two":            {[measures]Interval{known(1, 2), known(-1, 1), known(3, 4)}, BetterB, "B is better: more clicks and revenue per visitor"},
		"less of one":            {[measures]Interval{known(-2, -1)}, BetterA, "A is better: more clicks"},
		"more of this than that": {[measures]Interval{known(1, 2), known(-2, -1), known(-9, -1)}, Mixed, "B brings more clicks per visitor, A more orders and revenue"},
	} {
		t.Run(name, func(t *testing.T) {
			var r Report
			for n, i := range tt.of {
				r.Measures = append(r.Measures, Measure{Name: measureNames[n], Interval: i})
			}
			if r.judge(); r.Verdict != tt.want || !strings.Contains(r.Text, tt.says) {
				t.Errorf("%s: %s", r.Verdict, r.Text)
			}
		})
	}
	t.Run("arms that are not drawn as they should be are not read", func(t *testing.T) {
		s := standing{}
		for n := range 2000 {
			u := &unit{arm: recommend.ArmA, clicks: 1}
			if n%3 == 0 {
				u = &unit{arm: recommend.ArmB}
			}
			s.count(u)
		}
		r := Report{Method: recommend.Split}
		if s.enter(&r, recommend.Trial{Share: .5}); r.Verdict != Broken || !strings.Contains(r.Text, "33.4 %") {
			t.Errorf("%s: %s", r.Verdict, r.Text)
		}
	})
	t.Run("nobody came", func(t *testing.T) {
		r := Report{Method: recommend.Split}
		if (&standing{}).enter(&r, recommend.Trial{Share: .5}); r.Verdict != Early {
			t.Errorf("%s: %s", r.Verdict, r.Text)
		}
	})
}

func TestAmounts(t *testing.T) {
	m := Measure{Name: "revenue"}
	for currency, want := range map[string]string{"GBP": "-12.346 GBP", "JPY": "-1234.6 JPY", "": "-12.346"} {
		if got := m.Amount(-1234.56, currency); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := (Measure{Name: "clicks"}).Amount(.25, "GBP"); got != "0.2500" {
		t.Error(got)
	}
}

// empty is a log of nothing.
type empty struct{}

func (empty) Exposures(context.Context, event.ShopID, time.Time, func(offpolicy.Exposure)) (int, error) {
	return 3, nil
}

// still is a catalog that did not change.
type still struct{}

func (still) List(context.Context, event.ShopID, func(catalog.Item) error) error { return nil }

func (still) Tell(context.Context, event.ShopID, map[event.ItemID]catalog.Change) error { return nil }

func TestReportOfFiles(t *testing.T) {
	files, err := disk.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	now := began
	comparer := New(func() time.Time { return now }, files, newDay(t, recommend.Split).signer, empty{})
	if _, err := comparer.Report(t.Context(), "tea", "GBP"); !fault.Is(err, fault.NotFound) {
		t.Errorf("before there is a model: %v", err)
	}
	var older string
	for age := range 2 {
		c, err := model.NewCatalog([]model.Item{{ID: "x", Title: "X"}})
		if err != nil {
			t.Fatal(err)
		}
		text, err := model.Encode(model.Contents{Trained: began.AddDate(0, 0, age), Catalog: c})
		if err != nil {
			t.Fatal(err)
		}
		m, err := model.Open(text)
		if err != nil {
			t.Fatal(err)
		}
		p, err := recommend.Publish(t.Context(), files, "tea", m.Version(), text, began)
		if err != nil {
			t.Fatal(err)
		}
		older = p.History[age].Version()
	}
	if _, err := comparer.Report(t.Context(), "tea", "GBP"); !fault.Is(err, fault.NotFound) {
		t.Errorf("without a trial: %v", err)
	}
	if _, err := recommend.StartTrial(t.Context(), files, still{}, "tea", recommend.TrialPlan{Version: older}, began); err != nil {
		t.Fatal(err)
	}
	for days, warnings := range map[int]int{1: 1, 91: 2} {
		now = began.AddDate(0, 0, days)
		if r, err := comparer.Report(t.Context(), "tea", "GBP"); err != nil || len(r.Warnings) != warnings || !strings.HasPrefix(r.Warnings[len(r.Warnings)-1], "3 lines") || r.Verdict != Early || !r.Began.Equal(began) {
			t.Errorf("after %d days: %+v, %v", days, r, err)
		}
	}
}
