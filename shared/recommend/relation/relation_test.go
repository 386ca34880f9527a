package relation

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/sparse"
)

// Items 0-9 are pots, 10-19 cups, 20-29 spoons. Who wants a pot looks at three and at a cup, and buys one pot, with the cup of the same number half the time.
func crockery() (looks, baskets sparse.Rows, groups []uint32) {
	random := rand.New(rand.NewPCG(6, 6))
	for range 4000 {
		pots := random.Perm(10)[:3]
		looked := []item.Ordinal{item.Ordinal(10 + pots[0]), item.Ordinal(20 + random.IntN(10))}
		bought := []item.Ordinal{item.Ordinal(pots[0])}
		for _, p := range pots {
			looked = append(looked, item.Ordinal(p))
		}
		if random.IntN(2) == 0 {
			bought = append(bought, item.Ordinal(10+pots[0]))
		}
		if random.IntN(4) == 0 {
			bought = append(bought, item.Ordinal(20+random.IntN(10)))
		}
		slices.Sort(looked)
		looks.Append(looked, nil)
		baskets.Append(bought, nil)
	}
	for i := range 30 {
		groups = append(groups, uint32(i/10))
	}
	return looks, baskets, groups
}

func TestPotsAreAlternativesAndCupsGoWithThem(t *testing.T) {
	looks, baskets, groups := crockery()
	for name, groups := range map[string][]uint32{"with groups": groups, "without": nil} {
		t.Run(name, func(t *testing.T) {
			r, err := Find(t.Context(), looks, baskets, 30, groups, DefaultSettings)
			if err != nil {
				t.Fatal(err)
			}
			for pot := range 10 {
				substitutes, scores := r.Substitutes.Row(pot)
				for at, s := range substitutes[:5] {
					if s >= 10 {
						t.Errorf("pot %d could be replaced by %d (%v)", pot, s, scores[at])
					}
				}
				complements, _ := r.Complements.Row(pot)
				if len(complements) == 0 || complements[0] != item.Ordinal(10+pot) {
					t.Errorf("with pot %d go %v, want cup %d first", pot, complements, 10+pot)
				}
				for _, c := range complements {
					if slices.Contains(substitutes, c) {
						t.Errorf("item %d both replaces pot %d and goes with it", c, pot)
					}
				}
			}
			for name, rows := range map[string]sparse.Rows{"substitutes": r.Substitutes, "complements": r.Complements} {
				if err := rows.Check(name, 30, 30); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestOddLogs(t *testing.T) {
	var same, hoarder, unknown sparse.Rows
	for range 50 {
		same.Append([]item.Ordinal{1}, nil)
	}
	all := make([]item.Ordinal, 100_000)
	for i := range all {
		all[i] = item.Ordinal(i)
	}
	hoarder.Append(all, nil)
	unknown.Append([]item.Ordinal{0, 99, math.MaxUint32}, nil)
	empty := sparse.Rows{Offsets: []uint32{0}}
	logs := map[string]sparse.Rows{"nobody": empty, "always one item": same, "100,000 items": hoarder, "unknown items": unknown}
	for looked, looks := range logs {
		for bought, baskets := range logs {
			r, err := Find(t.Context(), looks, baskets, 3, []uint32{0, NoGroup, 1}, DefaultSettings)
			if err != nil || r.Substitutes.Len() != 3 || r.Complements.Len() != 3 {
				t.Errorf("looks %s, baskets %s: %+v, %v", looked, bought, r, err)
			}
		}
	}
}

func TestWhatCannotBeFound(t *testing.T) {
	looks, baskets, groups := crockery()
	with := func(change func(*Settings)) Settings {
		s := DefaultSettings
		change(&s)
		return s
	}
	for name, tt := range map[string]struct {
		groups   []uint32
		settings Settings
	}{
		"no settings":             {groups, Settings{}},
		"a doubt of no number":    {groups, with(func(s *Settings) { s.Doubt = math.NaN() })},
		"kinship above one":       {groups, with(func(s *Settings) { s.Foreign = 2 })},
		"groups of other items":   {groups[1:], DefaultSettings},
		"fewer than no relatives": {groups, with(func(s *Settings) { s.Top = -1 })},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Find(t.Context(), looks, baskets, 30, tt.groups, tt.settings); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an invalid fault", err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Find(ctx, looks, baskets, 30, groups, DefaultSettings); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}
