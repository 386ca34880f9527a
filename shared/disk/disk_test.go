package disk

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/blob/blobtest"
	"shopkeeper/shared/fault"
)

func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	blobtest.Store(t, func(t *testing.T) blob.Store { return open(t) }, blobtest.Gaps{})
}

func TestNamesThatADiskCannotHold(t *testing.T) {
	s := open(t)
	put := func(name string) error {
		_, err := s.Put(t.Context(), name, strings.NewReader("x"))
		return err
	}
	if err := put("a/b"); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		name string
		want fault.Kind
	}{
		"a folder":      {"a", fault.Conflict},
		"below a file":  {"a/b/c", fault.Conflict},
		"deep below it": {"a/b/c/d/e", fault.Conflict},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := put(tt.name); !fault.Is(err, tt.want) {
				t.Errorf("put: %v, want %v", err, tt.want)
			}
		})
	}
	if left, err := filepath.Glob(filepath.Join(s.temp, "put-*")); err != nil || len(left) != 0 {
		t.Errorf("temporary files left: %v, %v", left, err)
	}
}

func TestOpenRemovesOnlyOldTemporaryFiles(t *testing.T) {
	s := open(t)
	for name, age := range map[string]time.Duration{"put-old": 25 * time.Hour, "put-new": time.Hour} {
		at := time.Now().Add(-age)
		file := filepath.Join(s.temp, name)
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(s.root); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(s.temp, "put-*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != "put-new" {
		t.Errorf("left: %v, %v; want put-new", left, err)
	}
}

// FuzzName holds every name that is taken to lie in the folder.
func FuzzName(f *testing.F) {
	for _, seed := range []string{"a", "a/b", "../x", "a/./b", "..", "a//b", "/etc", "a\\..\\b", "é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if blob.ValidateName(name) != nil {
			return
		}
		s := &Store{root: "/the/store"}
		if rel, err := filepath.Rel(s.root, s.path(name)); err != nil || rel != filepath.FromSlash(name) {
			t.Errorf("%q lies at %q, %v", name, rel, err)
		}
	})
}
