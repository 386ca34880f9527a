package offpolicy

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadExposures(t *testing.T) {
	text := `{"at":1700000000500,"shop":"s","visitor":"v1","model":18446744073709551615,"seed":7,"shelves":[["for-you","a","b",0.9],["trending"],["for-you","c","x",0.01,["y","x"]]],"offers":["o",1]}
      ` + `
{"at":1700000001500,"shop":"s","model":1,"seed":8,"shelves":[]}
{"at":
{"at":1,"shelves":[["for-you",0.5]]}
{"at":1,"shelves":[[]]}
`
	var got []Exposure
	broken, err := ReadExposures(strings.NewReader(text), func(e Exposure) { got = append(got, e) })
	if err != nil || broken != 3 {
		t.Errorf("%d broken lines, %v; want 3", broken, err)
	}
	want := []Exposure{{At: 1700000000500, Visitor: "v1", Model: 1<<64 - 1, Seed: 7, Shelves: []Shelf{
		{"for-you", []Shown{{ID: "a", Propensity: 1}, {ID: "b", Propensity: .9}}}, {Placement: "trending"},
		{"for-you", []Shown{{ID: "c", Propensity: 1}, {ID: "x", Propensity: .01, Among: []string{"y", "x"}}}},
	}}, {At: 1700000001500, Model: 1, Seed: 8, Shelves: []Shelf{}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("exposures (-want +got):\n%s", diff)
	}
	if _, err := ReadExposures(strings.NewReader(strings.Repeat("x", LongestLine+1)), func(Exposure) {}); err == nil {
		t.Error("a line without an end is read")
	}
	placings := Placings(got[0])
	answer := Answer{"for-you", 1<<64 - 1, 7, 1700000000}
	wantPlacings := []Placing{{Answer: answer, Visitor: "v1", Shown: "b"}, {Answer: answer, Visitor: "v1", Shown: "x", Among: []string{"y", "x"}}}
	if diff := cmp.Diff(wantPlacings, placings); diff != "" {
		t.Errorf("placings (-want +got):\n%s", diff)
	}
	drawn := Exposure{Shelves: []Shelf{{"for-you", []Shown{{ID: "a", Propensity: .4}, {ID: "b", Propensity: .9}}}, {"for-you", []Shown{{ID: "a", Propensity: 1}}}}}
	if got := Placings(drawn); got != nil {
		t.Errorf("a shelf that was drawn all over, and one that was not: %v", got)
	}
}

func TestLinesBeingWritten(t *testing.T) {
	read := 0
	broken, err := ReadExposures(strings.NewReader("{\"at\":1}\n\n  \nbroken\n{\"at\":2}\n{\"at\":3"), func(Exposure) { read++ })
	if read != 2 || broken != 1 || err != nil {
		t.Errorf("%d read, %d broken, %v, want 2 and 1: the last is still being written", read, broken, err)
	}
}

func TestSharedListsAreNoExploration(t *testing.T) {
	shelf := []Shelf{{"for-you", []Shown{{ID: "a", Propensity: 1}, {ID: "b", Propensity: .5}}}, {"trending", []Shown{{ID: "c", Propensity: .9}}}}
	for teams, want := range map[string]int{"": 2, "a-": 1} {
		if got := Placings(Exposure{Teams: teams, Shelves: shelf}); len(got) != want {
			t.Errorf("%d placings with teams %q, want %d", len(got), teams, want)
		}
	}
}

func FuzzReadExposures(f *testing.F) {
	f.Add(`{"at":1,"visitor":"v","shelves":[["for-you","a","x",0.01,["y","x"]]]}`)
	f.Add(`{"at":1,"visitor":"v","model":2,"trial":"t","arm":"ab","against":3,"teams":"a-b","shelves":[["for-you","a","b",0.5,"c",0.5]]}`)
	f.Add(`{"shelves":[[1]]}`)
	f.Add(`{"shelves":[["p",["a"]]]}`)
	f.Add(`{"shelves":[["p","a",null,1e999,[]]]}`)
	f.Fuzz(func(t *testing.T, text string) {
		_, err := ReadExposures(strings.NewReader(text+"\n"), func(e Exposure) {
			for _, p := range Placings(e) {
				if p.Shown == "" && len(e.Shelves) == 0 {
					t.Fatal("a placing of no shelf")
				}
			}
		})
		if err != nil && len(text) < LongestLine {
			t.Fatal(err)
		}
	})
}

// TestExploredPlaces lives through answers whose last place is explored, with known chances of a click, and asks what other ways to explore would have earned.
func TestExploredPlaces(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	chance := func(id string) float64 { return map[byte]float64{'k': .3, 'b': .25, 'p': .1}[id[0]] } // kept, better, plain
	among := []string{"p1", "p2", "b1", "p3", "p4"}
	var placings []Placing
	for at := range 60_000 {
		p := Placing{Visitor: fmt.Sprint("v", at%9000), Shown: "k"}
		if r.Float64() < .1 {
			p.Among, p.Shown = among, among[r.IntN(len(among))]
		}
		if r.Float64() < chance(p.Shown) {
			p.Rewarded = 1
		}
		if at%50 == 0 {
			p.Visitor = ""
		}
		placings = append(placings, p)
	}
	report := Explore(placings, []Named{{"what is better", Best(chance)}, {"the first", First}}, Options{Seed: 1})
	report.Reward, report.Exposures = "a click", len(placings)
	for at, want := range []float64{.3, .13, .25, .1} {
		row := report.Rows[at]
		for name, e := range map[string]Estimate{"IPS": row.IPS, "SNIPS": row.SNIPS, "DR": row.DR} {
			if !e.Covers(want) || e.High-e.Low > .12 {
				t.Errorf("%s: %s %v, the truth is %v", row.Name, name, e, want)
			}
		}
		if row.Weak() {
			t.Errorf("%s is weak: %+v", row.Name, row)
		}
	}
	text := report.Text()
	page, err := report.HTML()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"kept for the best", "explored at random", "explored by what is better", "a click", "bootstrap over visitors"} {
		if !strings.Contains(text, want) || !strings.Contains(string(page), want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if n := strings.Count(report.CSV(), "\n"); n != 5 {
		t.Errorf("%d lines of CSV, want 5", n)
	}
	if got := Explore(nil, nil, Options{}).Warnings(); len(got) != 2 {
		t.Errorf("of no log: %v", got)
	}
}
