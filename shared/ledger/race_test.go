package ledger

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"shopkeeper/shared/event"
	"shopkeeper/shared/table"
)

// TestWorkersNeverClaimTwice lets workers walk the same rows of two campaigns at once; each must be claimed exactly once, or capped.
func TestWorkersNeverClaimTwice(t *testing.T) {
	onEngines(t, func(t *testing.T, tables table.Store) {
		const persons, workers = 60, 6
		s := New(func() time.Time { return noon }, tables)
		var rows []Row
		for n := range persons {
			for _, c := range []CampaignID{"spring", "summer"} {
				r := planned(n)
				r.Campaign = c
				rows = append(rows, r)
			}
		}
		rows = plan(t, s, rows...)
		var mu sync.Mutex
		claims, messages := map[string]int{}, map[event.PersonID]int{}
		all, ctx := errgroup.WithContext(t.Context())
		for w := range workers {
			all.Go(func() error {
				for start := 0; start < len(rows); start += 7 {
					var want []Claim
					for i := range 7 {
						r := rows[(start+i*w)%len(rows)]
						want = append(want, Claim{Row: r, By: "one name for all", Lease: noon.Add(time.Minute), Cap: Cap{Messages: 1, Within: time.Hour}})
					}
					if err := claimAll(ctx, s, want, func(r Row) {
						mu.Lock()
						defer mu.Unlock()
						claims[string(r.Campaign)+string(r.Person)]++
						messages[r.Person]++
					}); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := all.Wait(); err != nil {
			t.Fatal(err)
		}
		for row, n := range claims {
			if n != 1 {
				t.Errorf("%s was claimed %d times", row, n)
			}
		}
		for n := range persons {
			if messages[person(n)] != 1 {
				t.Errorf("%d messages to %s, the cap is 1 and nobody is to be left out", messages[person(n)], person(n))
			}
		}
	})
}

func claimAll(ctx context.Context, s *Store, want []Claim, seen func(Row)) error {
	x, err := s.Exchange(ctx, nil, want)
	if err != nil {
		return err
	}
	if n := len(x.Claimed) + len(x.Capped) + len(x.Refused); n != len(want) {
		return fmt.Errorf("%d of %d claims were answered", n, len(want))
	}
	for _, r := range x.Claimed {
		seen(r)
	}
	return nil
}

// TestAConflictLosesNoOther has half the rows of an exchange changed under it.
func TestAConflictLosesNoOther(t *testing.T) {
	onEngines(t, func(t *testing.T, tables table.Store) {
		s := New(func() time.Time { return noon }, tables)
		var rows []Row
		for n := range 40 {
			rows = append(rows, planned(n))
		}
		rows = plan(t, s, rows...)
		mine := claimed(t, s, rows[:20]...)
		claimed(t, s, rows[20:30]...) // another is faster
		for _, r := range mine[:10] { // the provider tells before the settlement
			if err := s.Note(t.Context(), r.Shop, r.Campaign, r.Person, r.Step, Observation{Kind: SeenDelivered}); err != nil {
				t.Fatal(err)
			}
		}
		var settle []Settlement
		var claim []Claim
		for _, r := range mine {
			settle = append(settle, Settlement{Row: r, To: Handed, Provider: "m"})
		}
		for _, r := range rows[20:] {
			claim = append(claim, Claim{Row: r, By: "w", Lease: noon.Add(time.Minute)})
		}
		x, err := s.Exchange(t.Context(), settle, claim)
		if err != nil || len(x.Settled) != 20 || len(x.Claimed) != 10 || len(x.Refused) != 10 {
			t.Errorf("settled %d of 20, claimed %d of 10, refused %d of 10, %v", len(x.Settled), len(x.Claimed), len(x.Refused), err)
		}
		for _, r := range x.Settled[:10] {
			if r.State != Delivered || r.HandedAt.IsZero() || r.Provider != "m" {
				t.Errorf("%s is %s, handed %s as %q; want it delivered with what the settlement knows", r.Person, r.State, r.HandedAt, r.Provider)
			}
		}
		again, err := s.Exchange(t.Context(), settle, nil)
		if err != nil || len(again.Refused) != 0 {
			t.Errorf("settled again: %+v, %v", again.Refused, err)
		}
	})
}

// lost is a store whose answers are lost: it does what it is asked and says that it could not.
type lost struct {
	table.Store
	losing int
}

func (l *lost) Write(ctx context.Context, ops ...table.Op) error {
	err := l.Store.Write(ctx, ops...)
	if l.losing > 0 && err == nil {
		l.losing--
		return errLost
	}
	return err
}
