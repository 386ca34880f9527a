package standin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestProgram(t *testing.T) {
	tests := map[string]struct {
		script  string
		needs   []string
		addr    string
		missing bool
		reason  string // part of the error; "" for none
	}{
		"answers, and ends with its input": {script: "echo hello; echo listening on 127.0.0.1:1; cat >/dev/null", addr: "127.0.0.1:1"},
		"could not be fetched":             {script: "echo no network >&2; exit 69", missing: true, reason: "no network"},
		"is broken":                        {script: "echo wrong checksum >&2; exit 1", reason: "wrong checksum"},
		"ends without a word":              {script: "exit 0", reason: "without an address"},
		"needs what is not there":          {needs: []string{"no-such-command"}, missing: true, reason: "no-such-command"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "go.mod"), "module x\n")
			write(t, filepath.Join(dir, "run.sh"), "#!/bin/sh\n"+tt.script+"\n")
			t.Chdir(dir)
			p := &Program{Name: "it", Script: "run.sh", Needs: tt.needs}
			p.start()
			if p.addr != tt.addr || p.missing != tt.missing {
				t.Errorf("address %q, missing %t; want %q, %t", p.addr, p.missing, tt.addr, tt.missing)
			}
			if tt.reason == "" && p.err != nil || tt.reason != "" && (p.err == nil || !strings.Contains(p.err.Error(), tt.reason)) {
				t.Errorf("error %v, want one with %q", p.err, tt.reason)
			}
			if p.input != nil {
				p.input.Close()
			}
		})
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestRequired(t *testing.T) {
	t.Setenv("SHOPKEEPER_REQUIRE", "dynamodb,ministack")
	for name, want := range map[string]bool{"dynamodb": true, "ministack": true, "dynamo": false, "": false} {
		if got := Required(name); got != want {
			t.Errorf("Required(%q) = %t", name, got)
		}
	}
}

func TestRootIsTheModule(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "shared", "standin")); err != nil {
		t.Error(err)
	}
}
