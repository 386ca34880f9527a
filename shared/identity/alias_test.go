package identity_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/table"
)

func open(t *testing.T) *sqlite.DB {
	t.Helper()
	db := sqlitetest.Open(t, nil)
	return db
}

func TestAnonymousIDIsBoundOnce(t *testing.T) {
	db, ctx := open(t), t.Context()
	first := identity.NewAliases(db)
	if _, err := first.Visitor(ctx, "shop", "a1"); !fault.Is(err, fault.NotFound) {
		t.Fatalf("an unknown anonymousId: %v, want not found", err)
	}
	for _, try := range []struct {
		aliases *identity.Aliases
		visitor event.VisitorID
	}{{first, "v_1"}, {first, "v_2"}, {identity.NewAliases(db), "v_3"}} {
		if got, err := try.aliases.Bind(ctx, "shop", "a1", try.visitor); err != nil || got != "v_1" {
			t.Errorf("Bind(%s) = %s, %v; want v_1", try.visitor, got, err)
		}
	}
	if got, err := first.Bind(ctx, "other", "a1", "v_9"); err != nil || got != "v_9" {
		t.Errorf("another shop's = %s, %v; want v_9", got, err)
	}
}

func TestUserIsOnePerson(t *testing.T) {
	db, ctx := open(t), t.Context()
	a := identity.NewAliases(db)
	preferred, err := a.EnsurePerson(ctx, "shop", "u1", "p_first")
	if err != nil || preferred != "p_first" {
		t.Fatalf("EnsurePerson = %s, %v; want the preferred person", preferred, err)
	}
	second, err := a.EnsurePerson(ctx, "shop", "u2", "p_first")
	if err != nil || second == "p_first" {
		t.Errorf("a second userId = %s, %v; want another person", second, err)
	}
	again, err := identity.NewAliases(db).EnsurePerson(ctx, "shop", "u1", "p_other")
	if err != nil || again != "p_first" {
		t.Errorf("the same userId = %s, %v; want p_first", again, err)
	}
	for p, want := range map[event.PersonID]bool{"p_first": true, second: true, "p_nobody": false} {
		if got, err := a.HasAccount(ctx, "shop", p); err != nil || got != want {
			t.Errorf("HasAccount(%s) = %v, %v; want %v", p, got, err, want)
		}
	}
}

func TestConcurrentFirstsAgree(t *testing.T) {
	db, ctx := open(t), t.Context()
	people := make([]event.PersonID, 8)
	var all sync.WaitGroup
	for i := range people {
		all.Go(func() {
			p, err := identity.NewAliases(db).EnsurePerson(ctx, "shop", "u1", identity.PersonOf(event.VisitorID(fmt.Sprint("v_", i))))
			if err != nil {
				t.Error(err)
			}
			people[i] = p
		})
	}
	all.Wait()
	for _, p := range people {
		if p != people[0] || p == "" {
			t.Fatalf("one userId stands for %v", people)
		}
	}
}

func TestAliasesHideTheirIDs(t *testing.T) {
	db, ctx := open(t), t.Context()
	a := identity.NewAliases(spy{db, t})
	if _, err := a.Bind(ctx, "shop", "jane@example.org", "v_1"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.EnsurePerson(ctx, "shop", "jane@example.org", ""); err != nil {
		t.Fatal(err)
	}
}

// spy fails the test when an id is written as it came.
type spy struct {
	table.Store
	t *testing.T
}

func (s spy) Write(ctx context.Context, ops ...table.Op) error {
	for _, op := range ops {
		if text := op.Item.Key.Partition + string(op.Item.Body); strings.Contains(text, "jane") {
			s.t.Errorf("stored %s", text)
		}
	}
	return s.Store.Write(ctx, ops...)
}
