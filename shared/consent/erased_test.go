package consent_test

import (
	"fmt"
	"testing"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/sqlite/sqlitetest"
)

func TestErased(t *testing.T) {
	ctx, db := t.Context(), sqlitetest.Open(t, nil)
	ring, err := identity.ParseKeyring(identity.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	hasher, err := identity.NewHasher(ring)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	list := consent.NewErased(db, hasher, func() { seen++ })
	user, other := consent.Name{Kind: identity.KindUser, Text: "u1"}, consent.Name{Kind: identity.KindUser, Text: "u2"}
	if before, err := list.Look(ctx, "shop"); err != nil || !before.None() || seen != 0 {
		t.Fatalf("a shop that erased nobody: %v, %v, announced %d times", before.None(), err, seen)
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var many []event.ID
	for i := range 45_000 {
		many = append(many, event.ID(fmt.Sprint("m", i)))
	}
	if err := list.Note(ctx, "shop", "e1", at, []consent.Name{user, {Kind: identity.KindEmail}}, many); err != nil {
		t.Fatal(err)
	}
	now, err := list.Look(ctx, "shop")
	if err != nil || now.None() || seen != 1 {
		t.Fatalf("after an erasure: none %v, %v, announced %d times", now.None(), err, seen)
	}
	tests := map[string]struct {
		happened time.Time
		message  event.ID
		names    []consent.Name
		want     bool
	}{
		"before the erasure":                  {at.Add(-time.Hour), "x", []consent.Name{user}, true},
		"at the erasure":                      {at, "x", []consent.Name{user}, true},
		"a new act":                           {at.Add(time.Second), "x", []consent.Name{user}, false},
		"an old message without its time":     {at.Add(time.Hour), "m44999", []consent.Name{user}, true},
		"the first of the old messages":       {at.Add(time.Hour), "m0", []consent.Name{user}, true},
		"one of several names":                {at.Add(-time.Hour), "x", []consent.Name{other, user}, true},
		"somebody else":                       {at.Add(-time.Hour), "m1", []consent.Name{other}, false},
		"the same word of another kind":       {at.Add(-time.Hour), "x", []consent.Name{{Kind: identity.KindDevice, Text: "u1"}}, false},
		"nobody":                              {at.Add(-time.Hour), "x", nil, false},
		"an empty name, though one was noted": {at.Add(-time.Hour), "x", []consent.Name{{Kind: identity.KindEmail}}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for range 2 { // read, then remembered
				if got, err := now.Refuse(t.Context(), tt.happened, tt.message, tt.names...); err != nil || got != tt.want {
					t.Errorf("Refuse = %v, %v; want %v", got, err, tt.want)
				}
			}
		})
	}
	if elsewhere, err := list.Look(ctx, "other"); err != nil || !elsewhere.None() {
		t.Errorf("another shop erased somebody: %v", err)
	}
	if again, err := list.Look(ctx, "shop"); err != nil || again != now || seen != 1 {
		t.Errorf("looking again forgot what was known (%v), announced %d times", err, seen)
	}
}
