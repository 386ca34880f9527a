package knn

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
)

// scored reads item, score, item, score ...
func scored(pairs ...float32) (out []item.Scored) {
	for at := 0; at < len(pairs); at += 2 {
		out = append(out, item.Scored{Item: item.Ordinal(pairs[at]), Score: pairs[at+1]})
	}
	return out
}

func small(change func(*Settings)) Settings {
	s := Settings{Newest: 10, Neighbours: 10, Last: 4, Longest: 1}
	if change != nil {
		change(&s)
	}
	return s
}

func build(t testing.TB, sessions []Session, items int, s Settings) *Index {
	t.Helper()
	x, err := Build(sessions, items, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Check(items); err != nil {
		t.Fatalf("a built index is refused: %v", err)
	}
	return x
}

func TestContinue(t *testing.T) {
	history := []Session{ // newest last
		{Time: 1, Items: []item.Ordinal{0, 1}},
		{Time: 2, Items: []item.Ordinal{0, 2}},
		{Time: 3, Items: []item.Ordinal{1, 2, 3}},
		{Time: 4, Items: []item.Ordinal{0, 3, 3}},
	}
	tests := map[string]struct {
		change func(*Settings)
		items  []item.Ordinal
		n      int
		want   []item.Scored
	}{
		"no session, no answer":                         {nil, nil, 5, nil},
		"an unknown item has no neighbours":             {nil, []item.Ordinal{77}, 5, nil},
		"three sessions with the item, ties by ordinal": {nil, []item.Ordinal{0}, 5, scored(1, .9, 2, .9, 3, .9)},
		"the best n":                                {nil, []item.Ordinal{0}, 1, scored(1, .9)},
		"only the newest m sessions of an item":     {func(s *Settings) { s.Newest = 1 }, []item.Ordinal{0}, 5, scored(3, .9)},
		"of equally similar sessions the newest k":  {func(s *Settings) { s.Neighbours = 2 }, []item.Ordinal{0}, 5, scored(2, .9, 3, .9)},
		"the newer item weighs more":                {func(s *Settings) { s.Neighbours = 1 }, []item.Ordinal{0, 1}, 5, scored(0, .9*1.5)},
		"a repeat takes a position but counts once": {nil, []item.Ordinal{3, 3}, 5, scored(0, 1.8, 1, 1.8, 2, 1.8)},
		"an unknown item takes a position":          {nil, []item.Ordinal{3, 77}, 5, scored(3, .8, 0, .4, 1, .4, 2, .4)},
		"only the last items of the session":        {func(s *Settings) { s.Last = 1 }, []item.Ordinal{1, 3}, 5, scored(0, .9, 1, .9, 2, .9)},
		"an item looked at before may come again":   {func(s *Settings) { s.Last = 1 }, []item.Ordinal{2, 3}, 5, scored(0, .9, 1, .9, 2, .9)},
		"with the same weight for every position":   {func(s *Settings) { s.Position, s.Vote = Same, Same }, []item.Ordinal{0, 77}, 1, scored(0, 1.5)},
		"what came right behind counts more":        {func(s *Settings) { s.Near = 1 }, []item.Ordinal{1}, 5, scored(2, .45, 0, .3, 3, .3)},
		"long neighbours speak louder":              {func(s *Settings) { s.Long = 1 }, []item.Ordinal{1}, 5, scored(2, 2.7, 3, 2.7, 0, 1.8)},
		"older neighbours fade":                     {func(s *Settings) { s.HalfLife = time.Second }, []item.Ordinal{1}, 5, scored(2, .45, 3, .45, 0, .1125)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			x := build(t, history, 4, small(tt.change))
			got := x.Continue(nil, &Scratch{}, tt.items, tt.n)
			if diff := gocmp.Diff(tt.want, got, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
				t.Errorf("recommended (-want +got):\n%s", diff)
			}
		})
	}
}

// TestContinueEqualsTheDefinition compares with the published algorithm, written down with maps and sorts.
func TestContinueEqualsTheDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	var scratch Scratch
	for range 300 {
		items, sessions := randomSessions(random)
		s := Settings{Newest: 1 + random.IntN(12), Neighbours: 1 + random.IntN(8), Last: 1 + random.IntN(12), IDF: float64(random.IntN(2)), Longest: 1,
			Position: Decay(random.IntN(4)), Vote: Decay(random.IntN(4)), HalfLife: time.Duration(random.IntN(2)) * 9 * time.Second,
			Near: float64(random.IntN(3)) / 2, Long: float64(random.IntN(3)-1) / 4}
		x := build(t, sessions, items, s)
		for range 5 {
			evolving := randomItems(random, items+1, 1+random.IntN(16))
			got := x.Continue(nil, &scratch, evolving, items)
			scores := map[item.Ordinal]float32{}
			for at, one := range got {
				scores[one.Item] = one.Score
				if at > 0 && got[at-1].Score < one.Score {
					t.Fatalf("%v is not sorted", got)
				}
			}
			if diff := gocmp.Diff(define(x, evolving), scores, cmpopts.EquateApprox(1e-5, 1e-6)); diff != "" {
				t.Fatalf("settings %+v, session %v (-want +got):\n%s", s, evolving, diff)
			}
		}
	}
}

func randomItems(random *rand.Rand, items, n int) []item.Ordinal {
	out := make([]item.Ordinal, n)
	for i := range out {
		out[i] = item.Ordinal(random.IntN(items))
	}
	return out
}

func randomSessions(random *rand.Rand) (items int, sessions []Session) {
	items = 2 + random.IntN(10)
	for range random.IntN(60) {
		sessions = append(sessions, Session{Time: random.Int64N(40), Items: randomItems(random, items, 1+random.IntN(5))})
	}
	return items, sessions
}

// define is the algorithm as the paper's Rust does it: candidates replaced one by one while walking.
func define(x *Index, evolving []item.Ordinal) map[item.Ordinal]float32 {
	last := evolving[max(0, len(evolving)-x.Settings.Last):]
	similarity, first := map[uint32]int{}, map[uint32]int{}
	done := map[item.Ordinal]bool{}
	for _, i := range last {
		done[i] = true
	}
	unique := float64(len(done))
	clear(done)
	for p := range last {
		i := last[len(last)-1-p]
		if done[i] || int(i) >= x.Items() {
			continue
		}
		done[i] = true
		for _, session := range x.Postings[x.ItemOffsets[i]:x.ItemOffsets[i+1]] {
			weight := int(x.Settings.Position.position(p, len(last))) // divided by unique when it votes: whole numbers tie exactly
			if _, seen := similarity[session]; seen {
				similarity[session] += weight
				continue
			}
			if len(similarity) == x.Settings.Newest {
				var oldest uint32
				for s := range similarity {
					oldest = max(oldest, s)
				}
				if session > oldest {
					break
				}
				delete(similarity, oldest)
			}
			similarity[session], first[session] = weight, p+1
		}
	}
	return voteByDefinition(x, unique, similarity, first, last)
}

func voteByDefinition(x *Index, unique float64, similarity map[uint32]int, first map[uint32]int, last []item.Ordinal) map[item.Ordinal]float32 {
	var order []uint32
	for s := range similarity {
		order = append(order, s)
	}
	slices.SortFunc(order, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(similarity[b], similarity[a]), cmp.Compare(a, b))
	})
	scores := map[item.Ordinal]float32{}
	for _, s := range order[:min(len(order), x.Settings.Neighbours)] {
		row := x.session(s)
		value := float64(x.Settings.Vote.vote(first[s])) * float64(similarity[s]) / unique * math.Pow(float64(len(row)), x.Settings.Long)
		if x.Freshness != nil {
			value *= float64(x.Freshness[s])
		}
		match := slices.Index(row, last[len(last)-first[s]])
		for at, i := range row {
			distance := float64(max(at-match, 2*(match-at)))
			if x.Settings.Near > 0 {
				scores[i] += float32(value / (1 + distance/x.Settings.Near) * float64(x.Rarity[i]))
			} else {
				scores[i] += float32(value * float64(x.Rarity[i]))
			}
		}
	}
	delete(scores, last[len(last)-1])
	return scores
}

func TestBuildLeavesLongSessionsOut(t *testing.T) {
	crawler := make([]item.Ordinal, 100_000)
	for at := range crawler {
		crawler[at] = item.Ordinal(at % 50)
	}
	sessions := []Session{{1, []item.Ordinal{0, 1}}, {2, []item.Ordinal{0, 1}}, {3, crawler}}
	x := build(t, sessions, 50, small(func(s *Settings) { s.Longest = .5 }))
	if x.Sessions() != 2 {
		t.Errorf("%d sessions are kept, want 2", x.Sessions())
	}
}

func TestSettingsThatMeanNothing(t *testing.T) {
	tests := map[string]func(*Settings){
		"no sessions":            func(s *Settings) { s.Newest = 0 },
		"no neighbours":          func(s *Settings) { s.Neighbours = 0 },
		"no items":               func(s *Settings) { s.Last = 0 },
		"too many items":         func(s *Settings) { s.Last = MaxLast + 1 },
		"negative rarity":        func(s *Settings) { s.IDF = -1 },
		"quantile above one":     func(s *Settings) { s.Longest = 1.1 },
		"an unknown decay":       func(s *Settings) { s.Position = 9 },
		"an unknown vote":        func(s *Settings) { s.Vote = 9 },
		"a half-life before now": func(s *Settings) { s.HalfLife = -1 },
		"a reach of nothing":     func(s *Settings) { s.Near = 1e-9 },
		"a reach of no number":   func(s *Settings) { s.Near = math.NaN() },
		"length to the third":    func(s *Settings) { s.Long = 3 },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := Build(nil, 0, small(change)); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an invalid fault", err)
			}
		})
	}
}

func TestDecayNames(t *testing.T) {
	for d := Linear; d <= Same; d++ {
		if got, err := ParseDecay(d.String()); err != nil || got != d {
			t.Errorf("%v is read back as %v, %v", d, got, err)
		}
	}
	if _, err := ParseDecay("steep"); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown name: got %v, want an invalid fault", err)
	}
}

func TestNothingIsAllocatedPerAnswer(t *testing.T) {
	_, sessions := randomSessions(rand.New(rand.NewPCG(3, 3)))
	x := build(t, sessions, 12, small(nil))
	var s Scratch
	dst := make([]item.Scored, 0, 20)
	evolving := []item.Ordinal{1, 2, 1, 0}
	if n := testing.AllocsPerRun(100, func() { dst = x.Continue(dst[:0], &s, evolving, 20) }); n != 0 {
		t.Errorf("%v allocations per answer, want none", n)
	}
}
