package ledger

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/table"
)

var errLost = fault.New(fault.Unavailable, "the answer is lost")

func TestPlanIsHarmlessTwice(t *testing.T) {
	onEngines(t, func(t *testing.T, tables table.Store) {
		s, ctx := New(func() time.Time { return noon }, tables), t.Context()
		var rows []Row
		for n := range 250 {
			rows = append(rows, planned(n))
		}
		if n, err := s.Plan(ctx, rows[:120]...); n != 120 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		first := claimed(t, s, get(t, s, rows[5]))[0]
		if n, err := s.Plan(ctx, append(rows, rows[0])...); n != 130 || err != nil {
			t.Errorf("planned %d more, %v; want 130", n, err)
		}
		if diff := cmp.Diff(first, get(t, s, first)); diff != "" {
			t.Errorf("a row that was there (-want +got):\n%s", diff)
		}
		sums, err := s.Sums(ctx, tea, spring)
		if err != nil || sums.Rows != 250 || sums.States[Claimed] != 1 || sums.States[Planned] != 249 || sums.Variants["a"] != 250 {
			t.Errorf("sums %+v, %v", sums, err)
		}
		for name, r := range map[string]Row{"claimed": {Person: "p_x", State: Claimed}, "without a reason": {Person: "p_x", State: Suppressed}, "nobody's": {State: Planned}} {
			if _, err := s.Plan(ctx, r); err == nil {
				t.Errorf("a row that is %s was planned", name)
			}
		}
		if _, err := s.Record(ctx, Row{Shop: tea, Campaign: "past", Person: "p_1", State: Clicked, ClickedAt: noon}); err != nil {
			t.Errorf("a row of the past: %v", err)
		}
	})
}

func TestDueWalksOnce(t *testing.T) {
	onEngines(t, func(t *testing.T, tables table.Store) {
		s, ctx := New(func() time.Time { return noon }, tables), t.Context()
		for n := range 100 {
			r := planned(n)
			if n%4 == 0 {
				r.NotBefore = noon.Add(time.Hour)
			}
			if _, err := s.Plan(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		seen := map[event.PersonID]bool{}
		for shard := range Shards {
			for cursor := ""; ; {
				due, next, err := s.Due(ctx, tea, spring, shard, noon, cursor, 3)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range due {
					if seen[r.Person] || ShardOf(r.Person) != shard {
						t.Errorf("%s twice, or in the wrong shard", r.Person)
					}
					seen[r.Person] = true
				}
				if cursor = next; cursor == "" {
					break
				}
			}
		}
		if len(seen) != 75 {
			t.Errorf("%d due, want 75", len(seen))
		}
		if _, _, err := s.Page(ctx, tea, spring, Shards, "", 1); !fault.Is(err, fault.Invalid) {
			t.Errorf("a shard that is none: %v", err)
		}
	})
}

func TestExpiredClaimsBecomeUncertain(t *testing.T) {
	onEngines(t, func(t *testing.T, tables table.Store) {
		c := &clock{at: noon}
		s, ctx := New(c.now, tables), t.Context()
		rows := plan(t, s, planned(1), planned(2), planned(3))
		mine := claimed(t, s, rows[0], rows[1])
		left, err := s.Reconcile(ctx, tea, spring, c.now())
		if want := (Tended{Rows: 3, Planned: 1, Due: 1, Claimed: 2, Next: mine[0].Lease}); err != nil || left != want {
			t.Errorf("within the lease: %+v, %v; want %+v", left, err, want)
		}
		c.move(2 * time.Minute)
		left, err = s.Reconcile(ctx, tea, spring, c.now())
		if want := (Tended{Rows: 3, Planned: 1, Due: 1, Uncertain: 2}); err != nil || left != want {
			t.Errorf("after the lease: %+v, %v; want %+v", left, err, want)
		}
		x, err := s.Exchange(ctx, []Settlement{{Row: mine[0], To: Handed}, {Row: mine[1], To: Planned, NotBefore: c.now()}}, nil)
		if err != nil || len(x.Settled) != 1 || x.Settled[0].State != Handed || len(x.Refused) != 1 {
			t.Errorf("the worker is only slow: %+v, %v; want one handed, and none sent again", x, err)
		}
		n, err := s.Stop(ctx, tea, spring, Stopped)
		if err != nil || n != 1 || get(t, s, rows[2]).Why != Stopped {
			t.Errorf("stopped %d, %v; want the one that was planned", n, err)
		}
	})
}

func TestErase(t *testing.T) {
	onEngines(t, func(t *testing.T, tables table.Store) {
		s, ctx := New(func() time.Time { return noon }, tables), t.Context()
		before := NewSums()
		for i, c := range []CampaignID{"spring", "summer", "autumn"} {
			r := planned(1)
			r.Campaign, r.Zone = c, "Europe/Paris"
			r = plan(t, s, r)[0]
			if i == 0 {
				r = claimed(t, s, r)[0]
				if _, err := s.Exchange(ctx, []Settlement{{Row: r, To: Handed, Provider: "m-1"}}, nil); err != nil {
					t.Fatal(err)
				}
			}
			before.Add(r)
		}
		plan(t, s, planned(2))
		campaigns := []CampaignID{"spring", "summer", "autumn", "none"}
		if n, err := s.Erase(ctx, tea, person(1), campaigns...); n != 4 || err != nil {
			t.Fatalf("erased %d records, %v; want three rows and the touches", n, err)
		}
		if n, err := s.Erase(ctx, tea, person(1), campaigns...); n != 0 || err != nil {
			t.Errorf("erased again: %d, %v", n, err)
		}
		after := NewSums()
		for _, c := range campaigns {
			for r, err := range s.All(ctx, tea, c) {
				if err != nil {
					t.Fatal(err)
				}
				if r.Person == person(2) {
					continue
				}
				if r.Person == person(1) || r.Zone != "" || r.Provider != "" || r.State == Planned {
					t.Errorf("%+v still names the person", r)
				}
				after.Add(r)
			}
		}
		if after.Rows != 3 || after.States[Handed] != 1 || after.Whys[Erased] != 2 {
			t.Errorf("%+v before, %+v after", before, after)
		}
		if err := s.Note(ctx, tea, spring, person(1), 0, Observation{Kind: SeenOpened}); !fault.Is(err, fault.NotFound) {
			t.Errorf("an open of the erased person: %v, want NotFound", err)
		}
		if touches, err := s.Touches(ctx, tea, person(1)); len(touches) != 0 || err != nil {
			t.Errorf("touches %v, %v", touches, err)
		}
	})
}

func TestALostAnswerIsNoSecondClaim(t *testing.T) {
	tables := &lost{Store: sqlitetest.Open(t, nil)}
	s := New(func() time.Time { return noon }, tables)
	rows := plan(t, s, planned(1), planned(2))
	mine := claimed(t, s, rows[0])
	tables.losing = 1
	settle := []Settlement{{Row: mine[0], To: Handed, At: noon}}
	claim := []Claim{{Row: rows[1], By: "w", Lease: noon.Add(time.Minute)}}
	if _, err := s.Exchange(t.Context(), settle, claim); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("%v, want Unavailable", err)
	}
	x, err := s.Exchange(t.Context(), settle, claim)
	if err != nil || len(x.Settled) != 1 || len(x.Claimed) != 0 || len(x.Refused) != 1 {
		t.Errorf("%+v, %v; want it settled, and the claim refused: nobody knows whose it is", x, err)
	}
}

// TestCap claims at random times for random campaigns, gives some back, and puts the clock back at times: no window of the cap's length ever has more messages.
func TestCap(t *testing.T) {
	db := sqlitetest.Open(t, nil)
	shop := 0
	rapid.Check(t, func(rt *rapid.T) {
		shop++
		c := &clock{at: noon}
		s := New(c.now, db)
		capped := Cap{Messages: rapid.IntRange(1, 4).Draw(rt, "messages"), Within: time.Duration(rapid.IntRange(1, 72).Draw(rt, "hours")) * time.Hour}
		var handed []time.Time
		for n := range rapid.IntRange(5, 20).Draw(rt, "tries") {
			c.move(time.Duration(rapid.IntRange(-30, 600).Draw(rt, "minutes")) * time.Minute)
			r := Row{Shop: event.ShopID("s" + time.Duration(shop).String()), Campaign: CampaignID("c" + time.Duration(n).String()), Person: "p_1", State: Planned}
			r = plan(t, s, r)[0]
			lease := time.Duration(rapid.IntRange(1, 10).Draw(rt, "lease")) * time.Minute
			x, err := s.Exchange(t.Context(), nil, []Claim{{Row: r, By: "w", Lease: c.now().Add(lease), Cap: capped}})
			if err != nil || len(x.Claimed)+len(x.Capped) != 1 {
				rt.Fatalf("%+v, %v", x, err)
			}
			if len(x.Capped) == 1 {
				if got := get(t, s, r); got.State != Suppressed || got.Why != FrequencyCap {
					rt.Fatalf("capped: %+v", got)
				}
				continue
			}
			to := rapid.SampledFrom([]State{Handed, Handed, Uncertain, Planned}).Draw(rt, "to")
			if _, err := s.Exchange(t.Context(), []Settlement{{Row: x.Claimed[0], To: to}}, nil); err != nil {
				rt.Fatal(err)
			}
			if to != Planned {
				handed = append(handed, c.now().Add(time.Duration(rapid.Int64Range(0, int64(lease)).Draw(rt, "took"))))
			}
		}
		for _, from := range handed {
			n := 0
			for _, at := range handed {
				if !at.Before(from) && at.Sub(from) < capped.Within {
					n++
				}
			}
			if n > capped.Messages {
				rt.Fatalf("%d messages within %s from %s, the cap is %d: %v", n, capped.Within, from, capped.Messages, handed)
			}
		}
	})
}
