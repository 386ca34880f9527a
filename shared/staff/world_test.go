package staff

import (
	"sync"
	"testing"
	"time"

	"shopkeeper/shared/identity"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
)

const good = "correct horse battery"

// world is a Store with a clock in the test's hand.
type world struct {
	*Store
	t     *testing.T
	clock sync.Mutex
	at    time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, at: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)}
	keys, err := identity.ParseKeyring(identity.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	w.Store, err = New(w.time, sqlitetest.Open(t, &sqlite.Options{Now: w.time}), keys)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) time() time.Time {
	w.clock.Lock()
	defer w.clock.Unlock()
	return w.at
}

func (w *world) wait(d time.Duration) {
	w.clock.Lock()
	defer w.clock.Unlock()
	w.at = w.at.Add(d)
}

// user makes an account with the good password.
func (w *world) user(login string, role Role) User {
	w.t.Helper()
	u, err := w.Add(w.t.Context(), User{Shop: "lamps", Login: login, Role: role}, good)
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}

func (w *world) login(login string) Session {
	w.t.Helper()
	s, err := w.Login(w.t.Context(), "lamps", login, good, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}
