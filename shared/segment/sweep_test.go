package segment

import (
	"context"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/table"
)

// spent is a profile whose orders brought so much, in minor units.
func spent(sum int64) func(*profile.Profile) {
	return func(p *profile.Profile) {
		p.Orders = profile.Orders{Count: 1, Sum: sum, Currency: "GBP", First: noon, Last: noon}
	}
}

func TestSweepAppliesADefinitionToEverybody(t *testing.T) {
	w := newWorld(t)
	for i := range 300 { // more than a page
		w.visit(fmt.Sprintf("v_%03d", i), visits(int64(i%3)))
	}
	w.follow()
	w.sweep()
	w.define("twice", "visits == 2")
	if s, err := w.keeper.Sweep(t.Context(), "tea"); err != nil || s.Done || s.Again != settle {
		t.Errorf("right after the change: %+v, %v", s, err)
	}
	if s := w.sweep(); s.Subjects != 300 {
		t.Errorf("%d subjects were looked at", s.Subjects)
	}
	d, err := w.store.Get(t.Context(), "tea", "twice")
	if err != nil || d.Counted != 100 || len(w.members("twice")) != 100 || len(w.heard.since()) != 100 {
		t.Errorf("counted %d, %v", d.Counted, err)
	}
	w.define("twice", "visits == 1")
	w.sweep()
	if got := w.heard.since(); len(got) != 200 {
		t.Errorf("%d were told of the change", len(got))
	}
	w.must(w.store.Delete(t.Context(), "tea", "twice", 0))
	w.sweep()
	if got := w.members("twice"); len(got) != 0 || len(w.heard.since()) != 100 {
		t.Errorf("%d members of a segment that is gone", len(got))
	}
	if s, err := w.keeper.Sweep(t.Context(), "tea"); err != nil || !s.Done || s.Subjects != 0 {
		t.Errorf("when nothing is due: %+v, %v", s, err)
	}
}

func TestSweepOfTheNight(t *testing.T) {
	w := newWorld(t)
	w.define("away", "days_since_seen >= 2")
	w.visit("v_1", nil)
	w.follow()
	w.sweep()
	for _, step := range []struct {
		hours int
		heard []string
	}{{11, nil}, {2, nil}, {24, []string{"+away v_1"}}, {1, nil}, {-30, nil}, {30, nil}} { // at 23:00, at 1:00 the day after ..., and a clock that jumps
		w.pass(time.Duration(step.hours) * time.Hour)
		w.sweep()
		got := w.heard.since()
		if step.hours == -30 {
			if diff := cmp.Diff([]string{"-away v_1"}, got); diff != "" {
				t.Errorf("a clock that went back (-want +got):\n%s", diff)
			}
			continue
		}
		if w.clock().Sub(noon) > 36*time.Hour && step.heard == nil && len(got) == 1 && got[0] == "+away v_1" {
			continue // the clock is right again
		}
		if diff := cmp.Diff(step.heard, got); diff != "" {
			t.Errorf("at %v (-want +got):\n%s", w.clock(), diff)
		}
	}
}

// TestSweepGoesOn stops a sweep at every one of its writes, and holds that the next calls finish it.
func TestSweepGoesOn(t *testing.T) {
	db := sqlitetest.Open(t, &sqlite.Options{Feeds: []table.Name{profile.Table, "people"}})
	store := &counted{Store: db}
	w := newWorldOn(t, db, store)
	for i := range 12 {
		w.visit(fmt.Sprintf("v_%d", i), spent(int64(100*i)))
	}
	w.follow()
	before := store.writes
	w.sweep()
	for stop := range store.writes - before {
		w.shop = event.ShopID(fmt.Sprint("tea", stop))
		for i := range 12 {
			w.visit(fmt.Sprintf("v_%d", i), spent(int64(100*i)))
		}
		w.follow()
		store.failAt = store.writes + stop + 1
		for stopped := false; !stopped && store.writes < store.failAt; {
			s, err := w.keeper.Sweep(t.Context(), w.shop)
			if err != nil && !fault.Is(err, fault.Unavailable) {
				t.Fatal(err)
			}
			stopped = err != nil || s.Done
			w.pass(s.Again)
		}
		store.failAt = 0
		w.sweep()
		large, err := w.store.Get(t.Context(), w.shop, "large")
		if err != nil || large.Counted == 0 || large.Counted != len(w.members("large")) {
			t.Errorf("stopped at write %d: %d counted, %d members, %v", stop, large.Counted, len(w.members("large")), err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), sweepStop/2)
	defer cancel()
	w.pass(24 * time.Hour)
	if s, err := w.keeper.Sweep(ctx, w.shop); err != nil || s.Done {
		t.Errorf("without time: %+v, %v", s, err)
	}
	if s := w.sweep(); s.Subjects != 12 {
		t.Errorf("%d subjects were looked at", s.Subjects)
	}
}

// counted is a store that fails one write.
type counted struct {
	table.Store
	mu             sync.Mutex
	writes, failAt int
}

func (c *counted) Write(ctx context.Context, ops ...table.Op) error {
	c.mu.Lock()
	c.writes++
	fails := c.writes == c.failAt
	c.mu.Unlock()
	if fails {
		return fault.New(fault.Unavailable, "not now")
	}
	return c.Store.Write(ctx, ops...)
}

func TestOfTwoSweepsOneStops(t *testing.T) {
	w := newWorld(t)
	for i := range 40 {
		w.visit(fmt.Sprintf("v_%d", i), spent(int64(100*i)))
	}
	w.follow()
	w.pass(settle)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if _, err := w.keeper.Sweep(t.Context(), "tea"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	w.sweep()
	if d, err := w.store.Get(t.Context(), "tea", "small"); err != nil || d.Counted != len(w.members("small")) || d.Counted == 0 {
		t.Errorf("%d counted, %d members, %v", d.Counted, len(w.members("small")), err)
	}
}

// TestValues holds the cuts to what they are said to be: the large bring at least four fifths and would not without their least step, and so on.
func TestValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		revenues := rapid.SliceOf(rapid.Int64Range(0, 1<<40)).Draw(t, "revenues")
		s, all := spread{}, 0.0
		for _, r := range revenues {
			s.add(r)
			all += float64(r)
		}
		v := s.values()
		if all == 0 {
			if v != (Values{}) {
				t.Fatalf("values of nothing: %+v", v)
			}
			return
		}
		if v.Medium < 1 || v.Large < v.Medium {
			t.Fatalf("%+v", v)
		}
		for _, x := range []struct {
			cut   int64
			share float64
		}{{v.Large, LargeShare}, {v.Medium, MediumShare}} {
			with, without := 0.0, 0.0
			for _, r := range revenues {
				if r >= x.cut {
					with += float64(r)
				}
				if float64(r) > float64(x.cut)*stepWidth*1.0001+1 {
					without += float64(r)
				}
			}
			if with < x.share*all*(1-1e-9) || without >= x.share*all*(1+1e-9) {
				t.Fatalf("from %d on they bring %.4f, without the last step %.4f, want %.2f", x.cut, with/all, without/all, x.share)
			}
		}
	})
	v := Values{Large: 500, Medium: 100}
	for revenue, want := range map[int64]string{500: "large", 499: "medium", 100: "medium", 99: "small", 0: "none", -5: "none", math.MaxInt64: "large"} {
		if got := v.of(revenue); got != want {
			t.Errorf("%d is %s", revenue, got)
		}
	}
}
