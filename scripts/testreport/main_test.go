package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// said is what `go test -json` prints of a test.
func said(action, pkg, test string) string {
	return `{"Action":"output","Package":"shopkeeper/` + pkg + `","Test":"` + test + `","Output":"    a_test.go:3: because\n"}` + "\n" +
		`{"Action":"` + action + `","Package":"shopkeeper/` + pkg + `","Test":"` + test + `"}` + "\n"
}

func TestFaults(t *testing.T) {
	const required = "# a comment\nunits shared/a TestA\n\nlater shared/b TestB\n"
	tests := map[string]struct {
		ran, skippable string
		want           []string
	}{
		"all passed":                      {said("pass", "shared/a", "TestA"), "", nil},
		"a required one was skipped":      {said("skip", "shared/a", "TestA"), "units shared/a TestA gap", []string{"may not be skipped, but did not pass: shared/a TestA"}},
		"a required one did not run":      {said("pass", "shared/a", "TestZ"), "", []string{"may not be skipped, but did not pass: shared/a TestA"}},
		"a skip nobody listed":            {said("pass", "shared/a", "TestA") + said("skip", "shared/c", "TestC"), "", []string{"was skipped, and the list of what may be does not know it: shared/c TestC: because"}},
		"listed for another suite":        {said("pass", "shared/a", "TestA") + said("skip", "shared/c", "TestC"), "later shared/c TestC gap", []string{"was skipped, and the list of what may be does not know it: shared/c TestC: because"}},
		"a gap":                           {said("pass", "shared/a", "TestA") + said("skip", "shared/c", "TestC/part"), "units shared/c TestC/part gap", nil},
		"a part of one that runs later":   {said("pass", "shared/a", "TestA") + said("skip", "shared/b", "TestB/part"), "units shared/b TestB later", nil},
		"a longer name is another":        {said("pass", "shared/a", "TestA") + said("skip", "shared/b", "TestBB"), "units shared/b TestB later", []string{"was skipped, and the list of what may be does not know it: shared/b TestBB: because"}},
		"required nowhere, though listed": {said("pass", "shared/a", "TestA"), "units shared/c TestC later", []string{"shared/c TestC may be skipped in units, as later runs it, which does not require it"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			must, may := filepath.Join(dir, "required"), filepath.Join(dir, "skippable")
			for file, text := range map[string]string{must: required, may: tt.skippable} {
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			r := report{ran: map[string]bool{}, output: map[string][]string{}}
			if err := r.read(strings.NewReader(tt.ran), new(bytes.Buffer)); err != nil {
				t.Fatal(err)
			}
			got, err := r.faults(must, may, "units")
			if err != nil || strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("faults = %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

// TestTheLists holds the repository's own lists to their form, and to each other.
func TestTheLists(t *testing.T) {
	r := report{}
	if got, err := r.faults("../../.ci/required", "../../.ci/skippable", "none"); err != nil || len(got) > 0 {
		t.Errorf("faults = %q, %v", got, err)
	}
	if _, err := lines("../../.ci/required", 4); err == nil || !strings.Contains(err.Error(), "line 2: 3 words, want 4") {
		t.Errorf("a list of another form: %v", err)
	}
}
