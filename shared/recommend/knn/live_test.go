package knn

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/recommend/item"
)

// scores are everything that is recommended, by item: equal scores may swap places when sums are rounded.
func scores(found []item.Scored) map[item.Ordinal]float32 {
	out := map[item.Ordinal]float32{}
	for _, one := range found {
		out[one.Item] = one.Score
	}
	return out
}

// shadow is what a Live should hold: sessions in the order of their last click.
type shadow struct {
	ids      []string
	sessions []Session
}

func (s *shadow) add(id string, time int64, items []item.Ordinal, bound int) {
	var one Session
	if at := slices.Index(s.ids, id); at >= 0 {
		one = s.sessions[at]
		s.ids, s.sessions = slices.Delete(s.ids, at, at+1), slices.Delete(s.sessions, at, at+1)
	}
	one.Time, one.Items = time, append(slices.Clone(one.Items), items...)
	s.ids, s.sessions = append(s.ids, id), append(s.sessions, one)
	if over := len(s.ids) - bound; over > 0 {
		s.ids, s.sessions = s.ids[over:], s.sessions[over:]
	}
}

func TestLiveEqualsABuild(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 11))
	var scratch Scratch
	for round := range 150 {
		items, old := randomSessions(random)
		s := Settings{Newest: 1 + random.IntN(12), Neighbours: 1 + random.IntN(8), Last: 1 + random.IntN(9), IDF: float64(random.IntN(2)), Longest: 1, Near: float64(random.IntN(2))}
		if random.IntN(2) == 0 {
			s.HalfLife = 20 * time.Second
		}
		limit, bound := uint32(1+random.IntN(6)), 1+random.IntN(12)
		index := within(old, items, s, limit)
		live := NewLive(index, bound)
		var want shadow
		for click := range 80 {
			id, at := strconv.Itoa(random.IntN(15)), int64(40+click)
			clicks := randomItems(random, items, 1)
			if random.IntN(5) == 0 {
				clicks = append(randomItems(random, items, random.IntN(4)), clicks...)
				live.Add(id, Session{at, clicks})
			} else {
				live.Extend(id, clicks[0], at)
			}
			want.add(id, at, clicks, bound)
			if click%8 != 0 {
				continue
			}
			rebuilt := within(append(slices.Clone(old), want.sessions...), items, s, limit)
			evolving := randomItems(random, items+1, 1+random.IntN(10))
			if diff := gocmp.Diff(scores(rebuilt.Continue(nil, &scratch, evolving, items)), scores(live.Continue(nil, &scratch, evolving, items)), cmpopts.EquateApprox(1e-4, 1e-5)); diff != "" {
				t.Fatalf("round %d, click %d, settings %+v, limit %d, bound %d, session %v (-built +live):\n%s", round, click, s, limit, bound, evolving, diff)
			}
			if got := live.Len(); got != len(want.ids) {
				t.Fatalf("%d sessions are kept, want %d", got, len(want.ids))
			}
		}
	}
}

func TestLiveWithoutClicksIsTheIndex(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	items, old := randomSessions(random)
	x := build(t, old, items, small(nil))
	live := NewLive(x, 10)
	var s Scratch
	for i := range item.Ordinal(items) {
		if diff := gocmp.Diff(x.Continue(nil, &s, []item.Ordinal{i}, 9), live.Continue(nil, &s, []item.Ordinal{i}, 9)); diff != "" {
			t.Errorf("after item %d (-index +live):\n%s", i, diff)
		}
	}
}

func TestLiveOverNothing(t *testing.T) {
	live := NewLive(build(t, nil, 5, small(nil)), 10)
	var s Scratch
	if got := live.Continue(nil, &s, []item.Ordinal{1}, 3); len(got) != 0 {
		t.Errorf("from nothing comes %v", got)
	}
	live.Extend("visit", 1, 100)
	live.Extend("visit", 3, 101)
	live.Extend("visit", 99, 102) // not in the catalog
	live.Extend("nothing known", 99, 103)
	got := live.Continue(nil, &s, []item.Ordinal{1}, 3)
	if diff := gocmp.Diff([]item.Ordinal{3}, ordinals(got)); diff != "" {
		t.Errorf("after one visit (-want +got):\n%s", diff)
	}
	if n := live.Len(); n != 1 {
		t.Errorf("%d sessions are kept, want one", n)
	}
}

func ordinals(found []item.Scored) (out []item.Ordinal) {
	for _, one := range found {
		out = append(out, one.Item)
	}
	return out
}

func TestLiveCarriesOver(t *testing.T) {
	live := NewLive(build(t, nil, 9, small(nil)), 2)
	live.Extend("first", 1, 10)
	live.Extend("second", 2, 11)
	live.Extend("first", 3, 12)
	live.Extend("third", 4, 5) // arrives late: counts as of second 12
	type kept struct {
		ID string
		Session
	}
	var got []kept
	for id, s := range live.All() {
		got = append(got, kept{id, s})
	}
	want := []kept{{"first", Session{12, []item.Ordinal{1, 3}}}, {"third", Session{12, []item.Ordinal{4}}}}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("sessions kept (-want +got):\n%s", diff)
	}
}

func TestLiveLeavesEndlessVisitsOut(t *testing.T) {
	const items = 3000
	live := NewLive(build(t, []Session{{1, []item.Ordinal{0, 1}}}, items, small(func(s *Settings) { s.Longest = 1 })), 10)
	var s Scratch
	for at := range 100_000 {
		live.Extend("crawler", item.Ordinal(at%items), int64(at))
	}
	live.Extend("visitor", 7, 200_000)
	live.Extend("visitor", 8, 200_000)
	if diff := gocmp.Diff([]item.Ordinal{8}, ordinals(live.Continue(nil, &s, []item.Ordinal{7}, 10))); diff != "" {
		t.Errorf("after item 7 (-want +got):\n%s", diff)
	}
}

// TestLiveIsReadWhileItIsWritten holds every answer to be one that some number of clicks gives, and never an older one than the answer before.
func TestLiveIsReadWhileItIsWritten(t *testing.T) {
	const items, clicks = 40, 400
	random := rand.New(rand.NewPCG(9, 9))
	script := randomItems(random, items, clicks)
	click := func(l *Live, at int) { l.Extend(strconv.Itoa(at%7), script[at], int64(at)) }
	base := build(t, nil, items, small(nil))
	question := []item.Ordinal{script[0], script[1]}
	var s Scratch
	states := [][]item.Scored{nil}
	alone := NewLive(base, 5)
	for at := range clicks {
		click(alone, at)
		states = append(states, alone.Continue(nil, &s, question, items))
	}
	live := NewLive(base, 5)
	done := make(chan string)
	for range 3 {
		go func() { done <- follow(live, question, states) }()
	}
	for at := range clicks {
		click(live, at)
	}
	for range 3 {
		if wrong := <-done; wrong != "" {
			t.Error(wrong)
		}
	}
}

// follow asks until it sees the last state, and says what it saw otherwise.
func follow(live *Live, question []item.Ordinal, states [][]item.Scored) string {
	var s Scratch
	at := 0
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		got := live.Continue(nil, &s, question, len(states))
		for at < len(states) && !slices.Equal(states[at], got) {
			at++
		}
		if at == len(states) {
			return "an answer that no number of clicks gives, or an older one than the one before"
		}
		if slices.Equal(got, states[len(states)-1]) {
			return ""
		}
	}
	return "the last click was never seen"
}
