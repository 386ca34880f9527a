package interleave

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/experiment"
	"shopkeeper/shared/recommend/item"
)

func ranking(items ...item.Ordinal) []item.Scored {
	out := make([]item.Scored, len(items))
	for at, i := range items {
		out[at] = item.Scored{Item: i, Score: float32(len(items) - at)}
	}
	return out
}

func TestDraft(t *testing.T) {
	tests := map[string]struct {
		a, b  []item.Scored
		n     int
		items []item.Ordinal // the same for every seed
		teams []Team
	}{
		"nothing to rank":                {nil, nil, 3, nil, nil},
		"no place":                       {ranking(1), ranking(2), 0, nil, nil},
		"equal rankings are nobody's":    {ranking(1, 2, 3), ranking(1, 2, 3), 3, []item.Ordinal{1, 2, 3}, []Team{Nobody, Nobody, Nobody}},
		"one ranking alone is nobody's":  {ranking(1, 2), nil, 3, []item.Ordinal{1, 2}, []Team{Nobody, Nobody}},
		"the other alone":                {nil, ranking(4, 5), 1, []item.Ordinal{4}, []Team{Nobody}},
		"one item, ranked by both":       {ranking(7), ranking(7), 5, []item.Ordinal{7}, []Team{Nobody}},
		"an equal beginning is nobody's": {ranking(1, 2), ranking(1, 2, 3), 3, []item.Ordinal{1, 2, 3}, []Team{Nobody, Nobody, Nobody}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(20) {
				got := Draft(nil, tt.a, tt.b, tt.n, seed)
				var items []item.Ordinal
				var teams []Team
				for _, p := range got {
					items, teams = append(items, p.Item), append(teams, p.Team)
				}
				if diff := cmp.Diff(tt.items, items); diff != "" {
					t.Fatalf("seed %d: items (-want +got):\n%s", seed, diff)
				}
				if diff := cmp.Diff(tt.teams, teams); diff != "" {
					t.Fatalf("seed %d: teams (-want +got):\n%s", seed, diff)
				}
			}
		})
	}
}

// The paper's rule: in each round both pick, and each picks the best that is left of its ranking.
func TestDraftByRounds(t *testing.T) {
	a, b := ranking(1, 2, 3, 4), ranking(2, 5, 1, 6)
	want := map[[2]Team][]Place{
		{A, A}: {{a[0], A, .5}, {b[0], B, 1}, {a[2], A, .5}, {b[1], B, 1}},
		{A, B}: {{a[0], A, .5}, {b[0], B, 1}, {b[1], B, .5}, {a[2], A, 1}},
		{B, A}: {{b[0], B, .5}, {a[0], A, 1}, {a[2], A, .5}, {b[1], B, 1}},
		{B, B}: {{b[0], B, .5}, {a[0], A, 1}, {b[1], B, .5}, {a[2], A, 1}},
	}
	seen := map[[2]Team]int{}
	for seed := range uint64(400) {
		got := Draft(nil, a, b, 4, seed)
		first := [2]Team{got[0].Team, got[2].Team}
		seen[first]++
		if diff := cmp.Diff(want[first], got); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
	for first := range want {
		if seen[first] < 70 || seen[first] > 130 {
			t.Errorf("%v begins %d of 400 lists, want about 100", first, seen[first])
		}
	}
}

// TestChances holds what places say of their chance to how often it happens: of all lists that begin alike, the share in which the next place holds the same item.
func TestChances(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 40 {
		a, b := shuffled(r, 2+r.IntN(5)), shuffled(r, 2+r.IntN(5))
		begun, went, said := map[string]int{}, map[string]int{}, map[string]float64{}
		const lists = 4000
		for seed := range uint64(lists) {
			before := ""
			for _, p := range Draft(nil, a, b, 6, seed) {
				next := before + string(rune('a'+p.Item))
				begun[before]++
				went[next]++
				said[next] += float64(p.Chance)
				before = next
			}
		}
		for next, n := range went {
			share, mean := float64(n)/float64(begun[next[:len(next)-1]]), said[next]/float64(n)
			if begun[next[:len(next)-1]] > lists/8 && math.Abs(share-mean) > .08 {
				t.Errorf("%v against %v: after %q %.3f of lists go on to %q, told %.3f", a, b, next[:len(next)-1], share, next, mean)
			}
		}
	}
}

func TestDraftOfRandomRankings(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	lead := 0
	for range 2000 {
		a, b := shuffled(r, r.IntN(12)), shuffled(r, r.IntN(12))
		n, seed := r.IntN(15), r.Uint64()
		list := Draft(nil, a, b, n, seed)
		if diff := cmp.Diff(list, Draft(nil, a, b, n, seed)); diff != "" {
			t.Fatalf("the same seed gives another list:\n%s", diff)
		}
		var teams [3]int
		seen := map[item.Ordinal]bool{}
		for _, p := range list {
			if seen[p.Item] {
				t.Fatalf("item %d is on the list twice: %v", p.Item, list)
			}
			seen[p.Item] = true
			teams[p.Team]++
		}
		both := map[item.Ordinal]bool{}
		for _, s := range append(append([]item.Scored(nil), a...), b...) {
			both[s.Item] = true
		}
		if want := min(n, len(both)); len(list) != want {
			t.Fatalf("%d places, want %d: %v", len(list), want, list)
		}
		if d := teams[A] - teams[B]; d < -1 || d > 1 {
			t.Fatalf("teams are not even: %v", list)
		}
		lead += teams[A] - teams[B]
	}
	if lead < -150 || lead > 150 {
		t.Errorf("A has %+d places more in 2,000 lists: the coin is not fair", lead)
	}
}

// shuffled ranks n of twelve items.
func shuffled(r *rand.Rand, n int) []item.Scored {
	var items []item.Ordinal
	for _, i := range r.Perm(12)[:n] {
		items = append(items, item.Ordinal(i))
	}
	return ranking(items...)
}

func TestDraftAllocatesNothing(t *testing.T) {
	a, b := ranking(1, 2, 3, 4, 5, 6), ranking(6, 5, 4, 3, 2, 1)
	dst := make([]Place, 0, 8)
	if n := testing.AllocsPerRun(100, func() { Draft(dst, a, b, 6, 9) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCredit(t *testing.T) {
	list := []Place{{item.Scored{Item: 4}, Nobody, 1}, {item.Scored{Item: 7}, A, .5}, {item.Scored{Item: 9}, B, 1}}
	for clicked, want := range map[item.Ordinal]Team{4: Nobody, 7: A, 9: B, 1: Nobody} {
		if got := Credit(list, clicked); got != want {
			t.Errorf("a click on %d counts for %v, want %v", clicked, got, want)
		}
	}
}

func TestStanding(t *testing.T) {
	var s Standing
	one, two := Tally{}, Tally{}
	click := func(visitor *Tally, team Team) {
		before := *visitor
		visitor.Add(team)
		s.Count(before, *visitor)
	}
	click(&one, Nobody)
	if s != (Standing{}) || s.Share() != .5 || s.Interval(experiment.Sequential{}).Known() {
		t.Errorf("a click that counts for nobody: %+v", s)
	}
	click(&one, B)
	click(&two, A)
	click(&two, B)
	click(&one, B)
	if want := (Standing{WinsB: 1, Ties: 1}); s != want || s.Share() != .75 {
		t.Errorf("%+v, share %v, want %+v, .75", s, s.Share(), want)
	}
	other := Standing{WinsA: 3, WinsB: 1}
	other.Merge(s)
	if want := (Standing{WinsA: 3, WinsB: 2, Ties: 1}); other != want {
		t.Errorf("together %+v, want %+v", other, want)
	}
	all := Standing{WinsB: 400}
	i := all.Interval(experiment.Sequential{Tuning: 400})
	if !i.Known() || i.Low < .9 || i.Low > 1 || all.Preference().Estimate != 1 {
		t.Errorf("all for B: %+v, %+v", all.Preference(), i)
	}
	even := Standing{WinsA: 500, WinsB: 500}.Preference()
	if even.Estimate != 0 || math.Abs(even.SE-math.Sqrt(1/1000.)) > 1e-4 {
		t.Errorf("even: %+v", even)
	}
}
