package main

import (
	"os"
	"path/filepath"
	"testing"

	"shopkeeper/shared/admin"
)

func TestRollBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	file := filepath.Join(t.TempDir(), "goods.csv")
	if err := os.WriteFile(file, []byte(goods), 0o600); err != nil {
		t.Fatal(err)
	}
	var discarded map[string]any
	must(t, &discarded, dir, "", "import", file, "--as", "items")
	must(t, &discarded, dir, history(), "import", "-", "--as", "orders")
	if status, _, _ := call(t, dir, "", "train", "--rollback"); status == done {
		t.Error("went back before there was a model")
	}
	for range 2 {
		must(t, &discarded, dir, "", "train")
	}
	var r admin.Releases
	must(t, &r, dir, "", "models", "list")
	if len(r.Models) != 2 || !r.Models[0].Live || r.Models[1].Live || r.Held || r.Models[0].Report == nil || r.Back != r.Models[1].Version {
		t.Fatalf("after two trainings: %+v", r)
	}
	newest, older := r.Models[0].Version, r.Models[1].Version
	r = admin.Releases{}
	must(t, &r, dir, "", "train", "--rollback")
	if !r.Models[1].Live || r.Models[1].Version != older || !r.Held {
		t.Errorf("rolled back: %+v", r)
	}
	var report struct{ Publish bool }
	must(t, &report, dir, "", "train")
	if report.Publish {
		t.Error("a training that is no better took back what was rolled back")
	}
	r = admin.Releases{}
	must(t, &r, dir, "", "models", "use", newest)
	if !r.Models[0].Live || r.Held {
		t.Errorf("the newest again: %+v", r)
	}
	if status, _, _ := call(t, dir, "", "models", "use", "0000000000000000"); status == done {
		t.Error("a version that nobody trained is in use")
	}
}
