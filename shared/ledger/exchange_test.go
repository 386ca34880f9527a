package ledger

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

func TestExchange(t *testing.T) {
	onEngines(t, func(t *testing.T, tables table.Store) {
		c := &clock{at: noon}
		s, ctx := New(c.now, tables), t.Context()
		rows := plan(t, s, planned(1), planned(2), planned(3))
		first := claimed(t, s, rows[0])[0]
		c.move(time.Second)
		x, err := s.Exchange(ctx,
			[]Settlement{{Row: first, To: Handed, Provider: "m-1", Code: "250", Offer: "spring-tea"}},
			[]Claim{{Row: rows[1], By: "w", Lease: c.now().Add(time.Minute)}, {Row: rows[0], By: "w", Lease: c.now().Add(time.Minute)}})
		if err != nil || len(x.Settled) != 1 || len(x.Claimed) != 1 || len(x.Refused) != 1 || !fault.Is(x.Refused[0].Err, fault.Conflict) {
			t.Fatalf("exchanged %+v, %v; want one settled, one claimed, one refused", x, err)
		}
		want := first
		want.State, want.At, want.HandedAt, want.Lease = Handed, c.now(), c.now(), time.Time{}
		want.Provider, want.Code, want.Offer, want.Version = "m-1", "250", "spring-tea", first.Version+1
		if diff := cmp.Diff(want, get(t, s, first)); diff != "" {
			t.Errorf("settled row (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(x.Settled[0], get(t, s, first)); diff != "" {
			t.Errorf("what is returned is what is stored (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(x.Claimed[0], get(t, s, rows[1])); diff != "" {
			t.Errorf("what is returned is what is stored (-want +got):\n%s", diff)
		}
	})
}
