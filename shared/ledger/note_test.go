package ledger

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

func TestNote(t *testing.T) {
	at := func(s int) time.Time { return noon.Add(time.Duration(s) * time.Second) }
	tests := map[string]struct {
		from State
		seen []Observation
		want State
		err  fault.Kind
	}{
		"a delivery":                                     {Handed, []Observation{{Kind: SeenDelivered, At: at(1)}}, Delivered, 0},
		"a click before the delivery":                    {Handed, []Observation{{Kind: SeenClicked, At: at(3)}, {Kind: SeenDelivered, At: at(1)}}, Clicked, 0},
		"what is told of an uncertain message":           {Uncertain, []Observation{{Kind: SeenDelivered, At: at(1)}}, Delivered, 0},
		"before the sender settled":                      {Claimed, []Observation{{Kind: SeenOpened, At: at(1)}}, Opened, 0},
		"a bounce after the delivery":                    {Handed, []Observation{{Kind: SeenDelivered, At: at(1)}, {Kind: SeenBounced, At: at(2), Code: "550"}}, Bounced, 0},
		"a bounce and the delivery after it":             {Handed, []Observation{{Kind: SeenBounced, At: at(2)}, {Kind: SeenDelivered, At: at(1)}}, Bounced, 0},
		"a complaint is the last word":                   {Handed, []Observation{{Kind: SeenComplained, At: at(1)}, {Kind: SeenClicked, At: at(2)}}, Complained, 0},
		"a scanner opens: it was delivered":              {Uncertain, []Observation{{Kind: SeenOpened, Machine: true, At: at(1)}}, Delivered, 0},
		"a scanner clicks in what a person has opened":   {Handed, []Observation{{Kind: SeenOpened, At: at(1)}, {Kind: SeenClicked, Machine: true, At: at(2)}}, Opened, 0},
		"unsubscribed from a message that has no answer": {Uncertain, []Observation{{Kind: SeenUnsubscribed, At: at(1)}}, Delivered, 0},
		"nobody gets what is planned":                    {Planned, []Observation{{Kind: SeenDelivered, At: at(1)}}, Planned, fault.Conflict},
		"nor what is suppressed":                         {Suppressed, []Observation{{Kind: SeenOpened, At: at(1), Machine: true}}, Suppressed, fault.Conflict},
		"a kind that is none":                            {Handed, []Observation{{Kind: "read", At: at(1)}}, Handed, fault.Invalid},
	}
	onEngines(t, func(t *testing.T, tables table.Store) {
		s, n := New(func() time.Time { return noon }, tables), 0
		for name, tt := range tests {
			n++
			t.Run(name, func(t *testing.T) {
				r := reach(t, s, n, tt.from)
				for range 2 { // told twice
					for _, o := range tt.seen {
						err := s.Note(t.Context(), r.Shop, r.Campaign, r.Person, r.Step, o)
						if tt.err != 0 && !fault.Is(err, tt.err) || tt.err == 0 && err != nil {
							t.Fatalf("%v, want %s", err, tt.err)
						}
					}
				}
				if got := get(t, s, r); got.State != tt.want {
					t.Errorf("%s, want %s", got.State, tt.want)
				}
			})
		}
		err := s.Note(t.Context(), tea, spring, "p_nobody", 0, Observation{Kind: SeenDelivered})
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("a message that is none: %v, want NotFound", err)
		}
	})
}

// TestOrderDoesNotMatter tells the same observations in two orders, some of them twice, and settles somewhere between.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		claim := Row{Shop: tea, Campaign: spring, Person: "p_1", State: Claimed, Attempts: 1, Claim: "w.1", At: noon}
		kinds := []Kind{SeenDelivered, SeenOpened, SeenClicked, SeenBounced, SeenComplained, SeenUnsubscribed}
		seen := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Observation {
			return Observation{
				Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), At: noon.Add(time.Duration(rapid.IntRange(1, 9).Draw(t, "at")) * time.Minute),
				Code: rapid.SampledFrom([]string{"550", "552", ""}).Draw(t, "code"),
			}
		}), 1, 8).Draw(t, "seen")
		tell := func(order []Observation, settleAt int) Row {
			r := claim
			var err error
			for i, o := range order {
				if i == settleAt {
					if r, err = settled(r, Settlement{Row: claim, To: Handed, Provider: "m"}, noon); err != nil {
						t.Fatal(err)
					}
				}
				if r, err = r.observed(o); err != nil {
					t.Fatal(err)
				}
			}
			if settleAt >= len(order) {
				if r, err = settled(r, Settlement{Row: claim, To: Handed, Provider: "m"}, noon); err != nil {
					t.Fatal(err)
				}
			}
			return r
		}
		other := append(rapid.Permutation(seen).Draw(t, "other"), seen...)
		// The time of a state that only an unsubscription proves is of whichever came first.
		ignore := cmpopts.IgnoreFields(Row{}, "At")
		first, second := tell(seen, rapid.IntRange(0, len(seen)).Draw(t, "settled")), tell(other, rapid.IntRange(0, len(other)).Draw(t, "settled then"))
		if diff := cmp.Diff(first, second, ignore); diff != "" {
			t.Errorf("told in another order (-first +second):\n%s", diff)
		}
	})
}
