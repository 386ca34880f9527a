package local

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
)

func TestKeys(t *testing.T) {
	t.Run("are made once, whoever is first", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys.json")
		all := make([]Keys, 8)
		var wait sync.WaitGroup
		for i := range all {
			wait.Go(func() {
				var err error
				if all[i], err = loadKeys(path); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		for _, k := range all[1:] {
			if diff := cmp.Diff(all[0], k); diff != "" {
				t.Errorf("two sets of keys (-one +other):\n%s", diff)
			}
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("keys.json has mode %o, want 600", got)
		}
	})
	t.Run("a spoilt file is refused, not replaced", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys.json")
		if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := loadKeys(path); !fault.Is(err, fault.Invalid) {
			t.Errorf("error %v, want Invalid", err)
		}
	})
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	unlock, err := lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock(dir); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second lock: %v, want Conflict", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	if unlock, err = lock(dir); err != nil {
		t.Fatalf("after unlock: %v", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
}

func TestOneTrainingAtATime(t *testing.T) {
	l, err := Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	end, err := l.Training()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Training(); !fault.Is(err, fault.Conflict) {
		t.Errorf("two trainings at once: %v, want a conflict", err)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	if end, err = l.Training(); err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
}
