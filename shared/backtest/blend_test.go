package backtest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/rank"
)

// blends says which blend answers which protocol.
var blends = map[string]string{StrongGeneralisation: "blend", TimeSplit: "blend", NextItem: "blend-sessions"}

func TestBlendsBeatPopularity(t *testing.T) {
	log := NewLog(shop())
	for protocol, name := range blends {
		t.Run(protocol, func(t *testing.T) {
			results := run(t, protocol, log, nil, []string{"popularity", name}, map[string]string{"lambda": "5"}, 1)
			d, err := Compare(results[0], results[1], "mrr@20", 1)
			if err != nil || !d.Better() {
				t.Errorf("%s is not better than popularity: %+v, %v", name, d, err)
			}
			if results[1].Note == "" {
				t.Error("it does not say what the rehearsal found")
			}
			again := run(t, protocol, log, nil, []string{name}, map[string]string{"lambda": "5"}, 1)[0]
			if diff := cmp.Diff(results[1], again, cmpopts.IgnoreFields(Result{}, "Seconds", "P50", "P99"), cmpopts.IgnoreUnexported(Result{})); diff != "" {
				t.Errorf("the same log gives another blend (-first +second):\n%s", diff)
			}
		})
	}
}

func TestBlendsOfOddLogs(t *testing.T) {
	many := func(users, items int, at func(n int) int64) (out []Event) {
		for u := range users {
			for n := range 7 {
				out = append(out, Event{User: fmt.Sprint("u", u), Item: fmt.Sprint("i", (u+n)%items), Time: at(n)})
			}
		}
		return out
	}
	never := func(int) int64 { return 0 }
	tests := map[string][]Event{
		"one customer":        many(1, 9, never),
		"ten customers alike": many(10, 7, never),
		"one item":            many(40, 1, func(n int) int64 { return int64(n) }),
		"no times":            many(60, 20, never),
		"the far future":      many(60, 20, func(n int) int64 { return 1<<62 + int64(n) }),
		"before 1970":         many(60, 20, func(n int) int64 { return int64(n) - 1<<40 }),
	}
	for name, events := range tests {
		for protocol, model := range blends {
			t.Run(name+", "+protocol, func(t *testing.T) {
				specs, err := Parse([]string{model}, nil)
				if err != nil {
					t.Fatal(err)
				}
				e := timeSplit(NewLog(events), Options{})
				if protocol == NextItem {
					e = nextItem(NewLog(events), nil)
				}
				m, err := specs[0].fit(t.Context(), e.train, specs[0].Params)
				if err != nil {
					t.Fatal(err)
				}
				for _, h := range []History{{}, {Items: ordinals(0, 999), Times: []int64{1, 2}}, {Items: ordinals(999), Times: []int64{1}}, {Items: ordinals(0)}} {
					h.Live = protocol == NextItem
					for at, s := range m.Answer(nil, h, 5) {
						if at >= 5 || slices.Contains(h.Items, s.Item) && !h.Live {
							t.Errorf("%v answers %v", s, h)
						}
					}
				}
			})
		}
	}
}

// fixed always names the same items.
type fixed []item.Ordinal

func (f fixed) Answer(dst []item.Scored, _ History, n int) []item.Scored {
	for at, i := range f[:min(n, len(f))] {
		dst = append(dst, item.Scored{Item: i, Score: 1 / float32(at+1)})
	}
	return dst
}

func TestTheBestPartAnswersWhereTheBlendIsWorse(t *testing.T) {
	e := sets(nil, 10)
	asked := []question{{history: History{Items: ordinals(9), Times: []int64{1}}, targets: ordinals(3)}}
	tests := map[string]struct {
		ranker *rank.Model
		want   int
	}{
		"a blend that turns the good part over": {blendOf(-1, 0), 0},
		"a blend that believes the good part":   {blendOf(1, 0), 0},
		"nothing was learned":                   {nil, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := &blend{parts: []part{{"good", fixed{3, 4, 5}}, {"bad", fixed{6, 7, 3}}}, clues: newClues(e.train), deep: 5, ranker: tt.ranker, alone: together}
			m.decide(e, asked)
			if m.alone != tt.want {
				t.Errorf("part %d answers alone, want %d: %s", m.alone, tt.want, m.note)
			}
		})
	}
	t.Run("a blend that knows better than both", func(t *testing.T) {
		m := &blend{parts: []part{{"one", fixed{4, 3}}, {"other", fixed{5, 3}}}, clues: newClues(e.train), deep: 5, ranker: blendOf(1, 1), alone: together}
		m.decide(e, asked)
		if m.alone != together {
			t.Errorf("part %d answers alone: %s", m.alone, m.note)
		}
	})
}

// blendOf weighs two parts' scores.
func blendOf(first, second float32) *rank.Model {
	width := (&blend{parts: make([]part, 2)}).width()
	m := &rank.Model{Mean: make([]float32, width), Weights: make([]float32, width)}
	m.Weights[0], m.Weights[sayings] = first, second
	return m
}

func TestCluesLookBackOnly(t *testing.T) {
	log := NewLog([]Event{{User: "a", Item: "x", Time: 10 * day}, {User: "b", Item: "x", Time: 12 * day}, {User: "c", Item: "x", Time: 300 * day}})
	e := continued(log.histories(), nil, len(log.Items))
	c := newClues(e.train)
	h := History{Items: ordinals(5), Times: []int64{12*day + 1}}
	c.ask(h)
	row := make([]float32, clueCount)
	c.fill(row, h, 0)
	want := map[int]float32{cluePopular: logOf(3), clueSpans: logOf(1), clueSpans + 1: logOf(2), clueSpans + 2: logOf(2), clueSpans + 3: logOf(2), clueAge: logDays(2*day + 1), clueSeason: logOf(2),
		clueIdle: logDays(1), clueNear: 1. / 5, clueNearMany: logOf(1)}
	for at, got := range row {
		if diff := cmp.Diff(want[at], got, cmpopts.EquateApprox(1e-5, 0)); diff != "" {
			t.Errorf("clue %d (-want +got):\n%s", at, diff)
		}
	}
}

func TestFollowCountsWhatCameAfter(t *testing.T) {
	log := NewLog([]Event{{User: "a", Item: "x", Time: 1}, {User: "a", Item: "y", Time: 2}, {User: "a", Item: "z", Time: 3}, {User: "b", Item: "x", Time: 1}, {User: "b", Item: "z", Time: 2}})
	train := continued(log.histories(), nil, len(log.Items)).train
	tests := map[string]struct {
		settings followSettings
		history  History
		want     []item.Scored
	}{
		"the next alone":   {followSettings{after: 1, last: 1}, History{Items: ordinals(0)}, []item.Scored{{Item: 1, Score: 1. / 4}, {Item: 2, Score: 1. / 4}}},
		"two ahead":        {followSettings{after: 2, last: 1}, History{Items: ordinals(0)}, []item.Scored{{Item: 2, Score: 1.5 / 4}, {Item: 1, Score: 1. / 4}}},
		"and back":         {followSettings{after: 1, before: 1, back: .5, last: 1}, History{Items: ordinals(1)}, []item.Scored{{Item: 2, Score: 1. / 3}, {Item: 0, Score: .5 / 3}}},
		"a fading memory":  {followSettings{after: 1, last: 2, fade: .5}, History{Items: ordinals(0, 9)}, []item.Scored{{Item: 1, Score: .5 / 4}, {Item: 2, Score: .5 / 4}}},
		"unknown and none": {followSettings{after: 1, last: 2, fade: .5}, History{Items: ordinals(9)}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, newFollow(train, tt.settings).Answer(nil, tt.history, 5), cmpopts.EquateApprox(1e-6, 0)); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}
