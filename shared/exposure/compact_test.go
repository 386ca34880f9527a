package exposure

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/offpolicy"
)

const today = "2026-05-01"

func compact(t *testing.T, l *Log, before, after int) {
	t.Helper()
	b, a, err := l.Compact(t.Context(), "tea", today)
	if err != nil || b != before || a != after {
		t.Errorf("compacted %d files to %d (%v), want %d to %d", b, a, err, before, after)
	}
}

func TestCompact(t *testing.T) {
	l, files := newLog(t)
	first, second := delivered(1, answer("v_a", 1), answer("v_b", 2)), delivered(2, answer("v_b", 2), answer("v_c", 3))
	keep(t, l, first)
	compact(t, l, 1, 1)
	keep(t, l, second)
	keep(t, l, delivered(9, answer("v_d", 24*60*60))) // the next day
	compact(t, l, 2, 1)
	wantShown(t, l, "v_a 1", "v_b 2", "v_c 3", "v_d 86400")
	if got := names(t, files); len(got) != 2 || !strings.Contains(got[0], merged) {
		t.Errorf("files %v", got)
	}
	compact(t, l, 1, 1)
	t.Run("what comes again counts once", func(t *testing.T) {
		keep(t, l, first)
		wantShown(t, l, "v_a 1", "v_b 2", "v_c 3", "v_d 86400")
		compact(t, l, 2, 1)
		wantShown(t, l, "v_a 1", "v_b 2", "v_c 3", "v_d 86400")
	})
	t.Run("who is forgotten goes from merged files", func(t *testing.T) {
		if n, err := l.Forget(t.Context(), "tea", "v_b"); n != 1 || err != nil {
			t.Errorf("forgot %d lines (%v)", n, err)
		}
		wantShown(t, l, "v_a 1", "v_c 3", "v_d 86400")
	})
	t.Run("a day without files", func(t *testing.T) {
		if b, a, err := l.Compact(t.Context(), "tea", "2026-01-01"); b != 0 || a != 0 || err != nil {
			t.Errorf("compacted %d to %d (%v)", b, a, err)
		}
	})
}

func TestCompactKeepsDamage(t *testing.T) {
	l, files := newLog(t)
	keep(t, l, delivered(1, answer("v_a", 1)))
	keep(t, l, delivered(2, answer("v_b", 2)))
	var odd strings.Builder
	if err := pack(&odd, []byte("nonsense\nnonsense\n")); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"torn": odd.String()[:12], "odd": odd.String()} {
		if _, err := files.Put(t.Context(), dayPrefix("tea", today)+name+suffix, strings.NewReader(content)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if _, _, err := l.Compact(t.Context(), "tea", today); err != nil {
			t.Fatal(err)
		}
		got, broken := shown(t, l, "tea", time.Time{})
		if diff := cmp.Diff([]string{"v_a 1", "v_b 2"}, got); diff != "" || broken != 3 || len(names(t, files)) != 2 {
			t.Errorf("%d broken in %v (-want +got):\n%s", broken, names(t, files), diff)
		}
	}
}

func TestCompactCutsLargeDays(t *testing.T) {
	l, files := newLog(t)
	var want []string
	for n := range 5 {
		visitor := fmt.Sprintf("v_%d", n)
		keep(t, l, delivered(n, answer(visitor, 1)))
		want = append(want, visitor+" 1")
	}
	body, _, err := l.fetch(t.Context(), names(t, files)[0])
	if err != nil {
		t.Fatal(err)
	}
	l.merged = 2*len(body) - 8 // two files of about this size reach it
	compact(t, l, 5, 3)
	wantShown(t, l, want...)
	if got := names(t, files); len(got) != 3 {
		t.Errorf("files %v", got)
	}
}

// moving compacts a day as soon as its files are listed, as the night may while a report is made.
type moving struct {
	blob.Store
	compact func()
}

func (m *moving) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	found, err := m.Store.List(ctx, prefix, after, limit)
	if compact := m.compact; compact != nil && limit > 1 {
		m.compact = nil
		compact()
	}
	return found, err
}

// hollow lists files that nobody can open.
type hollow struct{ blob.Store }

func (hollow) Open(context.Context, string) (io.ReadCloser, blob.Info, error) {
	return nil, blob.Info{}, fault.New(fault.NotFound, "gone")
}

func TestReadingWhileTheNightCompacts(t *testing.T) {
	l, files := newLog(t)
	for n := range 3 * atOnce {
		keep(t, l, delivered(n, answer(fmt.Sprintf("v_%02d", n), n)))
	}
	want, _ := shown(t, l, "tea", time.Time{})
	got, broken := shown(t, New(&moving{files, func() { compact(t, l, 3*atOnce, 1) }}), "tea", time.Time{})
	if diff := cmp.Diff(want, got); diff != "" || broken > 0 || len(got) != 3*atOnce {
		t.Errorf("%d broken (-want +got):\n%s", broken, diff)
	}
	t.Run("files that are never there", func(t *testing.T) {
		if _, err := New(hollow{files}).Exposures(t.Context(), "tea", time.Time{}, func(offpolicy.Exposure) {}); !fault.Is(err, fault.Unavailable) {
			t.Errorf("error %v", err)
		}
	})
}
