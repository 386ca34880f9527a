package disk

import (
	"bytes"
	"strings"
	"testing"

	"shopkeeper/shared/fault"
)

func TestMap(t *testing.T) {
	s := open(t)
	put := func(name, text string) {
		t.Helper()
		if _, err := s.Put(t.Context(), name, strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	old := strings.Repeat("old", 100_000)
	put("folder/file", old)
	put("empty", "")
	view, release, err := s.Map(t.Context(), "folder/file")
	if err != nil || string(view) != old {
		t.Fatalf("%d bytes, %v", len(view), err)
	}
	put("folder/file", "new")
	if err := s.Delete(t.Context(), "folder/file"); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(view, []byte(old)) {
		t.Error("the view changed when its name did")
	}
	if err := release(); err != nil {
		t.Error(err)
	}
	if view, release, err := s.Map(t.Context(), "empty"); err != nil || len(view) != 0 || release() != nil {
		t.Errorf("an empty file: %d bytes, %v", len(view), err)
	}
	for name, kind := range map[string]fault.Kind{"absent": fault.NotFound, "": fault.Invalid, "../x": fault.Invalid} {
		if _, _, err := s.Map(t.Context(), name); !fault.Is(err, kind) {
			t.Errorf("%q: %v, want %v", name, err, kind)
		}
	}
	put("folder/file", "x")
	if _, _, err := s.Map(t.Context(), "folder"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a folder: %v", err)
	}
}
