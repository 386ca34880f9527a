package offer

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestDelaysOfYoungCohorts holds the estimate against the truth in a shop that grows fast, where most orders that can be seen are quick ones because most subjects are of today and yesterday.
func TestDelaysOfYoungCohorts(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	now := time.Date(2026, 5, 20, 18, 0, 0, 0, time.UTC)
	var truth, seen [DelayBuckets]float64
	var cohorts []Aged
	for day := range 20 {
		start := time.Date(2026, 5, 1+day, 0, 0, 0, 0, time.UTC)
		c := Cohort{Day: dayText(start)}
		for range 40 << (day / 2) {
			at := start.Add(time.Duration(rng.Float64() * float64(24*time.Hour)))
			if at.After(now) {
				continue
			}
			c.Subjects++
			if rng.Float64() > 0.1 {
				continue
			}
			delay := overDays(rng)
			if part := bucketOf(delay); part >= 0 {
				truth[part]++
				if at.Add(delay).Before(now) {
					c.Delays[part]++
					seen[part]++
				}
			}
		}
		cohorts = append(cohorts, AgeOf(c, now))
	}
	got := LearnDelays(cohorts)
	all, plain, cumTruth, cumSeen := 0.0, 0.0, 0.0, 0.0
	for j := range truth {
		all, plain = all+truth[j], plain+seen[j]
	}
	worst, worstPlain := 0.0, 0.0
	for j := range truth {
		cumTruth, cumSeen = cumTruth+truth[j]/all, cumSeen+seen[j]/plain
		worst, worstPlain = max(worst, math.Abs(got[j]-cumTruth)), max(worstPlain, math.Abs(cumSeen-cumTruth))
	}
	t.Logf("the estimate is off by at most %.3f, a plain histogram by %.3f", worst, worstPlain)
	if worst > 0.05 || worst > worstPlain/2 {
		t.Errorf("the estimate %v is off by %.3f, a plain histogram by %.3f", got, worst, worstPlain)
	}
	subjects, trials := 0.0, got.Evidence(cohorts)
	for _, c := range cohorts {
		subjects += float64(c.Subjects)
	}
	rate, naive := trials.Rewards/trials.Trials, trials.Rewards/subjects
	true7 := 0.1 * (0.5 + 0.5*(1-math.Exp(-168.0/60)))
	t.Logf("the rate is %.4f, estimated %.4f, without the correction %.4f", true7, rate, naive)
	if math.Abs(rate-true7) > math.Abs(naive-true7)/2 {
		t.Errorf("the rate is %.4f, estimated %.4f, without the correction %.4f", true7, rate, naive)
	}
}

// TestDelaysAreADistribution holds, for any counts, that the shares rise from 0 to 1 and that no cohort counts for more than it has.
func TestDelaysAreADistribution(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var cohorts []Aged
		for range rapid.IntRange(0, 6).Draw(t, "cohorts") {
			a := Aged{Subjects: rapid.Int64Range(0, 1000).Draw(t, "subjects"), Youngest: time.Duration(rapid.Int64Range(0, int64(9*24*time.Hour)).Draw(t, "age"))}
			a.Oldest = a.Youngest + time.Duration(rapid.Int64Range(0, int64(24*time.Hour)).Draw(t, "spread"))
			for j := range a.Rewarded {
				a.Rewarded[j] = rapid.Int64Range(0, 50).Draw(t, "rewarded")
			}
			cohorts = append(cohorts, a)
		}
		d := LearnDelays(cohorts)
		before := 0.0
		for j, x := range d {
			if x < before || x > 1 || math.IsNaN(x) {
				t.Fatalf("part %d: %v", j, d)
			}
			before = x
		}
		if d[DelayBuckets-1] != 1 {
			t.Fatalf("not all orders come: %v", d)
		}
		for _, c := range cohorts {
			if s := d.Seen(c.Youngest, c.Oldest); s < 0 || s > 1+1e-9 || c.Youngest >= Window && s < 1-1e-9 {
				t.Fatalf("seen %v of a cohort between %v and %v", s, c.Youngest, c.Oldest)
			}
		}
		e := d.Evidence(cohorts)
		if e.Trials < e.Rewards {
			t.Fatalf("%+v", e)
		}
	})
}
