package knn

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
)

func TestCheckRefusesArraysThatDoNotFit(t *testing.T) {
	tests := map[string]func(*Index){
		"settings that mean nothing":      func(x *Index) { x.Settings.Newest = 0 },
		"a catalog of another size":       func(x *Index) { x.ItemOffsets = x.ItemOffsets[:2] },
		"offsets that run backwards":      func(x *Index) { x.ItemOffsets[1], x.ItemOffsets[2] = x.ItemOffsets[2]+1, 0 },
		"a posting of no session":         func(x *Index) { x.Postings[0] = 99 },
		"postings out of order":           func(x *Index) { slices.Reverse(x.Postings[x.ItemOffsets[1]:x.ItemOffsets[2]]) },
		"sessions that end after the end": func(x *Index) { x.SessionOffsets[len(x.SessionOffsets)-1]++ },
		"an item past the catalog":        func(x *Index) { x.SessionItems[0] = 3 },
		"too few rarities":                func(x *Index) { x.Rarity = x.Rarity[:1] },
		"a rarity that is no number":      func(x *Index) { x.Rarity[0] = float32(math.NaN()) },
		"too few ages":                    func(x *Index) { x.Freshness = x.Freshness[:1] },
		"an age without end":              func(x *Index) { x.Freshness[0] = float32(math.Inf(1)) },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			x := build(t, []Session{{1, []item.Ordinal{0, 1}}, {2, []item.Ordinal{1, 2}}}, 3, small(func(s *Settings) { s.HalfLife = time.Hour }))
			change(x)
			if err := x.Check(3); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an invalid fault", err)
			}
		})
	}
}

// What a shop's log may hold: none of it may end in a panic or silence the rest.
func TestOddHistories(t *testing.T) {
	usual := []Session{{100, []item.Ordinal{0, 1}}, {200, []item.Ordinal{0, 2}}}
	tests := map[string]struct {
		sessions []Session
		want     []item.Ordinal // after item 0
	}{
		"none":                           {nil, nil},
		"sessions without items":         {[]Session{{1, nil}, {2, nil}}, nil},
		"one item":                       {[]Session{{1, []item.Ordinal{0}}}, nil},
		"always the same item":           {[]Session{{1, slices.Repeat([]item.Ordinal{0}, 100_000)}, {2, []item.Ordinal{0}}}, nil},
		"items the catalog lacks":        {[]Session{{1, []item.Ordinal{0, 77, 1 << 31}}}, nil},
		"a session of the far future":    {append(slices.Clone(usual), Session{math.MaxInt64, []item.Ordinal{0, 2}}), []item.Ordinal{2, 1}},
		"a session before all calendars": {append(slices.Clone(usual), Session{math.MinInt64, []item.Ordinal{2}}), []item.Ordinal{2, 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			x := build(t, tt.sessions, 3, small(func(s *Settings) { s.HalfLife = time.Minute }))
			var s Scratch
			if diff := gocmp.Diff(tt.want, ordinals(x.Continue(nil, &s, []item.Ordinal{0}, 5))); diff != "" {
				t.Errorf("recommended (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRebuild makes the index of all sessions of those alone that it keeps.
func TestRebuild(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for name, change := range map[string]func(*Settings){
		"few are kept":         func(s *Settings) { s.Newest, s.Longest = 3, 0.9 },
		"all are kept":         func(s *Settings) { s.Longest = 1 },
		"with ages":            func(s *Settings) { s.Newest, s.HalfLife = 5, time.Minute },
		"none is short enough": func(s *Settings) { s.Longest = 0.01 },
	} {
		t.Run(name, func(t *testing.T) {
			var sessions []Session
			lengths := map[int64]int64{}
			var until int64
			for n := range 400 {
				s := Session{Time: int64(n/2) * 30}
				for range 1 + random.IntN(30) {
					s.Items = append(s.Items, item.Ordinal(min(random.IntN(25), random.IntN(25))))
				}
				sessions, until = append(sessions, s), s.Time
				lengths[int64(len(s.Items))]++
			}
			want := build(t, sessions, 25, small(change))
			var counted []Length
			for _, clicks := range slices.Sorted(maps.Keys(lengths)) {
				counted = append(counted, Length{clicks, lengths[clicks]})
			}
			limit := LimitOf(counted, want.Settings.Longest)
			if limit != want.Limit {
				t.Errorf("the longest let in has %d clicks, want %d", limit, want.Limit)
			}
			kept := make([]Session, want.Sessions()) // newest first
			at := 0
			for _, o := range newestFirst(sessions) {
				if at < len(kept) && slices.Equal(distinct(sessions[o.at].Items), want.session(uint32(at))) {
					kept[at] = Session{o.time, want.session(uint32(at))}
					at++
				}
			}
			got, err := Rebuild(kept, 25, want.Settings, limit, until)
			if diff := gocmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v, index (-built +rebuilt):\n%s", err, diff)
			}
		})
	}
	if limit := LimitOf(nil, 1); limit != unknownLimit {
		t.Errorf("without sessions the limit is %d", limit)
	}
	if _, err := Rebuild(nil, 3, Settings{}, 1, 0); !fault.Is(err, fault.Invalid) {
		t.Errorf("settings that mean nothing: %v", err)
	}
}

func distinct(items []item.Ordinal) []item.Ordinal {
	var out []item.Ordinal
	for _, i := range items {
		if !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	return out
}
