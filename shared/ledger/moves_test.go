package ledger

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// legal is the table of moves as the documents state it, for people to read: from, and all that may follow.
var legal = `
(new)      -> planned suppressed
planned    -> claimed suppressed delivered bounced opened clicked complained
claimed    -> handed planned suppressed uncertain delivered bounced opened clicked complained
uncertain  -> handed delivered bounced opened clicked complained
handed     -> delivered bounced opened clicked complained
delivered  -> bounced opened clicked complained
bounced    -> opened clicked complained
opened     -> clicked complained
clicked    -> complained
complained ->
suppressed -> delivered bounced opened clicked complained
`

func TestMoves(t *testing.T) {
	got := "\n"
	for _, from := range append([]State{""}, States()...) {
		line := fmt.Sprintf("%-10s ->", from)
		if from == "" {
			line = "(new)      ->"
		}
		var to []string
		for _, s := range moves[from] {
			if !CanMove(from, s) || !slices.Contains(States(), s) {
				t.Errorf("%q to %q is listed and not legal", from, s)
			}
			to = append(to, " "+string(s))
		}
		for _, s := range to {
			line += s
		}
		got += line + "\n"
	}
	if diff := cmp.Diff(legal, got); diff != "" {
		t.Errorf("legal moves (-want +got):\n%s", diff)
	}
	if len(moves) != len(States())+1 {
		t.Errorf("%d states have moves, %d are states", len(moves), len(States()))
	}
}

// reach brings a row into a state by legal steps.
func reach(t *testing.T, s *Store, n int, to State) Row {
	t.Helper()
	r := planned(n)
	if to == Suppressed {
		r.State, r.Why = Suppressed, NoConsent
		return plan(t, s, r)[0]
	}
	r = plan(t, s, r)[0]
	if to == Planned {
		return r
	}
	r = claimed(t, s, r)[0]
	switch to {
	case Claimed:
		return r
	case Handed, Uncertain, Bounced:
		x, err := s.Exchange(t.Context(), []Settlement{{Row: r, To: to}}, nil)
		if err != nil || len(x.Settled) != 1 {
			t.Fatalf("settle as %s: %+v, %v", to, x.Refused, err)
		}
		return x.Settled[0]
	}
	kind := map[State]Kind{Delivered: SeenDelivered, Opened: SeenOpened, Clicked: SeenClicked, Complained: SeenComplained}[to]
	if err := s.Note(t.Context(), r.Shop, r.Campaign, r.Person, r.Step, Observation{Kind: kind, At: noon}); err != nil {
		t.Fatal(err)
	}
	return get(t, s, r)
}

// TestEveryMove tries to settle and to claim from every state to every other: the store does what the table says, and names both states where it refuses.
func TestEveryMove(t *testing.T) {
	onEngines(t, func(t *testing.T, tables table.Store) {
		c := &clock{at: noon}
		s := New(c.now, tables)
		n := 0
		for _, from := range States() {
			for _, to := range States() {
				n++
				r := reach(t, s, n, from)
				var x Exchanged
				var err error
				if to == Claimed {
					x, err = s.Exchange(t.Context(), nil, []Claim{{Row: r, By: "w", Lease: noon.Add(time.Minute)}})
				} else {
					x, err = s.Exchange(t.Context(), []Settlement{{Row: r, To: to, Why: Stopped}}, nil)
				}
				if err != nil {
					t.Fatal(err)
				}
				now := get(t, s, r)
				settles := from == Claimed && slices.Contains([]State{Handed, Planned, Suppressed, Bounced, Uncertain}, to)
				late := from == Uncertain && (to == Handed || to == Bounced)
				told := slices.Contains([]State{Handed, Bounced, Uncertain}, to) && rank(from) >= rank(to) && from != Claimed
				switch {
				case settles || late || from == Handed && to == Bounced || from == Delivered && to == Bounced || from == Planned && to == Claimed:
					if now.State != to || len(x.Refused) > 0 {
						t.Errorf("%s to %s: %s, %v", from, to, now.State, x.Refused)
					}
				case told: // the provider told more already: what the settlement knows is added
					if now.State != from || len(x.Settled) != 1 {
						t.Errorf("%s, settled as %s: %s, %v", from, to, now.State, x.Refused)
					}
				case now.State != from || len(x.Refused) != 1 || !fault.Is(x.Refused[0].Err, fault.Conflict):
					t.Errorf("%s to %s: %s, %v; want a Conflict", from, to, now.State, x.Refused)
				}
			}
		}
	})
}
