package identity_test

import (
	"testing"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/sqlite/sqlitetest"
)

func addressed(t *testing.T) *identity.Aliases {
	t.Helper()
	keys, err := identity.ParseKeyring(identity.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	hasher, err := identity.NewHasher(keys)
	if err != nil {
		t.Fatal(err)
	}
	return identity.NewAddressedAliases(sqlitetest.Open(t, nil), hasher)
}

func TestAddressLeadsToOnePerson(t *testing.T) {
	ctx, a := t.Context(), addressed(t)
	if p, err := a.ByEmail(ctx, "shop", "ada@example.org"); !fault.Is(err, fault.NotFound) {
		t.Fatalf("a free address leads to %q, %v", p, err)
	}
	first, err := a.EnsureByEmail(ctx, "shop", "Ada@Example.org ", "")
	if err != nil || first == "" {
		t.Fatal(first, err)
	}
	for name, email := range map[string]string{"as written": "Ada@Example.org", "in small letters": "ada@example.org", "with space around": " ADA@EXAMPLE.ORG\t"} {
		t.Run(name, func(t *testing.T) {
			if p, err := a.EnsureByEmail(t.Context(), "shop", email, "p_other"); err != nil || p != first {
				t.Errorf("leads to %q, %v; want %q: a taken address is not tied again", p, err, first)
			}
		})
	}
	if p, err := a.ByEmail(ctx, "other-shop", "ada@example.org"); !fault.Is(err, fault.NotFound) {
		t.Errorf("in another shop the address leads to %q, %v", p, err)
	}
	if _, err := a.EnsureByEmail(ctx, "shop", "  ", ""); !fault.Is(err, fault.Invalid) {
		t.Errorf("an empty address: %v, want invalid", err)
	}
}

func TestReleaseUntiesEveryAliasOfAnOwner(t *testing.T) {
	ctx, a := t.Context(), addressed(t)
	p, err := a.EnsurePerson(ctx, "shop", "u1", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, email := range []string{"a@example.org", "b@example.org"} {
		if got, err := a.EnsureByEmail(ctx, "shop", email, p); err != nil || got != p {
			t.Fatal(got, err)
		}
	}
	bystander, err := a.EnsureByEmail(ctx, "shop", "c@example.org", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Bind(ctx, "shop", "device", "v_1"); err != nil {
		t.Fatal(err)
	}
	if n, err := a.Release(ctx, "shop", string(p)); err != nil || n != 3 {
		t.Errorf("released %d, %v; want 3", n, err)
	}
	if n, err := a.Release(ctx, "shop", "v_1"); err != nil || n != 1 {
		t.Errorf("released %d of the visitor, %v; want 1", n, err)
	}
	if n, err := a.Release(ctx, "shop", string(p)); err != nil || n != 0 {
		t.Errorf("releasing again: %d, %v; want 0", n, err)
	}
	if _, err := a.Person(ctx, "shop", "u1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("the userId still leads somewhere: %v", err)
	}
	if v, err := a.Visitor(ctx, "shop", "device"); !fault.Is(err, fault.NotFound) {
		t.Errorf("the device still leads to %q, %v", v, err)
	}
	if again, err := a.EnsurePerson(ctx, "shop", "u1", ""); err != nil || again == p {
		t.Errorf("who comes back is %q, %v; want somebody new", again, err)
	}
	if got, err := a.ByEmail(ctx, "shop", "c@example.org"); err != nil || got != bystander {
		t.Errorf("somebody else's address leads to %q, %v", got, err)
	}
}

func TestHashes(t *testing.T) {
	old, err := identity.ParseKeyring([]byte(`{"current":"k1","keys":{"k1":"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="}}`))
	if err != nil {
		t.Fatal(err)
	}
	both, err := identity.ParseKeyring([]byte(`{"current":"k2","keys":{"k1":"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=","k2":"QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="}}`))
	if err != nil {
		t.Fatal(err)
	}
	before, err := identity.NewHasher(old)
	if err != nil {
		t.Fatal(err)
	}
	after, err := identity.NewHasher(both)
	if err != nil {
		t.Fatal(err)
	}
	hash := before.Address("shop", "Ada@example.org")
	if got := after.Hashes("shop", identity.KindEmail, "ada@example.org"); len(got) != 2 || got[1] != hash || got[0] == hash {
		t.Errorf("by the new ring %q, want a new one and then %q", got, hash)
	}
	seen := map[string]bool{}
	for _, h := range []string{hash, before.Address("other", "ada@example.org"), before.Hash("shop", identity.KindUser, "ada@example.org"), before.Address("shop", "bob@example.org")} {
		if seen[h] {
			t.Errorf("two names have the hash %q", h)
		}
		seen[h] = true
	}
}

func TestNormalPhone(t *testing.T) {
	for in, want := range map[string]string{"+44 20 7946-0018": "+442079460018", "(020) 7946 0018": "02079460018", "": "", "none": "", "+1+2": "+12", "1+2": "12"} {
		if got := identity.NormalPhone(in); got != want {
			t.Errorf("NormalPhone(%q) = %q, want %q", in, got, want)
		}
	}
}
