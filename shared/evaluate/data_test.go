package evaluate_test

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"shopkeeper/shared/evaluate"
	"shopkeeper/shared/ingest"
)

// near holds a number to the digits that were published: half a unit of the last one.
func near(t *testing.T, what string, got, want float64, digits int) {
	t.Helper()
	if !(math.Abs(got-want) <= 0.5000001*math.Pow10(-digits)) {
		t.Errorf("%s is %.*f, want %.*f", what, digits+2, got, digits, want)
	}
}

// TestDataHillstrom takes Kevin Hillstrom's e-mail test of 2008 over as a finished campaign; the report has every published digit.
func TestDataHillstrom(t *testing.T) {
	folder := os.Getenv("SHOPKEEPER_DATA")
	if folder == "" {
		t.Skip("SHOPKEEPER_DATA names no folder with real data")
	}
	file, err := os.Open(filepath.Join(folder, "hillstrom", "hillstrom.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := ingest.Decompress(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	result, _, err := w.finished(t.Context(), evaluate.Finished{Shop: "tea", ID: "hillstrom", Control: "No E-Mail"}, map[string]string{"arm": "segment"}, text)
	if err != nil || result.Rows != 64000 || result.Accepted != 64000 {
		t.Fatalf("import: %+v, %v", result, err)
	}
	r, err := w.evaluator().Campaign(t.Context(), "tea", "hillstrom", evaluate.Options{Adjust: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", r.Text())
	hillstromGroups(t, r)
	hillstromLifts(t, r)
}

func hillstromGroups(t *testing.T, r evaluate.Report) {
	t.Helper()
	want := []struct {
		name                    string
		people, visitors, buyer int64
		revenue                 int64
		mean                    float64
	}{
		{"No E-Mail", 21306, 2262, 122, 1390833, .65278936}, {"Mens E-Mail", 21307, 3894, 267, 3031169, 1.42261651}, {"Womens E-Mail", 21387, 3238, 189, 2303811, 1.07720157},
	}
	if len(r.Groups) != len(want) {
		t.Fatalf("groups: %+v", r.Groups)
	}
	for i, g := range r.Groups {
		if g.Name != want[i].name || g.Control != (i == 0) || g.People != want[i].people || *g.Visitors != want[i].visitors || g.Buyers != want[i].buyer || g.Revenue != want[i].revenue {
			t.Errorf("group %+v, want %+v", g, want[i])
		}
		near(t, g.Name+": revenue per customer", g.PerHead.Revenue, want[i].mean, 8)
		if delivered := g.Delivered; i > 0 && delivered != g.People {
			t.Errorf("%s: %d delivered of %d", g.Name, delivered, g.People)
		}
	}
	near(t, "chi-square of the sizes", r.Ratio.ChiSquare, .202531, 6)
	near(t, "its p", r.Ratio.P, .903693, 6)
}

// published are the lifts as NUMBERS has them; z is 0 where none is given.
type published struct{ diff, lift, se, t, z, low, high float64 }

func hillstromLifts(t *testing.T, r evaluate.Report) {
	t.Helper()
	want := map[string]published{
		"Mens E-Mail visit":        {.07658956, 72.14, .00338589, 22.62023, 22.48604, .069953, .083226},
		"Mens E-Mail conversion":   {.00680501, 118.84, .00092087, 7.38974, 7.38511, .005000, .008610},
		"Mens E-Mail spend":        {.76982716, 117.93, .14524656, 5.30014, 0, .485149, 1.054505},
		"Womens E-Mail visit":      {.04523311, 42.61, .00323446, 13.98474, 13.94918, .038894, .051573},
		"Womens E-Mail conversion": {.00311106, 54.33, .00082268, 3.78163, 3.77956, .001499, .004723},
		"Womens E-Mail spend":      {.42441222, 65.02, .13033286, 3.25637, 0, .168965, .679860},
	}
	// In exact arithmetic; floating point that is less careful has 0.7674384995 and 0.1452150442 for the first.
	adjusted := map[string][3]float64{"Mens E-Mail": {.0012228965, .7674384994, .1452150422}, "Womens E-Mail": {.0010346513, .4227009232, .1303082191}}
	seen := 0
	for _, l := range r.Lifts {
		name := l.Group + " " + string(l.Metric)
		p, ok := want[name]
		if !ok || l.Against != "No E-Mail" {
			continue
		}
		seen++
		near(t, name+": difference", l.Difference, p.diff, 8)
		near(t, name+": lift in %", 100*l.Relative.Lift, p.lift, 2)
		near(t, name+": error", l.SE, p.se, 8)
		near(t, name+": t", *l.T, p.t, 5)
		near(t, name+": low", l.Fixed.Low, p.low, 6)
		near(t, name+": high", l.Fixed.High, p.high, 6)
		if p.z != 0 {
			near(t, name+": z", *l.Z, p.z, 5)
		}
		if l.Always == nil || l.Always.Low > l.Fixed.Low || l.Always.High < l.Fixed.High {
			t.Errorf("%s: the always-valid interval %v is not wider than %v", name, l.Always, l.Fixed)
		}
		if l.Metric == evaluate.Spend {
			a := adjusted[l.Group]
			near(t, name+": theta", l.Adjusted.Theta, a[0], 10)
			near(t, name+": adjusted difference", l.Adjusted.Difference, a[1], 10)
			near(t, name+": its error", l.Adjusted.SE, a[2], 10)
			near(t, name+": correlation", l.Adjusted.Correlation, .02, 2)
		}
	}
	if seen != len(want) {
		t.Errorf("%d of %d lifts are there", seen, len(want))
	}
}
