package staff

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
)

func shopID(s string) event.ShopID { return event.ShopID(s) }

func TestAddRefuses(t *testing.T) {
	w := newWorld(t)
	w.user("ada", Owner)
	tests := map[string]struct {
		login, name, role, password string
		field                       string // empty: Conflict
	}{
		"a login that is taken":       {" ADA", "", "analyst", good, ""},
		"no login":                    {" ", "", "analyst", good, "login"},
		"a login with spaces":         {"a da", "", "analyst", good, "login"},
		"a login that is too long":    {strings.Repeat("a", 255), "", "analyst", good, "login"},
		"a role there is not":         {"eve", "", "boss", good, "role"},
		"the server's role":           {"eve", "", "server", good, "role"},
		"a short password":            {"eve", "", "analyst", "short", "password"},
		"the login as password":       {"eve@lamps.example", "", "analyst", "Eve@lamps.example", "password"},
		"a name with control letters": {"eve", "a\x00b", "analyst", good, "name"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := w.Add(t.Context(), User{Shop: "lamps", Login: tt.login, Name: tt.name, Role: Role(tt.role)}, tt.password)
			if tt.field == "" {
				if !fault.Is(err, fault.Conflict) {
					t.Errorf("error %v, want conflict", err)
				}
				return
			}
			if f := fields(err); len(f) != 1 || f[0] != tt.field {
				t.Errorf("error %v names %q, want %s", err, f, tt.field)
			}
		})
	}
}

func fields(err error) (paths []string) {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Invalid {
		for _, x := range f.Fields {
			paths = append(paths, x.Path)
		}
	}
	return paths
}

func TestInvitedMustChangeThePassword(t *testing.T) {
	w := newWorld(t)
	w.user("boss", Owner)
	u, password, err := w.Invite(t.Context(), User{Shop: "lamps", Login: "ada", Role: Marketer})
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.Login(t.Context(), "lamps", "ada", password, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Actor.Check(OffersRead); !fault.Is(err, fault.Forbidden) {
		t.Errorf("with the first password: %v, want forbidden", err)
	}
	if err := s.Actor.Check(SelfEdit); err != nil {
		t.Errorf("changing it: %v", err)
	}
	if err := w.SetPassword(t.Context(), "lamps", u.ID, password, good); err != nil {
		t.Fatal(err)
	}
	if err := w.login("ada").Actor.Check(OffersRead); err != nil {
		t.Errorf("with an own password: %v", err)
	}
}

func TestUpdateAtAVersion(t *testing.T) {
	w := newWorld(t)
	w.user("boss", Owner)
	u := w.user("ada", Analyst)
	changed, err := w.Update(t.Context(), "lamps", u.ID, u.Version, "Ada", Marketer, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Update(t.Context(), "lamps", u.ID, u.Version, "Eve", Owner, false); !fault.Is(err, fault.Conflict) {
		t.Errorf("at a version that was replaced: %v, want conflict", err)
	}
	stored, err := w.User(t.Context(), "lamps", u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(changed, stored); diff != "" {
		t.Errorf("returned and stored differ (-returned +stored):\n%s", diff)
	}
	if _, err := w.Update(t.Context(), "rugs", u.ID, 0, "", Owner, false); !fault.Is(err, fault.NotFound) {
		t.Errorf("from another shop: %v, want not found", err)
	}
}

func TestAShopKeepsAnOwner(t *testing.T) {
	w := newWorld(t)
	one, two := w.user("one", Owner), w.user("two", Owner)
	var all sync.WaitGroup
	var mu sync.Mutex
	demoted := 0
	for _, u := range []User{one, two} {
		all.Go(func() {
			_, err := w.Update(context.WithoutCancel(t.Context()), "lamps", u.ID, 0, "", Analyst, false)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				demoted++
			} else if !fault.Is(err, fault.Conflict) {
				t.Errorf("error %v, want conflict", err)
			}
		})
	}
	all.Wait()
	if demoted > 1 {
		t.Error("both owners were demoted")
	}
	if _, err := w.Update(t.Context(), "lamps", one.ID, 0, "", Analyst, false); err == nil {
		if _, err := w.Update(t.Context(), "lamps", two.ID, 0, "", Analyst, true); !fault.Is(err, fault.Conflict) {
			t.Errorf("the last owner: %v, want conflict", err)
		}
	}
	users, err := w.Users(t.Context(), "lamps")
	if err != nil {
		t.Fatal(err)
	}
	owners := 0
	for _, u := range users {
		if u.Role == Owner && !u.Disabled {
			owners++
		}
	}
	if owners == 0 {
		t.Error("nobody is left who may manage accounts")
	}
}

func TestPasswordHash(t *testing.T) {
	h := make(hasher, 1)
	text, err := h.hash(t.Context(), good)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(text, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %q is not with OWASP's parameters", text)
	}
	again, err := h.hash(t.Context(), good)
	if err != nil || again == text {
		t.Errorf("a second hash is %q, %v: no fresh salt", again, err)
	}
	// Made by the reference implementation: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1
	const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for name, tt := range map[string]struct {
		phc, password string
		want          bool
	}{
		"the password":        {text, good, true},
		"another one":         {text, good + " ", false},
		"the reference's":     {reference, "password", true},
		"not the reference's": {reference, "Password", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := h.matches(t.Context(), tt.phc, tt.password); got != tt.want || err != nil {
				t.Errorf("matches = %v, %v; want %v", got, err, tt.want)
			}
		})
	}
}

// FuzzPHC holds the reader of stored hashes to this: what it takes costs no more than a sane login.
func FuzzPHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2i$$$$")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePHC(text)
		if err != nil {
			if !fault.Is(err, fault.Internal) {
				t.Errorf("error %v, want internal", err)
			}
			return
		}
		if p.memory > 1<<20 || p.time > 16 || p.lanes > 16 || len(p.key) > 64 {
			t.Errorf("%q was taken: %+v", text, p)
		}
	})
}
