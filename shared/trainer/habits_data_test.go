package trainer

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"shopkeeper/shared/recommend/buyagain"
	"shopkeeper/shared/recommend/interaction"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/trend"
)

// groceries reads a year of a grocery chain: every product that was bought an item, every basket an order.
func groceries(t testing.TB) Input {
	t.Helper()
	folder := os.Getenv("SHOPKEEPER_DATA")
	if folder == "" {
		t.Skip("SHOPKEEPER_DATA names no folder with real data")
	}
	f, err := os.Open(filepath.Join(folder, "complete-journey", "transactions.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := csv.NewReader(unzipped)
	lines.ReuseRecord = true
	if _, err := lines.Read(); err != nil {
		t.Fatal(err)
	}
	var in Input
	known, orders := map[string]bool{}, map[string]int{}
	for {
		line, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return in
		}
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, line[0])
		if err != nil {
			t.Fatal(err)
		}
		if !known[line[4]] {
			known[line[4]] = true
			in.Items = append(in.Items, model.Item{ID: line[4]})
		}
		n, begun := orders[line[1]]
		if !begun {
			n = len(in.Baskets)
			orders[line[1]] = n
			in.Baskets = append(in.Baskets, interaction.Basket{ID: line[1], Person: line[2], Time: at})
		}
		in.Baskets[n].Items = append(in.Baskets[n].Items, line[4])
	}
}

// What a profile of four kilobytes remembers is enough to rank what is bought again better than by what is due.
func TestDataHabitsOfAYear(t *testing.T) {
	in := groceries(t)
	c := mustCatalog(t, in.Items)
	h := newHistory(in, c)
	judge := &training{settings: DefaultSettings(time.Now), catalog: c}
	p := plan{from: h.lastTenth(), unseen: true}
	built := func(h history) *built {
		b := &built{contents: model.Contents{Trained: time.Unix(h.end(), 0), Catalog: c, Repeats: buyagain.Measure(h.purchases(), h.items)}}
		b.contents.Popularity = trend.Measure(h.heat(judge.settings.Weights), h.items, h.end(), judge.settings.Trend).Popular
		return b
	}
	rehearsal, final := built(h.before(p.from)), built(h)
	began := time.Now()
	check, err := judge.fitHabits(t.Context(), h, p, nil, rehearsal, final)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d orders, habits %.4f, what is due %.4f, popularity %.4f, change %+v, %s; %.1f s", check.Metric, check.Questions, check.After, check.Alone["what is due"], check.Popularity, *check.Gain, check.Note, time.Since(began).Seconds())
	if !check.Gain.Better() || final.model.Habits() == nil || check.After <= check.Popularity {
		t.Errorf("habits are not used: %+v", check)
	}
	if r := final.model.Habits(); r.Interval[0] <= 0 || len(r.Hazard) != len(c.Items) {
		t.Errorf("%d items, an interval of %v", len(r.Hazard), r.Interval[item.Ordinal(0)])
	}
}
