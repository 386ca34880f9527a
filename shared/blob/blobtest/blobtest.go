// Package blobtest is what every blob.Store must do. An engine's test calls Store with a way to open a fresh, empty store.
package blobtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/fault"
)

// Gaps are what an engine cannot show. The zero value has none.
type Gaps struct {
	Slow bool // fewer files, smaller ones
}

// Store runs the suite.
func Store(t *testing.T, open func(t *testing.T) blob.Store, gaps Gaps) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, &harness{Store: open(t), gaps: gaps}) })
	}
}

type harness struct {
	blob.Store
	gaps Gaps
}

func (h *harness) put(t *testing.T, name, content string) blob.Info {
	t.Helper()
	info, err := h.Put(t.Context(), name, strings.NewReader(content))
	if err != nil {
		t.Fatalf("put %q: %v", name, err)
	}
	return info
}

func (h *harness) want(t *testing.T, name, content string) blob.Info {
	t.Helper()
	r, info, err := h.Open(t.Context(), name)
	if err != nil {
		t.Fatalf("open %q: %v", name, err)
	}
	got := readAll(t, r)
	if got != content {
		t.Errorf("%q holds %.40q, want %.40q", name, got, content)
	}
	if info.Name != name || info.Size != int64(len(content)) || info.ETag == "" || time.Since(info.Modified).Abs() > time.Hour {
		t.Errorf("info %+v of %q with %d bytes", info, name, len(content))
	}
	return info
}

func readAll(t *testing.T, r io.ReadCloser) string {
	t.Helper()
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return string(b)
}

func (h *harness) wantAbsent(t *testing.T, name string) {
	t.Helper()
	if _, _, err := h.Open(t.Context(), name); !fault.Is(err, fault.NotFound) {
		t.Errorf("open %q: %v, want NotFound", name, err)
	}
	if _, err := h.Stat(t.Context(), name); !fault.Is(err, fault.NotFound) {
		t.Errorf("stat %q: %v, want NotFound", name, err)
	}
}

func (h *harness) list(t *testing.T, prefix, after string, limit int) []string {
	t.Helper()
	infos, err := h.List(t.Context(), prefix, after, limit)
	if err != nil {
		t.Fatalf("list %q after %q: %v", prefix, after, err)
	}
	names := []string{}
	for _, i := range infos {
		names = append(names, i.Name)
	}
	return names
}

// sameInfo compares all but the time, which engines round differently in different answers.
func sameInfo(t *testing.T, what string, want, got blob.Info) {
	t.Helper()
	if want.Name != got.Name || want.Size != got.Size || want.ETag != got.ETag || want.Modified.Sub(got.Modified).Abs() > 2*time.Second {
		t.Errorf("%s: %+v, want %+v", what, got, want)
	}
}

var cases = []struct {
	name string
	run  func(t *testing.T, h *harness)
}{
	{"an absent file is not found", func(t *testing.T, h *harness) {
		h.wantAbsent(t, "a")
		h.wantAbsent(t, "deep/er/a")
		if err := h.Delete(t.Context(), "a"); err != nil {
			t.Errorf("delete: %v", err)
		}
		if got := h.list(t, "", "", 10); len(got) != 0 {
			t.Errorf("list: %v", got)
		}
	}},
	{"a file comes back whole", func(t *testing.T, h *harness) {
		put := h.put(t, "models/shop/1.bin", "content")
		sameInfo(t, "open", put, h.want(t, "models/shop/1.bin", "content"))
		stat, err := h.Stat(t.Context(), "models/shop/1.bin")
		if err != nil {
			t.Fatal(err)
		}
		sameInfo(t, "stat", put, stat)
		h.wantAbsent(t, "models/shop")
		h.wantAbsent(t, "models/shop/1.bin/x")
	}},
	{"an empty file is a file", func(t *testing.T, h *harness) {
		h.put(t, "empty", "")
		h.want(t, "empty", "")
	}},
	{"a large file comes back whole", func(t *testing.T, h *harness) {
		size := 20 << 20
		if h.gaps.Slow {
			size = 6 << 20
		}
		content := bytes.Repeat([]byte("0123456789abcdef"), size/16)
		if _, err := h.Put(t.Context(), "large", iotest.HalfReader(bytes.NewReader(content))); err != nil {
			t.Fatal(err)
		}
		h.want(t, "large", string(content))
	}},
	{"an overwrite replaces, and changes the tag", func(t *testing.T, h *harness) {
		first := h.put(t, "a", "one")
		second := h.put(t, "a", "two")
		h.want(t, "a", "two")
		if first.ETag == second.ETag {
			t.Errorf("tag %q of both contents", first.ETag)
		}
	}},
	{"an open file keeps its version", func(t *testing.T, h *harness) {
		h.put(t, "a", strings.Repeat("one", 1<<20))
		r, _, err := h.Open(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		h.put(t, "a", "two")
		if got := readAll(t, r); got != strings.Repeat("one", 1<<20) {
			t.Errorf("read %d bytes, not the version that was opened", len(got))
		}
		h.want(t, "a", "two")
	}},
	{"a failing source changes nothing", func(t *testing.T, h *harness) {
		broken := errors.New("the source broke")
		source := func() io.Reader { return io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)) }
		if _, err := h.Put(t.Context(), "new", source()); !errors.Is(err, broken) {
			t.Errorf("put: %v, want the source's error", err)
		}
		h.wantAbsent(t, "new")
		before := h.put(t, "a", "one")
		if _, err := h.PutIf(t.Context(), "a", source(), before.ETag); !errors.Is(err, broken) {
			t.Errorf("put if: %v, want the source's error", err)
		}
		sameInfo(t, "after", before, h.want(t, "a", "one"))
		if diff := cmp.Diff([]string{"a"}, h.list(t, "", "", 10)); diff != "" {
			t.Errorf("list (-want +got):\n%s", diff)
		}
	}},
	{"put if absent holds once", func(t *testing.T, h *harness) {
		put, err := h.PutIf(t.Context(), "dir/a", strings.NewReader("one"), "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.PutIf(t.Context(), "dir/a", strings.NewReader("two"), ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("second put: %v, want Conflict", err)
		}
		sameInfo(t, "after", put, h.want(t, "dir/a", "one"))
	}},
	{"put if the tag is the one known", func(t *testing.T, h *harness) {
		first := h.put(t, "a", "one")
		second, err := h.PutIf(t.Context(), "a", strings.NewReader("two"), first.ETag)
		if err != nil {
			t.Fatal(err)
		}
		sameInfo(t, "put if", h.want(t, "a", "two"), second)
		if _, err := h.PutIf(t.Context(), "a", strings.NewReader("three"), first.ETag); !fault.Is(err, fault.Conflict) {
			t.Errorf("with the old tag: %v, want Conflict", err)
		}
		if _, err := h.PutIf(t.Context(), "absent", strings.NewReader("x"), first.ETag); !fault.Is(err, fault.Conflict) {
			t.Errorf("of an absent file: %v, want Conflict", err)
		}
		h.want(t, "a", "two")
		h.wantAbsent(t, "absent")
	}},
	{"of concurrent conditional writers one wins", func(t *testing.T, h *harness) {
		base := h.put(t, "a", "base")
		won := make(chan string, 8)
		var group sync.WaitGroup
		for i := range cap(won) {
			group.Go(func() {
				content := fmt.Sprintf("writer %d", i)
				switch _, err := h.PutIf(t.Context(), "a", strings.NewReader(content), base.ETag); {
				case err == nil:
					won <- content
				case !fault.Is(err, fault.Conflict):
					t.Errorf("writer %d: %v", i, err)
				}
			})
		}
		group.Wait()
		close(won)
		if len(won) != 1 {
			t.Fatalf("%d writers won", len(won))
		}
		h.want(t, "a", <-won)
	}},
	{"a deleted file is gone", func(t *testing.T, h *harness) {
		h.put(t, "dir/a", "one")
		h.put(t, "dir/b", "two")
		for range 2 {
			if err := h.Delete(t.Context(), "dir/a"); err != nil {
				t.Fatal(err)
			}
		}
		h.wantAbsent(t, "dir/a")
		h.want(t, "dir/b", "two")
		h.put(t, "dir/a", "again")
		h.want(t, "dir/a", "again")
	}},
	{"lists come in byte order, by prefix, in pages", listing},
	{"odd names", func(t *testing.T, h *harness) {
		for _, name := range []string{"a b", "é/日本/😀", "percent%2F", "a#b?c&d=e", "plus+", ".hidden", "...", "a.tmp", "-", "quote'\"", strings.Repeat("x/", 449) + "ab"} {
			h.put(t, name, "content of "+name)
			h.want(t, name, "content of "+name)
			if got := h.list(t, name, "", 10); len(got) != 1 || got[0] != name {
				t.Errorf("list by %q: %q", name, got)
			}
			if err := h.Delete(t.Context(), name); err != nil {
				t.Errorf("delete %q: %v", name, err)
			}
		}
	}},
	{"names that are refused everywhere", func(t *testing.T, h *harness) {
		for _, name := range []string{"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/.", "./a", "a\x00b", "\xff", strings.Repeat("x", 256), strings.Repeat("x/", 450) + "x"} {
			_, _, err := h.Open(t.Context(), name)
			wantInvalid(t, "open", name, err)
			_, err = h.Stat(t.Context(), name)
			wantInvalid(t, "stat", name, err)
			_, err = h.Put(t.Context(), name, strings.NewReader("x"))
			wantInvalid(t, "put", name, err)
			_, err = h.PutIf(t.Context(), name, strings.NewReader("x"), "")
			wantInvalid(t, "put if", name, err)
			wantInvalid(t, "delete", name, h.Delete(t.Context(), name))
		}
	}},
}

func wantInvalid(t *testing.T, what, name string, err error) {
	t.Helper()
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("%s %.20q: %v, want Invalid", what, name, err)
	}
}

func listing(t *testing.T, h *harness) {
	// '-' and '.' sort before '/', and '0' after it: the order of names is not the order of a walk through folders.
	all := []string{"a", "a-b", "a.b", "a/b", "a/b/c", "a/c", "a0", "b/1", "b/2", "é"}
	if h.gaps.Slow {
		all = all[:8]
	}
	stored := all[:0:0]
	for i := len(all) - 1; i >= 0; i-- {
		if all[i] == "a" || all[i] == "a/b" { // a file cannot be a folder too on disks
			continue
		}
		h.put(t, all[i], all[i])
		stored = append([]string{all[i]}, stored...)
	}
	tests := map[string]struct {
		prefix, after string
		limit         int
		want          []string
	}{
		"everything":              {"", "", 100, stored},
		"a page":                  {"", "", 3, stored[:3]},
		"the next page":           {"", stored[2], 3, stored[3:6]},
		"after what is not there": {"", "a/b/a", 2, []string{"a/b/c", "a/c"}},
		"a folder":                {"a/", "", 100, []string{"a/b/c", "a/c"}},
		"half a name":             {"a/b", "", 100, []string{"a/b/c"}},
		"a prefix and after":      {"b/", "b/1", 100, []string{"b/2"}},
		"after the prefix":        {"a/", "b", 100, []string{}},
		"before the prefix":       {"b/", "a", 1, []string{"b/1"}},
		"nothing":                 {"zzz", "", 100, []string{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, h.list(t, tt.prefix, tt.after, tt.limit)); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
		})
	}
}
