package staff

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
)

func TestAuditPagesOverMonths(t *testing.T) {
	w := newWorld(t)
	var want []string
	for i := range 25 {
		if err := w.Note(t.Context(), Entry{Shop: "lamps", Actor: "u_1", Action: OffersEdit, Target: fmt.Sprint("offer/", i), Outcome: Done}); err != nil {
			t.Fatal(err)
		}
		if err := w.Note(t.Context(), Entry{Shop: "rugs", Actor: "u_2", Action: OffersEdit, Outcome: Done}); err != nil {
			t.Fatal(err)
		}
		want = append([]string{fmt.Sprint("offer/", i)}, want...)
		w.wait(11 * 24 * time.Hour)
	}
	for _, size := range []int{1, 4, 25, 100} {
		t.Run(fmt.Sprint("pages of ", size), func(t *testing.T) {
			var got []string
			for cursor := ""; ; {
				page, next, err := w.Audit(t.Context(), "lamps", cursor, size)
				if err != nil {
					t.Fatal(err)
				}
				if len(page) > size {
					t.Fatalf("a page of %d", len(page))
				}
				for _, e := range page {
					got = append(got, e.Target)
				}
				if cursor = next; cursor == "" {
					break
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("targets (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnEntryIsCompletedOnce(t *testing.T) {
	w := newWorld(t)
	e, err := w.Begin(t.Context(), Entry{Shop: "lamps", Actor: "u_1", Action: OffersEdit})
	if err != nil {
		t.Fatal(err)
	}
	e.Outcome = Done
	if err := w.Complete(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	e.Outcome = Refused
	if err := w.Complete(t.Context(), e); !fault.Is(err, fault.Conflict) {
		t.Errorf("rewriting the log: %v, want conflict", err)
	}
	page, _, err := w.Audit(t.Context(), "lamps", "", 10)
	if err != nil || len(page) != 1 || page[0].Outcome != Done {
		t.Errorf("the log has %+v, %v", page, err)
	}
}

func TestDiff(t *testing.T) {
	type thing struct {
		Name    string    `json:"name"`
		Share   float64   `json:"share,omitempty"`
		Updated time.Time `json:"updated"`
	}
	long := make([]rune, 500)
	for i := range long {
		long[i] = 'é'
	}
	tests := map[string]struct {
		before, after any
		want          []Change
	}{
		"nothing changed":     {thing{Name: "a"}, thing{Name: "a", Updated: time.Unix(1, 0)}, nil},
		"one member changed":  {thing{Name: "a", Share: 1}, thing{Name: "b", Share: 1}, []Change{{"name", `"a"`, `"b"`}}},
		"made":                {nil, thing{Name: "a"}, []Change{{"name", "", `"a"`}}},
		"removed":             {thing{Name: "a", Share: 2}, nil, []Change{{"name", `"a"`, ""}, {"share", "2", ""}}},
		"cut between letters": {nil, thing{Name: string(long)}, []Change{{"name", "", `"` + string(long[:149]) + " ..."}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Diff(tt.before, tt.after)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzAuditCursor(f *testing.F) {
	f.Add("2026-05-04T09:00:00.000Z-abc")
	f.Add("2026-05")
	f.Add("Z-")
	f.Fuzz(func(t *testing.T, cursor string) {
		w := newWorld(t)
		if _, _, err := w.Audit(t.Context(), "lamps", cursor, 10); err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v, want invalid", cursor, err)
		}
	})
}

func TestTheLogForgetsCustomers(t *testing.T) {
	w := newWorld(t)
	for _, e := range []Entry{
		{Target: "customer/p_gone"}, {Target: "customer/p_stays"}, {Target: "/admin/v1/customers/p_gone/visitors/v_1"},
		{Target: "customer/p_stays", Changes: []Change{{Field: "visitor", After: `"v_gone"`}}},
	} {
		e.Shop, e.Actor, e.Action, e.Outcome = "lamps", "u_1", CustomersEdit, Done
		if err := w.Note(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		w.wait(20 * 24 * time.Hour)
	}
	for _, want := range []int{3, 0} {
		if n, err := w.Erase(t.Context(), "lamps", "p_gone", "v_gone"); n != want || err != nil {
			t.Errorf("erased from %d entries, %v; want %d", n, err, want)
		}
	}
	page, _, err := w.Audit(t.Context(), "lamps", "", 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range page {
		got = append(got, fmt.Sprint(e.Target, len(e.Changes)))
	}
	if diff := cmp.Diff([]string{"customer/p_stays0", "customer/erased0", "customer/p_stays0", "customer/erased0"}, got); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
}
