package exposure

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/fault"
)

func TestForget(t *testing.T) {
	l, files := newLog(t)
	day := 24 * 60 * 60
	mixed, alone := delivered(1, answer("v_a", 1), answer("v_b", 2), answer("v_a", 3)), delivered(10, answer("v_a", day), answer("", day+1))
	only := delivered(20, answer("v_a", 2*day))
	for _, d := range []Delivery{mixed, alone, only} {
		keep(t, l, d)
	}
	before := names(t, files)
	if n, err := l.Forget(t.Context(), "tea", "p_1", "v_a"); n != 4 || err != nil {
		t.Fatalf("forgot %d lines (%v), want 4", n, err)
	}
	wantShown(t, l, " 86401", "v_b 2")
	t.Run("a delivery that comes again brings nothing back", func(t *testing.T) {
		for _, d := range []Delivery{mixed, alone, only} {
			keep(t, l, d)
		}
		wantShown(t, l, " 86401", "v_b 2")
		if diff := cmp.Diff(before, names(t, files)); diff != "" {
			t.Errorf("files (-before +after):\n%s", diff)
		}
	})
	t.Run("again it finds nothing", func(t *testing.T) {
		if n, err := l.Forget(t.Context(), "tea", "v_a"); n != 0 || err != nil {
			t.Errorf("forgot %d lines (%v)", n, err)
		}
	})
	t.Run("nobody takes nothing", func(t *testing.T) {
		for _, ids := range [][]string{nil, {""}} {
			if n, err := l.Forget(t.Context(), "tea", ids...); n != 0 || err != nil {
				t.Errorf("forgot %d lines of %q (%v)", n, ids, err)
			}
		}
		wantShown(t, l, " 86401", "v_b 2")
	})
	t.Run("another shop's stay", func(t *testing.T) {
		if n, err := l.Forget(t.Context(), "mugs", "v_b"); n != 0 || err != nil {
			t.Errorf("forgot %d lines (%v)", n, err)
		}
	})
}

// meddling lets somebody else rewrite a file just before it is stored.
type meddling struct {
	blob.Store
	before func()
}

func (m *meddling) PutIf(ctx context.Context, name string, r io.Reader, etag string) (blob.Info, error) {
	if before := m.before; before != nil {
		m.before = nil
		before()
	}
	return m.Store.PutIf(ctx, name, r, etag)
}

func TestTwoErasuresOfOneFile(t *testing.T) {
	l, files := newLog(t)
	keep(t, l, delivered(1, answer("v_a", 1), answer("v_b", 2), answer("v_c", 3)))
	slow := New(&meddling{files, func() {
		if n, err := l.Forget(t.Context(), "tea", "v_b"); n != 1 || err != nil {
			t.Errorf("the other forgot %d lines (%v)", n, err)
		}
	}})
	if n, err := slow.Forget(t.Context(), "tea", "v_a"); n != 1 || err != nil {
		t.Errorf("forgot %d lines (%v)", n, err)
	}
	wantShown(t, l, "v_c 3")
}

// refusing says of every file that somebody else has rewritten it.
type refusing struct{ blob.Store }

func (refusing) PutIf(context.Context, string, io.Reader, string) (blob.Info, error) {
	return blob.Info{}, fault.New(fault.Conflict, "another one")
}

func TestAFileThatIsAlwaysRewritten(t *testing.T) {
	l, files := newLog(t)
	keep(t, l, delivered(1, answer("v_a", 1)))
	if _, err := New(refusing{files}).Forget(t.Context(), "tea", "v_a"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("error %v, want that it is tried again later", err)
	}
}

func TestPrune(t *testing.T) {
	l, files := newLog(t)
	day := 24 * 60 * 60
	keep(t, l, delivered(1, answer("v_a", -2*day), answer("v_b", -day), answer("v_c", 0)))
	for now, want := range map[time.Time]int{noon: 0, noon.AddDate(0, 0, Days-2): 0} {
		if n, err := l.Prune(t.Context(), "tea", now); n != want || err != nil {
			t.Errorf("%v: %d files went (%v), want %d", now, n, err, want)
		}
	}
	if n, err := l.Prune(t.Context(), "tea", noon.AddDate(0, 0, Days-1)); n != 1 || err != nil {
		t.Errorf("%d files went (%v), want 1", n, err)
	}
	wantShown(t, l, "v_b -86400", "v_c 0")
	if n, err := l.Prune(t.Context(), "tea", noon.AddDate(1, 0, 0)); n != 2 || err != nil || len(names(t, files)) != 0 {
		t.Errorf("%d files went (%v), %v stay", n, err, names(t, files))
	}
}
