package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shopkeeper/shared/ingest"
)

// call runs one command line in a folder and returns status, standard output and standard error.
func call(t *testing.T, dir, stdin string, args ...string) (int, string, string) {
	t.Helper()
	var out, errs bytes.Buffer
	status := run(t.Context(), append(args, "--data", dir), streams{strings.NewReader(stdin), &out, &errs})
	return status, out.String(), errs.String()
}

// must is call for what has to work, with --json, decoded into v.
func must(t *testing.T, v any, dir, stdin string, args ...string) {
	t.Helper()
	status, out, errs := call(t, dir, stdin, append(args, "--json")...)
	if status != done {
		t.Fatalf("%v: status %d, %s", args, status, errs)
	}
	if err := json.Unmarshal([]byte(out), v); err != nil {
		t.Fatalf("%v: %v in %q", args, err, out)
	}
}

// history is a file of orders: two customers in three buy from each half of six items.
func history() string {
	var b strings.Builder
	b.WriteString("order,item,time,price,user\n")
	for i := range 120 {
		for l := range 3 {
			fmt.Fprintf(&b, "%d,T%d,2026-%02d-%02d 10:00:00,2.50,c%d\n", i, (i%2)*3+(i+l)%3, 1+i/28, 1+i%28, i%20)
		}
	}
	return b.String()
}

const goods = "id,title,price\nT0,Teapot,24.50\nT1,Cup,4.50\nT2,Tea,3\nT3,Spade,12\nT4,Pot,9\nT5,Seeds,2\nT6,,1\n"

func TestFromImportToBacktest(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	file := filepath.Join(t.TempDir(), "goods.csv")
	if err := os.WriteFile(file, []byte(goods), 0o600); err != nil {
		t.Fatal(err)
	}
	var r ingest.Result
	must(t, &r, dir, "", "import", file, "--as", "items")
	if r.Rows != 7 || r.Accepted != 6 || r.Rejected != 1 {
		t.Errorf("items: %+v", r)
	}
	if report, err := os.ReadFile(r.Report); err != nil || string(report) != "line,column,reason,value\n8,title,is missing,\n" {
		t.Errorf("report: %q, %v", report, err)
	}
	r = ingest.Result{}
	must(t, &r, dir, history(), "import", "-", "--as", "orders")
	if r.Rows != 360 || r.Accepted != 360 || r.Report != "" {
		t.Errorf("orders: %+v", r)
	}
	must(t, &r, dir, history(), "import", "-", "--as", "orders")
	if r.Accepted != 0 || r.Duplicates != 360 {
		t.Errorf("the same orders again: %+v", r)
	}
	var trained struct {
		Baskets int
		Publish bool
	}
	must(t, &trained, dir, "", "train")
	if trained.Baskets != 120 || !trained.Publish {
		t.Errorf("trained: %+v, want all 120 orders and a published model", trained)
	}
	var line struct {
		Model   string
		Metrics map[string]float64
	}
	must(t, &line, dir, "", "backtest", "--protocol", "next-basket", "--model", "gp-topfreq")
	if line.Model != "gp-topfreq" || line.Metrics["recall@10"] == 0 {
		t.Errorf("backtest: %+v", line)
	}
	status, out, errs := call(t, dir, "", "doctor")
	if status != done || strings.Contains(out, "BAD") || !strings.Contains(out, "6 items") || !strings.Contains(out, "120 of them orders") {
		t.Errorf("doctor: status %d\n%s%s", status, out, errs)
	}
}

func TestBacktestOnAFile(t *testing.T) {
	var b strings.Builder
	b.WriteString("SessionId\tItemId\tTime\n")
	for s := range 60 {
		for i := range 4 {
			fmt.Fprintf(&b, "%d\t%d\t%d\n", s, (s%3)*10+i, 1_590_000_000+s*1000+i)
		}
	}
	file := filepath.Join(t.TempDir(), "train.txt")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, errs := call(t, t.TempDir(), "", "backtest", file, "--protocol", "next-item", "--model", "popularity,vmis-knn", "--split-file", file, "--json")
	if status != done || strings.Count(out, "\n") != 2 || !strings.Contains(out, `"mrr@20":`) || !strings.Contains(out, `"p99_us":`) {
		t.Errorf("status %d, %s%s; want one line a model", status, out, errs)
	}
}

func TestBacktestOnGroups(t *testing.T) {
	dir := t.TempDir()
	baskets, groups := filepath.Join(dir, "orders.csv"), filepath.Join(dir, "products.csv")
	var b strings.Builder
	b.WriteString("customer,order,product\n")
	for customer := range 5 {
		for order := range 6 {
			for product := range 4 { // another product of the same types every time
				fmt.Fprintf(&b, "c%d,%d-%d,p%d\n", customer, customer, order, 4*order+product)
			}
		}
	}
	types := "product,type\n"
	for product := range 24 {
		types += fmt.Sprintf("p%d,t%d\n", product, product%4)
	}
	for file, text := range map[string]string{baskets: b.String(), groups: types} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for level, want := range map[string]float64{"--by-group": 1, "": 0} {
		args := []string{"backtest", baskets, "--protocol", "next-basket", "--model", "p-topfreq", "--groups", groups, "--group-map", "group=type"}
		if level != "" {
			args = append(args, level)
		}
		var line struct{ Metrics map[string]float64 }
		must(t, &line, dir, "", args...)
		if line.Metrics["recall@10"] != want {
			t.Errorf("recall %v with %q, want %v", line.Metrics["recall@10"], level, want)
		}
	}
}

func TestMisuse(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "x.csv")
	if err := os.WriteFile(file, []byte("a,b\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		says string
	}{
		"no command":               {nil, "import"},
		"an unknown command":       {[]string{"fly"}, "fly"},
		"an unknown flag":          {[]string{"train", "--fast"}, "--fast"},
		"a kind that does not go":  {[]string{"import", file, "--as", "pictures"}, "orders"},
		"no kind":                  {[]string{"import", file}, "--as"},
		"no such file":             {[]string{"import", filepath.Join(dir, "none.csv"), "--as", "items"}, "none.csv"},
		"columns missing":          {[]string{"import", file, "--as", "items"}, "--map title=COLUMN"},
		"no such zone":             {[]string{"import", file, "--as", "items", "--zone", "Mars/Base"}, "--zone"},
		"no such currency":         {[]string{"import", file, "--as", "items", "--currency", "pounds"}, "--currency"},
		"a folder that is not one": {[]string{"train", "--data", filepath.Join(dir, "none")}, "--data"},
		"no such model":            {[]string{"backtest", file, "--protocol", "next-item", "--model", "oracle"}, "oracle"},
		"groups of no file":        {[]string{"backtest", file, "--protocol", "next-basket", "--model", "upcf", "--by-group"}, "--groups"},
		"a shop in no time zone":   {[]string{"shop", "set", "--zone", "Mars/Base"}, "tz"},
	} {
		t.Run(name, func(t *testing.T) {
			args := tt.args
			if !strings.Contains(strings.Join(args, " "), "--data") {
				args = append(args, "--data", filepath.Join(dir, "shop"))
			}
			var out, errs bytes.Buffer
			if status := run(t.Context(), args, streams{strings.NewReader(""), &out, &errs}); status != misused || !strings.Contains(errs.String(), tt.says) {
				t.Errorf("status %d, says %q; want %d and %q named", status, errs.String(), misused, tt.says)
			}
			if out.Len() > 0 {
				t.Errorf("standard output has %q", out.String())
			}
		})
	}
}

func TestHelpIsThere(t *testing.T) {
	for _, command := range []string{"", "serve", "import", "train", "backtest", "evaluate", "simulate", "doctor", "shop", "shop set"} {
		status, out, _ := call(t, t.TempDir(), "", append(strings.Fields(command), "--help")...)
		if status != done || !strings.Contains(out, "Usage: shopkeeper") {
			t.Errorf("%s --help: status %d, %q", command, status, out)
		}
	}
}

func TestInterruptedImportGoesOn(t *testing.T) {
	dir := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	file := filepath.Join(t.TempDir(), "orders.csv")
	if err := os.WriteFile(file, []byte(history()), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if status := run(ctx, []string{"import", file, "--as", "orders", "--data", dir}, streams{nil, &out, &errs}); status != failed {
		t.Errorf("interrupted: status %d, %s", status, errs.String())
	}
	var r ingest.Result
	must(t, &r, dir, "", "import", file, "--as", "orders")
	if r.Accepted != 360 {
		t.Errorf("gone on: %+v", r)
	}
}

func TestShopSettingsAndKeys(t *testing.T) {
	dir := t.TempDir()
	var s struct{ Name, Consent string }
	must(t, &s, dir, "", "shop", "set", "--name", "Teahouse", "--consent", "required")
	must(t, &s, dir, "", "shop")
	if s.Name != "Teahouse" || s.Consent != "required" {
		t.Errorf("settings %+v", s)
	}
	var made struct{ Kind, Key string }
	must(t, &made, dir, "", "shop", "add-key", "secret", "--label", "server")
	var keys []struct{ Kind, Label, Hash string }
	must(t, &keys, dir, "", "shop", "keys")
	at := -1
	for i, k := range keys {
		if k.Label == "server" {
			at = i
		}
	}
	if !strings.HasPrefix(made.Key, "sk_") || at < 0 {
		t.Fatalf("made %+v, listed %+v", made, keys)
	}
	must(t, &map[string]string{}, dir, "", "shop", "revoke", keys[at].Hash)
	left := keys[:0:0]
	must(t, &left, dir, "", "shop", "keys")
	if len(left) != len(keys)-1 {
		t.Errorf("%d keys after a revocation, want %d", len(left), len(keys)-1)
	}
}
