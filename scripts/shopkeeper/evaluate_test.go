package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// responses is the outcome of a campaign: everybody of the mail arm came, every fourth ordered; of the others half came, every eighth ordered.
func responses() string {
	var b strings.Builder
	b.WriteString("segment,visit,conversion,spend,history\n")
	for i := range 800 {
		arm, came, step := "Spring Mail", 1, 4
		if i%2 == 1 {
			arm, came, step = "Nothing", i/2%2, 8
		}
		spend := 0
		if i/2%step == 0 {
			spend = 20 + i%7
		}
		fmt.Fprintf(&b, "%s,%d,%d,%d.50,%d\n", arm, came, min(spend, 1), spend, 10*(i%9))
	}
	return strings.ReplaceAll(b.String(), ",0.50,", ",0,")
}

func TestAFinishedCampaignIsImportedAndEvaluated(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	file := filepath.Join(t.TempDir(), "Spring 2026.csv")
	if err := os.WriteFile(file, []byte(responses()), 0o600); err != nil {
		t.Fatal(err)
	}
	var imported struct{ Rows, Accepted, Rejected int }
	must(t, &imported, dir, "", "import", file, "--as", "campaign", "--map", "arm=segment", "--control", "Nothing", "--started", "2026-03-01")
	if imported.Rows != 800 || imported.Accepted != 800 {
		t.Errorf("imported %+v", imported)
	}
	var report struct {
		Name   string
		Groups []struct {
			Name   string
			People int
			Buyers int
		}
		Lifts []struct {
			Metric     string
			Difference float64
		}
	}
	must(t, &report, dir, "", "evaluate", "--campaign", "spring-2026", "--adjust")
	if len(report.Groups) != 2 || report.Groups[0].Name != "Nothing" || report.Groups[1].Buyers != 100 || len(report.Lifts) != 3 || report.Lifts[0].Difference != .5 {
		t.Errorf("report %+v", report)
	}
	page := filepath.Join(t.TempDir(), "report.html")
	status, out, errs := call(t, dir, "", "evaluate", "--campaign", "spring-2026", "--html", page)
	if status != done || !strings.Contains(out, "Spring Mail against Nothing") || !strings.Contains(out, "+0.50000000") {
		t.Errorf("text: status %d, %s\n%s", status, errs, out)
	}
	if html, err := os.ReadFile(page); err != nil || !bytes.Contains(html, []byte("<svg")) {
		t.Errorf("page: %v", err)
	}
	status, out, errs = call(t, dir, "", "evaluate", "--campaign", "spring-2026", "--csv")
	if status != done || !strings.Contains(out, "Spring Mail,Nothing,visit difference,0.5\n") {
		t.Errorf("csv: status %d, %s\n%s", status, errs, out)
	}
}

func TestMonthsOfAShop(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	must(t, &struct{}{}, dir, "", "import", writeFile(t, "orders.csv", history()), "--as", "orders")
	status, out, errs := call(t, dir, "", "evaluate", "--csv")
	if status != done || !strings.HasPrefix(out, "segment,month,") {
		t.Errorf("csv: status %d, %s\n%s", status, errs, out)
	}
	status, out, errs = call(t, dir, "", "evaluate")
	if status != done || !strings.Contains(out, "everybody") {
		t.Errorf("text: status %d, %s\n%s", status, errs, out)
	}
	for name, args := range map[string][]string{
		"a segment that is none":   {"evaluate", "--segment", "nobody"},
		"a campaign and a segment": {"evaluate", "--segment", "large", "--campaign", "x"},
		"a date that is none":      {"import", writeFile(t, "c.csv", responses()), "--as", "campaign", "--map", "arm=segment", "--started", "yesterday"},
	} {
		t.Run(name, func(t *testing.T) {
			if status, _, errs := call(t, dir, "", args...); status != misused || !strings.Contains(errs, "--") {
				t.Errorf("status %d, %s", status, errs)
			}
		})
	}
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
