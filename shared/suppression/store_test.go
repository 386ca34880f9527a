package suppression_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/suppression"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func store(t *testing.T) *suppression.Store {
	t.Helper()
	ring, err := identity.ParseKeyring(identity.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	hasher, err := identity.NewHasher(ring)
	if err != nil {
		t.Fatal(err)
	}
	return suppression.New(sqlitetest.Open(t, nil), hasher)
}

func TestWeightierReasonsStay(t *testing.T) {
	entry := func(r suppression.Reason, minute int) suppression.Entry {
		return suppression.Entry{Reason: r, At: noon.Add(time.Duration(minute) * time.Minute)}
	}
	tests := map[string]struct {
		added []suppression.Entry
		want  suppression.Entry
	}{
		"the first of two alike":           {[]suppression.Entry{entry(suppression.Bounced, 0), entry(suppression.Bounced, 1)}, entry(suppression.Bounced, 0)},
		"a no after a bounce":              {[]suppression.Entry{entry(suppression.Bounced, 0), entry(suppression.Unsubscribed, 1)}, entry(suppression.Unsubscribed, 1)},
		"a bounce after a no":              {[]suppression.Entry{entry(suppression.Unsubscribed, 0), entry(suppression.Bounced, 1)}, entry(suppression.Unsubscribed, 0)},
		"a complaint counts before others": {[]suppression.Entry{entry(suppression.Erased, 0), entry(suppression.Complained, 1), entry(suppression.Manual, 2)}, entry(suppression.Complained, 1)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, s := t.Context(), store(t)
			for _, e := range tt.added {
				if err := s.Add(ctx, "shop", " Ann@Example.org", e); err != nil {
					t.Fatal(err)
				}
			}
			got, err := s.Check(ctx, "shop", "ann@example.org", "bob@example.org")
			if diff := cmp.Diff(map[string]suppression.Entry{"ann@example.org": tt.want}, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			if got, err := s.Check(ctx, "other", "ann@example.org"); err != nil || len(got) != 0 {
				t.Errorf("another shop: %v, %v", got, err)
			}
		})
	}
}

func TestLift(t *testing.T) {
	ctx, s := t.Context(), store(t)
	if err := s.Add(ctx, "shop", "ann@example.org", suppression.Entry{Reason: suppression.Complained, At: noon}); err != nil {
		t.Fatal(err)
	}
	if err := s.Lift(ctx, "shop", "ann@example.org", suppression.Unsubscribed); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Check(ctx, "shop", "ann@example.org"); err != nil || len(got) != 1 {
		t.Errorf("lifting another reason left %v, %v", got, err)
	}
	for range 2 {
		if err := s.Lift(ctx, "shop", "ANN@example.org"); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Check(ctx, "shop", "ann@example.org"); err != nil || len(got) != 0 {
		t.Errorf("lifted, and still %v, %v", got, err)
	}
}

func TestCheckOfManyAtOnce(t *testing.T) {
	ctx, s := t.Context(), store(t)
	var all []string
	for i := range 2500 {
		all = append(all, fmt.Sprintf("a%d@example.org", i))
	}
	for _, i := range []int{0, 1000, 2499} {
		if err := s.Add(ctx, "shop", all[i], suppression.Entry{Reason: suppression.Manual, At: noon}); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Check(ctx, "shop", all...); err != nil || len(got) != 3 {
		t.Errorf("found %d, %v; want 3", len(got), err)
	}
}

func TestAddRefuses(t *testing.T) {
	s := store(t)
	for name, tt := range map[string]struct {
		address string
		entry   suppression.Entry
	}{
		"no address":        {" ", suppression.Entry{Reason: suppression.Manual, At: noon}},
		"no time":           {"a@example.org", suppression.Entry{Reason: suppression.Manual}},
		"an unknown reason": {"a@example.org", suppression.Entry{Reason: "whim", At: noon}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := s.Add(t.Context(), "shop", tt.address, tt.entry); !fault.Is(err, fault.Invalid) {
				t.Errorf("%v, want invalid", err)
			}
		})
	}
}
