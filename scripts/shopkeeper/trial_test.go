package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/compare"
)

func TestTrial(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	file := filepath.Join(t.TempDir(), "goods.csv")
	if err := os.WriteFile(file, []byte(goods), 0o600); err != nil {
		t.Fatal(err)
	}
	var discarded map[string]any
	must(t, &discarded, dir, "", "import", file, "--as", "items")
	must(t, &discarded, dir, history(), "import", "-", "--as", "orders")
	for range 2 {
		must(t, &discarded, dir, "", "train")
	}
	var models admin.Releases
	must(t, &models, dir, "", "models", "list")
	inUse, older := models.Models[0].Version, models.Models[1].Version
	refused := func(want int, says string, args ...string) {
		t.Helper()
		if status, _, errs := call(t, dir, "", append([]string{"models", "trial"}, args...)...); status != want || !strings.Contains(errs, says) {
			t.Errorf("%v: status %d, %q, want %d, %q", args, status, errs, want, says)
		}
	}
	refused(failed, "no comparison", "status")
	refused(failed, "no comparison", "promote")
	refused(failed, "no comparison", "stop")
	refused(failed, "no model of version", "start", "0000000000000001")
	refused(misused, "is the model in use", "start", inUse)
	refused(misused, "is the model in use", "start", "newest")
	refused(misused, "share:", "start", older, "--share", "0")
	refused(misused, "share:", "start", older, "--share", "1")
	refused(misused, "share:", "start", older, "--share", "NaN", "--interleave")

	var r compare.Report
	must(t, &r, dir, "", "models", "trial", "start", older, "--share", ".3")
	if r.Share != .3 || r.Method != "split" || r.Arms[0].Version != inUse || r.Arms[1].Version != older || r.Verdict != compare.Early {
		t.Errorf("%+v", r)
	}
	refused(failed, "runs already", "start", older)
	_, out, _ := call(t, dir, "", "train")
	if !strings.Contains(out, "kept and waits") {
		t.Errorf("training beside it says %q", out)
	}
	models = admin.Releases{}
	must(t, &models, dir, "", "models", "list")
	if len(models.Models) != 3 || !models.Models[1].Live || models.Models[1].Version != inUse || models.Trial == nil || models.Trial.B != older {
		t.Errorf("after a training beside it: %+v", models)
	}
	status, out, errs := call(t, dir, "", "models", "trial", "status")
	for _, want := range []string{"B for 30 % of visitors", "A " + inUse, "B " + older, "revenue  per visitor: A 0.000 GBP", "too few to tell how sure that is", "too early to say"} {
		if status != done || !strings.Contains(out, want) {
			t.Errorf("status %d lacks %q: %s%s", status, want, out, errs)
		}
	}
	models = admin.Releases{}
	must(t, &models, dir, "", "models", "trial", "promote")
	if models.Trial != nil || !models.Models[2].Live || models.Models[2].Version != older || !models.Held {
		t.Errorf("promoted: %+v", models)
	}
	must(t, &r, dir, "", "models", "trial", "start", "newest", "--interleave")
	if r.Share != 1 || r.Method != "interleave" || r.Preference == nil || r.Arms[1].Version != models.Models[0].Version {
		t.Errorf("%+v", r)
	}
	if _, out, _ = call(t, dir, "", "models", "trial"); !strings.Contains(out, "both on one list for 100 % of visitors") || !strings.Contains(out, "preference +0.0000") {
		t.Errorf("interleaved: %s", out)
	}
	models = admin.Releases{}
	must(t, &models, dir, "", "models", "trial", "stop")
	if models.Trial != nil || !models.Models[2].Live || !models.Held {
		t.Errorf("stopped: %+v", models)
	}
}
