package recommend

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/sqlite/sqlitetest"
)

func visitorNo(n int) event.VisitorID { return event.VisitorID(fmt.Sprintf("v_%08d", n)) }

func TestArm(t *testing.T) {
	const visitors = 20_000
	for _, share := range []float64{.02, .5, .9} {
		t.Run(fmt.Sprintf("a share of %g is kept", share), func(t *testing.T) {
			split, both := Trial{Method: Split, Share: share, Seed: 7}, Trial{Method: Interleave, Share: share, Seed: 7}
			counts := map[Arm]int{}
			for n := range visitors {
				counts[split.Arm(visitorNo(n))]++
				counts[both.Arm(visitorNo(n))]++
			}
			bound := 4 * math.Sqrt(visitors*share*(1-share))
			for _, arm := range []Arm{ArmB, ArmBoth} {
				if off := float64(counts[arm]) - share*visitors; math.Abs(off) > bound {
					t.Errorf("%d of %d visitors in %s", counts[arm], visitors, arm)
				}
			}
			if counts[ArmA]+counts[ArmB] != visitors || counts[NoArm]+counts[ArmBoth] != visitors {
				t.Errorf("%v", counts)
			}
		})
	}
	t.Run("a visitor keeps it, whatever else the trial is asked", func(t *testing.T) {
		a, b := Trial{Method: Split, Share: .5, Seed: 1}, Trial{Method: Split, Share: .5, Seed: 1, ID: "other", Began: testNow}
		for n := range 1000 {
			if a.Arm(visitorNo(n)) != b.Arm(visitorNo(n)) {
				t.Fatalf("visitor %d changes", n)
			}
		}
	})
	t.Run("two trials draw independently", func(t *testing.T) {
		a, b, same := Trial{Method: Split, Share: .5, Seed: 1}, Trial{Method: Split, Share: .5, Seed: 2}, 0
		for n := range visitors {
			if a.Arm(visitorNo(n)) == b.Arm(visitorNo(n)) {
				same++
			}
		}
		if math.Abs(float64(same)-visitors/2) > 2*math.Sqrt(visitors) {
			t.Errorf("%d of %d visitors are in the same arm of both", same, visitors)
		}
	})
	t.Run("nobody, and a method of a later version, take no part", func(t *testing.T) {
		for _, arm := range []Arm{(&Trial{Method: Split, Share: .5}).Arm(""), (&Trial{Method: "tournament", Share: 1}).Arm("v_1")} {
			if arm != NoArm {
				t.Errorf("arm %s", arm)
			}
		}
	})
	t.Run("the coin stands still for a day", func(t *testing.T) {
		trial := Trial{Seed: 3}
		if c := trial.Coin("v", testNow); c != trial.Coin("v", testNow.Add(time.Hour)) || c == trial.Coin("v", testNow.AddDate(0, 0, 1)) || c == trial.Coin("w", testNow) {
			t.Error("it does not")
		}
	})
}

// still is a catalog that is as the models have it.
type still struct{}

func (still) List(_ context.Context, _ event.ShopID, each func(catalog.Item) error) error {
	return each(catalog.Item{ID: "a"})
}

func (still) Tell(context.Context, event.ShopID, map[event.ItemID]catalog.Change) error { return nil }

func (s *shelfOfFiles) start(v uint64, m Method) Pointer {
	s.t.Helper()
	p, err := StartTrial(s.t.Context(), s.blobs, still{}, "tea", TrialPlan{Version: version(v), Method: m, Seed: 5}, s.now)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

func (s *shelfOfFiles) pointer() Pointer {
	s.t.Helper()
	p, _, err := ReadPointer(s.t.Context(), s.blobs, "tea")
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

func TestStartTrial(t *testing.T) {
	t.Run("bad input", func(t *testing.T) {
		s := newShelfOfFiles(t)
		older, inUse := s.publish(3), s.publish(2)
		for name, tt := range map[string]struct {
			plan TrialPlan
			want fault.Kind
		}{
			"a version that is not kept":     {TrialPlan{Version: "0000000000000001"}, fault.NotFound},
			"a version that is a path":       {TrialPlan{Version: "../../x"}, fault.NotFound},
			"no version":                     {TrialPlan{}, fault.NotFound},
			"the version in use":             {TrialPlan{Version: version(inUse)}, fault.Invalid},
			"the newest, which is in use":    {TrialPlan{Version: Newest}, fault.Invalid},
			"a share below 0":                {TrialPlan{Version: version(older), Share: -.1}, fault.Invalid},
			"a split that shows A to nobody": {TrialPlan{Version: version(older), Share: 1}, fault.Invalid},
			"a share above 1":                {TrialPlan{Version: version(older), Share: 1.1, Method: Interleave}, fault.Invalid},
			"a share that is no number":      {TrialPlan{Version: version(older), Share: math.NaN()}, fault.Invalid},
			"an unknown method":              {TrialPlan{Version: version(older), Method: "tournament"}, fault.Invalid},
		} {
			t.Run(name, func(t *testing.T) {
				if _, err := StartTrial(t.Context(), s.blobs, still{}, "tea", tt.plan, s.now); fault.KindOf(err) != tt.want || err == nil {
					t.Errorf("error %v, want %s", err, tt.want)
				}
				if p := s.pointer(); p.Trial != nil {
					t.Errorf("it runs: %+v", p.Trial)
				}
			})
		}
	})
	t.Run("of a shop without a model", func(t *testing.T) {
		if _, err := StartTrial(t.Context(), newShelfOfFiles(t).blobs, still{}, "tea", TrialPlan{Version: Newest}, testNow); !fault.Is(err, fault.NotFound) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a damaged file", func(t *testing.T) {
		s := newShelfOfFiles(t)
		older := s.publish(3)
		s.publish(2)
		s.corrupt(1)
		if _, err := StartTrial(t.Context(), s.blobs, still{}, "tea", TrialPlan{Version: version(older)}, s.now); !fault.Is(err, fault.Invalid) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("while one runs", func(t *testing.T) {
		s := newShelfOfFiles(t)
		oldest, older := s.publish(4), s.publish(3)
		s.publish(2)
		begun := s.start(older, Split)
		if _, err := StartTrial(t.Context(), s.blobs, still{}, "tea", TrialPlan{Version: version(oldest)}, s.now); !fault.Is(err, fault.Conflict) {
			t.Errorf("error %v", err)
		}
		if got := s.pointer().Trial; got == nil || *got != *begun.Trial || got.VersionB() != version(older) || got.Share != .5 {
			t.Errorf("it runs on as %+v", got)
		}
	})
	t.Run("too much of the catalog changed", func(t *testing.T) {
		s := newShelfOfFiles(t)
		older := s.publish(3)
		s.publish(2)
		if _, err := StartTrial(t.Context(), s.blobs, busyCatalog{}, "tea", TrialPlan{Version: version(older)}, s.now); !fault.Is(err, fault.Conflict) || s.pointer().Trial != nil {
			t.Errorf("error %v", err)
		}
	})
	t.Run("what was hidden since is told of both", func(t *testing.T) {
		s := newShelfOfFiles(t)
		older := s.publish(3)
		s.publish(2)
		store := catalog.NewStore(func() time.Time { return s.now }, sqlitetest.Open(t, nil))
		if _, err := store.Put(t.Context(), "tea", catalog.Item{ID: "a", Title: "A", Currency: "GBP", Hidden: true}); err != nil {
			t.Fatal(err)
		}
		if err := store.Trim(t.Context(), "tea", s.now.AddDate(1, 0, 0)); err != nil { // as a training does
			t.Fatal(err)
		}
		if _, err := StartTrial(t.Context(), s.blobs, store, "tea", TrialPlan{Version: version(older)}, s.now); err != nil {
			t.Fatal(err)
		}
		ms := s.memory()
		ms.deltas = store
		m, err := ms.Model(t.Context(), "tea")
		if err != nil || m.Sellable(0) || m.Trial().Other.Sellable(0) {
			t.Errorf("a hidden item is for sale: %v", err)
		}
	})
}

func TestEndTrial(t *testing.T) {
	begin := func(t *testing.T) (s *shelfOfFiles, a, b, later uint64) {
		s = newShelfOfFiles(t)
		b, a = s.publish(9), s.publish(8)
		s.start(b, Split)
		return s, a, b, s.publish(7)
	}
	end := func(s *shelfOfFiles, promote bool) Pointer {
		s.t.Helper()
		p, err := EndTrial(s.t.Context(), s.blobs, "tea", promote)
		if err != nil {
			s.t.Fatal(err)
		}
		return p
	}
	t.Run("B takes over, and is held before what is newer", func(t *testing.T) {
		s, _, b, later := begin(t)
		p := end(s, true)
		if p.Trial != nil || p.Files[0] != modelName("tea", b) || !p.Held || p.Files[1] != modelName("tea", later) {
			t.Errorf("%+v", p)
		}
		s.expect(s.memory(), b)
	})
	t.Run("A stays as it was", func(t *testing.T) {
		s, a, _, _ := begin(t)
		if p := end(s, false); p.Trial != nil || p.Files[0] != modelName("tea", a) || p.Held || len(p.Files) != 3 {
			t.Errorf("%+v", p)
		}
	})
	t.Run("the newest as B takes over unheld", func(t *testing.T) {
		s := newShelfOfFiles(t)
		older, newest := s.publish(9), s.publish(8)
		if _, err := Use(t.Context(), s.blobs, still{}, "tea", version(older), s.now); err != nil {
			t.Fatal(err)
		}
		if _, err := StartTrial(t.Context(), s.blobs, still{}, "tea", TrialPlan{Version: Newest}, s.now); err != nil {
			t.Fatal(err)
		}
		if p := end(s, true); p.Held || p.Files[0] != modelName("tea", newest) {
			t.Errorf("%+v", p)
		}
	})
	t.Run("none to end", func(t *testing.T) {
		s, _, _, _ := begin(t)
		end(s, true)
		if _, err := EndTrial(t.Context(), s.blobs, "tea", true); !fault.Is(err, fault.NotFound) {
			t.Errorf("error %v", err)
		}
	})
	for _, back := range []string{"B", "A", "what waits"} {
		t.Run("using "+back+" ends it", func(t *testing.T) {
			s, a, b, later := begin(t)
			v := map[string]uint64{"A": a, "B": b, "what waits": later}[back]
			if p, err := Use(t.Context(), s.blobs, still{}, "tea", version(v), s.now); err != nil || p.Trial != nil || p.Files[0] != modelName("tea", v) || s.pointer().Trial != nil {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
}

// Publishing while a trial runs keeps its two files, however many come, and uses none of the new ones.
func TestPublishingDuringATrial(t *testing.T) {
	s := newShelfOfFiles(t)
	b, a := s.publish(30), s.publish(29)
	s.start(b, Split)
	var last uint64
	for age := 28; age > 10; age-- {
		last = s.publish(age)
		p := s.pointer()
		if p.Trial == nil || p.Files[0] != modelName("tea", a) || !slices.Contains(p.Files, modelName("tea", b)) || p.History[0].File != modelName("tea", last) || len(p.Files) > KeepModels {
			t.Fatalf("after one more training: %+v", p)
		}
		for _, name := range p.Files {
			if _, err := s.blobs.Stat(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
	}
	files, err := s.blobs.List(t.Context(), "models/tea/", "", 100)
	if err != nil || len(files) != KeepModels+1 {
		t.Errorf("%d files, want %d and the pointer; %v", len(files), KeepModels, err)
	}
	if p, err := KeepTrial(t.Context(), s.blobs, still{}, "tea", s.now); err != nil || p.Trial == nil {
		t.Errorf("it does not go on: %v", err)
	}
	if p, err := KeepTrial(t.Context(), s.blobs, busyCatalog{}, "tea", s.now); err != nil || p.Trial != nil || p.Files[0] != modelName("tea", last) || p.Held || s.pointer().Trial != nil {
		t.Errorf("with too much that changed: %+v, %v", p, err)
	}
}

// breaking fails at the call of a number that changes something, and then for good: the process is dead.
type breaking struct {
	blob.Store
	left int
}

var errDead = errors.New("killed")

func (b *breaking) die() error {
	if b.left--; b.left < 0 {
		return errDead
	}
	return nil
}

func (b *breaking) Put(ctx context.Context, name string, r io.Reader) (blob.Info, error) {
	if err := b.die(); err != nil {
		return blob.Info{}, err
	}
	return b.Store.Put(ctx, name, r)
}

func (b *breaking) PutIf(ctx context.Context, name string, r io.Reader, etag string) (blob.Info, error) {
	if err := b.die(); err != nil {
		return blob.Info{}, err
	}
	return b.Store.PutIf(ctx, name, r, etag)
}

func (b *breaking) Delete(ctx context.Context, name string) error {
	if err := b.die(); err != nil {
		return err
	}
	return b.Store.Delete(ctx, name)
}

// TestTrialsSurviveCrashes kills every step of a trial's life at every change it makes: what is left can be read and served, names only files that are there, and the step can be made again.
func TestTrialsSurviveCrashes(t *testing.T) {
	text, fresh := file(t, testNow.AddDate(0, 0, -1))
	steps := map[string]func(*shelfOfFiles, blob.Store) error{
		"start": func(s *shelfOfFiles, b blob.Store) error {
			_, err := StartTrial(t.Context(), b, still{}, "tea", TrialPlan{Version: s.pointer().History[4].Version(), Seed: 1}, s.now)
			return err
		},
		"publish": func(s *shelfOfFiles, b blob.Store) error {
			_, err := Publish(t.Context(), b, "tea", fresh, text, s.now)
			return err
		},
		"promote": func(_ *shelfOfFiles, b blob.Store) error { _, err := EndTrial(t.Context(), b, "tea", true); return err },
		"stop": func(_ *shelfOfFiles, b blob.Store) error {
			_, err := EndTrial(t.Context(), b, "tea", false)
			return err
		},
		"give up": func(s *shelfOfFiles, b blob.Store) error {
			_, err := KeepTrial(t.Context(), b, busyCatalog{}, "tea", s.now)
			return err
		},
		"use": func(s *shelfOfFiles, b blob.Store) error {
			_, err := Use(t.Context(), b, still{}, "tea", s.pointer().History[2].Version(), s.now)
			return err
		},
	}
	for name, step := range steps {
		t.Run(name, func(t *testing.T) {
			for crash := 0; ; crash++ {
				s := newShelfOfFiles(t)
				for age := 9; age > 4; age-- {
					s.publish(age)
				}
				if name != "start" {
					s.start(mustVersion(t, s.pointer().History[4].Version()), Split)
				}
				err := step(s, &breaking{s.blobs, crash})
				if err != nil && !errors.Is(err, errDead) {
					t.Fatal(err)
				}
				for _, f := range s.pointer().Files {
					if _, err := s.blobs.Stat(t.Context(), f); err != nil {
						t.Fatalf("killed at change %d: %v", crash, err)
					}
				}
				if _, err := s.memory().Model(t.Context(), "tea"); err != nil {
					t.Fatalf("killed at change %d: %v", crash, err)
				}
				if err == nil {
					if crash == 0 {
						t.Error("it changes nothing")
					}
					return
				}
				if err := step(s, s.blobs); err != nil {
					t.Errorf("killed at change %d, and again: %v", crash, err)
				}
			}
		})
	}
}

func mustVersion(t *testing.T, text string) (v uint64) {
	t.Helper()
	if _, err := fmt.Sscanf(text, "%x", &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Pointers of other versions of the program can be read.
func TestPointersOfOtherVersions(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		runs bool
	}{
		"an unknown field": {`{"files":["a.model","b.model"],"later":{"x":1},"trial":{"id":"x","a":"a.model","b":"b.model","share":0.5,"method":"split","later":2}}`, true},
		"an unknown method runs, and nobody takes part":    {`{"files":["a.model","b.model"],"trial":{"id":"x","a":"a.model","b":"b.model","share":0.5,"method":"tournament"}}`, true},
		"somebody who knows no trials uses another model":  {`{"files":["c.model","a.model","b.model"],"trial":{"id":"x","a":"a.model","b":"b.model"}}`, false},
		"somebody who knows no trials removed the other":   {`{"files":["a.model","c.model"],"trial":{"id":"x","a":"a.model","b":"b.model"}}`, false},
		"a trial of a model with itself":                   {`{"files":["a.model","b.model"],"trial":{"id":"x","a":"a.model","b":"a.model"}}`, false},
		"a pointer of before there was a history or trial": {`{"files":["a.model","b.model"]}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelfOfFiles(t)
			if _, err := s.blobs.Put(t.Context(), pointerName("tea"), strings.NewReader(tt.text)); err != nil {
				t.Fatal(err)
			}
			if p := s.pointer(); (p.Trial != nil) != tt.runs {
				t.Errorf("%+v", p)
			}
		})
	}
}

// both are the versions in memory, 0 for none.
func (s *shelfOfFiles) both(ms *Models) (a, b uint64) {
	s.t.Helper()
	m, err := ms.Model(s.t.Context(), "tea")
	settled(ms) // the clock stands still until then
	if err != nil {
		s.t.Fatal(err)
	}
	if r := m.Trial(); r != nil && r.Other != nil {
		b = r.Other.Version()
	}
	return m.Version(), b
}

// awaitBoth asks until both are the wanted ones.
func (s *shelfOfFiles) awaitBoth(ms *Models, wantA, wantB uint64) {
	s.t.Helper()
	for end := time.Now().Add(10 * time.Second); ; {
		s.now = s.now.Add(2 * time.Second)
		a, b := s.both(ms)
		if a == wantA && b == wantB {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("%x and %x stay, want %x and %x", a, b, wantA, wantB)
		}
	}
}

func TestModelsServeATrial(t *testing.T) {
	begin := func(t *testing.T) (s *shelfOfFiles, a, b uint64) {
		s = newShelfOfFiles(t)
		b, a = s.publish(9), s.publish(8)
		return s, a, b
	}
	t.Run("it comes and goes without a pause, and opens no file twice", func(t *testing.T) {
		s, a, b := begin(t)
		ms := s.memory()
		s.awaitBoth(ms, a, 0)
		before, _ := ms.Model(t.Context(), "tea")
		s.start(b, Split)
		s.awaitBoth(ms, a, b)
		during, _ := ms.Model(t.Context(), "tea")
		if during.Model != before.Model {
			t.Error("the model in use was opened again")
		}
		s.publish(7)
		s.awaitBoth(ms, a, b)
		if m, _ := ms.Model(t.Context(), "tea"); m.Trial().Other.Model != during.Trial().Other.Model {
			t.Error("the other model was opened again")
		}
		if _, err := EndTrial(t.Context(), s.blobs, "tea", true); err != nil {
			t.Fatal(err)
		}
		s.awaitBoth(ms, b, 0)
		if m, _ := ms.Model(t.Context(), "tea"); m.Trial() != nil || m.Model != during.Trial().Other.Model {
			t.Error("the promoted model is still compared, or was opened again")
		}
	})
	t.Run("going back ends it", func(t *testing.T) {
		s, a, b := begin(t)
		s.start(b, Split)
		ms := s.memory()
		s.awaitBoth(ms, a, b)
		if _, err := Use(t.Context(), s.blobs, still{}, "tea", version(b), s.now); err != nil {
			t.Fatal(err)
		}
		s.awaitBoth(ms, b, 0)
	})
	t.Run("each keeps its own state while nothing changes", func(t *testing.T) {
		s, a, b := begin(t)
		s.start(b, Split)
		ms := s.memory()
		s.awaitBoth(ms, a, b)
		first, _ := ms.Model(t.Context(), "tea")
		for range 3 {
			s.now = s.now.Add(2 * time.Second)
			s.both(ms)
		}
		if last, _ := ms.Model(t.Context(), "tea"); last != first || last.Trial() != first.Trial() {
			t.Error("a refresh that found nothing made other models")
		}
	})
	t.Run("a file that is damaged meanwhile leaves everybody with A, until it is whole", func(t *testing.T) {
		s, a, b := begin(t)
		s.start(b, Split)
		whole, err := ReadModel(t.Context(), s.blobs, modelName("tea", b))
		if err != nil {
			t.Fatal(err)
		}
		s.corrupt(1)
		var said bytes.Buffer
		ms := s.memory()
		ms.log = slog.New(slog.NewTextHandler(&said, nil))
		m, err := ms.Model(t.Context(), "tea")
		if err != nil || m.Version() != a || m.Trial() == nil || m.Trial().Other != nil || !strings.Contains(said.String(), "goes on with one model") {
			t.Fatalf("%v, said %q", err, said.String())
		}
		if _, err := s.blobs.Put(t.Context(), modelName("tea", b), bytes.NewReader(whole)); err != nil {
			t.Fatal(err)
		}
		s.now = s.now.Add(lookAgain)
		s.awaitBoth(ms, a, b)
	})
	t.Run("what does not fit beside A is not loaded", func(t *testing.T) {
		s, a, b := begin(t)
		s.start(b, Split)
		ms := s.memory()
		m, err := openModel(t.Context(), s.blobs, modelName("tea", a))
		if err != nil {
			t.Fatal(err)
		}
		ms.memory = 2*m.weight() - 1
		s.awaitBoth(ms, a, 0)
		ms.memory = 2 * m.weight()
		s.now = s.now.Add(lookAgain)
		s.awaitBoth(ms, a, b)
	})
	t.Run("both count as one shop's, and are evicted together", func(t *testing.T) {
		s, a, b := begin(t)
		s.start(b, Split)
		_, weight := s.shops("lamps")
		ms := s.memory()
		ms.memory = 2 * weight
		s.awaitBoth(ms, a, b)
		s.now = s.now.Add(2 * time.Second)
		if _, err := ms.Model(t.Context(), "lamps"); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(ms.held()); got != "[lamps]" {
			t.Errorf("in memory: %s", got)
		}
		s.awaitBoth(ms, a, b)
	})
}
