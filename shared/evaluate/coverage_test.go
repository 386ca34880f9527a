package evaluate_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/evaluate"
	"shopkeeper/shared/kpi"
	"shopkeeper/shared/ledger"
)

// TestReportsCoverTheTruth lives through 1,000 campaigns whose lift is known, from the ledger's rows and orders to the report, looked at every third day of two weeks. Buyers are few, spend has a long
// tail, some of the orders are refunded.
func TestReportsCoverTheTruth(t *testing.T) {
	const runs, people, control, rate, lift, refunds = 1000, 1200, .4, .12, .3, .05
	const mu, sigma = 3.4, .7
	perOrder := math.Exp(mu+sigma*sigma/2) * (1 - refunds)
	fixed, always := 0, 0
	for run := range runs {
		r := rand.New(rand.NewPCG(uint64(run), 21))
		d := spring()
		d.Control, d.Variants, d.Window, d.Status = control, []campaign.Variant{{Name: "a", Share: 1}}, 15*24*time.Hour, campaign.Finished
		var rows []ledger.Row
		var orders []kpi.Order
		for i := range people {
			name := fmt.Sprint("p", i)
			one, mine := row(name, "a", nil), rate
			if r.Float64() < control {
				held(&one)
			} else {
				mine *= 1 + lift
			}
			rows = append(rows, one)
			for ; r.Float64() < mine; mine /= 4 {
				o := bought(name, time.Duration(r.Float64()*float64(d.Window)), int64(math.Round(100*math.Exp(mu+sigma*r.NormFloat64()))))
				o.ID = fmt.Sprint(i, len(orders))
				if r.Float64() < refunds {
					o.Net = 0
				}
				orders = append(orders, o)
			}
		}
		covered := true
		for day := 3; day <= 15; day += 3 {
			now := noon.AddDate(0, 0, day)
			var until []kpi.Order
			for _, o := range orders {
				if o.At.Before(now) {
					until = append(until, o)
				}
			}
			report, err := evaluate.Make(evaluate.Material{Campaign: d, Currency: "GBP", Rows: each(rows...), Orders: until, Now: now})
			if err != nil {
				t.Fatal(err)
			}
			spend := spendOf(t, report)
			truth := perOrder * (expected(rate*(1+lift)) - expected(rate)) * float64(day) / 15
			covered = covered && !spend.Always.Excludes(truth)
			if report.Over && !spend.Fixed.Excludes(truth) {
				fixed++
			}
		}
		if covered {
			always++
		}
	}
	t.Logf("of %d campaigns the fixed interval covers the truth in %d, the always-valid one at every look in %d", runs, fixed, always)
	if fixed < 930 || fixed > 970 {
		t.Errorf("the fixed interval covers the truth in %d of %d, want 93 to 97 %%", fixed, runs)
	}
	if always < 950 {
		t.Errorf("the always-valid interval covers the truth at every look in %d of %d, want 95 %%", always, runs)
	}
}

// expected is how many orders somebody makes who orders with probability p, again with p/4, and so on.
func expected(p float64) float64 {
	sum, all := 0., 1.
	for ; p > 1e-12; p /= 4 {
		all *= p
		sum += all
	}
	return sum
}

func spendOf(t *testing.T, r evaluate.Report) evaluate.Lift {
	t.Helper()
	for _, l := range r.Lifts {
		if l.Metric == evaluate.Spend {
			return l
		}
	}
	t.Fatalf("no comparison of spend in %+v", r.Lifts)
	return evaluate.Lift{}
}
