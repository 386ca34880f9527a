package staff

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// How guessing is slowed down: a few tries are free, then each must wait twice as long as the one before, up to maxWait. The wait is kept short of locking an owner out for long, as anybody may cause it. Failures are forgotten
// after forgetTries without one.
const (
	freeTries   = 5
	firstWait   = 2 * time.Second
	maxWait     = 5 * time.Minute
	forgetTries = time.Hour
)

// tries counts the failures of a login, whether or not there is such an account: the answers do not tell.
type tries struct {
	Failed int       `json:"failed"`
	Next   time.Time `json:"next"` // no try before
}

func triesKey(shop event.ShopID, login string) table.Key {
	sum := sha256.Sum256([]byte(login))
	return inShop(shop, "try", hex.EncodeToString(sum[:]))
}

var errLogin = fault.New(fault.Unauthenticated, "the login or the password is wrong")

// Login begins a session with a password, and ends the session old, if the browser had one. Unauthenticated says the same, after the same work, for a wrong password, an unknown login and a disabled account; TooMany asks to wait.
func (s *Store) Login(ctx context.Context, shop event.ShopID, login, password, old string) (Session, error) {
	login, err := normalLogin(login)
	if err != nil || len(password) > MaxPassword {
		return Session{}, errLogin // what can be no login is a wrong one
	}
	decoy, err := s.decoyHash(ctx) // also for who is known: the first login of a process must not tell
	if err != nil {
		return Session{}, err
	}
	u, err := s.byLogin(ctx, shop, login)
	if fault.Is(err, fault.NotFound) {
		u = storedUser{User: User{Shop: shop, Login: login, Disabled: true}, Hash: decoy}
	} else if err != nil {
		return Session{}, err
	}
	if err := s.verify(ctx, u, password); err != nil {
		if u.ID != "" && fault.Is(err, fault.Unauthenticated) {
			err = s.noteFailure(ctx, u.User, err)
		}
		return Session{}, err
	}
	in, err := s.begin(ctx, shop, actorOf(u.User), storedSession{Login: u.Login, Epoch: u.Epoch}, old)
	if err != nil {
		return Session{}, err
	}
	return in, s.Note(ctx, Entry{Shop: shop, Actor: u.ID, Role: u.Role, Via: BySession, Action: LoggedIn, Target: "user/" + u.ID, Outcome: Done})
}

// LoginClaims begins a session for an actor whom the gateway vouched for (see ActorOf), so that pages can be used with an identity provider.
func (s *Store) LoginClaims(ctx context.Context, actor Actor, old string) (Session, error) {
	if actor.Via != ByClaims || actor.Shop == "" {
		return Session{}, errNoSession
	}
	in, err := s.begin(ctx, actor.Shop, actor, storedSession{Claims: &actor}, old)
	if err != nil {
		return Session{}, err
	}
	return in, s.Note(ctx, Entry{Shop: actor.Shop, Actor: actor.ID, Role: actor.Role, Via: ByClaims, Action: LoggedIn, Outcome: Done})
}

// noteFailure writes a failed login to an account that exists into the log: its owner should see guessing. Nothing is written of what was typed.
func (s *Store) noteFailure(ctx context.Context, u User, failure error) error {
	if err := s.Note(ctx, Entry{Shop: u.Shop, Actor: u.ID, Role: u.Role, Via: BySession, Action: LoginFailed, Target: "user/" + u.ID, Outcome: Refused}); err != nil {
		return err
	}
	return failure
}

// verify checks a password, slower after failures.
func (s *Store) verify(ctx context.Context, u storedUser, password string) error {
	key := triesKey(u.Shop, u.Login)
	var t tries
	version, err := s.load(ctx, key, &t)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	now := s.stamp()
	if wait := t.Next.Sub(now); wait > 0 {
		f := fault.New(fault.TooMany, "too many wrong passwords: wait before the next try")
		f.RetryAfter = wait
		return f
	}
	// The try is counted before the password is compared, so that many at once are no way around the wait.
	t.Failed++
	t.Next = now.Add(waitAfter(t.Failed))
	it, err := encode(key, t, now.Add(forgetTries))
	if err != nil {
		return err
	}
	if err := s.tables.Write(ctx, table.Put(it, condition(version))); fault.Is(err, fault.Conflict) {
		f := fault.New(fault.TooMany, "two logins at once: try again")
		f.RetryAfter = time.Second
		return f
	} else if err != nil {
		return fmt.Errorf("count a login: %w", err)
	}
	good, err := s.hasher.matches(ctx, u.Hash, password)
	if err != nil {
		return err
	}
	if !good || u.Disabled {
		return errLogin
	}
	if err := s.tables.Write(ctx, table.Delete(key, table.Always())); err != nil {
		return fmt.Errorf("forget failed logins: %w", err)
	}
	return nil
}

// waitAfter is how long to wait after so many failures.
func waitAfter(failed int) time.Duration {
	if failed < freeTries {
		return 0
	}
	return min(firstWait<<min(failed-freeTries, 20), maxWait)
}

// Matches says whether an account has the password, for a process that made it: no try is counted.
func (s *Store) Matches(ctx context.Context, shop event.ShopID, login, password string) (bool, error) {
	u, err := s.byLogin(ctx, shop, login)
	if err != nil {
		return false, err
	}
	return s.hasher.matches(ctx, u.Hash, password)
}
