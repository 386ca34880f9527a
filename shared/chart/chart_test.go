package chart

import (
	"encoding/xml"
	"errors"
	"flag"
	"html/template"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the wanted files anew")

var day = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func month(i int, v float64) Point { return Point{At: day.AddDate(0, i, 0), Value: v} }

func pence(v float64) string { return "£" + num(v) }

// examples are every kind of chart, with what may go wrong in it.
func examples() map[string]template.HTML {
	about := func(id, title string) About {
		return About{ID: id, Title: title, Desc: "What is to be seen, in a sentence.", Value: pence}
	}
	looks := Series{Label: "Difference"}
	for i := range 14 {
		w := 3 / math.Sqrt(float64(i+1))
		looks.Points = append(looks.Points, Point{At: day.AddDate(0, 0, i), Value: .8 - .2/float64(i+1), Low: .8 - w, High: .8 + w})
	}
	return map[string]template.HTML{
		"bars":            Bars(about("a", "Revenue per customer"), []Bar{{"No E-Mail (control)", .65, true}, {"Mens E-Mail", 1.42, false}, {"Womens E-Mail", 1.08, false}}),
		"bars-of-nothing": Bars(about("a", "Revenue"), []Bar{{Label: "a", Value: math.NaN()}}),
		"funnel":          Funnel(About{ID: "f", Title: "What became of the mail", Desc: "d"}, []Stage{{"Sent", 9412}, {"Delivered", 9377}, {"Opened", 3120}, {"Clicked", 480}, {"Ordered", 96}}),
		"funnel-of-zero":  Funnel(About{ID: "f", Title: "t", Desc: "d"}, []Stage{{"Sent", 0}, {"Delivered", 0}}),
		"lines-of-months": Lines(about("l", "Revenue per customer by month"),
			Series{"large", []Point{month(0, 30), month(1, 34), month(2, 31), month(3, 40)}}, Series{"medium", []Point{month(0, 12), month(1, 12.5), month(2, 15), month(3, 14)}},
			Series{"small", []Point{month(0, 3), month(1, 2.5), month(2, 4), month(3, math.Inf(1))}}),
		"line-with-interval": Lines(about("i", "Difference as the days went by"), looks),
		"line-of-one-point":  Lines(about("o", "One"), Series{"one", []Point{month(0, -5)}}),
		"lines-of-nothing":   Lines(about("n", "None"), Series{"none", nil}),
		"effects": Effects(about("e", "Lift against No E-Mail"), "95 %, for one look at the end", "95 %, at every look",
			[]Effect{{"Mens E-Mail", .77, .49, 1.05, .33, 1.21}, {"Womens E-Mail", .42, .17, .68, .03, .82}, {"too early", .2, 0, 0, 0, 0}}),
		"effects-of-nothing": Effects(about("e", "Lift"), "n", "", nil),
		"sparkline":          Sparkline("orders by month: 3, 5, 4, 9", []float64{3, 5, 4, math.NaN(), 9}),
		"sparkline-empty":    Sparkline("no orders", nil),
		"markup-is-text":     Bars(About{ID: `"><script>`, Title: "<script>alert(1)</script>", Desc: `"&<`}, []Bar{{Label: "<b>&\"'", Value: 1}}),
	}
}

func TestGoldens(t *testing.T) {
	for name, got := range examples() {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", name+".svg")
			if *update {
				if err := os.MkdirAll("testdata", 0o750); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got), or -update:\n%s", file, diff)
			}
		})
	}
}

// TestEveryChartIsSafeAndCanBeReadOut checks what a content security policy and a screen reader ask for.
func TestEveryChartIsSafeAndCanBeReadOut(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)<(script|style|foreignObject|image|a)\b|\bon\w+=|\bstyle=|href=|NaN|Inf`)
	for name, got := range examples() {
		t.Run(name, func(t *testing.T) {
			svg := string(got)
			if bad := forbidden.FindString(svg); bad != "" {
				t.Errorf("has %q", bad)
			}
			if !strings.Contains(svg, `role="img"`) || !strings.Contains(svg, "aria-label") {
				t.Error("is no image with a name")
			}
			for dec := xml.NewDecoder(strings.NewReader(svg)); ; {
				if _, err := dec.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("is not well-formed: %v", err)
				}
			}
		})
	}
}

func TestTicks(t *testing.T) {
	tests := map[string]struct {
		low, high float64
		want      []float64
	}{
		"from zero":          {0, 9.3, []float64{0, 2.5, 5, 7.5, 10}},
		"around zero":        {-3, 7, []float64{-5, -2.5, 0, 2.5, 5, 7.5}},
		"one value":          {40, 40, []float64{40, 50, 60, 70, 80}},
		"nothing but zero":   {0, 0, []float64{0, .25, .5, .75, 1}},
		"large":              {0, 3.9e6, []float64{0, 1e6, 2e6, 3e6, 4e6}},
		"from and to a tick": {2, 4, []float64{2, 2.5, 3, 3.5, 4}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, ticks(tt.low, tt.high, 4)); diff != "" {
				t.Errorf("ticks (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzCharts(f *testing.F) {
	f.Add("a", 1., 2., 3.)
	f.Add("<", math.Inf(-1), math.MaxFloat64, 1e-300)
	f.Fuzz(func(t *testing.T, label string, a, b, c float64) {
		about := About{ID: "x", Title: label, Desc: label}
		for _, got := range []template.HTML{
			Bars(about, []Bar{{label, a, false}, {label, b, true}}),
			Lines(about, Series{label, []Point{{day, a, b, c}, {day.AddDate(0, 0, 1), b, c, a}}}),
			Effects(about, label, label, []Effect{{label, a, b, c, b, c}}), Sparkline(label, []float64{a, b, c}),
		} {
			if strings.Contains(string(got), "NaN") && !strings.Contains(label, "NaN") || strings.Contains(string(got), `="+Inf`) || strings.Contains(string(got), `="-Inf`) {
				t.Errorf("draws what is no number: %s", got)
			}
		}
	})
}
