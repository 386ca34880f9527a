package local

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestExposures(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "exposures")
	now := time.Date(2026, 5, 4, 23, 59, 59, 0, time.UTC)
	e, err := openExposures(slog.New(slog.DiscardHandler), dir, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(dir, "2026-01-01.ndjson")
	if err := os.WriteFile(old, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	e.Record([]byte("one\n"))
	now = now.Add(time.Second)
	e.Record([]byte("two\n"))
	if err := e.flush(); err != nil {
		t.Fatal(err)
	}
	e.Record([]byte("three\n"))
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e.Record([]byte("four\n"))
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"2026-05-04.ndjson": "one\n", "2026-05-05.ndjson": "two\nthree\nfour\n"}
	if diff := cmp.Diff(want, files(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestExposuresThatCannotBeWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "exposures")
	e, err := openExposures(slog.New(slog.DiscardHandler), dir, func() time.Time { return time.Unix(0, 0) })
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	e.Record([]byte("one\n"))
	if err := e.flush(); err == nil {
		t.Error("nobody is told that a line was lost")
	}
	if err := os.Mkdir(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	e.Record([]byte("two\n"))
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"1970-01-01.ndjson": "two\n"}, files(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[entry.Name()] = string(text)
	}
	return all
}
