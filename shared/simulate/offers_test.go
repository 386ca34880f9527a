package simulate

import (
	"math"
	"testing"
	"time"
)

// TestOffersFollowTheirTruth holds that showings keep caps and control groups, and that clicks come as often as the truth says.
func TestOffersFollowTheirTruth(t *testing.T) {
	made := Shop(5, Options{Items: 120, Customers: 3000, End: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)})
	expected, spread, clicked := 0.0, 0.0, 0.0
	seen := map[[2]int]int{}
	for i, s := range made.Shown {
		o, who := made.Offers[s.Offer], &made.Customers[s.Customer]
		seen[[2]int{s.Customer, s.Offer}]++
		switch n := seen[[2]int{s.Customer, s.Offer}]; {
		case n != s.Ordinal || n > o.PerPerson:
			t.Fatalf("showing %d is the %d-th and says %d, at most %d are allowed", i, n, s.Ordinal, o.PerPerson)
		case o.Controlled(string(who.Person)):
			t.Fatalf("showing %d is to somebody of the control group", i)
		case i > 0 && s.At.Before(made.Shown[i-1].At):
			t.Fatalf("showing %d is before the one before it", i)
		}
		p := o.Responds(who)
		expected, spread = expected+p, spread+p*(1-p)
		if s.Clicked {
			clicked++
		}
	}
	if len(made.Shown) < 300 || expected < 10 {
		t.Fatalf("%d showings, %.1f clicks expected: too few to tell", len(made.Shown), expected)
	}
	if off := math.Abs(clicked-expected) / math.Sqrt(spread); off > 3.5 {
		t.Errorf("%.0f clicks, %.1f expected: %.1f standard deviations off", clicked, expected, off)
	}
	for _, o := range made.Offers {
		if err := o.Validate(); err != nil {
			t.Errorf("%s: %v", o.ID, err)
		}
	}
}
