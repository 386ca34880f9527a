package backtest

import (
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"slices"
	"strconv"
	"testing"
	"time"
)

// bought is a line of an order, with what a request would have told of it.
type bought struct {
	order, item string
	at          time.Time
	country     string
}

// retailLines are the sales of goods, in order of time: no returns, no postage.
func retailLines(t *testing.T) (lines []bought) {
	t.Helper()
	unzipped, err := gzip.NewReader(shopData(t, "online-retail/online_retail_II_2009-2010.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(unzipped).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		quantity, _ := strconv.ParseFloat(row[3], 64)
		if _, err := strconv.Atoi(row[1][:min(5, len(row[1]))]); err != nil || quantity <= 0 {
			continue
		}
		at, err := time.Parse("2006-01-02 15:04:05", row[4])
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, bought{row[0], row[1], at, row[7]})
	}
	slices.SortStableFunc(lines, func(a, b bought) int { return a.at.Compare(b.at) })
	return lines
}

// popularBy is what sells best where the key is the same, 20 items: each count joined by a prior of as many sales, spread as everywhere.
func popularBy(lines []bought, key func(bought) string, prior float64) map[string][]string {
	all, by := map[string]float64{}, map[string]map[string]float64{}
	for _, l := range lines {
		if by[key(l)] == nil {
			by[key(l)] = map[string]float64{}
		}
		by[key(l)][l.item]++
		all[l.item]++
	}
	lists := map[string][]string{}
	for k, counts := range by {
		var items []string
		for id := range all {
			items = append(items, id)
		}
		score := func(id string) float64 { return counts[id] + prior*all[id]/float64(len(lines)) }
		slices.SortFunc(items, func(a, b string) int { return cmp.Or(cmp.Compare(score(b), score(a)), cmp.Compare(a, b)) })
		lists[k] = items[:20]
	}
	return lists
}

// recallBy is the mean share of each order that is among the 20.
func recallBy(train, test []bought, key func(bought) string, prior float64) float64 {
	lists, everywhere := popularBy(train, key, prior), popularBy(train, func(bought) string { return "" }, prior)[""]
	orders, shown := map[string]map[string]bool{}, map[string][]string{}
	for _, l := range test {
		if orders[l.order] == nil {
			orders[l.order], shown[l.order] = map[string]bool{}, everywhere
			if list, ok := lists[key(l)]; ok {
				shown[l.order] = list
			}
		}
		orders[l.order][l.item] = true
	}
	sum := 0.0
	for order, items := range orders {
		found := 0
		for _, id := range shown[order] {
			if items[id] {
				found++
			}
		}
		sum += float64(found) / float64(min(20, len(items)))
	}
	return sum / float64(len(orders))
}

// TestDataMomentAndCountry is why a stranger's page does not go by the clock: over three windows of four weeks, what sells best at the hour or on the weekday finds no more of the
// next orders than what sells best. The country finds a little more.
func TestDataMomentAndCountry(t *testing.T) {
	lines := retailLines(t)
	end := lines[len(lines)-1].at
	keys := map[string]func(bought) string{
		"hour":    func(l bought) string { return strconv.Itoa(l.at.Hour() / 3) },
		"weekday": func(l bought) string { return l.at.Weekday().String() },
		"country": func(l bought) string { return l.country },
	}
	gain := map[string]float64{}
	for window := range 3 {
		cut := end.AddDate(0, 0, -28*(window+1))
		var train, test []bought
		for _, l := range lines {
			switch {
			case l.at.Before(cut) && !l.at.Before(cut.AddDate(0, 0, -60)):
				train = append(train, l)
			case !l.at.Before(cut) && l.at.Before(cut.AddDate(0, 0, 28)):
				test = append(test, l)
			}
		}
		plain := recallBy(train, test, func(bought) string { return "" }, 0)
		for name, key := range keys {
			for _, prior := range []float64{300, 3000} {
				got := recallBy(train, test, key, prior)
				gain[name] += (got - plain) / 6
				t.Logf("from %s, by %s with a prior of %g: recall@20 %.4f, everywhere %.4f", cut.Format(time.DateOnly), name, prior, got, plain)
			}
		}
	}
	t.Logf("mean gain: %v", gain)
	if gain["hour"] > 0.001 || gain["weekday"] > 0.001 {
		t.Errorf("hour and weekday gain %v: they are worth a list of their own after all", gain)
	}
}
