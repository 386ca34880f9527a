package trainer

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/recommend/interaction"
	"shopkeeper/shared/recommend/model"
)

// retail reads a year of a gift shop's invoices: every stock code an item, every invoice that is not a cancellation a basket.
func retail(t testing.TB) Input {
	t.Helper()
	folder := os.Getenv("SHOPKEEPER_DATA")
	if folder == "" {
		t.Skip("SHOPKEEPER_DATA names no folder with real data")
	}
	f, err := os.Open(filepath.Join(folder, "online-retail", "online_retail_II_2009-2010.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := csv.NewReader(unzipped)
	if _, err := lines.Read(); err != nil {
		t.Fatal(err)
	}
	var in Input
	known := map[string]bool{}
	for {
		line, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return in
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(line[0], "C") {
			continue
		}
		at, err := time.Parse(time.DateTime, line[4])
		if err != nil {
			t.Fatal(err)
		}
		if id := line[1]; !known[id] {
			known[id] = true
			in.Items = append(in.Items, model.Item{ID: id, Title: line[2], Currency: "GBP"})
		}
		if n := len(in.Baskets); n == 0 || in.Baskets[n-1].ID != line[0] {
			in.Baskets = append(in.Baskets, interaction.Basket{ID: line[0], Person: line[6], Time: at})
		}
		last := &in.Baskets[len(in.Baskets)-1]
		last.Items = append(last.Items, line[1])
	}
}

// A year of a real shop is trained in bounded memory, and retraining on the same year is not refused.
func TestDataTrainAYear(t *testing.T) {
	in := retail(t)
	r, err := Train(t.Context(), in, DefaultSettings(time.Now), nil)
	if err != nil {
		t.Fatal(err)
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	t.Logf("%+v", r.Report)
	t.Logf("%.0f s, promised at most 60 on two quiet processors; %d MB taken from the system", r.Report.Seconds, memory.Sys>>20)
	if memory.Sys > 2<<30 {
		t.Errorf("training took %d MB, want at most 2048", memory.Sys>>20)
	}
	if !r.Report.Publish || len(r.Report.Checks) != 5 {
		t.Fatalf("refused, or not checked: %+v", r.Report)
	}
	for _, c := range r.Report.Checks {
		if c.After <= c.Popularity {
			t.Errorf("%s is not better than popularity: %.4f, %.4f", c.Model, c.After, c.Popularity)
		}
		if c.Model == similar && (c.Gain == nil || !c.Gain.Better()) {
			t.Errorf("similar items are not better with words: %+v", c)
		}
	}
	in.Previous = r.File
	again, err := Train(t.Context(), in, DefaultSettings(time.Now), nil)
	if err != nil || !again.Report.Publish || again.Report.Holdout.Unseen {
		t.Errorf("the same year again: %v, %+v", err, again.Report)
	}
}
