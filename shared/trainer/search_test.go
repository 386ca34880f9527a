package trainer

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/recommend/ease"
	"shopkeeper/shared/recommend/knn"
)

// searching settings of a made-up shop, with a clock that goes on by a step each time it is looked at.
func searched(t *testing.T, in Input, budget, step time.Duration) Report {
	t.Helper()
	now := clock()
	s := DefaultSettings(func() time.Time { now = now.Add(step); return now })
	s.Budget = budget
	r, err := Train(t.Context(), in, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.Report
}

func TestSearch(t *testing.T) {
	in := shop(1, 365)
	t.Run("finds settings that are not worse on what it did not see", func(t *testing.T) {
		r := searched(t, in, time.Hour, time.Millisecond)
		if r.Search == nil || !r.Search.Complete || r.Search.Trials < sessionCandidates {
			t.Fatalf("search %+v", r.Search)
		}
		for _, m := range r.Search.Models {
			if m.Adopted && m.Best < m.Default || m.Questions < enough {
				t.Errorf("%+v", m)
			}
		}
	})
	t.Run("the same again finds the same", func(t *testing.T) {
		a, b := searched(t, in, time.Hour, time.Millisecond), searched(t, in, time.Hour, time.Millisecond)
		if diff := cmp.Diff(a.Tuning, b.Tuning); diff != "" || a.Version != b.Version {
			t.Errorf("the second (-first +second):\n%s", diff)
		}
	})
	t.Run("stops in time", func(t *testing.T) {
		r := searched(t, in, time.Minute, 5*time.Second)
		if r.Search.Complete || r.Search.Trials == 0 || r.Search.Trials > 12 {
			t.Errorf("search %+v", r.Search)
		}
	})
	t.Run("no time for a single trial keeps the default settings", func(t *testing.T) {
		r := searched(t, in, time.Nanosecond, time.Hour)
		if want := (Tuning{knn.DefaultSettings, ease.DefaultSettings}); cmp.Diff(want, r.Tuning) != "" || r.Search.Complete {
			t.Errorf("%+v, %+v", r.Tuning, r.Search)
		}
	})
	t.Run("too little history is not searched", func(t *testing.T) {
		r := searched(t, shop(1, 2), time.Hour, time.Millisecond)
		if r.Search.Trials != 0 || len(r.Search.Models) != 0 {
			t.Errorf("%+v", r.Search)
		}
	})
	t.Run("what was found before is used without a search", func(t *testing.T) {
		known := in
		known.Known = &Tuning{knn.SequenceSettings, ease.Settings{Lambda: 7, Top: 9}}
		if r := searched(t, known, 0, time.Millisecond); cmp.Diff(*known.Known, r.Tuning) != "" || r.Search != nil {
			t.Errorf("%+v", r.Tuning)
		}
		known.Known = &Tuning{}
		if r := searched(t, known, 0, time.Millisecond); r.Tuning.EASE != ease.DefaultSettings {
			t.Errorf("settings that mean nothing are used: %+v", r.Tuning)
		}
	})
	t.Run("ends when it is told to", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s := DefaultSettings(clock)
		s.Budget = time.Hour
		if _, err := Train(ctx, in, s, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}
